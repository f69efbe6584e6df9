"""Collects what the tests of a run find out, and makes one verdict a rule of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from contract.outcome import CutShort, LeftOut, NotApplicable, See, Untested, Violation
from contract.run.evidence import brief, evidence
from contract.run.history import History
from contract.run.results import Failure, RuleResult
from contract.spec.rules import Rule, catalogue
from contract.target.config import Config

KEPT = 5  # failures of one rule that a report shows; the rest is only counted


@dataclass(slots=True)
class RuleRecord:
    """What is known of one rule so far."""

    awaited: int = 0  # tests that have not come to their end
    passed: int = 0
    cases: int = 0
    seconds: float = 0.0
    failed: int = 0
    failures: list[Failure] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    untested: list[str] = field(default_factory=list)
    not_applicable: list[str] = field(default_factory=list)
    observations: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    see: list[str] = field(default_factory=list)  # what made a test of it end early


class Recorder:
    """One for each run. Tests tell it through the client and the plugin; `results` asks it."""

    def __init__(self) -> None:
        self.findings: dict[str, RuleRecord] = {rule: RuleRecord() for rule in catalogue()}
        self.redact: Callable[[str], str] = str  # takes the secrets of the target's configuration out of a text
        self.history = History()
        self._current: Sequence[str] = ()
        self._focus: str | None = None
        self._focused = False  # whether the test under way says which of its rules a request is about
        self._heard: set[str] = set()  # rules of the test under way that a request was about
        self._without: set[str] = set()  # rules of the test under way of which a case was left out

    def expect(self, tests: Iterable[Sequence[str]]) -> None:
        """Say which tests are to come, each by its rules: a rule passes only if all of its tests came to their end."""
        for rule in (rule for rules in tests for rule in rules):
            self.findings[rule].awaited += 1

    @contextmanager
    def testing(self, rules: Sequence[str]) -> Iterator[None]:
        """Run one test of these rules and sort what comes out of it. Exceptions go on to the test runner."""
        self._current = rules
        self._focused, self._heard, self._without = False, set(), set()
        started = time.monotonic()
        self._end(rules)
        try:
            yield
            self._pass(rules)
        except Violation as violation:
            broken = violation.rule or rules[0]
            self.fail(broken, violation)
            if violation.others_hold:
                self._pass(rules)
            self._note([rule for rule in rules if rule != broken], "see", str(See(broken)))
            raise
        except LeftOut as reason:
            self._note(rules, "left_out", str(reason))
            raise
        except Untested as reason:
            self._note(rules, "untested", str(reason))
            raise
        except NotApplicable as reason:
            self._note(rules, "not_applicable", str(reason))
            raise
        except (CutShort, KeyboardInterrupt):
            self.expect([rules])
            raise
        except Exception as error:
            self._note(rules, "errors", f"{type(error).__name__}: {error}")
            raise
        finally:
            for rule in rules:
                self.findings[rule].seconds += time.monotonic() - started
            self._current, self._focus = (), None

    def _end(self, rules: Sequence[str]) -> None:
        for rule in rules:
            self.findings[rule].awaited -= 1

    def _pass(self, rules: Sequence[str]) -> None:
        """Record that a test went to its end: its rules passed, but those of which every case was left out."""
        for rule in rules:
            if rule not in self._without or rule in self._heard:
                self.findings[rule].passed += 1

    def focus(self, rule: str | None) -> None:
        """Say which of a test's rules the next requests are about; None for all of them."""
        self._focus = rule
        self._focused = True

    def count_case(self) -> None:
        """Count one request for the rules under test."""
        for rule in self._about():
            self.findings[rule].cases += 1
        self.look()

    def look(self) -> None:
        """Note that the rules under test are tested with an answer that was heard before, or comes now."""
        if self._focus is not None or not self._focused:
            self._heard.update(self._about())

    def _about(self) -> Sequence[str]:
        return self._current if self._focus is None else (self._focus,)

    def fail(self, rule: str, violation: Violation) -> None:
        """Record a broken rule, whichever test found it."""
        findings = self.findings[rule]
        findings.failed += 1
        if len(findings.failures) < KEPT:
            violation.rule = rule
            findings.failures.append(evidence(violation, self.history))

    def leave(self, rule: str, reason: Untested) -> None:
        """Record that a rule of a test could not be tested, while the test goes on with others."""
        self._note((rule,), "untested", str(reason))

    def leave_out(self, rule: str, case: str) -> None:
        """Record that a case is not sent, because others would see what may come of it."""
        self._without.add(rule)
        self._note((rule,), "left_out", case)

    def observe(self, rule: str, text: str) -> None:
        """Record what the target does where the contract is silent; the same only once."""
        text = brief(self.redact(text))
        if text not in self.findings[rule].observations:
            self.findings[rule].observations.append(text)

    def _note(self, rules: Sequence[str], kind: str, reason: str) -> None:
        for rule in rules:
            reasons: list[str] = getattr(self.findings[rule], kind)
            reason = brief(self.redact(reason))
            if reason not in reasons:
                reasons.append(reason)

    def results(self, config: Config, selected: Sequence[str], stopped: str | None = None) -> list[RuleResult]:
        """Return the verdicts on the selected rules, in the order of the contract. `stopped` is why the run ended."""
        ended = f"not reached: {stopped}" if stopped else "not all of its tests came to a verdict"
        return [self._result(rule, config, ended) for rule in catalogue().values() if rule.id in selected]

    def _result(self, rule: Rule, config: Config, ended: str) -> RuleResult:
        found = self.findings[rule.id]
        result = RuleResult(rule, cases=found.cases, seconds=found.seconds, failures=found.failures)
        result.observation = "; ".join(found.observations) or None
        result.left_out = list(found.left_out)
        result.verdict, result.reason = _verdict(rule, found, ended)
        if rule.id in config.waived and result.verdict == "untested":
            result.verdict, result.reason = "waived", config.waived[rule.id]
        if (deviation := config.deviations.get(rule.id)) is not None:
            expired = deviation.expires is not None and deviation.expires < today()
            if result.verdict == "fail" and not expired:
                result.verdict, result.reason = "deviates", deviation.reason
            elif result.verdict == "fail":
                result.reason = f"the deviation ({deviation.reason}) expired on {deviation.expires}"
            elif result.verdict == "pass":
                result.verdict, result.reason = (
                    "fail",
                    f"stale: the rule holds, remove the deviation ({deviation.reason})",
                )
        return result


def today() -> date:
    """Return the present day in UTC, by which deviations expire."""
    return datetime.now(UTC).date()


def _verdict(rule: Rule, found: RuleRecord, ended: str) -> tuple[str, str | None]:  # noqa: PLR0911  one return a verdict
    """Weigh the findings on one rule; what is worst wins, and what was not fully tested is never a pass.

    `ended` is why a rule was not tested of which too little is known.
    """
    if found.failed and not rule.observed:
        kept = len(found.failures)
        return "fail", f"{found.failed} failures, of which reports show {kept}" if found.failed > kept else None
    if found.errors:
        return "error", found.errors[0]
    if found.untested:
        return "untested", found.untested[0]
    if rule.observed and found.observations:
        return "observed", None
    if found.awaited > 0:
        return "untested", ended
    if found.passed:
        return "pass", None
    if found.left_out:
        return "untested", f"others would see it (limits.visible = true allows it): {found.left_out[0]}"
    if found.not_applicable:
        return "not_applicable", found.not_applicable[0]
    if found.see:
        return "untested", found.see[0]
    return "untested", ended
