"""HTTP on a bare socket: what an ordinary client would not send, and all that comes back."""

from __future__ import annotations

import functools
import http.client
import io
import json
import socket
from typing import Any

from tests.kit.http import PATH, WRITER, Answer, Server, address
from tests.kit.submissions import submission


def head(*lines: str, method: str = "POST", target: str = PATH) -> bytes:
    """Return the head of an authenticated request, with these header lines added."""
    first = (f"{method} {target} HTTP/1.1", "Host: localhost", f"Authorization: Bearer {WRITER}")
    return "\r\n".join((*first, "Content-Type: application/json", *lines, "", "")).encode("latin-1")


def chunked(*pieces: bytes, trailers: bytes = b"") -> bytes:
    """Return the pieces in chunked coding."""
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n" + trailers + b"\r\n"


def begin(server: Server, *data: bytes) -> socket.socket:
    """Send bytes as they are and return the socket, unread."""
    peer = socket.create_connection(address(server), timeout=20)
    for piece in data:
        peer.sendall(piece)
    return peer


def begin_create(server: Server, **changes: Any) -> socket.socket:
    """Send a valid submission with these changes and return the socket, unread."""
    content = json.dumps(submission(**changes)).encode()
    return begin(server, head(f"Content-Length: {len(content)}") + content)


def exchange(server: Server, *data: bytes, half_close: bool = False) -> list[Answer]:
    """Send bytes as they are and return every response until the server closes; `half_close` ends the sending first."""
    with begin(server, *data) as peer:
        if half_close:
            peer.shutdown(socket.SHUT_WR)
        return responses(read_all(peer))


def read_all(peer: socket.socket) -> bytes:
    """Read until the end. Raises ConnectionResetError on a reset."""
    return b"".join(iter(functools.partial(peer.recv, 1 << 16), b""))


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
