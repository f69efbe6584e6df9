"""A target that exists only on paper: it answers what a conforming one would, and nothing is sent.

`contract plan` runs the suite against it to count requests and creations.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from contract.cases.queries import Query
from contract.exchange import PATH, Request, Response

REFUSALS = {"unauthorized": 401, "forbidden": 403, "hidden": 404, "refused": 422}
SINGLE = ("transcript", "media_url", "owner")  # members that are expanded to one thing, and not to a list
SILENT = 422  # the answer to a submission of which the contract says nothing


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
        if not request.submits:
            return self._read(request, number)
        if request.expect == "observed":
            return _problem(SILENT, number)
        workspace = "other_workspace" if request.credential == "other_workspace" else "writer"
        place = (workspace, request.key)
        stored = place in self._stored
        document = request.body.document if isinstance(request.body.document, dict) else {}
        engagement = self._stored.setdefault(place, _engagement(document, workspace, number))
        return _json(200 if stored else 201, engagement, "application/json")

    def _read(self, request: Request, number: int) -> Response:
        """Return one engagement, or a page of all of them."""
        path, _, query = request.path.removeprefix(PATH).partition("?")
        parameters = dict(parse_qsl(query))
        names = parameters.get("expand", "").split(",") if "expand" in parameters else []
        expanded: dict[str, Any] = {name: None if name in SINGLE else [] for name in names}
        workspace = "other_workspace" if request.credential == "other_workspace" else "writer"
        stored = [engagement | expanded for (owner, _), engagement in self._stored.items() if owner == workspace]
        if not path:
            numbers = [parameters[name] for name in ("limit", "cursor") if name in parameters]
            if not all(re.fullmatch("[0-9]{1,9}", text) for text in numbers):
                return _problem(400, number)
            return _json(200, _page(stored, parameters), "application/json")
        found = next((engagement for engagement in stored if engagement["id"] == path[1:]), {})
        tag = f'"{path[1:]} {",".join(names)}"'
        known = ("If-None-Match", tag) in request.headers
        answer = _json(304 if known else 200, found, "application/json")
        return replace(answer, headers={**answer.headers, "etag": tag}, content=b"" if known else answer.content)

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


def _page(stored: list[dict[str, Any]], parameters: dict[str, str]) -> dict[str, Any]:
    start, limit = int(parameters.get("cursor", 0)), int(parameters.get("limit", 25))
    kept = [engagement for engagement in stored if Query(parameters, "").selects(engagement)]
    if parameters.get("order_by") != "updated_at:asc":
        kept.reverse()
    end = start + limit
    following = str(end) if end < len(kept) else None
    return {"object": "list", "data": kept[start:end], "has_more": following is not None, "next_cursor": following}


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
