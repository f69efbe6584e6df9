"""What is graded: the requests of a client and what was stored, with the questions that several checks ask of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from mock_server.checks.auth import Caller
from mock_server.records.entry import Entry
from mock_server.records.sent import sent_key
from mock_server.store import Engagement

READING = frozenset({"GET", "HEAD"})
TRANSIENT = frozenset({408, 409, 425, 429})  # of the 4xx: the same request may succeed later


@dataclass(frozen=True, slots=True)
class Traffic:
    """The entries of the journal, in the order in which they came, and the stored engagements.

    `chosen` are the callers whose scopes a person chose: not those that the mock makes for everybody.
    """

    entries: tuple[Entry, ...]
    engagements: tuple[Engagement, ...]
    chosen: tuple[Caller, ...] = ()

    @property
    def submissions(self) -> tuple[Entry, ...]:
        """The requests that submit something, valid or not: not those that read."""
        return tuple(entry for entry in self.entries if entry.method not in READING)

    def attempts(self) -> list[list[Entry]]:
        """Return the requests of each key of each workspace. Requests of unknown senders are nobody's attempts."""
        found: dict[tuple[str, str], list[Entry]] = defaultdict(list)
        for entry in self.submissions:
            if entry.workspace is not None and (key := sent_key(entry)) is not None:
                found[entry.workspace, key].append(entry)
        return list(found.values())

    def retries(self) -> Iterator[tuple[Entry, Entry]]:
        """Yield each attempt of a key with the next one, if that began after the first was answered."""
        for attempts in self.attempts():
            for first, second in pairwise(attempts):
                if second.began >= ended(first):
                    yield first, second


def ended(entry: Entry) -> float:
    """Return when a request was answered, in seconds of `clock.monotonic`."""
    return entry.began + entry.duration_ms / 1000


def waited(first: Entry, second: Entry) -> float:
    """Return the seconds between an answer and the next request.

    A test may move the clock of the mock instead of waiting, or freeze it and wait. Either counts.
    """
    by_the_mock = (second.at - first.at).total_seconds() - first.duration_ms / 1000
    return max(second.began - ended(first), by_the_mock)


def arrived(entry: Entry) -> bool:
    """Tell whether the client got a whole answer, as far as the mock knows."""
    return entry.status is not None and (entry.answer is None or entry.answer.cut is None)


def failed(entry: Entry) -> bool:
    """Tell whether a client has reason to try again: no whole answer, a 5xx, or a 4xx that passes."""
    return not arrived(entry) or (entry.status or 0) >= 500 or entry.status in TRANSIENT  # noqa: PLR2004  5xx


def retry_after(entry: Entry) -> int | None:
    """Return the seconds that an answer told the client to wait. A date is not read."""
    if entry.answer is None or not arrived(entry):
        return None
    values = [value for name, value in entry.answer.headers if name.lower() == "retry-after"]
    return int(values[0]) if values and values[0].isascii() and values[0].isdigit() else None
