"""What the mock remembers of its traffic: journal, ledger and coverage, written together and cleared together.

Requests are noted at once and written up in batches, or when somebody reads: done one by one, between a client's
question and its answer, the writing takes three times as long (benchmarks/journal.py).
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from mock_server.records.coverage import Coverage
from mock_server.records.entry import Exchange
from mock_server.records.journal import Journal
from mock_server.records.ledger import Ledger, differences
from mock_server.trace import REPLAYED

BATCH = 32  # many more would live long enough for the garbage collector to look at them
LARGE = 64 * 1024  # bytes of a body: what came with it, a transcript perhaps, is not kept waiting


class Records:
    """Everything that was observed. Nothing that is answered under /api depends on it."""

    def __init__(self) -> None:
        self._journal = Journal()
        self._ledger = Ledger()
        self._coverage = Coverage()
        self._noted: deque[Exchange] = deque()
        self._writing = threading.Lock()
        self._watchers = 0

    def add(self, exchange: Exchange) -> None:
        """Note one request and its answer."""
        self._noted.append(exchange)
        large = exchange.body is not None and exchange.body.size > LARGE
        if self._watchers or large or len(self._noted) >= BATCH:
            self._write_up()

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Write up each request as it comes for as long as the block lasts: somebody watches."""
        with self._writing:
            self._watchers += 1
        try:
            yield
        finally:
            with self._writing:
                self._watchers -= 1

    @property
    def journal(self) -> Journal:
        """The last requests."""
        self._write_up()
        return self._journal

    @property
    def ledger(self) -> Ledger:
        """The lives of the keys."""
        self._write_up()
        return self._ledger

    @property
    def coverage(self) -> Coverage:
        """The rules that were exercised."""
        self._write_up()
        return self._coverage

    def forget(self, workspace_id: str) -> None:
        """Forget the requests and keys of a workspace. Coverage counts rules and knows of no workspace."""
        self.journal.forget(lambda entry: entry.workspace == workspace_id)
        self.ledger.forget(workspace_id)

    def _write_up(self) -> None:
        with self._writing:
            while self._noted:
                self._write(self._noted.popleft())

    def _write(self, exchange: Exchange) -> None:
        trace = exchange.trace
        differs: tuple[str, ...] = ()
        if trace.made == REPLAYED and trace.submission and trace.engagement:
            differs = differences(trace.submission, trace.engagement)
        self._ledger.add(exchange, differs)
        self._coverage.add(exchange, differs)
        trace.submission = None  # it may hold a transcript of a megabyte
        self._journal.add(exchange)
