"""What is to be done when, by the clock of the mock: one heap and one thread, which begins with the first entry."""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from mock_server.clock import Clock

TICK_SECONDS = 1.0  # between two looks at the clock: the clock of the system can be moved, and tells nobody

log = logging.getLogger("mock_server.webhooks")


@dataclass(frozen=True, slots=True, order=True)
class Entry:
    """A job and when it is due. What is due at the same instant is done in the order in which it was added.

    `workspace` is the id of the workspace that it belongs to. A job must be short: the others wait for it.
    """

    due: datetime
    number: int
    workspace: str = field(compare=False)
    job: Callable[[], None] = field(compare=False)


class Timetable:
    """Does jobs when they are due. Moving the clock makes them due at once. Safe to use from many threads."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._changed = threading.Condition()
        self._heap: list[Entry] = []
        self._numbers = itertools.count()
        self._thread: threading.Thread | None = None
        self._closed = False

    def add(self, due: datetime, workspace: str, job: Callable[[], None]) -> None:
        """Do a job at an instant, or at once if it is past. After `close` nothing is done any more."""
        with self._changed:
            if self._closed:
                return
            heapq.heappush(self._heap, Entry(due, next(self._numbers), workspace, job))
            if self._thread is None:
                self._clock.watch(self._wake)
                self._thread = threading.Thread(target=self._run, name="webhooks", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def forget(self, workspace: str) -> None:
        """Drop the jobs of a workspace."""
        with self._changed:
            self._heap = [entry for entry in self._heap if entry.workspace != workspace]
            heapq.heapify(self._heap)

    def close(self) -> None:
        """End the thread, and drop all jobs."""
        with self._changed:
            self._closed = True
            self._heap.clear()
            self._changed.notify_all()
        if self._thread is not None:
            self._clock.unwatch(self._wake)
            self._thread.join()

    def __len__(self) -> int:
        return len(self._heap)

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def _run(self) -> None:
        while (entry := self._next()) is not None:
            try:
                entry.job()
            except Exception:
                log.exception("a webhook could not be begun")

    def _next(self) -> Entry | None:
        """Wait for the next entry that is due. Return None after `close`."""
        with self._changed:
            while not self._closed:
                left = (self._heap[0].due - self._clock.now()).total_seconds() if self._heap else None
                if left is not None and left <= 0:
                    return heapq.heappop(self._heap)
                self._changed.wait(None if left is None else min(left, TICK_SECONDS))
        return None
