"""Explains one request to a person: what happened in a sentence, and then step by step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from mock_server import spec
from mock_server.problems import FieldError
from mock_server.records.entry import NOT_REACHED, Decision, Entry

# The question that each step answers.
QUESTIONS = {
    "route": "Is there such an operation?",
    "prefer": "Did the client ask for an outcome?",
    "fault": "A fault struck",
    "authenticate": "Who is calling?",
    "scope": "May they do this?",
    "rate_limit": "Is there budget left?",
    "parse": "Is the body one JSON object?",
    "validate": "Are the fields valid?",
    "idempotency": "Is the key taken?",
    "media": "Can the recording be used?",
    "store": "Is it stored?",
    "parameters": "Are the parameters valid?",
    "expand": "May they see what expand names?",
    "find": "Is there such an engagement, and may they see it?",
    "page": "What is on the page?",
    "link": "Does the link work?",
}
# The answer where a step passed and noted nothing.
PLAIN = {
    "parse": "yes",
    "validate": "yes: every field keeps its rules",
    "rate_limit": "there is no limit",
}
MARKS = {"passed": "✓", "refused": "✕", "failed": "!", "injected": "⚡", NOT_REACHED: "·"}
HEADLINES = {
    "created": "Created an engagement",
    "replayed": "Repeated what is stored",
    "read": "Read what is stored",
    "conflict": "In conflict: the key is in flight",
    "fault": "Struck by a fault",
    "failed": "Failed",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One step: its question, the answer, and for several broken fields each of them."""

    mark: str
    verdict: str
    question: str
    answer: str
    rule: str | None
    errors: tuple[FieldError, ...]


def headline(entry: Entry) -> str:
    """Say in a few words what became of a request."""
    if entry.outcome != "refused":
        return HEADLINES[entry.outcome]
    return f"Refused by {entry.rule}" if entry.rule else f"Refused with {entry.status}"


def brief(entry: Entry) -> str:
    """Say why, for a list: the first broken rule and what was measured. Empty if the request succeeded."""
    if entry.outcome in {"created", "replayed", "read"}:
        return ""
    return ": ".join(filter(None, (entry.rule, reason(entry))))


def reason(entry: Entry) -> str:
    """Say what was wrong in the step that ended a request. Empty if no step did."""
    for decision in reversed(entry.trace):
        if decision.verdict in {"refused", "injected"}:
            if not decision.errors:
                return decision.detail
            first, more = decision.errors[0], len(decision.errors) - 1
            others = f", and {more} more" if more else ""
            return f"{first.field.lstrip('/') or 'the body'} {first.message}{others}"
    return ""


def took(milliseconds: float) -> str:
    """Say how long a request took: `3.2 ms`, and from a second on `3.03 s`."""
    return f"{milliseconds:.1f} ms" if milliseconds < 1000 else f"{milliseconds / 1000:.2f} s"  # noqa: PLR2004


def lines(entry: Entry) -> list[Line]:
    """Return a line for each step, in their order."""
    plain = {**PLAIN, "route": f"yes: {entry.method} {entry.path}"}
    return [_line(decision, plain) for decision in entry.trace]


def rule_title(rule: str) -> str:
    """Return the title of a rule, or nothing if the contract has no such rule."""
    return _titles().get(rule, "")


def _line(decision: Decision, plain: Mapping[str, str]) -> Line:
    answer = decision.detail
    if decision.verdict == NOT_REACHED:
        answer = "not reached"
    elif decision.verdict == "passed" and not answer:
        answer = plain.get(decision.step, "yes")
    elif not answer and decision.errors:
        count = len(decision.errors)
        answer = "no" if count == 1 else f"no: {count} fields break a rule"
    question = QUESTIONS.get(decision.step, decision.step)
    return Line(MARKS[decision.verdict], decision.verdict, question, answer, decision.rule, decision.errors)


@cache
def _titles() -> Mapping[str, str]:
    return {rule["id"]: rule["title"] for rule in spec.document()["x-rules"]}
