"""One answer: the fuzzer and Schemathesis name the rule that the catalogue names. The kill matrix asks the suite."""

from __future__ import annotations

import pytest

from tests.defects import ALL, generated
from tests.defects.agreement import AGREED, ALONE, Opinions
from tests.defects.outcomes import judge_generated, sorted_out
from tests.kit.fuzzing import Started, fuzz

DEFECTS = {defect.name: defect for defect in ALL}
# Some of each kind of fault that more than one rule could be blamed for.
SAMPLE = (
    *("type-any", "meeting-refused", "without-id"),
    *("external-id-half", "fails-on-emoji", "http-403", "content-no-video", "scope-unchecked"),
    *("repeat-201", "repeat-updates-privacy", "key-global", "key-casefold"),
)


@pytest.mark.parametrize("name", SAMPLE)
def test_the_engines_name_the_same_rule(name: str, start: Started, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is found is a rule that the defect breaks, the same for both engines where both find it, and no other."""
    monkeypatch.setattr("contract.fuzz.fuzz_run.SHRINKING", 100)
    defect = DEFECTS[name]
    session = start(name)
    fuzz(session, generated.CASES)
    rows = {
        "fuzzer": sorted_out(defect, generated.failures(session.run()), broken=False),
        "hooks": judge_generated(defect, generated.with_hooks),
    }
    assert Opinions(rows).verdict in {AGREED, ALONE}, rows
