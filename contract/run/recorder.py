"""Collects what the tests of a run find out, and makes one verdict a rule of it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from contract.exchange import Exchange
from contract.outcome import CutShort, NotApplicable, Untested, Violation
from contract.run.results import Failure, RuleResult
from contract.spec.rules import Rule, catalogue
from contract.target.config import Config

KEPT = 5  # failures of one rule that a report shows; the rest is only counted


@dataclass(slots=True)
class RuleRecord:
    """What is known of one rule so far."""

    passed: int = 0
    cases: int = 0
    seconds: float = 0.0
    failed: int = 0
    failures: list[Failure] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    untested: list[str] = field(default_factory=list)
    not_applicable: list[str] = field(default_factory=list)
    observations: list[str] = field(default_factory=list)


class Recorder:
    """One for each run. Tests tell it through the client and the plugin; `results` asks it."""

    def __init__(self) -> None:
        self.findings: dict[str, RuleRecord] = {rule: RuleRecord() for rule in catalogue()}
        self._current: Sequence[str] = ()
        self._focus: str | None = None

    @contextmanager
    def testing(self, rules: Sequence[str]) -> Iterator[None]:
        """Run one test of these rules and sort what comes out of it. Exceptions go on to the test runner."""
        self._current = rules
        started = time.monotonic()
        try:
            yield
            for rule in rules:
                self.findings[rule].passed += 1
        except Violation as violation:
            self.fail(violation.rule or rules[0], violation)
            for rule in rules if violation.others_hold else ():
                self.findings[rule].passed += 1
            raise
        except Untested as reason:
            self._note(rules, "untested", str(reason))
            raise
        except NotApplicable as reason:
            self._note(rules, "not_applicable", str(reason))
            raise
        except CutShort:
            raise
        except Exception as error:
            self._note(rules, "errors", f"{type(error).__name__}: {error}")
            raise
        finally:
            for rule in rules:
                self.findings[rule].seconds += time.monotonic() - started
            self._current, self._focus = (), None

    def focus(self, rule: str | None) -> None:
        """Say which of a test's rules the next requests are about; None for all of them."""
        self._focus = rule

    def count_case(self) -> None:
        """Count one request for the rules under test."""
        for rule in self._current if self._focus is None else (self._focus,):
            self.findings[rule].cases += 1

    def fail(self, rule: str, violation: Violation) -> None:
        """Record a broken rule, whichever test found it."""
        findings = self.findings[rule]
        findings.failed += 1
        if len(findings.failures) < KEPT:
            findings.failures.append(_failure(violation))

    def leave(self, rule: str, reason: Untested) -> None:
        """Record that a rule of a test could not be tested, while the test goes on with others."""
        self._note((rule,), "untested", str(reason))

    def observe(self, rule: str, text: str) -> None:
        """Record what the target does where the contract is silent; the same only once."""
        if text not in self.findings[rule].observations:
            self.findings[rule].observations.append(text)

    def _note(self, rules: Sequence[str], kind: str, reason: str) -> None:
        for rule in rules:
            reasons: list[str] = getattr(self.findings[rule], kind)
            if reason not in reasons:
                reasons.append(reason)

    def results(self, config: Config, selected: Sequence[str]) -> list[RuleResult]:
        """Return the verdicts on the selected rules, in the order of the contract."""
        return [self._result(rule, config) for rule in catalogue().values() if rule.id in selected]

    def _result(self, rule: Rule, config: Config) -> RuleResult:
        found = self.findings[rule.id]
        result = RuleResult(rule, cases=found.cases, seconds=found.seconds, failures=found.failures)
        result.observation = "; ".join(found.observations) or None
        result.verdict, result.reason = _verdict(rule, found)
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


def _verdict(rule: Rule, found: RuleRecord) -> tuple[str, str | None]:  # noqa: PLR0911  one return a verdict
    """Weigh the findings on one rule; what is worst wins, and what was not fully tested is never a pass."""
    if found.failed and not rule.observed:
        more = found.failed - len(found.failures)
        return "fail", f"{more} more failures are not shown" if more > 0 else None
    if found.errors:
        return "error", found.errors[0]
    if found.untested:
        return "untested", found.untested[0]
    if rule.observed and found.observations:
        return "observed", None
    if found.passed:
        return "pass", None
    if found.not_applicable:
        return "not_applicable", found.not_applicable[0]
    return "untested", "the run ended before its turn"


def _failure(violation: Violation) -> Failure:
    exchange = violation.exchange
    if exchange is None:
        return Failure(violation.expected, violation.actual)
    steps = (*violation.before, exchange)
    return Failure(
        expected=exchange.redact(violation.expected),
        actual=exchange.redact(violation.actual),
        request_id=exchange.request_id,
        curl="\n".join(step.curl() for step in steps),
        request="\n\n".join(_step(number, step, len(steps)) for number, step in enumerate(steps, 1)),
        response=exchange.shown_response(),
    )


def _step(number: int, exchange: Exchange, count: int) -> str:
    """Return a request for people; where there are several, with its number and what it was answered with."""
    if count == 1:
        return exchange.shown_request()
    return f"{number} of {count}, answered with {exchange.response.status}:\n{exchange.shown_request()}"
