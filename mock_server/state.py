"""All that requests change, in one object. A reset puts a fresh one in its place."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from mock_server.checks.auth import Caller
from mock_server.checks.rate_limit import RateLimiter, Whose
from mock_server.faults.faults import Fault, Faults
from mock_server.records.records import Records
from mock_server.store import Engagement, Store
from mock_server.transcripts import TranscriptShelf
from mock_server.webhooks.endpoints import Endpoint
from mock_server.webhooks.webhooks import Webhooks


@dataclass(frozen=True, slots=True)
class State:
    """What requests have changed so far. A request that is under way during a reset finishes in the old state.

    `records` is None when the control plane is off, because then nobody can read them.
    """

    store: Store
    limiter: RateLimiter
    transcripts: TranscriptShelf
    faults: Faults
    records: Records | None
    webhooks: Webhooks

    def forget(self, workspace_id: str) -> None:
        """Drop everything of one workspace: its engagements, faults, rate limit windows, webhooks and records."""
        for engagement in self.store.forget(workspace_id):
            self.transcripts.drop(engagement.transcript)
        self.faults.remove(lambda fault: fault.order.match.workspace == workspace_id)
        self.limiter.forget(workspace_id)
        self.webhooks.forget(workspace_id)
        if self.records is not None:
            self.records.forget(workspace_id)


@dataclass(frozen=True, slots=True)
class Cut:
    """All that answers depend on, as it was at one moment. Everything in it belongs to a workspace that was there.

    `now` is the moment by the mock's clock, `offset` and `frozen_at` its setting. `faults` have the number of their
    strikes. `endpoints` are those of webhooks. `windows` are those of the rate limits: whose requests, to their count
    and the end in seconds since 1970. A request that was under way may be counted there although its engagement was
    not stored yet.
    """

    now: datetime
    offset: timedelta
    frozen_at: datetime | None
    callers: tuple[Caller, ...]
    engagements: tuple[Engagement, ...]
    faults: tuple[tuple[Fault, int], ...]
    endpoints: tuple[Endpoint, ...]
    windows: dict[Whose, tuple[int, float]]
