"""HTTP by the standard library alone: what the tests send, and what they get back."""

from __future__ import annotations

import enum
import functools
import http.client
import io
import itertools
import json
import socket
import ssl
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from typing import Any
from urllib.parse import urlsplit

import jsonschema

from mock_server import Running, spec

WRITER, READER, NOSCOPE, OTHER = (f"sk-apik_{name}.local" for name in ("writer", "reader", "noscope", "other"))
PATH = "/api/v2/engagements"


class Absence(enum.Enum):
    """What a field or a header is that is left out."""

    ABSENT = enum.auto()


ABSENT = Absence.ABSENT

_run, _count = uuid.uuid4().hex, itertools.count()


def new_key() -> str:
    """Return an external_id that no test has used."""
    return f"{_run}:{next(_count)}"


def submission(**changes: Any) -> dict[str, Any]:
    """Return a valid body under a new key, with these changes; ABSENT leaves a field out."""
    body = {
        "type": "CALL",
        "title": "A call",
        "source_system": "tests",
        "external_id": new_key(),
        "media_url": "https://media.mock.test/ok.mp3?duration=90",
        "run_workflows": False,
    }
    return {name: value for name, value in (body | changes).items() if value is not ABSENT}


@dataclass(frozen=True)
class Answer:
    """One response, read to its end."""

    status: int
    headers: Message
    body: bytes

    def json(self) -> dict[str, Any]:
        """Return the body as an object."""
        document: dict[str, Any] = json.loads(self.body)
        return document

    @property
    def fields(self) -> dict[str, str]:
        """The broken fields of a refusal: pointer to code."""
        return {error["field"]: error["code"] for error in self.json().get("errors", [])}

    @property
    def rules(self) -> dict[str, str]:
        """The broken rules of a refusal: pointer to id of the rule."""
        return {error["field"]: error["rule"] for error in self.json().get("errors", [])}


def address(server: Running) -> tuple[str, int]:
    """Return host and port of a server."""
    parts = urlsplit(server.base_url)
    return str(parts.hostname), int(parts.port or 0)


def connect(server: Running, timeout: float = 20) -> http.client.HTTPConnection:
    """Return a connection of an ordinary client."""
    return http.client.HTTPConnection(*address(server), timeout=timeout)


def send(  # noqa: PLR0913  a request has many parts
    server: Running,
    body: object = None,
    *,
    credential: str | None = WRITER,
    method: str = "POST",
    path: str = PATH,
    headers: Mapping[str, str | Absence] | None = None,
    context: ssl.SSLContext | None = None,
) -> Answer:
    """Send one request on a connection of its own. A body that is not bytes is written as JSON."""
    content = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    given = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {credential}"} if credential else {})
    wanted = {name: value for name, value in (given | (headers or {})).items() if value is not ABSENT}
    if context:
        connection: http.client.HTTPConnection = http.client.HTTPSConnection(
            *address(server), timeout=20, context=context
        )
    else:
        connection = connect(server)
    try:
        connection.request(method, path, content, wanted)
        return read(connection)
    finally:
        connection.close()


def read(connection: http.client.HTTPConnection) -> Answer:
    """Return the response that waits on a connection."""
    response = connection.getresponse()
    return Answer(response.status, response.headers, response.read())


def create(server: Running, **changes: Any) -> Answer:
    """Send a valid submission with these changes."""
    return send(server, submission(**changes))


def head(*lines: str, method: str = "POST", target: str = PATH) -> bytes:
    """Return the head of an authenticated request, with these header lines added."""
    first = (f"{method} {target} HTTP/1.1", "Host: localhost", f"Authorization: Bearer {WRITER}")
    return "\r\n".join((*first, "Content-Type: application/json", *lines, "", "")).encode("latin-1")


def chunked(*pieces: bytes, trailers: bytes = b"") -> bytes:
    """Return the pieces in chunked coding."""
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n" + trailers + b"\r\n"


def exchange(server: Running, *data: bytes, half_close: bool = False) -> list[Answer]:
    """Send bytes as they are and return every response until the server closes; `half_close` ends the sending first."""
    with socket.create_connection(address(server), timeout=20) as peer:
        for piece in data:
            peer.sendall(piece)
        if half_close:
            peer.shutdown(socket.SHUT_WR)
        received = b"".join(iter(functools.partial(peer.recv, 1 << 16), b""))
    return responses(received)


def responses(received: bytes) -> list[Answer]:
    """Split what came over a connection into responses; interim ones are left out."""
    stream, answers = io.BytesIO(received), []
    while stream.tell() < len(received):
        response = http.client.HTTPResponse(_Replay(stream))  # type: ignore[arg-type]
        response.begin()
        answers.append(Answer(response.status, response.headers, response.read()))
    return answers


class _Replay:
    """As much of a socket as http.client needs to read from memory."""

    def __init__(self, stream: io.BytesIO) -> None:
        self._stream = stream

    def makefile(self, *_: object) -> io.BufferedReader:
        return _Unclosed(self._stream)  # type: ignore[return-value]


class _Unclosed:
    def __init__(self, stream: io.BytesIO) -> None:
        self.read, self.readline, self.readinto = stream.read, stream.readline, stream.readinto

    def flush(self) -> None:
        """Do nothing: there is nothing to send."""

    close = flush


@functools.cache
def judge(schema: str) -> jsonschema.Draft202012Validator:
    """Return an independent validator of one schema of the contract."""
    components = {"components": {"schemas": spec.document()["components"]["schemas"]}}
    return jsonschema.Draft202012Validator({"$ref": f"#/components/schemas/{schema}", **components})


def check_problem(answer: Answer, status: int) -> dict[str, Any]:
    """Assert that an answer is a problem of this status with all that every problem has, and return it."""
    assert answer.status == status, answer
    assert answer.headers["Content-Type"] == "application/problem+json"
    check_headers(answer)
    problem = answer.json()
    judge("Problem").validate(problem)
    assert problem["status"] == status
    assert problem["request_id"].startswith("rid_")
    return problem


def check_headers(answer: Answer) -> None:
    """Assert that an answer says who gave it."""
    assert answer.headers["X-Api-Version"] == "v2"
    assert answer.headers["X-Mock-Server"].startswith("engagement-contract-kit/")
