from __future__ import annotations

import pytest

from tests.defects.agreement import ACCUSED, AGREED, ALONE, DIFFERENT, UNSEEN, Opinions, markdown
from tests.defects.outcomes import CAUGHT, SURVIVED, Row

RULES = ("IDEM-1", "IDEM-2")


def row(*by: str, entailed: tuple[str, ...] = (), accused: tuple[str, ...] = ()) -> Row:
    """Return what one engine says of a defect."""
    return Row("d", RULES, CAUGHT if by else SURVIVED, by, entailed, dict.fromkeys(accused, "said"))


@pytest.mark.parametrize(
    ("suite", "fuzzer", "hooks", "verdict"),
    [
        (row("IDEM-1", "IDEM-2"), row("IDEM-1"), row(), AGREED),
        (row("IDEM-1"), row("IDEM-1"), row("IDEM-2"), DIFFERENT),
        (row("IDEM-1", entailed=("IDEM-10",)), row(entailed=("IDEM-10",)), row(), AGREED),
        (row("IDEM-1"), row("IDEM-1"), row("IDEM-1", accused=("URL-1",)), ACCUSED),
        (row("IDEM-1"), row(), row(), ALONE),
        (row(), row(), row(), UNSEEN),
    ],
    ids=["agreed", "different", "entailed", "accused", "alone", "unseen"],
)
def test_engines_agree_if_they_share_a_rule(suite: Row, fuzzer: Row, hooks: Row, verdict: str) -> None:
    """Those that find a defect name one rule together, and none that it does not break."""
    assert Opinions({"suite": suite, "fuzzer": fuzzer, "hooks": hooks}).verdict == verdict


def test_the_table_says_what_each_engine_names() -> None:
    """A line a defect, a column an engine; what is accused wrongly is bold."""
    said = Opinions({"suite": row("IDEM-1"), "fuzzer": row(), "hooks": row("IDEM-1", accused=("URL-1",))})
    assert "| `d` | IDEM-1, IDEM-2 | IDEM-1 |  | IDEM-1, **URL-1** | accused |" in markdown([said])
