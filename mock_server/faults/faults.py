"""Faults on purpose: which request they strike, when in its life, and what they do to it.

The pipeline asks at three moments: before it authenticates, before it commits, after it has committed. Faults are
judged one after the other in the order they were set; `slow` and `forget` let the request go on, the others end it.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from mock_server.checks.auth import Caller
from mock_server.clock import Clock
from mock_server.problems import Problem
from mock_server.trace import INJECTED, Trace

BEFORE_AUTH, BEFORE_COMMIT, AFTER_COMMIT = PHASES = ("before_auth", "before_commit", "after_commit")
STATUS, CLOSE, RESET, TRUNCATE, SLOW, HANG, FORGET = KINDS = (
    "status", "close", "reset", "truncate", "slow", "hang", "forget",
)  # fmt: skip
NEED_CONNECTION = frozenset({CLOSE, RESET, TRUNCATE, HANG})
MAX_WAITING = 32  # of the server's 64 threads: requests that a fault holds must not starve the others
TICK = 0.05  # seconds between two looks at whether a wait is over


class Connection(Protocol):
    """The connection under a request, which a server puts into the WSGI environ as `mock_server.connection`."""

    def cut(self, how: str) -> None:
        """Say how the answer goes wrong: nothing is sent (close, reset), or only half of the body (truncate)."""
        ...

    def gone(self, seconds: float) -> bool:
        """Wait, and tell as soon as the peer has closed its end."""
        ...


class Injected(Problem):
    """An answer that a fault asks for."""

    slug = "injected_fault"
    title = "Injected fault"

    def __init__(self, status: int, headers: Mapping[str, str]) -> None:
        super().__init__("A fault was set for this request through the control plane.", headers=headers)
        self.status = status


@dataclass(frozen=True, slots=True)
class Match:
    """What a request must be like; None matches every one. A text that ends in `*` matches by its beginning."""

    method: str | None = None
    path: str | None = None
    external_id: str | None = None
    credential_name: str | None = None
    workspace: str | None = None  # id

    @property
    def needs_caller(self) -> bool:
        """Whether the credential has to be looked at."""
        return self.credential_name is not None or self.workspace is not None


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault as it was set. `times` and `until` (an instant of the mock's clock) None: without an end.

    `retry_after` holds the seconds that the first strike announces, the second, … and the last one from then on.
    """

    id: str
    match: Match
    phase: str | None
    kind: str
    status: int = 500
    headers: Mapping[str, str] = field(default_factory=dict)
    retry_after: tuple[int, ...] = ()
    delay_ms: int = 0
    times: int | None = None
    probability: float = 1.0
    until: float | None = None
    preset: str | None = None


@dataclass(slots=True)
class _Armed:
    """A fault in force: how often it struck, and its own random source, so that faults do not disturb each other."""

    fault: Fault
    random: random.Random
    struck: int = 0
    removed: threading.Event = field(default_factory=threading.Event)


class Faults:
    """The faults in force. Safe to use from many threads; counts are exact under parallel requests.

    A `seed` makes the draws of each fault repeatable.
    """

    def __init__(self, clock: Clock, stopping: threading.Event, seed: int | None = None) -> None:
        self._clock = clock
        self._stopping = stopping
        self._seed = seed
        self._set = 0  # how many were ever set
        self._lock = threading.Lock()
        self._armed: tuple[_Armed, ...] = ()
        self._waiting = threading.BoundedSemaphore(MAX_WAITING)

    def put(self, faults: Sequence[Fault], struck: Sequence[int] | None = None) -> None:
        """Set faults, all at once. `struck` says how often each struck before, in a snapshot."""
        with self._lock:
            armed = []
            for number, fault in enumerate(faults):
                self._set += 1
                source = random.Random(None if self._seed is None else f"{self._seed}:{self._set}")  # noqa: S311
                armed.append(_Armed(fault, source, struck[number] if struck else 0))
            self._armed += tuple(armed)

    def remove(self, chosen: Callable[[Fault], bool]) -> int:
        """Take off the faults chosen and let go of requests that they hold. Return how many there were."""
        with self._lock:
            gone = [armed for armed in self._armed if chosen(armed.fault)]
            self._armed = tuple(armed for armed in self._armed if armed not in gone)
        for armed in gone:
            armed.removed.set()
        return len(gone)

    def listed(self) -> list[tuple[Fault, int]]:
        """Return the faults in force with how often each has struck."""
        now = self._clock.timestamp()
        return [(armed.fault, armed.struck) for armed in self._armed if _alive(armed, now)]

    def meet(self, subject: FaultSubject, phase: str) -> None:
        """Let the faults of a phase strike a request. Raises Injected where one of them ends it."""
        for armed in self._armed:
            if armed.fault.phase == phase and self._strikes(armed, subject):
                self._act(armed, subject, phase)

    def forgets(self, subject: FaultSubject) -> bool:
        """Tell whether what this request creates is not to be stored."""
        for armed in self._armed:
            if armed.fault.kind == FORGET and self._strikes(armed, subject):
                with subject.trace.step("fault", INJECTED) as step:
                    step.note(f"forget: answered as created, not stored ({armed.fault.id})")
                return True
        return False

    def _strikes(self, armed: _Armed, subject: FaultSubject) -> bool:
        """Judge match, life, luck and count; the last three and the counting are one step for all threads."""
        if not subject.fits(armed.fault.match):
            return False
        now = self._clock.timestamp()
        with self._lock:
            if not _alive(armed, now) or armed.random.random() >= armed.fault.probability:
                return False
            armed.struck += 1
            subject.strike = armed.struck
            return True

    def _act(self, armed: _Armed, subject: FaultSubject, phase: str) -> None:
        fault, connection, trace = armed.fault, subject.connection, subject.trace
        with trace.step("fault", INJECTED) as step:
            step.note(f"{fault.kind}, {phase.replace('_', ' ')} ({fault.id})")
            if fault.kind == STATUS:
                raise Injected(fault.status, _headers(fault, subject.strike))
            if fault.kind in {SLOW, HANG}:
                step.note(self._wait(armed, connection))
            if fault.kind == SLOW or connection is None:
                return
            if fault.kind == TRUNCATE:
                connection.cut(TRUNCATE)
                if phase == AFTER_COMMIT:  # the true answer is the one that breaks off
                    return
            else:
                connection.cut(RESET if fault.kind == RESET else CLOSE)
                trace.silent = True
            raise Injected(fault.status, {})

    def _wait(self, armed: _Armed, connection: Connection | None) -> str:
        """Hold the request: for the delay, or until the fault is taken off, the peer is gone or the server stops."""
        if not self._waiting.acquire(blocking=False):
            return f"not held: {MAX_WAITING} requests are held already"
        ends = time.monotonic() + armed.fault.delay_ms / 1000
        hangs = armed.fault.kind == HANG
        try:
            while (left := ends - time.monotonic()) > 0:
                if armed.removed.is_set() or self._stopping.is_set():
                    return "let go"
                if hangs and connection is not None and connection.gone(min(TICK, left)):
                    return "held until the client left"
                if not hangs:
                    armed.removed.wait(min(TICK, left))
            return f"held for {armed.fault.delay_ms} ms"
        finally:
            self._waiting.release()


@dataclass(slots=True)
class FaultSubject:
    """One request as faults see it. `peek` finds out whose credential it carries, without judging it."""

    method: str
    path: str
    connection: Connection | None
    trace: Trace
    peek: Callable[[], Caller | None]
    strike: int = 0

    def fits(self, match: Match) -> bool:
        """Tell whether this request is the kind that a fault wants."""
        if not (_like(self.method, match.method) and _like(self.path, match.path)):
            return False
        if not _like(self.trace.external_id, match.external_id):
            return False
        if not match.needs_caller:
            return True
        caller = self.trace.caller or self.peek()
        return (
            caller is not None
            and _like(caller.name, match.credential_name)
            and _like(caller.workspace.id, match.workspace)
        )


def _like(value: str | None, wanted: str | None) -> bool:
    if wanted is None:
        return True
    if value is None:
        return False
    return value.startswith(wanted[:-1]) if wanted.endswith("*") else value == wanted


def _alive(armed: _Armed, now: float) -> bool:
    fault = armed.fault
    in_time = fault.until is None or now < fault.until
    return in_time and (fault.times is None or armed.struck < fault.times) and not armed.removed.is_set()


def _headers(fault: Fault, strike: int) -> dict[str, str]:
    announced = fault.retry_after
    growing = {"Retry-After": str(announced[min(strike, len(announced)) - 1])} if announced else {}
    return {**fault.headers, **growing}
