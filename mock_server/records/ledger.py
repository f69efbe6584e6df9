"""The history of each idempotency key: who created, who repeated and how it differed, who waited, who was refused."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from mock_server.checks.validation import Submission
from mock_server.clock import rfc3339
from mock_server.problems import InFlight
from mock_server.records.entry import LONGEST, Exchange, shown_key
from mock_server.store import Engagement, Key
from mock_server.transcripts import Transcript

MAX_EVENTS = 50_000
MAX_EVENTS_OF_A_KEY = 100
# The fields of a submission that are compared as they are, in the order of the contract.
COMPARED = ("type", "title", "source_system", "media_url", "run_workflows", "start_at", "is_private", "participants")


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened to a key: created, forgotten, replayed, waited, conflict or refused.

    `differs` names the fields in which a repeat was not the stored submission.
    """

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


@dataclass(frozen=True, slots=True)
class KeyHistory:
    """The events of one key, oldest first. `dropped` counts those that were left out in the middle."""

    events: tuple[Event, ...] = ()
    dropped: int = 0

    def extended(self, events: Sequence[Event], limit: int) -> KeyHistory:
        """Return the history with these events, at most `limit` in all. The first tenth stays: it tells the start."""
        known = [*self.events, *events]
        excess = max(0, len(known) - limit)
        first = limit // 10
        del known[first : first + excess]
        return KeyHistory(tuple(known), self.dropped + excess)


class Ledger:
    """The histories of the keys that were used last, bounded in the number of events. Safe to use from many threads.

    Keys are kept as they may be shown. So all keys that are an API key and nothing else share one history.
    """

    def __init__(self, max_events: int = MAX_EVENTS, max_of_a_key: int = MAX_EVENTS_OF_A_KEY) -> None:
        self._max_events = max_events
        self._max_of_a_key = max_of_a_key
        self._histories: OrderedDict[Key, KeyHistory] = OrderedDict()  # the one that was used last at the end
        self._events = 0
        self._lock = threading.Lock()

    def add(self, exchange: Exchange, differs: tuple[str, ...]) -> None:
        """Note what a request did to its key, if it named one. `differs` as in Event."""
        caller, external_id = exchange.trace.caller, exchange.trace.external_id
        if caller is None or external_id is None or not 1 <= len(external_id) <= LONGEST:
            return
        key = (caller.workspace.id, shown_key(external_id))
        with self._lock:
            before = self._histories.pop(key, KeyHistory())
            after = before.extended(_events(exchange, differs), self._max_of_a_key)
            self._histories[key] = after
            self._events += len(after.events) - len(before.events)
            while self._events > self._max_events:
                _, oldest = self._histories.popitem(last=False)
                self._events -= len(oldest.events)

    def history(self, workspace_id: str, external_id: str) -> KeyHistory:
        """Return what happened to a key; a history without events where nothing did."""
        with self._lock:
            return self._histories.get((workspace_id, shown_key(external_id)), KeyHistory())

    def keys(self, wanted: Callable[[Key], bool], limit: int) -> list[Key]:
        """Return keys, those used last first."""
        with self._lock:
            return [key for key in reversed(self._histories) if wanted(key)][:limit]

    def forget(self, workspace_id: str) -> None:
        """Forget the keys of a workspace."""
        with self._lock:
            for key in [key for key in self._histories if key[0] == workspace_id]:
                self._events -= len(self._histories.pop(key).events)

    def __len__(self) -> int:
        return self._events


def _events(exchange: Exchange, differs: tuple[str, ...]) -> list[Event]:
    """Return what a request did to its key, whatever a fault made of the answer."""
    trace, problem = exchange.trace, exchange.problem
    refused = trace.made is None
    event = Event(
        event=trace.made or ("conflict" if isinstance(problem, InFlight) else "refused"),
        request_id=exchange.id,
        at=exchange.at,
        status=None if trace.silent else exchange.answer.status,
        rule=problem.rule if refused and problem else None,
        engagement_id=trace.engagement.id if trace.engagement else None,
        differs=differs,
    )
    return [replace(event, event="waited"), event] if trace.waited else [event]


def differences(sent: Submission, stored: Engagement) -> tuple[str, ...]:
    """Return the fields in which a repeat differs from the first submission, in the order of the contract."""
    differing = [name for name in COMPARED if getattr(sent, name) != getattr(stored.submission, name)]
    if _transcript_differs(sent.transcript, stored.transcript):
        differing.append("transcript_text")
    return tuple(differing)


def _transcript_differs(sent: str | None, stored: Transcript | None) -> bool:
    if sent is None or stored is None:
        return not (sent is None and stored is None)
    return not stored.is_of(sent)
