from __future__ import annotations

import pytest

from tests.defects import ALL, Defect
from tests.defects.matrix import Matrix, markdown, tasks
from tests.defects.outcomes import BROKEN, CAUGHT, SPARED, SURVIVED, WRONG_RULE, Row, judge, sorted_out
from tests.defects.seams import answered

BOTH = Defect(
    "both", ("IDEM-1",), "Two rules are broken.", answered(lambda _, answer: answer), {"IDEM-3": "it is a repeat too"}
)


def defects(count: int, accusing: int = 0) -> list[Row]:
    """Return rows of caught defects, some of which accuse a rule."""
    accused = [{"URL-1": "said"}] * accusing + [{}] * (count - accusing)
    return [Row(f"d{n}", ("IDEM-1",), CAUGHT, ("IDEM-1",), accused=what) for n, what in enumerate(accused)]


def test_failed_rules_are_sorted() -> None:
    """A failed rule is named by the defect, entailed by it, or accused wrongly."""
    row = sorted_out(BOTH, {"IDEM-1": "a", "IDEM-3": "b", "URL-1": "c"}, broken=False)
    assert (row.outcome, row.by, row.entailed, row.accused) == (CAUGHT, ("IDEM-1",), ("IDEM-3",), {"URL-1": "c"})


@pytest.mark.parametrize(
    ("failed", "broken", "outcome"),
    [
        ({"IDEM-3": "a"}, False, WRONG_RULE),
        ({"URL-1": "a"}, True, WRONG_RULE),
        ({}, False, SURVIVED),
        ({}, True, BROKEN),
    ],
)
def test_only_a_named_rule_catches(failed: dict[str, str], outcome: str, *, broken: bool) -> None:
    """An entailed rule alone does not catch a defect, and a run that could not be made is no kill."""
    assert sorted_out(BOTH, failed, broken=broken).outcome == outcome


def test_three_in_a_hundred_may_accuse() -> None:
    """The run fails as soon as more than 3 in 100 defects accuse a rule wrongly."""
    assert Matrix(defects(100, accusing=3)).exit_code == 0
    assert Matrix(defects(100, accusing=4)).exit_code == 1


@pytest.mark.parametrize("row", [Row("d", ("IDEM-1",), SURVIVED), Row("v", (), "false alarm, exit 1")])
def test_no_miss_and_no_false_alarm_is_allowed(row: Row) -> None:
    """One defect that is not caught, or one variant that is not spared, makes the run fail."""
    assert Matrix([*defects(500), Row("spared", (), SPARED)]).exit_code == 0
    assert Matrix([*defects(500), row]).exit_code == 1


def test_samples_cover_all() -> None:
    """The samples of four days in a row hold each defect once."""
    days = [tasks([], 4, day, "suite", "quick") for day in range(1234, 1238)]
    numbers = [number for day in days for kind, number, *_ in day if kind == "defect"]
    assert sorted(numbers) == list(range(len(ALL)))


def test_the_table_names_the_accused() -> None:
    """The table for people counts the accusing defects of a concern and lists each with the rules it accuses."""
    text = markdown(
        Matrix([Row("no-idempotency", ("IDEM-1",), CAUGHT, ("IDEM-1",), accused={"URL-1": "x"})]), "suite", "quick"
    )
    assert "| idempotency | 1 | 1 | 0 | 0 | 0 | 1 |" in text
    assert "| `no-idempotency` | IDEM-1 |  | URL-1 |" in text


def test_a_defect_gets_a_whole_run() -> None:
    """The suite goes on after the first right rule has failed, so that it can accuse others."""
    defect = next(defect for defect in ALL if defect.name == "no-authentication")
    row = judge(defect, "quick")
    assert row.outcome == CAUGHT
    assert {"AUTH-2", "AUTH-3", "AUTH-4"} == set(row.by)
    assert row.requests > 500
