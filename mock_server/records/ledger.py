"""The life of idempotency keys: who created, who repeated and how it differed, who waited, who was refused and why."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime
from itertools import starmap
from operator import attrgetter
from typing import Any, NamedTuple

from mock_server.checks.validation import Submission
from mock_server.clock import rfc3339
from mock_server.problems import InFlight
from mock_server.records.entry import LONGEST, Exchange
from mock_server.store import Engagement, Key
from mock_server.transcripts import Transcript

MAX_EVENTS = 50_000
MAX_OF_A_KEY = 100
# Beside what a trace says was made of a submission.
WAITED, CONFLICT, REFUSED = "waited", "conflict", "refused"


class Event(NamedTuple):
    """One thing that happened to a key. `differs` names the fields in which a repeat was not the stored submission."""

    event: str
    request_id: str
    at: datetime
    status: int | None
    rule: str | None = None
    engagement_id: str | None = None
    differs: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return the event as JSON."""
        return {
            "event": self.event,
            "request_id": self.request_id,
            "at": rfc3339(self.at),
            "status": self.status,
            "rule": self.rule,
            "engagement_id": self.engagement_id,
            "differs": list(self.differs),
        }


class Life(NamedTuple):
    """The events of one key, oldest first. `dropped` counts those that were left out between first and last."""

    events: tuple[Event, ...] = ()
    dropped: int = 0


class Ledger:
    """The lives of the keys asked for last, bounded in the number of events. Safe to use from many threads."""

    def __init__(self, max_events: int = MAX_EVENTS, max_of_a_key: int = MAX_OF_A_KEY) -> None:
        self._max_events = max_events
        self._max_of_a_key = max_of_a_key
        # How many events of a key were dropped, then the others: plain tuples, for the reason given in entries.pack.
        self._lives: OrderedDict[Key, tuple[Any, ...]] = OrderedDict()
        self._events = 0
        self._lock = threading.Lock()

    def add(self, exchange: Exchange, differs: tuple[str, ...]) -> None:
        """Note what a request did to its key, if it named one; `differs` names the fields of a repeat that did."""
        trace = exchange.trace
        external_id = trace.external_id
        if trace.caller is None or external_id is None or not 1 <= len(external_id) <= LONGEST:
            return
        events = _events(exchange, differs)
        key = (trace.caller.workspace.id, external_id)
        with self._lock:
            dropped, *known = self._lives.pop(key, (0,))
            known += events
            self._events += len(events)
            while len(known) > self._max_of_a_key:  # the first ones tell how it began: they stay
                del known[self._max_of_a_key // 10]
                dropped += 1
                self._events -= 1
            self._lives[key] = (dropped, *known)
            while self._events > self._max_events:
                self._events -= len(self._lives.popitem(last=False)[1]) - 1

    def life(self, workspace_id: str, external_id: str) -> Life:
        """Return what happened to a key; a life without events where nothing did."""
        with self._lock:
            dropped, *known = self._lives.get((workspace_id, external_id), (0,))
        return Life(tuple(starmap(Event, known)), dropped)

    def keys(self, wanted: Callable[[Key], bool], limit: int) -> list[Key]:
        """Return keys, those asked for last first."""
        with self._lock:
            return [key for key in reversed(self._lives) if wanted(key)][:limit]

    def forget(self, workspace_id: str) -> None:
        """Forget the keys of a workspace."""
        with self._lock:
            for key in [key for key in self._lives if key[0] == workspace_id]:
                self._events -= len(self._lives.pop(key)) - 1

    def __len__(self) -> int:
        return self._events


def _events(exchange: Exchange, differs: tuple[str, ...]) -> list[tuple[Any, ...]]:
    """Return what a request did to its key, each as the fields of an Event."""
    trace, status = exchange.trace, None if exchange.trace.silent else exchange.status
    made, rule = trace.made, None  # what happened to the key, whatever a fault made of the answer
    if made is None:
        made = CONFLICT if isinstance(exchange.problem, InFlight) else REFUSED
        rule = exchange.problem.rule if exchange.problem else None
    engagement_id = trace.engagement.id if trace.engagement else None
    event = (made, exchange.id, exchange.at, status, rule, engagement_id, differs)
    return [(WAITED, *event[1:]), event] if trace.waited else [event]


_COMPARED = ("type", "title", "source_system", "media_url", "run_workflows", "start_at", "is_private", "participants")
_compared = attrgetter(*_COMPARED)


def differences(sent: Submission, stored: Engagement) -> tuple[str, ...]:
    """Return the fields in which a repeat differs from the first submission, in the order of the contract."""
    pairs = zip(_COMPARED, _compared(sent), _compared(stored.submission), strict=True)
    differing = [name for name, one, other in pairs if one != other]
    if _transcript_differs(sent.transcript, stored.transcript):
        differing.append("transcript_text")
    return tuple(differing)


def _transcript_differs(sent: str | None, stored: Transcript | None) -> bool:
    if sent is None or stored is None:
        return not (sent is None and stored is None)
    return not stored.is_of(sent)
