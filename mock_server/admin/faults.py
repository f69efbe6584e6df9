"""Faults as JSON: an order becomes faults, and a fault is shown as the order that it came from."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from mock_server.admin.fields import Fields
from mock_server.faults.faults import (
    AFTER_COMMIT,
    BEFORE_AUTH,
    BEFORE_COMMIT,
    DEFAULT_DELAYS,
    FORGET,
    KINDS,
    NEED_CONNECTION,
    PHASES,
    STATUS,
    Fault,
    Match,
    answers_with_error,
)
from mock_server.faults.presets import PRESETS, faults_of

METHODS = ("POST",)
PATHS = ("/api/v2/engagements", "/v2/engagements")
MAX_DELAY = 600_000
MAX_TIMES = 1_000_000
MAX_TTL = 366 * 24 * 3600.0  # seconds
MAX_FAULT_HEADERS = 20
MAX_STEPS = 20  # different values of Retry-After in one fault
A_DAY = 86400  # seconds
LONGEST_HEADER = 1000
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}", re.ASCII)
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e]*", re.ASCII)
# The server itself sets these headers. A fault that set them too would break more than you asked for.
_FRAMING = frozenset({"connection", "content-length", "content-type", "transfer-encoding", "date", "server", "upgrade"})


@dataclass(frozen=True, slots=True)
class OrderContext:
    """What is needed to read an order.

    `new_id` makes ids, `now` is the present instant in seconds since 1970, and `workspace` turns the id or name of a
    workspace into its id. `connected` says whether this server lets faults act on the connection.
    """

    new_id: Callable[[], str]
    now: float
    workspace: Callable[[str], str | None]
    connected: bool


def read_order(fields: Fields, context: OrderContext) -> list[Fault]:
    """Return the faults of an order: one, or those of a preset. Every mistake in the order is noted in `fields`."""
    if fields.has("preset"):
        return _preset(fields, context)
    kind = fields.word("kind", "", KINDS)
    fields.needs("kind", f"one of {', '.join(KINDS)}, or a preset")
    phase = _phase(fields, kind)
    status, headers, retry_after = _answer(fields, kind, phase)
    fault = Fault(
        id=context.new_id(),
        match=_match(fields, phase, context),
        phase=phase,
        kind=kind,
        status=status,
        headers=headers,
        retry_after=retry_after,
        delay_ms=_delay(fields, kind),
        times=fields.integer("times", None, 1, MAX_TIMES),
        probability=fields.number("probability", 1.0, 0, 1),
        until=_until(fields, context),
    )
    _needs_connection(fields, kind, context)
    return [fault]


def show_fault(fault: Fault, struck: int, now: float) -> dict[str, Any]:
    """Return a fault as JSON: the order, its id, and how often it struck. What the order left out is left out here."""
    match = fault.match
    wanted = {name: getattr(match, name) for name in ("method", "path", "external_id", "credential_name", "workspace")}
    shown = {
        "id": fault.id,
        "preset": fault.preset,
        "match": {name: value for name, value in wanted.items() if value is not None},
        "phase": fault.phase,
        "kind": fault.kind,
        "status": fault.status if answers_with_error(fault.kind, fault.phase) else None,
        "headers": dict(fault.headers) or None,
        "retry_after": list(fault.retry_after) or None,
        "delay_ms": fault.delay_ms or None,
        "times": fault.times,
        "probability": fault.probability,
        "ttl": None if fault.until is None else max(0.001, round(fault.until - now, 3)),  # 0 cannot be restored
        "struck": struck,
    }
    return {name: value for name, value in shown.items() if value is not None}


def _preset(fields: Fields, context: OrderContext) -> list[Fault]:
    name = fields.word("preset", "", PRESETS)
    if name not in PRESETS:
        return []
    preset = PRESETS[name]
    times, until = fields.integer("times", None, 1, MAX_TIMES), _until(fields, context)
    match = _match(fields, BEFORE_AUTH if BEFORE_AUTH in preset.phases else AFTER_COMMIT, context)
    for kind in preset.kinds:
        _needs_connection(fields, kind, context)
    return faults_of(name, match, new_id=context.new_id, times=times, until=until)


def _phase(fields: Fields, kind: str) -> str | None:
    if kind == FORGET:
        if fields.has("phase"):
            fields.fail("phase", "value", "does not apply to the kind forget: leave it out")
        return None
    phase = fields.word("phase", None, PHASES)
    fields.needs("phase", f"one of {', '.join(PHASES)}")
    return phase


def _answer(fields: Fields, kind: str, phase: str | None) -> tuple[int, dict[str, str], tuple[int, ...]]:
    """Read the status, headers and Retry-After of the answer. Only some kinds of faults have an answer of their own."""
    if kind == STATUS:
        fields.needs("status", "a whole number from 400 to 599")
        status = fields.integer("status", 500, 400, 599)
        return status, dict(_headers(fields.inner("headers"))), _retry_after(fields)
    if answers_with_error(kind, phase):
        return fields.integer("status", 500, 400, 599), {}, ()
    for name in ("status", "headers", "retry_after"):
        if fields.has(name):
            fields.fail(name, "value", "applies to the kind status only: leave it out")
    return 500, {}, ()


def _headers(fields: Fields) -> Iterator[tuple[str, str]]:
    if len(fields.members) > MAX_FAULT_HEADERS:
        fields.fail("", "value", f"must be at most {MAX_FAULT_HEADERS} headers")
    for name in fields.members:
        value = fields.text(name, "", longest=LONGEST_HEADER)
        if not _HEADER_NAME.fullmatch(name) or name.lower() in _FRAMING:
            fields.fail(name, "value", f"must be a header that is not one of {', '.join(sorted(_FRAMING))}")
        elif not _HEADER_VALUE.fullmatch(value):
            fields.fail(name, "value", "must be printable ASCII on one line")
        else:
            yield name, value


def _retry_after(fields: Fields) -> tuple[int, ...]:
    if not fields.has("retry_after"):
        return ()
    value = fields.members["retry_after"]
    steps = value if isinstance(value, list) else [value]
    if not 1 <= len(steps) <= MAX_STEPS or not all(type(step) is int and 0 <= step <= A_DAY for step in steps):
        fields.fail("retry_after", "value", f"must be seconds from 0 to {A_DAY}, or a list of 1 to {MAX_STEPS} of them")
        return ()
    return tuple(steps)


def _delay(fields: Fields, kind: str) -> int:
    if kind in DEFAULT_DELAYS:
        return fields.integer("delay_ms", DEFAULT_DELAYS[kind], 1, MAX_DELAY)
    if fields.has("delay_ms"):
        fields.fail("delay_ms", "value", "applies to the kinds slow and hang only: leave it out")
    return 0


def _until(fields: Fields, context: OrderContext) -> float | None:
    ttl = fields.number("ttl", None, 0, MAX_TTL)
    return None if ttl is None else context.now + ttl


def _match(fields: Fields, phase: str | None, context: OrderContext) -> Match:
    inner = fields.inner("match")
    path = inner.word("path", None, PATHS)
    external_id = inner.text("external_id", None)
    if external_id is not None and phase == BEFORE_AUTH:
        later = f"{BEFORE_COMMIT} or {AFTER_COMMIT}"
        inner.fail("external_id", "value", f"is not known in the phase {BEFORE_AUTH}; accepted are {later}")
    workspace = inner.text("workspace", None)
    found = None if workspace is None else context.workspace(workspace)
    if workspace is not None and found is None:
        inner.fail("workspace", "value", "must be the id or the name of a workspace of this server")
    match = Match(
        method=inner.word("method", None, METHODS),
        path=None if path is None else PATHS[0],
        external_id=external_id,
        credential_name=inner.text("credential_name", None),
        workspace=found,
    )
    inner.finish()
    return match


def _needs_connection(fields: Fields, kind: str, context: OrderContext) -> None:
    if kind in NEED_CONNECTION and not context.connected:
        others = ", ".join(name for name in KINDS if name not in NEED_CONNECTION)
        fields.fail("kind", "value", f"{kind} works only under the server of mock-server; accepted here are {others}")
