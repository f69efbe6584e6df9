"""The last requests: what was asked, and why it was answered as it was."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from itertools import islice, takewhile

from mock_server.records.entry import Entry, Exchange, entry_of

MAX_ENTRIES = 10_000
MAX_JOURNAL_BYTES = 64 * 1024 * 1024
ENTRY_BYTES = 3200  # what an entry takes besides its long texts, as measured
ERROR_BYTES = 400  # what a broken field takes
HEADER_BYTES = 160  # what a header takes besides its texts


class Journal:
    """The last requests, bounded in number and in bytes. Safe to use from many threads."""

    def __init__(self, max_entries: int = MAX_ENTRIES, max_bytes: int = MAX_JOURNAL_BYTES) -> None:
        self._max_entries = max_entries
        self._max_bytes = max_bytes
        self._entries: OrderedDict[str, Entry] = OrderedDict()  # by request id, the oldest first
        self._sizes: dict[str, int] = {}  # by request id, in bytes
        self._bytes = 0
        self._sequence = 0
        self._news = threading.Condition()

    def add(self, exchange: Exchange, differs: tuple[str, ...] = ()) -> None:
        """Note a request, and drop the oldest ones beyond the limits. `differs` as in the ledger."""
        with self._news:
            self._sequence += 1
            entry = entry_of(exchange, self._sequence, differs)
            self._entries[entry.id] = entry
            self._sizes[entry.id] = size = size_of(entry)
            self._bytes += size
            while len(self._entries) > self._max_entries or self._bytes > self._max_bytes:
                self._drop(next(iter(self._entries)))
            self._news.notify_all()

    def find(self, entry_id: str) -> Entry | None:
        """Return the entry of a request id."""
        return self._entries.get(entry_id)

    def select(self, wanted: Callable[[Entry], bool], limit: int | None = None) -> list[Entry]:
        """Return the entries wanted, newest first."""
        with self._news:
            newest_first = list(reversed(self._entries.values()))
        return list(islice(filter(wanted, newest_first), limit))

    def after(self, sequence: int, seconds: float) -> list[Entry]:
        """Return the entries after one, oldest first. If there are none yet, wait for the first, at most `seconds`."""
        with self._news:
            if self._sequence <= sequence:
                self._news.wait(seconds)
            newest_first = reversed(self._entries.values())
            return list(takewhile(lambda entry: entry.sequence > sequence, newest_first))[::-1]

    def forget(self, wanted: Callable[[Entry], bool]) -> int:
        """Drop the entries wanted and return how many there were."""
        with self._news:
            gone = [entry for entry in self._entries.values() if wanted(entry)]
            for entry in gone:
                self._drop(entry.id)
        return len(gone)

    def _drop(self, entry_id: str) -> None:
        del self._entries[entry_id]
        self._bytes -= self._sizes.pop(entry_id)

    @property
    def last(self) -> int:
        """The sequence number of the newest entry; 0 before the first."""
        return self._sequence

    def __len__(self) -> int:
        return len(self._entries)


def size_of(entry: Entry) -> int:
    """Return about how many bytes an entry takes."""
    texts = len(entry.path) + len(entry.query) + _size_of_headers(entry.headers)
    texts += sum(len(decision.detail) + ERROR_BYTES * len(decision.errors) for decision in entry.trace)
    if entry.answer is not None:
        texts += len(entry.answer.body.excerpt) + _size_of_headers(entry.answer.headers)
    return ENTRY_BYTES + texts + (len(entry.body.excerpt) if entry.body else 0)


def _size_of_headers(headers: tuple[tuple[str, str], ...]) -> int:
    return sum(HEADER_BYTES + len(name) + len(value) for name, value in headers)
