"""Limits the requests of a workspace or of one credential, by the clock of the mock. Rule: ERR-7."""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping

from mock_server.checks.auth import Caller
from mock_server.checks.rate import Rate
from mock_server.clock import Clock
from mock_server.problems import RateLimited

# Whose requests are counted: a workspace, or one credential of it by its name.
Whose = tuple[str, str | None]


class RateLimiter:
    """Fixed windows: one for each workspace, and one for each credential with a limit of its own.

    A window begins with the first request in it. `default` applies to workspaces without a limit.
    """

    def __init__(self, clock: Clock, default: Rate | None = None) -> None:
        self._clock = clock
        self._default = default
        self._lock = threading.Lock()
        self._windows: dict[Whose, tuple[int, float]] = {}  # the count, and the end in seconds since 1970

    def hit(self, caller: Caller) -> str:
        """Count one request and return a sentence about what is left. Raises RateLimited with the seconds to wait."""
        workspace = caller.workspace
        notes = []
        if caller.rate_limit is not None:
            notes.append(self._hit(caller.rate_limit, (workspace.id, caller.name)))
        if (limit := workspace.rate_limit or self._default) is not None:
            notes.append(self._hit(limit, (workspace.id, None)))
        return ", ".join(notes) or "no limit"

    def windows(self) -> dict[Whose, tuple[int, float]]:
        """Return the windows that are open: whose requests, to their count and the end in seconds since 1970."""
        now = self._clock.timestamp()
        with self._lock:
            return {whose: window for whose, window in self._windows.items() if now < window[1]}

    def restore(self, windows: Mapping[Whose, tuple[int, float]]) -> None:
        """Replace all windows with these."""
        with self._lock:
            self._windows = dict(windows)

    def forget(self, workspace_id: str) -> None:
        """Drop the windows of a workspace and of its credentials."""
        with self._lock:
            self._windows = {whose: window for whose, window in self._windows.items() if whose[0] != workspace_id}

    def _hit(self, limit: Rate, whose: Whose) -> str:
        now = self._clock.timestamp()
        with self._lock:
            count, ends = self._windows.get(whose, (0, now))
            if not now < ends <= now + limit.seconds:  # it is over, or is of a clock that was ahead
                count, ends = 0, now + limit.seconds
            self._windows[whose] = count + 1, ends
        if count >= limit.amount:
            raise RateLimited(limit.in_words, max(1, math.ceil(ends - now)))
        return f"{limit.amount - count - 1} left of {limit.in_words}"
