"""A request and its answer: as the application hands it over, as it is kept, and as it is read."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import chain
from typing import Any, NamedTuple

from mock_server.clock import rfc3339
from mock_server.problems import FieldError, Problem
from mock_server.trace import STEPS, Trace

EXCERPT = 8 * 1024  # bytes of a body that are kept
LONGEST = 500  # characters of a text that came with a request
MAX_HEADERS = 64
MAX_KEYS = 100  # of a WSGI environ
NOT_REACHED = "not_reached"
_BARE = frozenset({"CONTENT_TYPE", "CONTENT_LENGTH"})  # headers that WSGI names otherwise
OUTCOMES = ("created", "replayed", "conflict", "refused", "fault", "failed")

_SECRET_NAME = re.compile(r"auth|cookie|token|secret|password|api-?key|credential|signature", re.IGNORECASE)
_API_KEY = re.compile(r"sk-apik_[A-Za-z0-9._~+/=-]+", re.ASCII)
HIDDEN = "(not shown)"
_SCHEMES = frozenset({"Bearer", "Basic", "Digest", "Token"})  # words that are no part of a secret
Packed = tuple[Any, ...]
Step = tuple[str, str, Problem | None, str]  # of a request that is kept: name, verdict, problem, notes


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


def rules_of(problem: Problem) -> frozenset[str]:
    """Return the rules that a problem names."""
    return frozenset(filter(None, (problem.rule, *(error.rule for error in problem.errors))))


def pack(exchange: Exchange, sequence: int) -> Packed:
    """Return a request as it is kept.

    Two or three flat tuples of texts and numbers: the garbage collector soon leaves them alone, where many objects
    that live as long would cost each request more than all else that is recorded (benchmarks/journal.py).
    """
    trace, problem, caller = exchange.trace, exchange.problem, exchange.trace.caller
    return (
        sequence,
        exchange.id,
        exchange.at,
        exchange.method,
        exchange.path,
        tuple(chain.from_iterable(exchange.headers)),
        None if exchange.body is None else tuple(exchange.body),
        exchange.status,
        problem,
        exchange.seconds,
        None if caller is None else caller.workspace.id,
        None if caller is None else caller.name,
        trace.external_id,
        None if trace.engagement is None else trace.engagement.id,
        trace.silent,
        tuple([part for s in trace.steps for part in (s.name, s.verdict, s.problem, s.notes)]),
    )


def unpack(packed: Packed) -> Entry:
    """Return the entry of a request that was kept. Most are dropped unread, so this is done when somebody reads."""
    (
        sequence, number, at, method, path, headers, body, status, problem, seconds,
        workspace, caller, external_id, engagement_id, silent, steps,
    ) = packed  # fmt: skip
    steps = list(zip(*[iter(steps)] * 4, strict=True))
    return Entry(
        id=number,
        sequence=sequence,
        at=at,
        method=method[:LONGEST],
        path=covered(path[: 4 * LONGEST]),
        status=None if silent else status,
        outcome=_outcome(status, steps),
        rule=problem.rule if problem else None,
        external_id=_clipped(external_id),
        workspace=workspace,
        credential_name=caller,
        duration_ms=round(seconds * 1000, 3),
        trace=_decisions(steps, problem),
        rules=rules_of(problem) if problem else frozenset(),
        headers=tuple(zip(headers[::2], headers[1::2], strict=True)),
        body=None if body is None else Body(*body),
        engagement_id=engagement_id,
    )


def _outcome(status: int, steps: Sequence[Step]) -> str:
    """Name what became of a request, in one of OUTCOMES."""
    struck = any(name == "fault" and problem is not None for name, _, problem, _ in steps)
    match status:
        case _ if struck:
            return "fault"
        case 201:
            return "created"
        case 200:
            return "replayed"
        case 409:
            return "conflict"
        case _ if status >= 500:  # noqa: PLR2004  a defect of the mock, or a preference of the client
            return "failed"
    return "refused"


def _decisions(steps: Sequence[Step], problem: Problem | None) -> tuple[Decision, ...]:
    """Return the steps with their reasons, and those that were missed."""
    if not steps:  # no operation at this path, or not for this method
        refusal = Decision("route", "refused", problem.rule, problem.detail) if problem else Decision("route", "passed")
        return (refusal, *(Decision(name, NOT_REACHED) for name in STEPS))
    taken = [_decision(*step) for step in steps]
    names = {decision.step for decision in taken}
    return (*_PASSED_ROUTE, *taken, *(decision for decision in _MISSED if decision.step not in names))


_PASSED_ROUTE = (Decision("route", "passed"),)
_MISSED = tuple(Decision(name, NOT_REACHED) for name in STEPS)


def _decision(name: str, verdict: str, problem: Problem | None, notes: str) -> Decision:
    detail = notes[: 4 * LONGEST]
    if problem is None:
        return Decision(name, verdict, None, detail)
    reason = problem.detail if not problem.errors and name != "fault" else ""
    text = "; ".join(filter(None, (detail, reason)))
    return Decision(name, verdict, problem.rule, text, problem.errors)


def body_of(raw: bytes) -> Body:
    """Return what is kept of a body."""
    excerpt = raw[:EXCERPT]
    truncated, secret = len(raw) > EXCERPT, b"sk-apik_" in excerpt
    if secret:
        excerpt = _API_KEY.sub(HIDDEN, excerpt.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
    digest = hashlib.sha256(raw).hexdigest() if truncated or secret else None
    return Body(excerpt, len(raw), truncated, digest)


def covered(text: str) -> str:
    """Return a text without the API keys in it."""
    return _API_KEY.sub(HIDDEN, text) if "sk-apik_" in text else text


def headers_of(environ: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Return the headers in a WSGI environ as they may be shown: secret ones by their name only."""
    keys = tuple(environ)
    among = _headers_among if len(keys) <= MAX_KEYS else _headers_among.__wrapped__  # thousands of keys are not kept
    return tuple(
        [
            (name, _hidden(environ[key]) if secret else covered(environ[key][: 2 * LONGEST]))
            for key, name, secret in among(keys)
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
    return covered(text if len(text) <= LONGEST else text[:LONGEST] + "…")
