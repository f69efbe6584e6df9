"""Lists in the order of updated_at, page by page, without sorting. Rules: LIST-1 to LIST-4.

Every engagement takes the same time from one stage of processing to the next. So those that are in one stage at an
instant stand side by side in the order of creation, and their `updated_at` is `created_at` plus a constant. The order
by `updated_at` is the merge of three such runs, and a page reads of each no more than it shows.
"""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from itsdangerous import BadData, URLSafeSerializer

from mock_server.processing import Processing
from mock_server.store import CreationOrder, Engagement, Place

FIRST, LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
_BEHIND = "\U0010ffff"  # is behind every id


@dataclass(frozen=True, slots=True)
class Position:
    """Where an engagement stands in a list: its `updated_at` as of the instant of the list, and its id."""

    updated_at: datetime
    id: str


@dataclass(frozen=True, slots=True)
class Cursor:
    """How a list goes on. It shows what there was when its first page was read, whatever happens meanwhile.

    `as_of` is the instant of that page, by which processing is judged, and `count` is how many engagements there were.
    `after` is the last position that was shown, or None before the first page.
    """

    as_of: datetime
    count: int
    after: Position | None = None


def in_order(
    engagements: CreationOrder, processing: Processing, cursor: Cursor, *, descending: bool
) -> Iterator[tuple[Position, Engagement]]:
    """Yield the engagements behind a cursor, in the order of updated_at, and of ids where that is equal."""
    offsets = processing.offsets
    ends = (LAST, *(cursor.as_of - offset for offset in offsets[1:]), FIRST)
    runs = []
    for place, offset in enumerate(offsets):
        low, high = (ends[place + 1], _BEHIND), (ends[place], _BEHIND)
        if cursor.after is not None:
            shown: Place = (cursor.after.updated_at - offset, cursor.after.id)
            low, high = (low, min(high, shown)) if descending else (max(low, shown), high)
        run = engagements.between(low, high, descending=descending)
        runs.append(_shifted((one for one in run if engagements.number(one) < cursor.count), offset))
    return heapq.merge(*runs, key=_order, reverse=descending)


def _shifted(run: Iterator[Engagement], offset: timedelta) -> Iterator[tuple[Position, Engagement]]:
    return ((Position(one.created_at + offset, one.id), one) for one in run)


def _order(pair: tuple[Position, Engagement]) -> tuple[datetime, str]:
    return pair[0].updated_at, pair[0].id


class Cursors:
    """Writes cursors as texts that nobody else can make, each for one list."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def write(self, cursor: Cursor, after: Position, list_of: tuple[object, ...]) -> str:
        """Return the text of a cursor that goes on after a position. `list_of` says what makes the list.

        Another list does not take the text.
        """
        parts = (cursor.as_of.isoformat(), cursor.count, after.updated_at.isoformat(), after.id)
        return str(self._signer(list_of).dumps(parts))

    def read(self, text: str, list_of: tuple[object, ...]) -> Cursor:
        """Return the cursor of a text. Raises ValueError if it is none of this list."""
        try:
            as_of, count, updated_at, shown = self._signer(list_of).loads(text)
        except BadData:
            message = "must be the next_cursor of a page of this list: send it as it came, with the same parameters"
            raise ValueError(message) from None
        after = Position(datetime.fromisoformat(updated_at), shown)
        return Cursor(datetime.fromisoformat(as_of), count, after)

    def _signer(self, list_of: tuple[object, ...]) -> URLSafeSerializer:
        return URLSafeSerializer(
            self._key, salt=repr(list_of).encode(), signer_kwargs={"digest_method": hashlib.sha256}
        )
