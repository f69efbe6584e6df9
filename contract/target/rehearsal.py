"""A target that exists only on paper: it answers what a conforming one would, and nothing is sent.

`contract plan` runs the suite against it to count requests and creations.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from contract.exchange import Request, Response

REFUSALS = {"unauthorized": 401, "forbidden": 403, "refused": 422, "observed": 422}


class Rehearsal:
    """Answers each request as it expects to be answered."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._stored: dict[tuple[str | None, str | None], dict[str, Any]] = {}

    def send(self, request: Request) -> Response:
        """Return the expected answer."""
        number = next(self._numbers)
        if (status := REFUSALS.get(request.expect)) is not None:
            return _problem(status, number)
        workspace = "other_workspace" if request.credential == "other_workspace" else "writer"
        place = (workspace, request.key)
        stored = place in self._stored
        document = request.body.document if isinstance(request.body.document, dict) else {}
        engagement = self._stored.setdefault(place, _engagement(document, workspace, number))
        return _json(200 if stored else 201, engagement, "application/json")

    def race(self, racers: Sequence[Request]) -> list[Response]:
        """Return the expected answers: one create, the rest repeats."""
        return [self.send(racer) for racer in racers]


def _engagement(document: dict[str, Any], workspace: str, number: int) -> dict[str, Any]:
    now = datetime.now(UTC).isoformat()
    return {
        "object": "engagement",
        "id": f"ngmt_{number}",
        "title": document.get("title", ""),
        "engagement_type": document.get("type", "CALL"),
        "is_private": document.get("is_private", False),
        "created_at": now,
        "updated_at": now,
        "start_at": document.get("start_at", now),
        "owner_user_id": f"usr_{workspace.replace('_', '')}",
    }


def _problem(status: int, number: int) -> Response:
    problem = {
        "type": "https://app.askelephant.ai/errors/validation_failed",
        "title": "Refused",
        "status": status,
        "detail": "",
        "request_id": f"rid_{number}",
    }
    return _json(status, problem, "application/problem+json")


def _json(status: int, document: dict[str, Any], media_type: str) -> Response:
    return Response(status, {"content-type": media_type, "x-api-version": "v2"}, json.dumps(document).encode())
