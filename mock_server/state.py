"""All that requests change, in one object. A reset puts a fresh one in its place."""

from __future__ import annotations

from dataclasses import dataclass

from mock_server.checks.rate_limit import RateLimiter
from mock_server.faults.faults import Faults
from mock_server.records.records import Records
from mock_server.store import Store
from mock_server.transcripts import TranscriptShelf


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

    def forget(self, workspace_id: str) -> None:
        """Drop everything of one workspace: its engagements, faults, rate limit windows and records."""
        for engagement in self.store.forget(workspace_id):
            if engagement.transcript is not None:
                self.transcripts.drop(engagement.transcript)
        self.faults.remove(lambda fault: fault.match.workspace == workspace_id)
        self.limiter.forget(workspace_id)
        if self.records is not None:
            self.records.forget(workspace_id)
