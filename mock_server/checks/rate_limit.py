"""Limits the requests of a workspace or of one credential, with the library `limits` and our clock. Rule: ERR-7."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Mapping

from limits import RateLimitItem, parse_many
from limits.storage import Storage
from limits.strategies import FixedWindowRateLimiter

from mock_server.checks.auth import Caller
from mock_server.clock import Clock
from mock_server.problems import RateLimited, counted


class ClockStorage(Storage):
    """Counters in memory that expire by the clock of the mock. The library's own storage reads the system's clock."""

    STORAGE_SCHEME = None
    base_exceptions = ()

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock
        self._lock = threading.Lock()
        self._windows: dict[str, tuple[int, float]] = {}  # key: (count, when it expires, in seconds since 1970)

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Add `amount` and return the sum; the first hit opens a window of `expiry` seconds."""
        with self._lock:
            count, ends = self._live(key)
            self._windows[key] = count + amount, ends if count else self._clock.timestamp() + expiry
            return count + amount

    def get(self, key: str) -> int:
        """Return the count of the present window."""
        return self._live(key)[0]

    def get_expiry(self, key: str) -> float:
        """Return when the present window ends, in seconds since 1970."""
        return self._live(key)[1]

    def _live(self, key: str) -> tuple[int, float]:
        now = self._clock.timestamp()
        count, ends = self._windows.get(key, (0, now))
        return (count, ends) if now < ends else (0, now)

    def windows(self) -> dict[str, tuple[int, float]]:
        """Return the windows that are open: key to count and end."""
        now = self._clock.timestamp()
        with self._lock:
            return {key: window for key, window in self._windows.items() if now < window[1]}

    def restore(self, windows: Mapping[str, tuple[int, float]]) -> None:
        """Replace all windows with these."""
        with self._lock:
            self._windows = dict(windows)

    def forget(self, wanted: Callable[[str], bool]) -> None:
        """Drop the windows for whose key the function returns true."""
        with self._lock:
            self._windows = {key: window for key, window in self._windows.items() if not wanted(key)}

    def check(self) -> bool:
        """Return True, because memory is always available."""
        return True

    def reset(self) -> int:
        """Forget all windows and return how many there were."""
        with self._lock:
            count = len(self._windows)
            self._windows.clear()
        return count

    def clear(self, key: str) -> None:
        """Forget one window."""
        with self._lock:
            self._windows.pop(key, None)


class RateLimiter:
    """Fixed windows: one for each workspace, and one for each credential with a limit of its own.

    `default` applies to workspaces without a limit.
    """

    def __init__(self, clock: Clock, default: RateLimitItem | None = None) -> None:
        self._clock = clock
        self._default = default
        self.storage = ClockStorage(clock)
        self._windows = FixedWindowRateLimiter(self.storage)

    def hit(self, caller: Caller) -> str:
        """Count one request and return a sentence about what is left. Raises RateLimited with the seconds to wait."""
        workspace = caller.workspace
        notes = []
        if caller.rate_limit is not None:
            notes.append(self._hit(caller.rate_limit, workspace.id, caller.name))
        if (limit := workspace.rate_limit or self._default) is not None:
            notes.append(self._hit(limit, workspace.id))
        return ", ".join(notes) or "no limit"

    def forget(self, workspace_id: str) -> None:
        """Drop the windows of a workspace and of its credentials."""
        self.storage.forget(lambda key: f"/{workspace_id}/" in key)

    def _hit(self, limit: RateLimitItem, *who: str) -> str:
        allowed = self._windows.hit(limit, *who)
        stats = self._windows.get_window_stats(limit, *who)
        if not allowed:
            raise RateLimited(describe(limit), max(1, math.ceil(stats.reset_time - self._clock.timestamp())))
        return f"{stats.remaining} left of {describe(limit)}"


def parse_limit(notation: str) -> RateLimitItem:
    """Read `100/minute` or `10 per 2 seconds`. Raises ValueError."""
    limit, *others = parse_many(notation)
    if others or limit.amount < 1:
        msg = "a rate limit is one limit that lets at least one request through"
        raise ValueError(msg)
    return limit


def describe(limit: RateLimitItem) -> str:
    """Say a limit in words: `100 requests per minute`."""
    unit = limit.GRANULARITY.name
    span = unit if limit.multiples == 1 else counted(limit.multiples, unit)
    return f"{counted(limit.amount, 'request')} per {span}"
