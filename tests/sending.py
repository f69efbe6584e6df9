"""The smallest client that tests need: one request on one connection, and a submission that is valid."""

from __future__ import annotations

import http.client
import itertools
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Answer:
    """What came back; `json` is the parsed body, or None where it is not JSON. Header names are lower case."""

    status: int
    headers: dict[str, str]
    content: bytes

    @property
    def json(self) -> Any:
        """The parsed body."""
        try:
            return json.loads(self.content)
        except ValueError:
            return None


def submission(**changes: Any) -> dict[str, Any]:
    """Return a valid body with a fresh key. A field that is changed to `...` is left out."""
    body = {
        "type": "CALL",
        "title": "Quarterly review",
        "source_system": "tests",
        "external_id": f"tests:{next(_numbers):06}",
        "media_url": "https://media.example.com/call.mp3",
        "run_workflows": False,
        **changes,
    }
    return {name: value for name, value in body.items() if value is not ...}


def send(base_url: str, authorization: str | None, body: object, **headers: str) -> Answer:
    """POST a body (bytes as they are, anything else as JSON) to Create engagement."""
    origin = urlsplit(base_url)
    assert origin.hostname
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"Content-Type": "application/json", **headers}
    if authorization is not None:
        headers["Authorization"] = authorization
    connection = http.client.HTTPConnection(origin.hostname, origin.port, timeout=20)
    try:
        connection.request("POST", origin.path + "/v2/engagements", content, headers)
        response = connection.getresponse()
        return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
    finally:
        connection.close()
