"""Which rules of the contract the traffic so far has exercised, and how many requests kept or broke each.

This counts and does not judge: a request counts as keeping a rule if the answer of the mock depended on that rule.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any

from mock_server import spec
from mock_server.checks.validation import Submission
from mock_server.records.entry import Exchange, rules_of
from mock_server.trace import REPLAYED

KEPT_BY_SUCCESS = (
    "RESP-5", "RESP-14", "SCOPE-1", "BODY-14", "RESP-1", "RESP-2", "RESP-4", "RESP-6", "RESP-7", "RESP-10", "RESP-13",
)  # fmt: skip
KEPT_BY_CREATION = ("IDEM-14", "URL-17", "BODY-1", "BODY-12", "RESP-3", "RESP-11", "SCOPE-4")
KEPT_BY_REFUSAL = ("ERR-1", "ERR-2", "ERR-3", "ERR-6")
# The rules of the longest and of the shortest text of a field.
AT_THE_LIMIT = {
    "title": ("LIMIT-1", "LIMIT-2"),
    "source_system": ("LIMIT-3", "LIMIT-4"),
    "external_id": ("LIMIT-5", "LIMIT-6"),
}


class Coverage:
    """Counts by rule. Safe to use from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: Counter[str] = Counter()
        self._broken: Counter[str] = Counter()

    def add(self, exchange: Exchange, differs: tuple[str, ...]) -> None:
        """Count the rules of one request; `differs` as in the ledger."""
        with self._lock:
            self._kept.update(_kept(exchange, differs))
            if exchange.problem is not None:
                self._broken.update(rules_of(exchange.problem))

    def report(self) -> dict[str, Any]:
        """Return `{"data": [{id, level, title, kept, broken}], "summary": {rules, exercised}}`."""
        with self._lock:
            kept, broken = self._kept.copy(), self._broken.copy()
        rows = [
            {
                "id": rule["id"],
                "level": rule["level"],
                "title": rule["title"],
                "kept": kept[rule["id"]],
                "broken": broken[rule["id"]],
            }
            for rule in spec.document()["x-rules"]
        ]
        exercised = sum(1 for row in rows if row["kept"] or row["broken"])
        return {"data": rows, "summary": {"rules": len(rows), "exercised": exercised}}


def _kept(exchange: Exchange, differs: tuple[str, ...]) -> Iterator[str]:
    """Yield the rules that a request kept."""
    trace = exchange.trace
    if trace.caller is not None:
        yield "AUTH-1" if _sent_as_bearer(exchange) else "AUTH-5"
    if trace.waited:
        yield from ("IDEM-10", "IDEM-13")
    if trace.made is None:
        if exchange.problem is not None and exchange.problem.rule is not None:
            yield from KEPT_BY_REFUSAL
        yield from trace.kept
        return
    yield from KEPT_BY_SUCCESS
    if trace.submission is not None:
        yield from _of_fields(trace.submission)
    if trace.made != REPLAYED:
        yield from KEPT_BY_CREATION
        return
    yield from ("IDEM-1", "IDEM-11")
    if differs:
        yield "IDEM-2"
    if "source_system" in differs:
        yield "IDEM-3"


def _sent_as_bearer(exchange: Exchange) -> bool:
    """Tell whether the credential came with the word Bearer. The rest of the header is redacted."""
    return any(name == "Authorization" and value.lower().startswith("bearer ") for name, value in exchange.headers)


def _of_fields(submission: Submission) -> tuple[str, ...]:
    """Return the rules that the fields of a valid submission exercise."""
    start, private = submission.start_at, submission.is_private
    rules = ["RESP-8" if start is None else "BODY-8", "RESP-12" if private is None else "RESP-9"]
    fields = spec.schema("CreateEngagement")["properties"]
    for name, (longest, shortest) in AT_THE_LIMIT.items():
        length = len(getattr(submission, name))
        if length == fields[name]["maxLength"]:
            rules.append(longest)
        elif length == 1:
            rules.append(shortest)
    if submission.participants:
        rules.append("BODY-10")
    elif submission.transcript is None and start is None and private is None:
        rules.append("BODY-13")
    if not submission.external_id.isascii():
        rules.append("IDEM-8")
    if not submission.title.isascii():
        rules.append("LIMIT-10")
    return tuple(rules)
