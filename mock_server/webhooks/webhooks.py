"""Webhooks, from an engagement that was stored to the attempts at each endpoint.

    follow(engagement)     each event of its life goes into the timetable, for each endpoint that wants it
      _deliver(event)      when it is due: the delivery is noted, and waits in the lane of its endpoint
        _attempt(delivery) sign, send, note what came of it
          _retry(delivery) when the schedule says so, unless it was acknowledged meanwhile

Without an endpoint nothing is in the timetable. Rules: HOOK-1 to HOOK-9.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

from standardwebhooks.webhooks import Webhook

from mock_server.clock import Clock
from mock_server.presenter import Present
from mock_server.processing import Processing
from mock_server.store import Engagement
from mock_server.webhooks.deliveries import COPY, RESENT, SCHEDULED, Attempt, Deliveries, Delivery
from mock_server.webhooks.endpoints import REVERSED, Endpoint
from mock_server.webhooks.events import Event, events
from mock_server.webhooks.lanes import Lanes
from mock_server.webhooks.network import Sender
from mock_server.webhooks.timetable import Timetable

# How long after each failed attempt the next one is made. If the one after the last of these fails, it was the last.
SCHEDULE = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=10),
)
AGENT = "engagement-contract-kit"

log = logging.getLogger("mock_server.webhooks")


@dataclass(frozen=True, slots=True)
class Timeline:
    """How engagements live, how they look as of an instant, and the clock by which they do."""

    clock: Clock
    processing: Processing
    present: Present


class Webhooks:
    """The endpoints of one state, what they are still to be told, and the log. Safe to use from many threads."""

    def __init__(self, timeline: Timeline, sender: Sender, endpoints: Iterable[Endpoint] = ()) -> None:
        self.deliveries = Deliveries()
        self._timeline = timeline
        self._sender = sender
        self._timetable = Timetable(timeline.clock)
        self._lanes = Lanes()
        self._lock = threading.Lock()
        self._endpoints = {one.id: one for one in endpoints}
        self._forgotten = set[str]()  # workspaces that were deleted; no other one gets such an id

    @property
    def endpoints(self) -> list[Endpoint]:
        """All endpoints, in the order in which they were added."""
        with self._lock:
            return list(self._endpoints.values())

    def add(self, endpoint: Endpoint, stored: Callable[[], Iterable[Engagement]] = tuple) -> None:
        """Add an endpoint. Of engagements that are stored already it is told what happens from now on.

        They are looked up when the endpoint is there. So an engagement is among them, or the endpoint is told of it as
        of a new one, or both.
        """
        now = self._timeline.clock.now()
        with self._lock:
            self._endpoints[endpoint.id] = endpoint
        self._tell([endpoint], stored(), since=now)

    def remove(self, endpoint_id: str) -> bool:
        """Remove an endpoint and its deliveries. Return False if there is none with this id."""
        with self._lock:
            found = self._endpoints.pop(endpoint_id, None)
        self._lanes.drop(endpoint_id)
        self.deliveries.forget(lambda delivery: delivery.endpoint.id == endpoint_id)
        return found is not None

    def follow(self, engagement: Engagement) -> None:
        """Tell of a new engagement: that it was created, and what becomes of it."""
        if endpoints := self.endpoints:
            self._tell(endpoints, [engagement])

    def resume(self, stored: Iterable[Engagement]) -> None:
        """Tell what happens from now on to engagements that were created before."""
        self._tell(self.endpoints, stored, since=self._timeline.clock.now())

    def resend(self, delivery: Delivery, times: int = 1) -> None:
        """Send a delivery again now, whatever came of it. Its schedule stays as it is."""
        for _ in range(times):
            self._lanes.put(delivery.endpoint.id, partial(self._attempt, delivery, RESENT))

    def forget(self, workspace_id: str) -> None:
        """Drop everything of a workspace: its endpoints, its deliveries, and what was still to be told."""
        for endpoint in self.endpoints:
            if endpoint.workspace == workspace_id:
                self.remove(endpoint.id)
        self._forgotten.add(workspace_id)
        self._timetable.forget(workspace_id)
        self.deliveries.forget(lambda delivery: delivery.event.workspace == workspace_id)

    def close(self) -> None:
        """End all threads. What is under way fails, and nothing is sent any more."""
        self._timetable.close()
        self._sender.close()
        self._lanes.close()

    def _tell(self, endpoints: Sequence[Endpoint], stored: Iterable[Engagement], since: datetime | None = None) -> None:
        """Tell these endpoints of these engagements: all events, or those after an instant."""
        for engagement in stored:
            life = [one for one in events(engagement, self._timeline.processing) if since is None or one.at > since]
            for endpoint in endpoints:
                self._expect(endpoint, life)

    def _expect(self, endpoint: Endpoint, life: Iterable[Event]) -> None:
        """Put the events that an endpoint wants to hear of into the timetable."""
        wanted = [event for event in life if endpoint.wants(event)]
        backwards = endpoint.order == REVERSED
        for event in reversed(wanted) if backwards else wanted:
            due = wanted[-1].at if backwards else event.at
            self._timetable.add(due, event.workspace, partial(self._deliver, endpoint, event))

    def _deliver(self, endpoint: Endpoint, event: Event) -> None:
        """Begin a delivery, if it has not begun yet: an engagement may be stored while its endpoint is added."""
        delivery = Delivery(endpoint, event, self._timeline.clock.now())
        if self._wanted(delivery) and self.deliveries.add(delivery):
            for number in range(endpoint.copies):
                self._lanes.put(endpoint.id, partial(self._attempt, delivery, COPY if number else SCHEDULED))

    def _attempt(self, delivery: Delivery, reason: str) -> None:
        """Send a delivery once, and note what came of it. If the schedule goes on, the next attempt is in it."""
        if not self._wanted(delivery):  # it has waited for its turn
            return
        event, endpoint, clock = delivery.event, delivery.endpoint, self._timeline.clock
        at = clock.now()
        body = json.dumps(event.payload(self._timeline.present), ensure_ascii=False, separators=(",", ":"))
        outcome = self._sender.post(endpoint.url, _headers(event, endpoint, body), body.encode())
        log.info("%s to %s: %s", event.type, endpoint.id, outcome.error or outcome.status)
        noted = self.deliveries.note(delivery.id, Attempt(at, reason, outcome), clock.now(), SCHEDULE)
        if reason == SCHEDULED and noted is not None and noted.next_at is not None:
            self._timetable.add(noted.next_at, event.workspace, partial(self._retry, delivery))

    def _wanted(self, delivery: Delivery) -> bool:
        """Tell whether neither the endpoint nor the workspace of a delivery has gone."""
        return delivery.endpoint in self.endpoints and delivery.event.workspace not in self._forgotten

    def _retry(self, delivery: Delivery) -> None:
        now = self.deliveries.find(delivery.id)
        if now is not None and now.next_at is not None:
            self._lanes.put(delivery.endpoint.id, partial(self._attempt, delivery, SCHEDULED))


def _headers(event: Event, endpoint: Endpoint, body: str) -> dict[str, str]:
    """Return the headers of one attempt. Rules: HOOK-1, HOOK-7.

    The time in the signature is that of the system, as the receiver compares it with its own clock, which nobody moves.
    """
    now = datetime.now(UTC)
    return {
        "Content-Type": "application/json",
        "User-Agent": AGENT,
        "svix-id": event.message_id,
        "svix-timestamp": str(int(now.timestamp())),
        "svix-signature": Webhook(endpoint.secret).sign(event.message_id, now, body),
    }
