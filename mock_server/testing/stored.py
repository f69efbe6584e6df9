"""A stored engagement as a test compares it: the fields that were submitted, under the names of the contract."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from mock_server.checks.formats import parse_date_time
from mock_server.store import Engagement


@dataclass(frozen=True, slots=True)
class StoredEngagement:
    """What is stored under one external_id. Instants are in UTC; `start_at` and `is_private` have their defaults.

    `participants` are as they were sent: `[{"name": …, "email": …}]`. `transcript_text` is None if none was sent.
    """

    id: str
    external_id: str
    type: str
    title: str
    source_system: str
    media_url: str
    run_workflows: bool
    start_at: datetime
    is_private: bool
    participants: list[dict[str, str]]
    transcript_text: str | None
    duration_seconds: float
    created_at: datetime
    credential_name: str


INSTANTS = frozenset({"start_at", "created_at"})
FIELDS = tuple(field.name for field in fields(StoredEngagement))


def stored(engagement: Engagement) -> StoredEngagement:
    """Return an engagement of the store as a test sees it."""
    sent, transcript = engagement.submission, engagement.transcript
    return StoredEngagement(
        id=engagement.id,
        external_id=sent.external_id,
        type=sent.type,
        title=sent.title,
        source_system=sent.source_system,
        media_url=sent.media_url.text,
        run_workflows=sent.run_workflows,
        start_at=engagement.start_at,
        is_private=engagement.is_private,
        participants=[_present(name=person.name, email=person.email) for person in sent.participants],
        transcript_text=None if transcript is None else transcript.text(),
        duration_seconds=engagement.duration_seconds,
        created_at=engagement.created_at,
        credential_name=engagement.owner.name,
    )


def differing(engagement: StoredEngagement, wanted: Mapping[str, Any]) -> dict[str, tuple[object, object]]:
    """Return the fields that are not as wanted: name to what was wanted and what is stored. Raises TypeError."""
    if unknown := [name for name in wanted if name not in FIELDS]:
        raise TypeError(f"an engagement has no field {', '.join(unknown)}; it has {', '.join(FIELDS)}")
    pairs = {name: (_comparable(name, value), getattr(engagement, name)) for name, value in wanted.items()}
    return {name: (expected, actual) for name, (expected, actual) in pairs.items() if expected != actual}


def _present(**members: str | None) -> dict[str, str]:
    return {name: value for name, value in members.items() if value is not None}


def _comparable(name: str, value: object) -> object:
    """Return a wanted value in the form in which it is stored: a body holds an instant as a text."""
    if name in INSTANTS and isinstance(value, str):
        return parse_date_time(value)
    return list(value) if isinstance(value, tuple) else value
