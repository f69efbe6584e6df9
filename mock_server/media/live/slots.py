"""A bounded number of fetches at a time; whoever comes then waits within its deadline. Rule: ERR-7."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from mock_server.media.live.network import Deadline, TimedOut
from mock_server.problems import RateLimited


class Turns:
    """`at_a_time` turns to be taken. `seconds` is the time limit of a fetch: after it, all of now have ended."""

    def __init__(self, at_a_time: int, seconds: float) -> None:
        self._at_a_time = at_a_time
        self._seconds = seconds
        self._under_way = 0
        self._condition = threading.Condition()

    @contextmanager
    def taking(self, deadline: Deadline) -> Iterator[None]:
        """Hold one turn for the block. Raises RateLimited if the time is spent in the queue, or because of it."""
        with deadline.halt.waking(self._wake), self._condition:
            waited = self._under_way >= self._at_a_time
            while self._under_way >= self._at_a_time:
                self._wait(deadline)
            self._under_way += 1
        try:
            yield
        except TimedOut:
            if waited:  # the server was slow, perhaps not the host
                raise self._busy() from None
            raise
        finally:
            with self._condition:
                self._under_way -= 1
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
        return RateLimited(f"{self._at_a_time} recordings fetched at a time", math.ceil(self._seconds))
