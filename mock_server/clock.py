"""The clock of the mock. A test can freeze it, move it and set it back, and so never waits."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

LAST = datetime(9000, 12, 31, tzinfo=UTC)  # leaves room for instants after the present one


class Clock:
    """The system's clock plus an offset, or a fixed instant. Safe to use from many threads."""

    def __init__(self) -> None:
        self._lock = threading.RLock()  # a change reads the present instant too
        self._offset = timedelta()
        self._frozen: datetime | None = None
        self._watchers: tuple[Callable[[], None], ...] = ()

    def now(self) -> datetime:
        """Return the present instant in UTC."""
        with self._lock:
            return self._frozen or datetime.now(UTC) + self._offset

    def timestamp(self) -> float:
        """Return the present instant in seconds since 1970."""
        return self.now().timestamp()

    def freeze(self, at: datetime | None = None) -> None:
        """Stop at `at` (an instant with an offset), or at the present instant."""
        with self._lock:
            self._frozen = (at or self.now()).astimezone(UTC)
        self._tell()

    def advance(self, by: timedelta) -> None:
        """Move forward by `by`, frozen or not. Raises ValueError beyond `LAST`."""
        with self._lock:
            if self.now() + by > LAST:
                raise ValueError(f"must not lead beyond the year {LAST.year}")
            if self._frozen is not None:
                self._frozen += by
            else:
                self._offset += by
        self._tell()

    def reading(self) -> tuple[datetime, timedelta, datetime | None]:
        """Return `now` and `setting` of one moment."""
        with self._lock:
            return self.now(), self._offset, self._frozen

    def setting(self) -> tuple[timedelta, datetime | None]:
        """Return how far the clock is from the system's, and the instant at which it is frozen."""
        with self._lock:
            return self._offset, self._frozen

    def set(self, offset: timedelta, frozen: datetime | None) -> None:
        """Set how far the clock is from the system's, and the instant at which it is frozen."""
        with self._lock:
            self._offset, self._frozen = offset, frozen
        self._tell()

    def reset(self) -> None:
        """Return to the system's clock."""
        self.set(timedelta(), None)

    def watch(self, watcher: Callable[[], None]) -> None:
        """Call `watcher` after each change of the clock, in the thread that changes it, until `unwatch`."""
        with self._lock:
            self._watchers += (watcher,)

    def unwatch(self, watcher: Callable[[], None]) -> None:
        """Call `watcher` no more."""
        with self._lock:
            self._watchers = tuple(one for one in self._watchers if one != watcher)

    def _tell(self) -> None:
        for watcher in self._watchers:  # without the lock: a watcher may wait for somebody who reads the clock
            watcher()


def rfc3339(instant: datetime) -> str:
    """Write an instant as the API does: UTC with milliseconds, `2026-03-02T08:30:00.000Z`."""
    return instant.astimezone(UTC).isoformat("T", "milliseconds")[: -len("+00:00")] + "Z"


def to_milliseconds(instant: datetime) -> datetime:
    """Return an instant as the API shows it: cut, not rounded, to milliseconds."""
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)


def monotonic() -> float:
    """Return seconds on a clock that only moves forward: for deadlines and durations, never for what users see.

    Libraries that freeze time in tests replace `time.monotonic`. A deadline must pass all the same.
    """
    return time.clock_gettime(time.CLOCK_MONOTONIC)


def wait_until(condition: threading.Condition, holds: Callable[[], bool], seconds: float) -> bool:
    """Wait until something holds, which is looked at whenever `condition` is notified. Return False if time is up.

    The caller has the lock of `condition`. Its own `wait_for` reads the clock that libraries replace.
    """
    ends = monotonic() + seconds
    while not holds():
        if (left := ends - monotonic()) <= 0:
            return False
        condition.wait(left)
    return True
