"""What was asked and why it was answered as it was: the last requests, bounded in number and in bytes."""

from __future__ import annotations

import hashlib
import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
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
_BARE = frozenset({"CONTENT_TYPE", "CONTENT_LENGTH"})  # headers that WSGI names otherwise
OUTCOMES = ("created", "replayed", "conflict", "refused", "fault", "failed")

_SECRET_NAME = re.compile(r"auth|cookie|token|secret|password|api-?key|credential|signature", re.IGNORECASE)
_API_KEY = re.compile(r"sk-apik_[A-Za-z0-9._~+/=-]+", re.ASCII)
HIDDEN = "(not shown)"
_SCHEMES = frozenset({"Bearer", "Basic", "Digest", "Token"})  # words that are no part of a secret


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer, as the application hands it over. `seconds` is what it took.

    `environ` is that of WSGI, for the headers.
    """

    id: str
    at: datetime
    method: str
    path: str
    environ: Mapping[str, Any]
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
    """One request in the journal. `status` is None where a fault kept the answer from being sent.

    Most entries are dropped unread: what only a reader needs is made when it is read.
    """

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
    steps: tuple[Step, ...]
    problem: Problem | None
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
    def trace(self) -> tuple[Decision, ...]:
        """The steps in their order, and those that were not reached."""
        return decisions_of(self.steps, self.problem)

    @property
    def rules(self) -> set[str]:
        """All rules that refused the request."""
        return set() if self.problem is None else rules_of(self.problem)

    @property
    def cost(self) -> int:
        """About how many bytes the entry takes."""
        size = OVERHEAD + len(self.path) + (len(self.body.excerpt) if self.body else 0)
        size += sum([len(value) for _, value in self.headers])
        size += sum([len(note) for step in self.steps for note in step.notes])
        return size if self.problem is None else size + 400 * len(self.problem.errors)


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


def rules_of(problem: Problem) -> set[str]:
    """Return the rules that a problem names."""
    return {rule for rule in (problem.rule, *(error.rule for error in problem.errors)) if rule is not None}


def _parts(exchange: Exchange) -> dict[str, Any]:
    trace, problem = exchange.trace, exchange.problem
    if problem is not None:  # let go of the frames it went through, and of the body that they hold
        problem.__traceback__ = problem.__context__ = problem.__cause__ = None
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
        "steps": tuple(trace.steps),
        "problem": problem,
        "headers": headers_of(exchange.environ),
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
    if b"sk-apik_" in excerpt:
        excerpt = _API_KEY.sub(HIDDEN, excerpt.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
    return Body(excerpt, len(raw), hashlib.sha256(raw).hexdigest(), len(raw) > EXCERPT)


def _covered(text: str) -> str:
    return _API_KEY.sub(HIDDEN, text) if "sk-apik_" in text else text


def headers_of(environ: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Return the headers in a WSGI environ as they may be shown: secret ones by their name only."""
    shown = []
    for key, value in environ.items():
        if key.startswith("HTTP_") or (key in _BARE and value):
            name, secret = _header(key)
            shown.append((name, _hidden(value) if secret else _covered(value[: 2 * LONGEST])))
    return tuple(shown[:MAX_HEADERS])


@lru_cache(1024)
def _header(key: str) -> tuple[str, bool]:
    """Return the name of a header and whether its value is a secret."""
    name = "-".join(word.capitalize() for word in key.removeprefix("HTTP_")[:LONGEST].split("_"))
    return name, _SECRET_NAME.search(name) is not None


def _hidden(value: str) -> str:
    scheme, blank, _ = value.partition(" ")
    return f"{scheme} {HIDDEN}" if blank and scheme in _SCHEMES else HIDDEN


def _clipped(text: str | None) -> str | None:
    if text is None:
        return None
    return _covered(text if len(text) <= LONGEST else text[:LONGEST] + "…")
