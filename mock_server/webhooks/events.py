"""What there is to tell of an engagement: a pure function of its life. Rules: HOOK-2 to HOOK-5."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mock_server.clock import rfc3339
from mock_server.ids import derived
from mock_server.presenter import Present
from mock_server.processing import COMPLETED, Processing
from mock_server.store import Engagement

CREATED = "v1.engagement.created"
UPDATED = "v1.engagement.updated"
TRANSCRIBED = "v1.engagement.transcript_timeline.completed"
TYPES = (CREATED, UPDATED, TRANSCRIBED)


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to an engagement at an instant. `before` is when it last looked otherwise.

    `number` counts the events of the engagement from 0. So the ids, which follow from it, are always the same.
    """

    engagement: Engagement
    number: int
    type: str
    at: datetime
    before: datetime | None = None

    @property
    def id(self) -> str:
        """The id of the event, `evt_…`."""
        return derived("evt", self.engagement.id, str(self.number))

    @property
    def message_id(self) -> str:
        """The id of the message about it, `msg_…`. It is the same for every endpoint and every attempt (HOOK-7)."""
        return derived("msg", self.engagement.id, str(self.number))

    @property
    def workspace(self) -> str:
        """The id of the workspace in which it happened."""
        return self.engagement.owner.workspace.id

    def payload(self, present: Present) -> dict[str, Any]:
        """Return the JSON object that is sent: the engagement is in it as it was at the instant of the event."""
        shown = present(self.engagement, self.at)
        data: dict[str, Any] = {"object": shown}
        if self.before is not None:
            former = present(self.engagement, self.before)
            differing = [name for name in shown if former.get(name) != shown[name]]
            data["previous_attributes"] = {name: former.get(name) for name in differing}
        return {
            "id": self.id,
            "type": self.type,
            "api_version": "v1",
            "created_at": rfc3339(self.at),
            "workspace_id": self.workspace,
            "data": data,
        }


def events(engagement: Engagement, processing: Processing) -> list[Event]:
    """Return the events of the whole life of an engagement, in their order."""
    told = enumerate(_told(engagement, processing))
    return [Event(engagement, number, type_, at, before) for number, (type_, at, before) in told]


def _told(engagement: Engagement, processing: Processing) -> Iterator[tuple[str, datetime, datetime | None]]:
    """Yield type, instant, and for a change when the engagement last looked otherwise."""
    first, *others = processing.stages(engagement)
    yield CREATED, first.at, None
    last = first
    for stage in others:
        if stage.at > last.at:  # with the pace 0 an engagement is created as completed, and never changes
            yield UPDATED, stage.at, last.at
        last = stage
    if last.status == COMPLETED:
        yield TRANSCRIBED, last.at, None
