"""Sends on a few threads. Each endpoint has a lane: it gets one delivery after the other, in their order.

So an endpoint that is slow delays its own deliveries only.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

MAX_THREADS = 16  # deliveries under way at a time, each to another endpoint

log = logging.getLogger("mock_server.webhooks")


class Lanes:
    """Does the jobs of each lane one after the other. Lanes do not wait for each other while a thread is free.

    A thread begins when it is needed. Safe to use from many threads.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[str, deque[Callable[[], None]]] = {}  # of the lanes in which a job is under way
        self._pool = ThreadPoolExecutor(MAX_THREADS, thread_name_prefix="webhooks")
        self._closed = False

    def put(self, lane: str, job: Callable[[], None]) -> None:
        """Do a job after those that are in its lane already. After `close` nothing is done any more."""
        with self._lock:
            if self._closed:
                return
            if lane in self._waiting:
                self._waiting[lane].append(job)
                return
            self._waiting[lane] = deque([job])
            self._pool.submit(self._work, lane)

    def drop(self, lane: str) -> None:
        """Drop the jobs that wait in a lane. One that is under way goes on."""
        with self._lock:
            if lane in self._waiting:
                self._waiting[lane].clear()

    def close(self) -> None:
        """Drop what waits, and wait for the jobs that are under way."""
        with self._lock:
            self._closed = True
            for jobs in self._waiting.values():
                jobs.clear()
        self._pool.shutdown()

    def _work(self, lane: str) -> None:
        while (job := self._next(lane)) is not None:
            try:
                job()
            except Exception:
                log.exception("a webhook could not be sent")

    def _next(self, lane: str) -> Callable[[], None] | None:
        with self._lock:
            jobs = self._waiting[lane]
            if jobs:
                return jobs.popleft()
            del self._waiting[lane]
            return None
