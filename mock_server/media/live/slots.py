"""At most so many fetches run at a time. Others wait until their deadline. Rule: ERR-7."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from mock_server.media.live.network import Deadline, TimedOut
from mock_server.problems import RateLimited, counted


class FetchSlots:
    """`at_a_time` slots. A fetch ends within `seconds`, so after that time every slot of now is free again."""

    def __init__(self, at_a_time: int, seconds: float) -> None:
        self._at_a_time = at_a_time
        self._seconds = seconds
        self._taken = 0
        self._condition = threading.Condition()

    @contextmanager
    def holding(self, deadline: Deadline) -> Iterator[None]:
        """Hold one slot for the block. Raises RateLimited if the deadline passes because of the wait for a slot."""
        with deadline.halt.waking(self._wake), self._condition:
            waited = self._taken >= self._at_a_time
            while self._taken >= self._at_a_time:
                self._wait(deadline)
            self._taken += 1
        try:
            yield
        except TimedOut:
            if waited:  # the wait took the time, perhaps not the host
                raise self._busy() from None
            raise
        finally:
            with self._condition:
                self._taken -= 1
                self._condition.notify()

    def _wait(self, deadline: Deadline) -> None:
        try:
            self._condition.wait(deadline.left())
        except TimedOut:
            raise self._busy() from None

    def _wake(self) -> None:
        with self._condition:
            self._condition.notify_all()

    def _busy(self) -> RateLimited:
        return RateLimited(f"{counted(self._at_a_time, 'recording')} fetched at a time", math.ceil(self._seconds))
