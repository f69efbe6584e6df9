"""What was asked and why it was answered as it was: the last requests, bounded in number and in bytes."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from itertools import islice, takewhile

from mock_server.records.entry import Entry, Exchange, Packed, pack, unpack

MAX_ENTRIES = 10_000
MAX_BYTES = 64 * 1024 * 1024
OVERHEAD = 2500  # bytes of an entry beside the texts it holds, measured


class Journal:
    """The last requests, newest last. Safe to use from many threads."""

    def __init__(self, max_entries: int = MAX_ENTRIES, max_bytes: int = MAX_BYTES) -> None:
        self._max_entries = max_entries
        self._max_bytes = max_bytes
        self._kept: OrderedDict[str, tuple[int, Packed]] = OrderedDict()  # by request id, with the cost of each
        self._bytes = 0
        self._sequence = 0
        self._news = threading.Condition()

    def add(self, exchange: Exchange) -> None:
        """Note a request, and drop the oldest ones beyond the limits."""
        cost = cost_of(exchange)
        with self._news:
            self._sequence += 1
            self._kept[exchange.id] = (cost, pack(exchange, self._sequence))
            self._bytes += cost
            while len(self._kept) > self._max_entries or self._bytes > self._max_bytes:
                self._bytes -= self._kept.popitem(last=False)[1][0]
            self._news.notify_all()

    def find(self, entry_id: str) -> Entry | None:
        """Return the entry of a request id."""
        kept = self._kept.get(entry_id)
        return None if kept is None else unpack(kept[1])

    def select(self, wanted: Callable[[Entry], bool], limit: int | None = None) -> list[Entry]:
        """Return the entries wanted, newest first."""
        with self._news:
            newest_first = list(reversed(self._kept.values()))
        return list(islice(filter(wanted, (unpack(packed) for _, packed in newest_first)), limit))

    def after(self, sequence: int, seconds: float) -> list[Entry]:
        """Return the entries after one, oldest first; wait for the first of them, at most `seconds`."""
        with self._news:
            if self._sequence <= sequence:
                self._news.wait(seconds)
            newest_first = (packed for _, packed in reversed(self._kept.values()))
            found = list(takewhile(lambda packed: packed[0] > sequence, newest_first))
        return [unpack(packed) for packed in reversed(found)]

    def forget(self, wanted: Callable[[Entry], bool]) -> int:
        """Drop the entries wanted and return how many there were."""
        with self._news:
            gone = [number for number, (_, packed) in self._kept.items() if wanted(unpack(packed))]
            for number in gone:
                self._bytes -= self._kept.pop(number)[0]
        return len(gone)

    @property
    def last(self) -> int:
        """The sequence number of the newest entry; 0 before the first."""
        return self._sequence

    def __len__(self) -> int:
        return len(self._kept)


def cost_of(exchange: Exchange) -> int:
    """Return about how many bytes a request takes."""
    size = OVERHEAD + len(exchange.path) + (len(exchange.body.excerpt) if exchange.body else 0)
    size += sum([len(value) for _, value in exchange.headers])
    size += sum([len(step.notes) for step in exchange.trace.steps])
    return size if exchange.problem is None else size + 400 * len(exchange.problem.errors)
