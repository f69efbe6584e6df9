"""A program around the Python client of OpenAPI Generator: sends the calls of stdin, prints the answers."""

import json
import sys
from datetime import datetime
from typing import Any

from openapi_client import (
    ApiClient,
    ApiException,
    Configuration,
    CreateEngagement,
    EngagementsApi,
    Participant,
    Problem,
)


def submission(call: dict[str, Any]) -> CreateEngagement:
    """Return a typed submission; with people it has all optional fields, without it has none."""
    plain = CreateEngagement(
        type="CALL",
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
            Participant(name=person.get("name"), email=person.get("email")) for person in call["people"]
        ]
    return plain


def answer(base_url: str, call: dict[str, Any]) -> dict[str, Any]:
    """Submit one call and return what the types of the client say of the answer."""
    with ApiClient(Configuration(host=base_url, access_token=call["credential"])) as client:
        try:
            response = EngagementsApi(client).create_engagement_with_http_info(
                submission(call), _headers=call["headers"]
            )
        except ApiException as refusal:
            return refused(refusal)
    engagement = response.data
    assert engagement.start_at is not None
    return {
        "status": response.status_code,
        "retry_after": None,
        "id": engagement.id,
        "title": engagement.title,
        "kind": engagement.engagement_type,
        "start": engagement.start_at.timestamp(),
        "seconds": engagement.duration_seconds,
    }


def refused(refusal: ApiException) -> dict[str, Any]:
    """Return what an exception of the client says."""
    problem = refusal.data
    assert isinstance(problem, Problem)
    return {
        "status": refusal.status,
        "retry_after": refusal.headers.get("Retry-After") if refusal.headers else None,
        "type": problem.type,
        "detail": problem.detail,
        "request_id": problem.request_id,
        "errors": [[error.var_field, error.code, error.message] for error in problem.errors or []],
    }


order = json.load(sys.stdin)
print(json.dumps([answer(order["base_url"], call) for call in order["calls"]]))
