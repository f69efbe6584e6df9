"""Targets that follow a script, for what a real one does too rarely, and what was found out about them."""

import itertools
import json
from collections.abc import Callable, Sequence
from typing import Any

from contract.exchange import Request, Response
from contract.outcome import Violation
from contract.run.client import RecordingClient
from contract.target.transport import NoAnswer

Make = Callable[..., RecordingClient]
Document = dict[str, Any]
SECRET = "sk-apik_writer00.secret-of-the-writer"


class Scripted:
    """Answers with what the script says, in turn, and the last for ever. NoAnswer is raised, a Response returned."""

    def __init__(self, *script: Response | NoAnswer | Callable[[Request], Response]) -> None:
        self._script = list(script)
        self.sent: list[Request] = []

    def send(self, request: Request) -> Response:
        """Return or raise what comes next in the script."""
        self.sent.append(request)
        answer = self._script.pop(0) if len(self._script) > 1 else self._script[0]
        if isinstance(answer, NoAnswer):
            raise answer
        return answer if isinstance(answer, Response) else answer(request)

    def race(self, racers: Sequence[Request]) -> list[Response]:
        """Answer one after the other."""
        return [self.send(racer) for racer in racers]


def reply(status: int, document: Any, headers: dict[str, str] | None = None) -> Response:
    """Return an answer with a JSON body and the headers of a conforming one."""
    kind = "application/json" if status < 400 else "application/problem+json"
    return Response(
        status, {"content-type": kind, "x-api-version": "v2", **(headers or {})}, json.dumps(document).encode()
    )


def engagement(number: int = 1, status: int = 201, **changes: Any) -> Response:
    """Return the answer to a create."""
    shown = {"object": "engagement", "id": f"ngmt_{number}", "title": "t", "engagement_type": "CALL", **changes}
    return reply(status, shown)


def problem(status: int = 422, number: int = 1, **changes: Any) -> Response:
    """Return a refusal."""
    shown = {
        "type": "https://app.askelephant.ai/errors/validation_failed",
        "title": "Refused",
        "status": status,
        "detail": "",
        "request_id": f"rid_{number}",
        **changes,
    }
    return reply(status, shown)


class Target:
    """Keeps engagements by key, as a deployment does. `refuses` tells which documents it refuses."""

    def __init__(self, refuses: Callable[[Document], bool] = lambda _: False, **shown: Any) -> None:
        self.refuses = refuses
        self.shown = shown
        self.kept: dict[str, Document] = {}
        self.sent: list[Document] = []
        self._numbers = itertools.count(1)

    def __call__(self, request: Request) -> Response:
        """Answer one submission."""
        document = request.body.document
        self.sent.append(document)
        if self.refuses(document):
            return problem(422, next(self._numbers), errors=[{"field": "/title", "code": "c", "message": "m"}])
        key = document["external_id"]
        if key in self.kept:
            return reply(200, self.kept[key])
        self.kept[key] = {
            "object": "engagement",
            "id": f"ngmt_{next(self._numbers)}",
            "title": document["title"],
            "engagement_type": document["type"],
            "is_private": document.get("is_private", False),
            **self.shown,
        }
        return reply(201, self.kept[key])


def failed(client: RecordingClient) -> dict[str, list[tuple[str, str]]]:
    """Return what was recorded: expected and actual by rule, without the invariants of every answer."""
    found = {rule: one.failures for rule, one in client.recorder.findings.items() if one.failures}
    assert all(failure.curl for failures in found.values() for failure in failures)
    return {
        rule: [(failure.expected, failure.actual) for failure in failures if "as documented" not in failure.expected]
        for rule, failures in found.items()
        if any("as documented" not in failure.expected for failure in failures)
    }


def raised(error: Violation) -> tuple[str | None, str, str]:
    """Return what a violation says, once sure that a report can show the exchange."""
    assert error.exchange is not None
    return error.rule, error.expected, error.actual
