"""An engagement as the API shows it: fields without a value are left out. Rules: RESP-1 to RESP-13."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from mock_server.clock import rfc3339
from mock_server.processing import Processing
from mock_server.store import Engagement

Present = Callable[[Engagement, datetime], dict[str, object]]


def presenter(processing: Processing) -> Present:
    """Return the function that makes the JSON object of an engagement as of an instant, with nothing expanded."""

    def present(engagement: Engagement, at: datetime) -> dict[str, object]:
        stage = processing.stage(engagement, at)
        results = processing.results(engagement, stage)
        start_at = rfc3339(engagement.start_at)
        return {
            "object": "engagement",
            "id": engagement.id,
            "title": engagement.submission.title,
            "engagement_type": engagement.submission.type,
            "processing_status": stage.status,
            "is_private": engagement.is_private,
            "created_at": rfc3339(engagement.created_at),
            "updated_at": rfc3339(stage.at),
            **({} if results is None else {"description": results.description}),
            "engagement_at": start_at,
            "start_at": start_at,
            "end_at": rfc3339(engagement.end_at),
            "duration_seconds": round(engagement.duration_seconds),
            "owner_user_id": engagement.owner.user_id,
        }

    return present
