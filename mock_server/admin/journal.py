"""What was asked and why it was answered as it was: the last requests, bounded in number and in bytes."""

from __future__ import annotations

import hashlib
import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import islice, takewhile
from typing import Any, NamedTuple

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
_BARE = frozenset({"CONTENT_TYPE", "CONTENT_LENGTH"})  # headers that WSGI names otherwise
OUTCOMES = ("created", "replayed", "conflict", "refused", "fault", "failed")

_SECRET_NAME = re.compile(r"auth|cookie|token|secret|password|api-?key|credential|signature", re.IGNORECASE)
_API_KEY = re.compile(r"sk-apik_[A-Za-z0-9._~+/=-]+", re.ASCII)
HIDDEN = "(not shown)"
_SCHEMES = frozenset({"Bearer", "Basic", "Digest", "Token"})  # words that are no part of a secret


class Exchange(NamedTuple):  # one a request: a tuple is made in a third of the time of a frozen dataclass
    """One request and its answer, as the application hands it over: cheap, with nothing in it that is secret or large.

    `seconds` is what it took.
    """

    id: str
    at: datetime
    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: Body | None
    status: int
    problem: Problem | None
    trace: Trace
    seconds: float

    @property
    def workspace_id(self) -> str | None:
        """The workspace whose credential was sent, if it was known."""
        return self.trace.caller.workspace.id if self.trace.caller else None


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


class Body(NamedTuple):
    """The beginning of a body, API keys covered, and the length and digest of the whole of it, as it was sent."""

    excerpt: bytes
    size: int
    truncated: bool
    digest: str | None  # of what was sent, where that is not the excerpt

    @property
    def sha256(self) -> str:
        """The SHA-256 of the whole, in hexadecimal."""
        return self.digest or hashlib.sha256(self.excerpt).hexdigest()

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
    rules: frozenset[str]
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


@dataclass(slots=True)
class _Kept:
    """A request as it is kept. Most are dropped unread, so the entry is made when somebody reads it."""

    exchange: Exchange
    sequence: int
    cost: int
    entry: Entry | None = None

    def read(self) -> Entry:
        if self.entry is None:
            self.entry = _entry(self.exchange, self.sequence)
        return self.entry


class Journal:
    """The last requests, newest last. Safe to use from many threads."""

    def __init__(self, max_entries: int = MAX_ENTRIES, max_bytes: int = MAX_BYTES) -> None:
        self._max_entries = max_entries
        self._max_bytes = max_bytes
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._bytes = 0
        self._sequence = 0
        self._news = threading.Condition()

    def add(self, exchange: Exchange) -> None:
        """Note a request, and drop the oldest ones beyond the limits."""
        if exchange.problem is not None:
            _let_go(exchange.problem)
        cost = cost_of(exchange)
        with self._news:
            self._sequence += 1
            self._kept[exchange.id] = _Kept(exchange, self._sequence, cost)
            self._bytes += cost
            while len(self._kept) > self._max_entries or self._bytes > self._max_bytes:
                self._bytes -= self._kept.popitem(last=False)[1].cost
            self._news.notify_all()

    def find(self, entry_id: str) -> Entry | None:
        """Return the entry of a request id."""
        kept = self._kept.get(entry_id)
        return None if kept is None else kept.read()

    def select(self, wanted: Callable[[Entry], bool], limit: int | None = None) -> list[Entry]:
        """Return the entries wanted, newest first."""
        with self._news:
            newest_first = list(reversed(self._kept.values()))
        return list(islice(filter(wanted, (kept.read() for kept in newest_first)), limit))

    def after(self, sequence: int, seconds: float) -> list[Entry]:
        """Return the entries after one, oldest first; wait for the first of them, at most `seconds`."""
        with self._news:
            if self._sequence <= sequence:
                self._news.wait(seconds)
            found = list(takewhile(lambda kept: kept.sequence > sequence, reversed(self._kept.values())))
        return [kept.read() for kept in reversed(found)]

    def forget(self, wanted: Callable[[Exchange], bool]) -> int:
        """Drop the requests wanted and return how many there were."""
        with self._news:
            gone = [kept for kept in self._kept.values() if wanted(kept.exchange)]
            for kept in gone:
                del self._kept[kept.exchange.id]
                self._bytes -= kept.cost
        return len(gone)

    @property
    def last(self) -> int:
        """The sequence number of the newest entry; 0 before the first."""
        return self._sequence

    def __len__(self) -> int:
        return len(self._kept)


def cost_of(exchange: Exchange) -> int:
    """Return about how many bytes a request takes."""
    size = OVERHEAD + len(exchange.path) + (len(exchange.body.excerpt) if exchange.body else 0)
    size += sum([len(value) for _, value in exchange.headers])
    size += sum([len(note) for step in exchange.trace.steps for note in step.notes])
    return size if exchange.problem is None else size + 400 * len(exchange.problem.errors)


def _let_go(problem: Problem) -> None:
    """Let go of the frames that a problem went through, and of the body that they hold."""
    problem.__traceback__ = problem.__context__ = problem.__cause__ = None


def rules_of(problem: Problem) -> frozenset[str]:
    """Return the rules that a problem names."""
    return frozenset(filter(None, (problem.rule, *(error.rule for error in problem.errors))))


def _entry(exchange: Exchange, sequence: int) -> Entry:
    trace, problem = exchange.trace, exchange.problem
    return Entry(
        id=exchange.id,
        sequence=sequence,
        at=exchange.at,
        method=exchange.method[:LONGEST],
        path=_covered(exchange.path[: 4 * LONGEST]),
        status=None if trace.silent else exchange.status,
        outcome=outcome_of(exchange),
        rule=problem.rule if problem else None,
        external_id=_clipped(trace.external_id),
        workspace=trace.caller.workspace.id if trace.caller else None,
        credential_name=trace.caller.name if trace.caller else None,
        duration_ms=round(exchange.seconds * 1000, 3),
        trace=decisions_of(trace.steps, problem),
        rules=rules_of(problem) if problem else frozenset(),
        headers=exchange.headers,
        body=exchange.body,
        engagement_id=trace.engagement.id if trace.engagement else None,
    )


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


def decisions_of(steps: Sequence[Step], problem: Problem | None) -> tuple[Decision, ...]:
    """Return the steps with their reasons, and those that were missed."""
    if not steps:  # no operation at this path, or not for this method
        refusal = Decision("route", "refused", problem.rule, problem.detail) if problem else Decision("route", "passed")
        return (refusal, *(Decision(name, NOT_REACHED) for name in STEPS))
    taken = [_decision(step) for step in steps]
    names = {step.name for step in steps}
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
    truncated, secret = len(raw) > EXCERPT, b"sk-apik_" in excerpt
    if secret:
        excerpt = _API_KEY.sub(HIDDEN, excerpt.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
    digest = hashlib.sha256(raw).hexdigest() if truncated or secret else None
    return Body(excerpt, len(raw), truncated, digest)


def _covered(text: str) -> str:
    return _API_KEY.sub(HIDDEN, text) if "sk-apik_" in text else text


def headers_of(environ: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Return the headers in a WSGI environ as they may be shown: secret ones by their name only."""
    return tuple(
        [
            (name, _hidden(environ[key]) if secret else _covered(environ[key][: 2 * LONGEST]))
            for key, name, secret in _headers_among(tuple(environ))
        ]
    )


@lru_cache(64)
def _headers_among(keys: tuple[str, ...]) -> list[tuple[str, str, bool]]:
    """Return the keys that are headers, their names, and whether their values are secret. A client's are all alike."""
    found = []
    for key in keys:
        if key.startswith("HTTP_") or key in _BARE:
            name = "-".join(word.capitalize() for word in key.removeprefix("HTTP_")[:LONGEST].split("_"))
            found.append((key, name, _SECRET_NAME.search(name) is not None))
    return found[:MAX_HEADERS]


def _hidden(value: str) -> str:
    scheme, blank, _ = value.partition(" ")
    return f"{scheme} {HIDDEN}" if blank and scheme in _SCHEMES else HIDDEN


def _clipped(text: str | None) -> str | None:
    if text is None:
        return None
    return _covered(text if len(text) <= LONGEST else text[:LONGEST] + "…")
