"""Targets that judgements are tried on, and what was found out about them."""

import itertools
from collections.abc import Callable
from typing import Any

from contract.exchange import Request, Response
from contract.run.recorder import Violation
from contract.target.client import Client

from .conftest import problem, reply

Make = Callable[..., Client]
Document = dict[str, Any]


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


def failed(client: Client) -> dict[str, list[tuple[str, str]]]:
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
