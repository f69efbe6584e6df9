"""Stores engagements, exactly one for each key. Rules: IDEM-1 to IDEM-13.

A submission *claims* its key. Then it commits an engagement, or releases the claim. Until then other submissions of the
key wait, or are told that it is in flight. Readers find an engagement by its id, and those of a workspace in the order
of their creation.
"""

from __future__ import annotations

import threading
from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import TracebackType
from typing import Self

from mock_server.checks.auth import Caller
from mock_server.checks.validation import Submission
from mock_server.clock import wait_until
from mock_server.problems import InFlight
from mock_server.transcripts import Transcript

Key = tuple[str, str]  # workspace id, external_id; compared code point by code point
Place = tuple[datetime, str]  # created_at and id of an engagement, which say where it stands in the order of creation
PIECE = 64  # engagements that a reader takes at once


@dataclass(frozen=True, slots=True)
class Engagement:
    """What is stored. Instants are in UTC; `submission` is the first one, without the text of its transcript."""

    id: str
    owner: Caller
    submission: Submission
    transcript: Transcript | None
    is_private: bool
    created_at: datetime
    start_at: datetime
    duration_seconds: float

    @property
    def end_at(self) -> datetime:
        """The start plus the length of the recording (RESP-7)."""
        return self.start_at + timedelta(seconds=self.duration_seconds)

    @property
    def place(self) -> Place:
        """Where it stands in the order of creation."""
        return self.created_at, self.id


class Claim:
    """The right to make the engagement of one key. Leaving the `with` block without a commit frees the key."""

    def __init__(self, store: Store, key: Key) -> None:
        self._store = store
        self.key = key

    def commit(self, engagement: Engagement) -> None:
        """Store the engagement. From now on the key is taken."""
        self._store.put(self.key, engagement)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._store.release(self)


class CreationOrder:
    """The engagements of one workspace, sorted by their places. Safe to use from many threads."""

    def __init__(self) -> None:
        self._sorted: list[Engagement] = []
        self._numbers: dict[str, int] = {}  # by id
        self._lock = threading.Lock()

    def add(self, engagement: Engagement) -> None:
        """Put an engagement in its place, which is nearly always the end."""
        with self._lock:
            self._numbers[engagement.id] = len(self._sorted)
            if self._sorted and engagement.place < self._sorted[-1].place:
                insort(self._sorted, engagement, key=_place)
            else:
                self._sorted.append(engagement)

    def number(self, engagement: Engagement) -> int:
        """Return how many engagements were added before this one."""
        return self._numbers[engagement.id]

    def __len__(self) -> int:
        return len(self._sorted)

    def between(self, low: Place, high: Place, *, descending: bool) -> Iterator[Engagement]:
        """Yield the engagements whose places are above `low` and below `high`.

        They are read piece by piece, and each piece begins behind the last engagement of the one before. So nothing
        that is added meanwhile makes a reader miss another engagement, or see one twice.
        """
        while piece := self._piece(low, high, descending=descending):
            yield from piece
            low, high = (low, piece[-1].place) if descending else (piece[-1].place, high)

    def _piece(self, low: Place, high: Place, *, descending: bool) -> list[Engagement]:
        with self._lock:
            first = bisect_right(self._sorted, low, key=_place)
            last = bisect_left(self._sorted, high, first, key=_place)
            if descending:
                return self._sorted[max(first, last - PIECE) : last][::-1]
            return self._sorted[first : min(last, first + PIECE)]


def _place(engagement: Engagement) -> Place:
    return engagement.place


class Store:
    """All engagements of all workspaces, in memory. Safe to use from many threads."""

    def __init__(self) -> None:
        self._settled = threading.Condition()  # one for all keys, because few requests ever wait
        self._by_key: dict[Key, Engagement] = {}
        self._by_id: dict[str, Engagement] = {}
        self._by_creation: dict[str, CreationOrder] = {}  # by workspace id
        self._claims: dict[Key, Claim] = {}

    def claim(self, workspace_id: str, external_id: str, patience: float) -> Claim | Engagement:
        """Return the stored engagement of a key, or the claim to make it.

        If the key is in flight, wait at most `patience` seconds, then raise InFlight. If its first submission is
        refused, one of those that wait gets the claim.
        """
        key = (workspace_id, external_id)
        with self._settled:
            if not wait_until(self._settled, lambda: key not in self._claims or key in self._by_key, patience):
                raise InFlight
            if (stored := self._by_key.get(key)) is not None:
                return stored
            claim = self._claims[key] = Claim(self, key)
            return claim

    def put(self, key: Key, engagement: Engagement) -> None:
        """Store an engagement under its key."""
        with self._settled:
            self._by_key[key] = self._by_id[engagement.id] = engagement
            self._by_creation.setdefault(engagement.owner.workspace.id, CreationOrder()).add(engagement)

    def release(self, claim: Claim) -> None:
        """End a claim. The next submission finds the engagement, or a free key."""
        with self._settled:
            del self._claims[claim.key]
            self._settled.notify_all()

    def find(self, engagement_id: str) -> Engagement | None:
        """Return the engagement with this id, of whatever workspace."""
        return self._by_id.get(engagement_id)

    def by_creation(self, workspace_id: str) -> CreationOrder:
        """Return the engagements of a workspace in the order of their creation."""
        return self._by_creation.get(workspace_id) or CreationOrder()

    def all(self) -> list[tuple[Key, Engagement]]:
        """Return every engagement with its key, in the order they were stored."""
        with self._settled:
            return list(self._by_key.items())

    def forget(self, workspace_id: str) -> list[Engagement]:
        """Drop the engagements of a workspace and return them. Its keys are free again."""
        with self._settled:
            self._by_creation.pop(workspace_id, None)
            gone = [self._by_key.pop(key) for key in [key for key in self._by_key if key[0] == workspace_id]]
            for engagement in gone:
                self._by_id.pop(engagement.id, None)
            return gone

    def __len__(self) -> int:
        return len(self._by_key)
