"""From findings to verdicts: what was not fully tested is never a pass."""

from contextlib import suppress
from datetime import timedelta

import pytest

from contract.outcome import CutShort, NotApplicable, Untested, Violation
from contract.run.recorder import Recorder, today
from contract.run.results import RuleResult
from contract.target.config import Config
from contract.target.reading import Deviation


def verdict(recorder: Recorder, config: Config, rule: str) -> RuleResult:
    """Return the result of one rule."""
    return recorder.results(config, [rule])[0]


def run(recorder: Recorder, *rules: str, raising: Exception | None = None) -> None:
    """Run one test of these rules that raises this, or passes."""
    with suppress(Exception), recorder.testing(rules):
        if raising is not None:
            raise raising


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        ([], "untested"),
        ([None], "pass"),
        ([None, Violation("IDEM-1", "a", "b")], "fail"),
        ([Violation(None, "a", "b"), None], "fail"),
        ([None, Untested("no reader")], "untested"),
        ([None, NotApplicable("no start_at")], "pass"),
        ([NotApplicable("no start_at")], "not_applicable"),
        ([None, ZeroDivisionError()], "error"),
        ([Untested("x"), Violation(None, "a", "b")], "fail"),
    ],
)
def test_the_worst_finding_decides(config: Config, outcomes: list[Exception | None], expected: str) -> None:
    """A rule passes only if all its tests ran and none failed."""
    recorder = Recorder()
    for outcome in outcomes:
        run(recorder, "IDEM-1", raising=outcome)
    assert verdict(recorder, config, "IDEM-1").verdict == expected


@pytest.mark.parametrize("end", [None, CutShort("no answer"), KeyboardInterrupt()])
def test_a_rule_with_a_test_that_did_not_come_to_its_end_is_no_pass(config: Config, end: BaseException | None) -> None:
    """A run that ends early leaves a rule untested of which one test passed and another never ran, or not whole."""
    recorder = Recorder()
    recorder.expect([("IDEM-1",), ("IDEM-1", "IDEM-2")])
    run(recorder, "IDEM-1")
    if end is not None:
        with suppress(BaseException), recorder.testing(("IDEM-1", "IDEM-2")):
            raise end
    found = recorder.results(config, ["IDEM-1"], "no answer")[0]
    assert (found.verdict, found.reason) == ("untested", "not reached: no answer")
    run(recorder, "IDEM-1", "IDEM-2")
    assert verdict(recorder, config, "IDEM-1").verdict == "pass"


def test_a_violation_belongs_to_the_rule_it_names(config: Config) -> None:
    """A test of one rule can find another broken; its own is then neither passed nor failed."""
    recorder = Recorder()
    run(recorder, "URL-3", raising=Violation("IDEM-9", "a", "b"))
    assert verdict(recorder, config, "IDEM-9").verdict == "fail"
    assert verdict(recorder, config, "URL-3").verdict == "untested"


def test_observations_are_never_violations(config: Config) -> None:
    """A rule of the level observe says what was seen, and cannot fail."""
    recorder = Recorder()
    recorder.observe("URL-21", "accepts it")
    run(recorder, "URL-21")
    recorder.fail("URL-21", Violation("URL-21", "a", "b"))
    result = verdict(recorder, config, "URL-21")
    assert (result.verdict, result.observation) == ("observed", "accepts it")


def test_a_waiver_covers_what_cannot_be_tested_and_nothing_else(config: Config) -> None:
    """A waived rule that is untested is waived; one that fails, fails."""
    from dataclasses import replace

    waiving = replace(config, waived={"SCOPE-4": "one workspace"})
    recorder = Recorder()
    result = verdict(recorder, waiving, "SCOPE-4")
    assert (result.verdict, result.reason) == ("waived", "one workspace")
    run(recorder, "SCOPE-4", raising=Violation(None, "a", "b"))
    assert verdict(recorder, waiving, "SCOPE-4").verdict == "fail"


@pytest.mark.parametrize(
    ("days", "broken", "expected"),
    [(1, True, "deviates"), (None, True, "deviates"), (-1, True, "fail"), (1, False, "fail")],
)
def test_deviations_are_strict_both_ways(config: Config, days: int | None, broken: bool, expected: str) -> None:  # noqa: FBT001
    """A known break deviates until it expires; a rule that holds although it is listed is a failure too."""
    from dataclasses import replace

    expires = None if days is None else today() + timedelta(days=days)
    deviating = replace(config, deviations={"URL-9": Deviation("ticket 123", expires)})
    recorder = Recorder()
    run(recorder, "URL-9", raising=Violation(None, "a", "b") if broken else None)
    assert verdict(recorder, deviating, "URL-9").verdict == expected


def test_a_rule_passes_on_the_cases_that_are_left(config: Config) -> None:
    """What is not sent, as others would see it, is listed; a rule of which nothing else was sent is untested."""
    recorder = Recorder()
    with recorder.testing(["BODY-5", "BODY-6"]):
        for rule, sent in (("BODY-5", True), ("BODY-6", False)):
            recorder.focus(rule)
            recorder.leave_out(rule, "true in quotes")
            if sent:
                recorder.count_case()
        recorder.focus(None)
        recorder.count_case()  # the control of both
    first, second = recorder.results(config, ["BODY-5", "BODY-6"])
    assert (first.verdict, second.verdict) == ("pass", "untested")
    assert first.left_out == second.left_out == ["true in quotes"]
    assert "limits.visible" in (second.reason or "")


def test_a_rule_whose_test_ended_early_says_because_of_which(config: Config) -> None:
    """A test of two rules that finds one broken says nothing of the other one but where to look."""
    recorder = Recorder()
    run(recorder, "IDEM-10", "IDEM-13", raising=Violation("IDEM-10", "a", "b"))
    assert recorder.results(config, ["IDEM-13"])[0].reason == "see IDEM-10"
    stopped = recorder.results(config, ["IDEM-11"], "the patience is used up")[0]
    assert (stopped.verdict, stopped.reason) == ("untested", "not reached: the patience is used up")


def test_the_failures_of_a_rule_are_counted_once(config: Config) -> None:
    """Reports keep a few; the reason says how many there are in all."""
    recorder = Recorder()
    for _ in range(13):
        recorder.fail("IDEM-1", Violation("IDEM-1", "a", "b"))
    result = verdict(recorder, config, "IDEM-1")
    assert result.reason == f"13 failures, of which reports show {len(result.failures)}"
