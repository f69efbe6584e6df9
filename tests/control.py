"""What tests of the control plane use: a client for one server, a bare socket, and waiting with a deadline."""

from __future__ import annotations

import itertools
import json
import socket
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import requests

from mock_server import Running

WRITER = "sk-apik_writer.local"


class Client:
    """Talks to one server, to the API and to the control plane. Sessions keep connections; `once` does not."""

    def __init__(self, server: Running) -> None:
        self.server = server
        self.mock = server.mock
        self.url = server.base_url + "/v2/engagements"
        self.session = requests.Session()
        self._keys = itertools.count()

    def body(self, **changes: Any) -> dict[str, Any]:
        """Return a valid body under a new key, with these changes."""
        return {
            "type": "CALL",
            "title": "A call",
            "source_system": "tests",
            "external_id": f"key:{next(self._keys)}",
            "media_url": "https://media.mock.test/ok.mp3?duration=90",
            "run_workflows": False,
            **changes,
        }

    def post(self, credential: str = WRITER, headers: dict[str, str] | None = None, **changes: Any) -> Any:
        """Submit an engagement."""
        sent = {"Authorization": f"Bearer {credential}", **(headers or {})}
        return self.session.post(self.url, json=self.body(**changes), headers=sent, timeout=20)

    def admin(self, method: str, path: str, document: object = None, **options: Any) -> Any:
        """Ask the control plane."""
        return self.session.request(method, self.server.admin_url + path, json=document, timeout=20, **options)

    def fault(self, **order: Any) -> Any:
        """Set a fault that has to be accepted."""
        answer = self.admin("POST", "/faults", order)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def stored(self, external_id: str) -> int:
        """Count the engagements of a key."""
        return sum(key == external_id for (_, key), _ in self.mock.state.store.all())

    def last(self) -> dict[str, Any]:
        """Return the newest entry of the journal, with headers and body."""
        newest = self.admin("GET", "/requests?limit=1").json()["data"][0]
        found: dict[str, Any] = self.admin("GET", f"/requests/{newest['id']}").json()
        return found

    def raw(self, **changes: Any) -> socket.socket:
        """Submit an engagement on a socket of its own and return that, unread."""
        content = json.dumps(self.body(**changes)).encode()
        head = (
            f"POST {urlsplit(self.url).path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {WRITER}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
        )
        peer = socket.create_connection((urlsplit(self.url).hostname, urlsplit(self.url).port), timeout=10)
        peer.sendall(head.encode() + content)
        return peer


def wait_until(true: Callable[[], bool], seconds: float = 10.0) -> None:
    """Look again and again, until a deadline."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.005)


def everything(peer: socket.socket) -> bytes:
    """Read until the end; a reset raises."""
    pieces = []
    while piece := peer.recv(1 << 16):
        pieces.append(piece)
    return b"".join(pieces)
