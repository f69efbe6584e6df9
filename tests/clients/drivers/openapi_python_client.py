"""A program around the client that openapi-python-client generates: sends the calls of stdin, prints the answers."""

import json
import sys
from datetime import datetime
from typing import Any

from create_engagement_client import AuthenticatedClient
from create_engagement_client.api.engagements import create_engagement
from create_engagement_client.models import CreateEngagement, CreateEngagementType, Engagement, Participant, Problem
from create_engagement_client.types import UNSET


def submission(call: dict[str, Any]) -> CreateEngagement:
    """Return a typed submission; with people it has all optional fields, without it has none."""
    plain = CreateEngagement(
        type_=CreateEngagementType.CALL,
        title="Überblick 通話",
        source_system="clients",
        external_id=call["external_id"],
        media_url=call["media_url"],
        run_workflows=False,
    )
    if call["people"]:
        plain.start_at = datetime.fromisoformat("2026-03-02T09:30:00+01:00")
        plain.is_private = False
        plain.transcript_text = "Good morning."
        plain.participants = [
            Participant(name=person.get("name", UNSET), email=person.get("email", UNSET)) for person in call["people"]
        ]
    return plain


def answer(base_url: str, call: dict[str, Any]) -> dict[str, Any]:
    """Submit one call and return what the types of the client say of the answer."""
    with AuthenticatedClient(base_url=base_url, token=call["credential"], headers=call["headers"]) as client:
        response = create_engagement.sync_detailed(client=client, body=submission(call))
    told: dict[str, Any] = {"status": response.status_code, "retry_after": response.headers.get("Retry-After")}
    match response.parsed:
        case Engagement() as engagement:
            assert isinstance(engagement.start_at, datetime)
            return told | {
                "id": engagement.id,
                "title": engagement.title,
                "kind": engagement.engagement_type.value,
                "start": engagement.start_at.timestamp(),
                "seconds": engagement.duration_seconds,
            }
        case Problem() as problem:
            errors = problem.errors or []
            return told | {
                "type": problem.type_,
                "detail": problem.detail,
                "request_id": problem.request_id,
                "errors": [[error.field, error.code, error.message] for error in errors],
            }
        case None:
            return told


order = json.load(sys.stdin)
print(json.dumps([answer(order["base_url"], call) for call in order["calls"]]))
