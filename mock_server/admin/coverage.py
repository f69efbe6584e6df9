"""Which rules of the contract the traffic so far has exercised: kept by a request that was served, or broken by one.

A count of rules, not a verdict: a rule counts as kept where an answer of the mock depended on it.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any

from mock_server import spec
from mock_server.admin.journal import HIDDEN, Entry
from mock_server.trace import REPLAYED, Trace
from mock_server.validation import Submission

BEARER = f"Bearer {HIDDEN}"
SUCCEEDED = (
    "RESP-5", "RESP-14", "SCOPE-1", "BODY-14", "RESP-1", "RESP-2", "RESP-4", "RESP-6", "RESP-7", "RESP-10", "RESP-13",
)  # fmt: skip
CREATED = ("IDEM-14", "URL-17", "BODY-1", "BODY-12", "RESP-3", "RESP-11", "SCOPE-4")
REFUSED = ("ERR-1", "ERR-2", "ERR-3", "ERR-6")
AT_THE_LIMIT = {
    "title": ("LIMIT-1", "LIMIT-2", 500),
    "source_system": ("LIMIT-3", "LIMIT-4", 100),
    "external_id": ("LIMIT-5", "LIMIT-6", 500),
}


class Coverage:
    """Counts by rule. Safe to use from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: Counter[str] = Counter()
        self._broken: Counter[str] = Counter()

    def add(self, entry: Entry, trace: Trace, differs: tuple[str, ...]) -> None:
        """Count the rules of one request; `differs` as in the ledger."""
        kept, broken = list(_kept(entry, trace, differs)), entry.rules
        with self._lock:
            for rule in kept:
                self._kept[rule] += 1
            for rule in broken:
                self._broken[rule] += 1

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


def _kept(entry: Entry, trace: Trace, differs: tuple[str, ...]) -> Iterator[str]:
    if trace.caller is not None:
        yield "AUTH-1" if ("Authorization", BEARER) in entry.headers else "AUTH-5"
    if trace.waited:
        yield from ("IDEM-10", "IDEM-13")
    if trace.made is None or trace.submission is None:
        if entry.rule is not None:
            yield from REFUSED
        return
    yield from SUCCEEDED
    yield from _of_fields(trace.submission)
    yield from _of_replay(differs) if trace.made == REPLAYED else CREATED


def _of_replay(differs: tuple[str, ...]) -> Iterator[str]:
    yield from ("IDEM-1", "IDEM-11")
    if differs:
        yield "IDEM-2"
    if "source_system" in differs:
        yield "IDEM-3"


def _of_fields(submission: Submission) -> Iterator[str]:
    for name, (longest, shortest, limit) in AT_THE_LIMIT.items():
        length = len(getattr(submission, name))
        if length == limit:
            yield longest
        elif length == 1:
            yield shortest
    yield "RESP-8" if submission.start_at is None else "BODY-8"
    yield "RESP-12" if submission.is_private is None else "RESP-9"
    if submission.participants:
        yield "BODY-10"
    if submission.transcript is None and submission.start_at is None and submission.is_private is None:
        yield "BODY-13"
    if not submission.external_id.isascii():
        yield "IDEM-8"
    if not submission.title.isascii():
        yield "LIMIT-10"
