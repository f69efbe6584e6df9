"""An engagement as the API shows it: fields without a value are left out. Rules: RESP-1 to RESP-13."""

from __future__ import annotations

from mock_server.clock import rfc3339
from mock_server.store import Engagement


def present(engagement: Engagement) -> dict[str, object]:
    """Return the JSON object of an engagement, with nothing expanded."""
    created_at, start_at = rfc3339(engagement.created_at), rfc3339(engagement.start_at)
    return {
        "object": "engagement",
        "id": engagement.id,
        "title": engagement.submission.title,
        "engagement_type": engagement.submission.type,
        "processing_status": "PENDING",
        "is_private": engagement.is_private,
        "created_at": created_at,
        "updated_at": created_at,
        "engagement_at": start_at,
        "start_at": start_at,
        "end_at": rfc3339(engagement.end_at),
        "duration_seconds": round(engagement.duration_seconds),
        "owner_user_id": engagement.owner.user_id,
    }
