"""The log of deliveries: each message to each endpoint, with its attempts."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from mock_server.clock import wait_until
from mock_server.ids import derived
from mock_server.webhooks.endpoints import Endpoint
from mock_server.webhooks.events import Event
from mock_server.webhooks.network import Outcome

MAX_DELIVERIES = 10_000
SCHEDULED, COPY, RESENT = "scheduled", "copy", "resent"  # why an attempt was made
STATUSES = DELIVERED, WAITING, FAILED = "delivered", "waiting", "failed"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt to send a delivery: when by the clock of the mock, why, and what came of it."""

    at: datetime
    reason: str
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message to one endpoint. `next_at` is when it is sent next; None if it is not sent again by itself."""

    endpoint: Endpoint
    event: Event
    next_at: datetime | None
    attempts: tuple[Attempt, ...] = field(default=())

    @property
    def id(self) -> str:
        """The id of the delivery, `dlv_…`."""
        return derived("dlv", self.event.message_id, self.endpoint.id)

    @property
    def status(self) -> str:
        """What has become of it: delivered if it was ever acknowledged, waiting, or failed."""
        if any(attempt.outcome.acknowledged for attempt in self.attempts):
            return DELIVERED
        return FAILED if self.next_at is None else WAITING

    def after(self, attempt: Attempt, now: datetime, schedule: Sequence[timedelta]) -> Delivery:
        """Return the delivery with one more attempt, which ended now. `schedule` is how long each failure waits."""
        tried = replace(self, attempts=(*self.attempts, attempt))
        if tried.status == DELIVERED:
            return replace(tried, next_at=None)
        if attempt.reason != SCHEDULED:
            return tried
        failures = sum(one.reason == SCHEDULED for one in tried.attempts)
        return replace(tried, next_at=now + schedule[failures - 1] if failures <= len(schedule) else None)


class Deliveries:
    """The deliveries that began last. Safe to use from many threads."""

    def __init__(self, most: int = MAX_DELIVERIES) -> None:
        self._most = most
        self._changed = threading.Condition()  # its lock is taken again by what is waited for
        self._by_id: OrderedDict[str, Delivery] = OrderedDict()

    def add(self, delivery: Delivery) -> bool:
        """Begin a delivery. Return False if it has begun before. If there are too many, the oldest is forgotten."""
        with self._changed:
            if delivery.id in self._by_id:
                return False
            self._by_id[delivery.id] = delivery
            if len(self._by_id) > self._most:
                self._by_id.popitem(last=False)
            return True

    def find(self, delivery_id: str) -> Delivery | None:
        """Return a delivery as it is now."""
        with self._changed:
            return self._by_id.get(delivery_id)

    def note(self, delivery_id: str, attempt: Attempt, now: datetime, schedule: Sequence[timedelta]) -> Delivery | None:
        """Add an attempt, and return the delivery as it is then; None if it was forgotten."""
        with self._changed:
            if (found := self._by_id.get(delivery_id)) is None:
                return None
            noted = self._by_id[delivery_id] = found.after(attempt, now, schedule)
            self._changed.notify_all()
            return noted

    def wait_until(self, holds: Callable[[], bool], seconds: float) -> bool:
        """Wait until something holds, which is looked at after each attempt. Return False when the time is up."""
        with self._changed:
            return wait_until(self._changed, holds, seconds)

    def select(self, wanted: Callable[[Delivery], bool], limit: int | None = None) -> list[Delivery]:
        """Return deliveries, those that began last first."""
        with self._changed:
            return [one for one in reversed(self._by_id.values()) if wanted(one)][:limit]

    def forget(self, chosen: Callable[[Delivery], bool]) -> None:
        """Forget deliveries, which ends their retries too."""
        with self._changed:
            self._by_id = OrderedDict((key, one) for key, one in self._by_id.items() if not chosen(one))
