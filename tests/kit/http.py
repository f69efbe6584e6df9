"""One HTTP client on the standard library alone: a request on a connection of its own, and the answer to it."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from typing import Any, Protocol
from urllib.parse import urlsplit

from tests.kit.submissions import ABSENT, Absence, submission

WRITER, READER, NOSCOPE, OTHER = (f"sk-apik_{name}.local" for name in ("writer", "reader", "noscope", "other"))
PATH = "/api/v2/engagements"


class Server(Protocol):
    """What can be asked: the mock or the peer."""

    @property
    def base_url(self) -> str:
        """Where the API is, without the path of an operation."""


@dataclass(frozen=True)
class Answer:
    """One response, read to its end."""

    status: int
    headers: Message
    body: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()

    def json(self) -> Any:
        """Return the parsed body. Raises ValueError where it is no JSON."""
        return json.loads(self.body)

    @property
    def fields(self) -> dict[str, str]:
        """The broken fields of a refusal: pointer to code."""
        return {error["field"]: error["code"] for error in self.json().get("errors", [])}

    @property
    def rules(self) -> dict[str, str]:
        """The broken rules of a refusal: pointer to id of the rule."""
        return {error["field"]: error["rule"] for error in self.json().get("errors", [])}


def address(server: Server) -> tuple[str, int]:
    """Return host and port of a server."""
    parts = urlsplit(server.base_url)
    return str(parts.hostname), int(parts.port or 0)


def connect(server: Server, timeout: float = 20) -> http.client.HTTPConnection:
    """Return a connection of an ordinary client."""
    return http.client.HTTPConnection(*address(server), timeout=timeout)


def send(  # noqa: PLR0913  a request has many parts
    server: Server,
    body: object = None,
    *,
    credential: str | None = WRITER,
    method: str = "POST",
    path: str = PATH,
    headers: Mapping[str, str | Absence] | None = None,
    context: ssl.SSLContext | None = None,
    timeout: float = 20,
) -> Answer:
    """Send one request on a connection of its own. A body that is not bytes is written as JSON."""
    content = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    given = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {credential}"} if credential else {})
    wanted = {name: value for name, value in (given | dict(headers or {})).items() if value is not ABSENT}
    connection = connect(server, timeout)
    if context:
        connection = http.client.HTTPSConnection(*address(server), timeout=timeout, context=context)
    try:
        connection.request(method, path, content, wanted)
        return read(connection)
    finally:
        connection.close()


def read(connection: http.client.HTTPConnection) -> Answer:
    """Return the response that waits on a connection."""
    response = connection.getresponse()
    return Answer(response.status, response.headers, response.read())


def create(server: Server, **changes: Any) -> Answer:
    """Send a valid submission with these changes."""
    return send(server, submission(**changes))
