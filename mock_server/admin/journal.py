"""What was asked and why it was answered as it was: the last requests, bounded in number and in bytes."""

from __future__ import annotations

import hashlib
import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from mock_server.clock import rfc3339
from mock_server.problems import FieldError, Problem
from mock_server.trace import STEPS, Step, Trace

MAX_ENTRIES = 10_000
MAX_BYTES = 64 * 1024 * 1024
EXCERPT = 8 * 1024  # bytes of a body that are kept
LONGEST = 500  # characters of a text that came with a request
MAX_HEADERS = 64
OVERHEAD = 2500  # bytes of an entry beside the texts it holds, measured
NOT_REACHED = "not_reached"
OUTCOMES = ("created", "replayed", "conflict", "refused", "fault", "failed")

_SECRET_NAME = re.compile(r"auth|cookie|token|secret|password|api-?key|credential|signature", re.IGNORECASE)
_API_KEY = re.compile(r"sk-apik_[A-Za-z0-9._~+/=-]+", re.ASCII)
HIDDEN = "(not shown)"
_SCHEMES = frozenset({"Bearer", "Basic", "Digest", "Token"})  # words that are no part of a secret


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer, as the application hands it over. `seconds` is what it took."""

    id: str
    at: datetime
    method: str
    path: str
    headers: Sequence[tuple[str, str]]
    body: bytes | None
    status: int
    problem: Problem | None
    trace: Trace
    seconds: float


@dataclass(frozen=True, slots=True)
class Decision:
    """One step of the pipeline. `errors` are all broken fields where a body has several."""

    step: str
    verdict: str
    rule: str | None = None
    detail: str = ""
    errors: tuple[FieldError, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return the member of `trace`; `errors` only where there are some."""
        shown: dict[str, Any] = {"step": self.step, "verdict": self.verdict, "rule": self.rule, "detail": self.detail}
        if self.errors:
            shown["errors"] = [error.as_json() for error in self.errors]
        return shown


@dataclass(frozen=True, slots=True)
class Body:
    """The beginning of a body, API keys covered, and the length and digest of the whole of it, as it was sent."""

    excerpt: bytes
    size: int
    sha256: str
    truncated: bool

    def as_json(self) -> dict[str, Any]:
        """Return the body as JSON; bytes that are not UTF-8 show as U+FFFD."""
        text = self.excerpt.decode("utf-8", "replace")
        return {"text": text, "size": self.size, "sha256": self.sha256, "truncated": self.truncated}


@dataclass(frozen=True, slots=True)
class Entry:
    """One request in the journal. `status` is None where a fault kept the answer from being sent."""

    id: str
    sequence: int
    at: datetime
    method: str
    path: str
    status: int | None
    outcome: str
    rule: str | None
    external_id: str | None
    workspace: str | None
    credential_name: str | None
    duration_ms: float
    trace: tuple[Decision, ...]
    headers: tuple[tuple[str, str], ...]
    body: Body | None
    engagement_id: str | None

    def as_json(self) -> dict[str, Any]:
        """Return the entry as it stands in lists, without headers and body."""
        return {
            "id": self.id,
            "at": rfc3339(self.at),
            "method": self.method,
            "path": self.path,
            "status": self.status,
            "outcome": self.outcome,
            "rule": self.rule,
            "external_id": self.external_id,
            "workspace": self.workspace,
            "credential_name": self.credential_name,
            "duration_ms": self.duration_ms,
            "trace": [decision.as_json() for decision in self.trace],
        }

    @property
    def rules(self) -> set[str]:
        """All rules that refused the request."""
        found = {error.rule for decision in self.trace for error in decision.errors}
        return {rule for rule in (*found, self.rule) if rule is not None}

    @property
    def cost(self) -> int:
        """About how many bytes the entry takes."""
        size = OVERHEAD + len(self.path) + (len(self.body.excerpt) if self.body else 0)
        size += sum(len(name) + len(value) + 150 for name, value in self.headers)
        return size + sum(len(decision.detail) + 400 * len(decision.errors) for decision in self.trace)


class Journal:
    """The last requests, newest last. Safe to use from many threads."""

    def __init__(self, max_entries: int = MAX_ENTRIES, max_bytes: int = MAX_BYTES) -> None:
        self._max_entries = max_entries
        self._max_bytes = max_bytes
        self._entries: OrderedDict[str, Entry] = OrderedDict()
        self._bytes = 0
        self._sequence = 0
        self._news = threading.Condition()

    def add(self, exchange: Exchange) -> Entry:
        """Note a request, and drop the oldest ones beyond the limits."""
        parts = _parts(exchange)
        with self._news:
            self._sequence += 1
            entry = Entry(sequence=self._sequence, **parts)
            self._entries[entry.id] = entry
            self._bytes += entry.cost
            while len(self._entries) > self._max_entries or self._bytes > self._max_bytes:
                self._bytes -= self._entries.popitem(last=False)[1].cost
            self._news.notify_all()
        return entry

    def find(self, entry_id: str) -> Entry | None:
        """Return the entry of a request id."""
        return self._entries.get(entry_id)

    def select(self, wanted: Callable[[Entry], bool], limit: int | None = None) -> list[Entry]:
        """Return the entries wanted, newest first."""
        with self._news:
            entries = list(self._entries.values())
        return list(islice(filter(wanted, reversed(entries)), limit))

    def after(self, sequence: int, seconds: float) -> list[Entry]:
        """Return the entries after one, oldest first; wait for the first of them, at most `seconds`."""
        with self._news:
            if self._sequence <= sequence:
                self._news.wait(seconds)
            newest_first = reversed(self._entries.values())
            found = list(_while_newer(newest_first, sequence))
        return found[::-1]

    def forget(self, wanted: Callable[[Entry], bool]) -> int:
        """Drop the entries wanted and return how many there were."""
        with self._news:
            gone = [entry for entry in self._entries.values() if wanted(entry)]
            for entry in gone:
                del self._entries[entry.id]
                self._bytes -= entry.cost
        return len(gone)

    @property
    def last(self) -> int:
        """The sequence number of the newest entry; 0 before the first."""
        return self._sequence

    def __len__(self) -> int:
        return len(self._entries)


def _while_newer(entries: Iterable[Entry], sequence: int) -> Iterable[Entry]:
    for entry in entries:
        if entry.sequence <= sequence:
            return
        yield entry


def _parts(exchange: Exchange) -> dict[str, Any]:
    trace, problem = exchange.trace, exchange.problem
    decisions = decisions_of(trace, problem)
    return {
        "id": exchange.id,
        "at": exchange.at,
        "method": exchange.method[:LONGEST],
        "path": _covered(exchange.path[: 4 * LONGEST]),
        "status": None if trace.silent else exchange.status,
        "outcome": outcome_of(exchange),
        "rule": problem.rule if problem else None,
        "external_id": _clipped(trace.external_id),
        "workspace": trace.caller.workspace.id if trace.caller else None,
        "credential_name": trace.caller.name if trace.caller else None,
        "duration_ms": round(exchange.seconds * 1000, 3),
        "trace": decisions,
        "headers": tuple(_shown(name, value) for name, value in exchange.headers[:MAX_HEADERS]),
        "body": None if exchange.body is None else body_of(exchange.body),
        "engagement_id": trace.engagement.id if trace.engagement else None,
    }


def outcome_of(exchange: Exchange) -> str:
    """Name what became of a request, in one of OUTCOMES."""
    struck = any(step.name == "fault" and step.problem is not None for step in exchange.trace.steps)
    match exchange.status:
        case _ if struck:
            return "fault"
        case 201:
            return "created"
        case 200:
            return "replayed"
        case 409:
            return "conflict"
        case status if status >= 500:  # noqa: PLR2004  a defect of the mock, or a preference of the client
            return "failed"
    return "refused"


def decisions_of(trace: Trace, problem: Problem | None) -> tuple[Decision, ...]:
    """Return the steps as plain values (a problem would hold on to the frames it went through), and those missed."""
    if not trace.steps:  # no operation at this path, or not for this method
        refusal = Decision("route", "refused", problem.rule, problem.detail) if problem else Decision("route", "passed")
        return (refusal, *(Decision(name, NOT_REACHED) for name in STEPS))
    taken = [_decision(step) for step in trace.steps]
    names = {step.name for step in trace.steps}
    return (*_PASSED_ROUTE, *taken, *(decision for decision in _MISSED if decision.step not in names))


_PASSED_ROUTE = (Decision("route", "passed"),)
_MISSED = tuple(Decision(name, NOT_REACHED) for name in STEPS)


def _decision(step: Step) -> Decision:
    detail = "; ".join(step.notes)[: 4 * LONGEST]
    if step.problem is None:
        return Decision(step.name, step.verdict, None, detail)
    reason = step.problem.detail if not step.problem.errors and step.name != "fault" else ""
    text = "; ".join(filter(None, (detail, reason)))
    return Decision(step.name, step.verdict, step.problem.rule, text, step.problem.errors)


def body_of(raw: bytes) -> Body:
    """Return what is kept of a body."""
    excerpt = raw[:EXCERPT]
    if b"sk-apik_" in excerpt:
        excerpt = _API_KEY.sub(HIDDEN, excerpt.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
    return Body(excerpt, len(raw), hashlib.sha256(raw).hexdigest(), len(raw) > EXCERPT)


def _covered(text: str) -> str:
    return _API_KEY.sub(HIDDEN, text) if "sk-apik_" in text else text


def _shown(name: str, value: str) -> tuple[str, str]:
    if _SECRET_NAME.search(name):
        scheme, blank, _ = value.partition(" ")
        return name[:LONGEST], f"{scheme} {HIDDEN}" if blank and scheme in _SCHEMES else HIDDEN
    return name[:LONGEST], _covered(value[: 2 * LONGEST])


def _clipped(text: str | None) -> str | None:
    if text is None:
        return None
    return _covered(text if len(text) <= LONGEST else text[:LONGEST] + "…")
