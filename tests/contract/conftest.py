"""A client whose target follows a script, for what a real one does too rarely."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from contract.exchange import Request, Response
from contract.run.profile import Profile
from contract.run.recorder import Recorder
from contract.target.client import Client
from contract.target.config import Config, Credential
from contract.target.transport import NoAnswer

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


@pytest.fixture
def config() -> Config:
    """Return a target on this machine."""
    return Config(
        base_url="http://127.0.0.1:1/api",
        credentials={"writer": Credential("writer", SECRET), "reader": Credential("reader", "opaque-reader-token")},
        accepted=("https://media.example.com/a.mp3",),
    )


@pytest.fixture
def make(config: Config) -> Callable[..., Client]:
    """Return a maker of clients: of a scripted transport, and changes of the configuration."""

    def client(transport: Scripted, profile: str = "quick", **changes: Any) -> Client:
        from dataclasses import replace

        waits: list[float] = []
        made = Client(replace(config, **changes), transport, Recorder(), Profile(profile), sleep=waits.append)
        made.waits = waits  # type: ignore[attr-defined]  # what it waited for, in seconds
        return made

    return client
