"""What runs for an engagement besides the API: its processing, workflow triggers and recap e-mails.

A pure function of the stored engagement and the instant. So nothing is stored twice, and a replay, which stores
nothing, fires nothing. `run_workflows` decides about triggers and e-mails. Transcription, summary and tagging run in
any case.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from mock_server.processing import COMPLETED, Processing
from mock_server.store import Engagement

TRIGGER, RECAP = "trigger", "recap_email"
STEPS = ("transcription", "summary", "tagging")
PENDING, SUPPRESSED, FAILED = "pending", "suppressed", "failed"
DONE = {TRIGGER: "fired", RECAP: "sent"}  # a step is "done"


@dataclass(frozen=True, slots=True)
class Run:
    """One thing that runs: `kind` is a step of the processing, trigger or recap_email.

    `status` is pending, done (of a trigger: fired, of a recap: sent), failed or suppressed. `at` is the instant from
    which it is no longer pending. `to` are the addresses that a recap goes to.
    """

    kind: str
    status: str
    at: datetime
    to: tuple[str, ...] = ()


def runs(engagement: Engagement, processing: Processing, now: datetime) -> Iterator[Run]:
    """Yield what runs for an engagement, as of an instant.

    The trigger fires when the engagement is created. All else needs the recording, and so comes with the end of the
    processing: if that fails, so do they.
    """
    sent = engagement.submission
    *_, end = processing.stages(engagement)
    outcome = PENDING if now < end.at else FAILED if end.status != COMPLETED else None

    yield Run(TRIGGER, DONE[TRIGGER] if sent.run_workflows else SUPPRESSED, engagement.created_at)
    for step in STEPS:
        yield Run(step, outcome or "done", end.at)
    if sent.type == "MEETING":
        status = (outcome or DONE[RECAP]) if sent.run_workflows else SUPPRESSED
        yield Run(RECAP, status, end.at, _recipients(engagement))


def _recipients(engagement: Engagement) -> tuple[str, ...]:
    """Return the owner and all who took part and have an address, each once."""
    people = (person.email for person in engagement.submission.participants if person.email is not None)
    return tuple(dict.fromkeys((engagement.owner.user, *people)))
