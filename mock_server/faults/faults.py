"""Faults on purpose: which requests they strike, when, and what they do.

A request meets faults at three moments: before it authenticates, before it commits, and after it has committed. Faults
are tried in the order in which they were set. After `slow` and `forget` the request goes on; every other kind ends it.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from mock_server.checks.auth import Caller
from mock_server.clock import Clock, monotonic
from mock_server.faults.orders import AFTER_COMMIT, FORGET, HANG, SLOW, STATUS, FaultOrder, Match
from mock_server.problems import Problem
from mock_server.trace import INJECTED, Hold, Trace

MAX_HELD = 500  # requests that faults hold at once; the other connections of the server remain for everybody else
HOLDING = frozenset({SLOW, HANG})  # the kinds that hold a request
HELD_TICK = 0.2  # seconds between two checks whether a request is to be released


class BreakableConnection(Protocol):
    """The connection of a request. A server puts it into the WSGI environ as `mock_server.connection`."""

    def cut(self, how: str) -> None:
        """Break the answer when it is sent: send nothing (close, reset, hang), or only half of the body (truncate)."""
        ...

    def gone(self, seconds: float) -> bool:
        """Wait until the peer closes its end, at most `seconds`. Return whether it did."""
        ...


class Injected(Problem):
    """An answer that a fault asks for."""

    slug = "injected_fault"
    title = "Injected fault"

    def __init__(self, status: int, headers: Mapping[str, str]) -> None:
        super().__init__("A fault was set for this request through the control plane.", headers=headers)
        self.status = status


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault as it was set. `until` is when it ends, in seconds since 1970 by the clock of the mock."""

    id: str
    order: FaultOrder
    until: float | None = None
    preset: str | None = None


@dataclass(slots=True)
class _Armed:
    """A fault in force, with how often it struck, and how many requests it holds.

    Its random source is its own, so that no fault disturbs another.
    """

    fault: Fault
    random: random.Random
    struck: int = 0
    holds: int = 0
    removed: threading.Event = field(default_factory=threading.Event)


class Faults:
    """The faults in force. Safe to use from many threads: a fault with `times=3` strikes exactly three requests.

    With a `seed` the draws of each fault are the same in every run.
    """

    def __init__(self, clock: Clock, stopping: threading.Event, seed: int | None = None) -> None:
        self._clock = clock
        self._stopping = stopping
        self._seed = seed
        self._set = 0  # how many were ever set
        self._lock = threading.Lock()
        self._armed: tuple[_Armed, ...] = ()
        self._places = threading.BoundedSemaphore(MAX_HELD)

    def put(self, faults: Sequence[Fault], struck: Sequence[int] | None = None) -> None:
        """Set faults, all at once. `struck` says how often each has struck already, for those of a snapshot.

        Those that are over go, but for those that hold a request: they can still be removed, which releases it.
        """
        now = self._clock.timestamp()
        with self._lock:
            armed = []
            for number, fault in enumerate(faults):
                self._set += 1
                source = random.Random(None if self._seed is None else f"{self._seed}:{self._set}")  # noqa: S311
                armed.append(_Armed(fault, source, struck[number] if struck else 0))
            self._armed = (*(one for one in self._armed if _alive(one, now) or one.holds), *armed)

    def remove(self, chosen: Callable[[Fault], bool]) -> int:
        """Remove the faults chosen and release the requests that they hold. Return how many faults there were."""
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
        """Let the faults of a phase strike a request. Raises Injected if one of them answers in the mock's place."""
        for armed in self._armed:
            if armed.fault.order.phase == phase and self._strikes(armed, subject):
                self._act(armed, subject, phase)
                if subject.trace.cut is not None:
                    return

    def forgets(self, subject: FaultSubject) -> bool:
        """Tell whether a fault wants this creation answered but not stored."""
        for armed in self._armed:
            if armed.fault.order.kind == FORGET and self._strikes(armed, subject):
                with subject.trace.step("fault", INJECTED) as step:
                    step.note(f"forget: answered as created, not stored ({armed.fault.id})")
                return True
        return False

    def _strikes(self, armed: _Armed, subject: FaultSubject) -> bool:
        """Decide whether a fault strikes, and count it. The lock keeps the count exact under parallel requests."""
        if not subject.fits(armed.fault.order.match):
            return False
        now = self._clock.timestamp()
        with self._lock:
            if not _alive(armed, now) or armed.random.random() >= armed.fault.order.probability:
                return False
            armed.struck += 1
            armed.holds += armed.fault.order.kind in HOLDING
            subject.strike = armed.struck
            return True

    def _act(self, armed: _Armed, subject: FaultSubject, phase: str) -> None:
        order, connection, trace = armed.fault.order, subject.connection, subject.trace
        with trace.step("fault", INJECTED) as step:
            step.note(f"{order.kind}, {phase.replace('_', ' ')} ({armed.fault.id})")
            if order.kind == STATUS:
                raise Injected(order.status or 500, _headers(order, subject.strike))
            if order.kind in HOLDING:
                step.note(self._hold(armed, connection, trace))
                with self._lock:
                    armed.holds -= 1
            if order.kind == SLOW or connection is None:
                return
            connection.cut(order.kind)
            trace.cut = order.kind
            if phase != AFTER_COMMIT:  # afterwards there is a true answer, which is the one that is cut
                raise Injected(order.status or 500, {})

    def _hold(self, armed: _Armed, connection: BreakableConnection | None, trace: Trace) -> str:
        """Hold the request for the delay. Release it when the fault is removed or the server stops.

        A request that hangs is released when its client leaves, too. One that is slow goes on.
        """
        if not self._places.acquire(blocking=False):
            return f"not held, because {MAX_HELD} requests are held already"
        delay, hangs = armed.fault.order.delay_ms or 0, armed.fault.order.kind == HANG
        begun = monotonic()
        ends = begun + delay / 1000
        try:
            while (left := ends - monotonic()) > 0:
                if armed.removed.is_set() or self._stopping.is_set():
                    return "released"
                if connection is None:
                    armed.removed.wait(min(HELD_TICK, left))
                    continue
                gone = connection.gone(min(HELD_TICK, left))
                trace.hold = Hold(monotonic() - begun, client_left=gone)
                if gone and hangs:
                    return "held until the client left"
                connection = None if gone else connection
            return f"held for {delay} ms"
        finally:
            self._places.release()


@dataclass(slots=True)
class FaultSubject:
    """One request as faults see it. `peek` returns whose credential it carries, before the request is authenticated."""

    method: str
    path: str
    connection: BreakableConnection | None
    trace: Trace
    peek: Callable[[], Caller | None]
    strike: int = 0

    def fits(self, match: Match) -> bool:
        """Tell whether a fault with this match may strike this request."""
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
    until, times = armed.fault.until, armed.fault.order.times
    in_time = until is None or now < until
    return in_time and (times is None or armed.struck < times) and not armed.removed.is_set()


def _headers(order: FaultOrder, strike: int) -> dict[str, str]:
    announced = order.retry_after
    growing = {"Retry-After": str(announced[min(strike, len(announced)) - 1])} if announced else {}
    return {**(order.headers or {}), **growing}
