"""What the peer stores, and how it shows an engagement."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from tests.peer.variant import Variant

PATH = "/api/v2/engagements"
SECONDS = 95  # the length of every recording
# The age at which each begins. Twice in PROCESSING, as something is done that only expand would show.
STAGES = (("PENDING", 0.0), ("PROCESSING", 0.2), ("PROCESSING", 0.4), ("COMPLETED", 0.6))


@dataclass(frozen=True)
class Caller:
    """A credential's owner."""

    name: str
    workspace: str
    scopes: frozenset[str]

    @property
    def user_id(self) -> str:
        """The id of the user."""
        return f"usr_{self.workspace}{self.name.replace('_', '')}"

    @property
    def email(self) -> str:
        """The address of the user."""
        return f"{self.name}@example.com"


@dataclass(frozen=True)
class Record:
    """A stored engagement."""

    id: str
    body: dict[str, Any]
    owner: Caller
    private: bool
    created_at: datetime
    start_at: datetime


def shown(record: Record, variant: Variant) -> dict[str, Any]:
    """Return an engagement as it is now."""
    document: dict[str, Any] = {
        "object": "engagement",
        "id": record.id,
        "title": record.body["title"],
        "engagement_type": record.body["type"],
    }
    status, updated_at = progress(record, variant)
    if variant.optional_fields != "none":
        document |= {"processing_status": status, "is_private": record.private}
        digits = "seconds" if variant.seconds == "whole" else "milliseconds"
        document |= {"created_at": _zulu(record.created_at, digits), "updated_at": _zulu(updated_at, digits)}
    if variant.optional_fields == "all":
        document |= {
            "start_at": _start(record, variant),
            "engagement_at": _start(record, variant),
            "is_internal": False,
        }
        document |= {"owner_user_id": record.owner.user_id, "host_user_id": record.owner.user_id, "data_source": "api"}
        if status == "COMPLETED":  # processing fills these
            end = record.start_at + timedelta(seconds=SECONDS)
            document |= {"end_at": _zulu(end), "duration_seconds": SECONDS, "description": "A summary."}
    return document | ({"version": 7, "links": {"self": PATH}} if variant.extra_fields else {})


def progress(record: Record, variant: Variant) -> tuple[str, datetime]:
    """Return how far processing has come, and when it did."""
    if variant.processing != "moving":
        return variant.processing, record.created_at
    age = datetime.now(UTC) - record.created_at
    status, begins = [stage for stage in STAGES if age >= timedelta(seconds=stage[1])][-1]
    return status, record.created_at + timedelta(seconds=begins)


def _start(record: Record, variant: Variant) -> str:
    match variant.start_echo:
        case "as_sent":
            return record.start_at.isoformat()
        case "utc_seconds":
            return record.start_at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        case "other_offset":
            return record.start_at.astimezone(timezone(timedelta(hours=5, minutes=30))).isoformat()
    return _zulu(record.start_at)


def _zulu(moment: datetime, digits: str = "milliseconds") -> str:
    return moment.astimezone(UTC).isoformat(timespec=digits).replace("+00:00", "Z")
