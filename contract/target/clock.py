"""The time of a run: the machine's own, or that of a rehearsal, in which waiting takes no time."""

from __future__ import annotations

import time


class Clock:
    """The machine's own time, in seconds."""

    def monotonic(self) -> float:
        """Return a time that only moves forward; its zero means nothing."""
        return time.monotonic()

    def time(self) -> float:
        """Return the seconds since 1970."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


class PaperClock(Clock):
    """Time in which nothing takes any but waiting, and waiting is over at once. `waited` is the sum."""

    def __init__(self) -> None:
        self.waited = 0.0
        self._begun = time.time()

    def monotonic(self) -> float:
        """Return how long everybody waited so far."""
        return self.waited

    def time(self) -> float:
        """Return when it would be."""
        return self._begun + self.waited

    def sleep(self, seconds: float) -> None:
        """Move the time forward."""
        self.waited += seconds
