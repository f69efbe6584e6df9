"""How a check is run: it answers for its rules, also for what other requests found out about them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

from schemathesis import Response as Answer

from contract.generated.session import Case, JudgedExchange, Target
from contract.generated.targets import targets
from contract.outcome import CutShort, NotApplicable, Untested, Violation
from contract.report.text import one_line, printable
from contract.run.evidence import evidence
from contract.run.recorder import today
from contract.schemathesis.failures import RuleBroken
from contract.spec.rules import catalogue


@contextmanager
def checking(
    kind: type[RuleBroken], rules: frozenset[str], case: Case, answer: Answer
) -> Iterator[tuple[Target, JudgedExchange]]:
    """Run a check of these rules, and raise what it, or any request since the last check, found out about them."""
    target = targets.of(case.operation)
    heard = target.heard(case, answer)
    target.asked.clear()
    try:
        yield target, heard
    except Violation as violation:
        target.recorder.fail(violation.rule or min(rules), violation)
    except (Untested, NotApplicable, CutShort):
        pass  # a budget or the configuration does not allow it
    broken = [(rule, violation) for rule, violation in target.recorder.take(rules) if _counts(target, rule)]
    if broken:
        target.sticky |= target.asked
        raise kind(broken[0][0], _message(broken), _shown(case, broken[0][1]))


def _message(broken: list[tuple[str, Violation]]) -> str:
    """Say which rules are broken, without secrets or control codes, and how to send the first case again."""
    shown = [(rule, evidence(violation)) for rule, violation in broken]
    lines = [
        f"{rule}: expected {one_line(each.expected, 600)}, got {one_line(each.actual, 600)}" for rule, each in shown
    ]
    first = shown[0][1].curl
    return "\n".join([*lines, *(["To send it again:", printable(first)] if first else [])])


def _shown(case: Case, violation: Violation) -> Case:
    """Return the case with the body that broke the rule, which a check may have sent: Schemathesis shows the case."""
    if violation.exchange is not None and violation.exchange.document:
        case.body = violation.exchange.document
    return case


def _counts(target: Target, rule: str) -> bool:
    """Tell whether a broken rule is news: not merely observed, and not configured as known."""
    deviation = target.client.config.deviations.get(rule)
    known = deviation is not None and (deviation.expires or date.max) >= today()
    return not known and not catalogue()[rule].observed
