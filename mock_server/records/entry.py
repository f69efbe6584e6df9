"""A request and its answer: `Exchange` as the application hands it over, `Entry` as the journal keeps it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import islice
from typing import Any

from mock_server.checks.auth import Caller
from mock_server.clock import rfc3339
from mock_server.problems import FieldError, Problem
from mock_server.redaction import redacted, redacted_bytes, redacted_header
from mock_server.trace import Hold, Step, Trace

EXCERPT = 8 * 1024  # bytes of a body that are kept
LONGEST = 500  # characters that are kept of a short text, such as a method or a key
LONGEST_LINE = 2000  # characters that are kept of a path or of the detail of a step
LONGEST_VALUE = 1000  # characters that are kept of the value of a header
MAX_SHOWN_HEADERS = 64
OUTCOMES = ("created", "replayed", "read", "conflict", "refused", "fault", "failed")
NOT_REACHED = "not_reached"
_UNPREFIXED = frozenset({"CONTENT_TYPE", "CONTENT_LENGTH"})  # the headers to which WSGI gives no HTTP_


@dataclass(frozen=True, slots=True)
class Body:
    """The beginning of a body without API keys in it, and the size and SHA-256 of the whole body as it was sent."""

    excerpt: bytes
    size: int
    sha256: str
    truncated: bool

    def as_json(self) -> dict[str, Any]:
        """Return the body as JSON. Bytes that are not UTF-8 show as U+FFFD."""
        text = self.excerpt.decode("utf-8", "replace")
        return {"text": text, "size": self.size, "sha256": self.sha256, "truncated": self.truncated}


@dataclass(frozen=True, slots=True)
class Answer:
    """What the application answered. `cut` is the kind of the fault that cut the answer off, if one did.

    A cut answer never reached the client whole: of the kind truncate it got half of the body, else nothing.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    body: Body
    cut: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the answer as JSON."""
        headers = [list(header) for header in self.headers]
        return {"status": self.status, "headers": headers, "body": self.body.as_json(), "cut": self.cut}


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer, with all credentials redacted. `seconds` is how long it took.

    `sender` is whose credential it carried, also if it was answered before that was looked at. `began` is when it
    came, in seconds of `clock.monotonic`. `query` is what stood behind the question mark.
    """

    id: str
    at: datetime
    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: Body | None
    answer: Answer
    problem: Problem | None
    trace: Trace
    seconds: float
    sender: Caller | None = None
    began: float = 0.0
    query: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """What one step decided. `errors` are all broken fields where a body has several."""

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
class Entry:
    """One request in the journal. `status` is None where a fault kept the answer from being sent.

    `answer` is None where a fault struck before there was an answer to send. `began` is when the request came, in
    seconds of `clock.monotonic`, which no test moves. `hold` and `scopes` are as in the trace, `ignored` names unknown
    fields, and `differs` is as in the ledger.
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
    trace: tuple[Decision, ...]
    rules: tuple[str, ...]
    headers: tuple[tuple[str, str], ...]
    body: Body | None
    answer: Answer | None
    engagement_id: str | None
    began: float
    hold: Hold | None
    ignored: tuple[str, ...]
    differs: tuple[str, ...]
    query: str = ""
    scopes: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return the entry as it stands in lists, without headers and bodies."""
        return {
            "id": self.id,
            "at": rfc3339(self.at),
            "method": self.method,
            "path": self.path,
            "query": self.query,
            "status": self.status,
            "outcome": self.outcome,
            "rule": self.rule,
            "external_id": self.external_id,
            "workspace": self.workspace,
            "credential_name": self.credential_name,
            "duration_ms": self.duration_ms,
            "trace": [decision.as_json() for decision in self.trace],
        }


def entry_of(exchange: Exchange, sequence: int, differs: tuple[str, ...] = ()) -> Entry:
    """Return the entry of a request. It holds no exception and no text of unlimited length."""
    trace, problem, caller = exchange.trace, exchange.problem, exchange.sender
    return Entry(
        id=exchange.id,
        sequence=sequence,
        at=exchange.at,
        method=exchange.method[:LONGEST],
        path=redacted(exchange.path[:LONGEST_LINE]),
        status=None if trace.silent else exchange.answer.status,
        outcome=_outcome(exchange.answer.status, trace),
        rule=problem.rule if problem else None,
        external_id=None if trace.external_id is None else shown_key(trace.external_id),
        workspace=caller.workspace.id if caller else None,
        credential_name=caller.name if caller else None,
        duration_ms=round(exchange.seconds * 1000, 3),
        trace=_decisions(trace, problem),
        rules=rules_of(problem),
        headers=exchange.headers,
        body=exchange.body,
        answer=None if trace.silent and problem else exchange.answer,
        engagement_id=trace.engagement.id if trace.engagement else None,
        began=exchange.began,
        hold=trace.hold,
        ignored=tuple(map(str, trace.ignored.fields)) if trace.ignored else (),
        differs=differs,
        query=redacted(exchange.query[:LONGEST_LINE]),
        scopes=trace.scopes,
    )


def rules_of(problem: Problem | None) -> tuple[str, ...]:
    """Return the rules that a problem names, each once."""
    if problem is None:
        return ()
    return tuple(dict.fromkeys(filter(None, (problem.rule, *(error.rule for error in problem.errors)))))


def body_of(raw: bytes) -> Body:
    """Return what is kept of a body."""
    excerpt = redacted_bytes(raw[:EXCERPT])
    return Body(excerpt, len(raw), hashlib.sha256(raw).hexdigest(), truncated=len(raw) > EXCERPT)


def headers_of(environ: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Return the first headers in a WSGI environ as they may be shown."""
    keys = (key for key in environ if key.startswith("HTTP_") or key in _UNPREFIXED)
    return shown_headers((key.removeprefix("HTTP_").replace("_", "-").title(), environ[key]) for key in keys)


def shown_headers(headers: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Return the first of these headers as they may be shown."""
    first = islice(headers, MAX_SHOWN_HEADERS)
    return tuple([(name[:LONGEST], redacted_header(name[:LONGEST], value[:LONGEST_VALUE])) for name, value in first])


def shown_key(external_id: str) -> str:
    """Return a key as the records keep it: not longer than a key can be, printable in UTF-8, without an API key."""
    key = external_id if len(external_id) <= LONGEST else external_id[:LONGEST] + "…"
    return redacted(key.encode("utf-8", "backslashreplace").decode())


def _outcome(status: int, trace: Trace) -> str:
    """Name what became of a request, in one of OUTCOMES."""
    if trace.silent or any(step.name == "fault" and step.problem is not None for step in trace.steps):
        return "fault"
    if status >= 500:  # noqa: PLR2004  a defect of the mock, or an answer that the client asked for
        return "failed"
    if status < 400 and trace.made is None:  # noqa: PLR2004  a success that concerns no key
        return "read"
    return {201: "created", 200: "replayed", 409: "conflict"}.get(status, "refused")


_ROUTE_PASSED = Decision("route", "passed")


def _decisions(trace: Trace, problem: Problem | None) -> tuple[Decision, ...]:
    """Return the steps with their reasons, and then those that were not reached."""
    route = _ROUTE_PASSED
    if not trace.steps and problem is not None:  # no operation at this path, or not for this method
        route = Decision("route", "refused", problem.rule, problem.detail)
    taken = {step.name for step in trace.steps}
    missed = (_missed(name) for name in trace.plan if name not in taken)
    return (route, *map(_decision, trace.steps), *missed)


@cache
def _missed(step: str) -> Decision:
    return Decision(step, NOT_REACHED)


def _decision(step: Step) -> Decision:
    detail, problem = redacted(step.notes[:LONGEST_LINE]), step.problem
    if problem is None:
        return Decision(step.name, step.verdict, None, detail)
    if not problem.errors and step.name != "fault":
        detail = "; ".join(filter(None, (detail, problem.detail)))
    return Decision(step.name, step.verdict, problem.rule, detail, problem.errors)
