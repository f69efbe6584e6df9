"""One connection: HTTP/1.1 read and written with h11, and each request handed to a WSGI application.

A request is read whole before the application is called, and what is above its limit is read and dropped. So nothing of
it is left that could be taken for the next request, and a peer that is still sending gets its answer.
"""

from __future__ import annotations

import io
import json
import logging
import math
import re
import socket
import ssl
import struct
from collections.abc import Callable, Iterable
from contextlib import suppress
from email.utils import formatdate
from http import HTTPStatus
from threading import Event
from typing import BinaryIO, Protocol
from urllib.parse import unquote_to_bytes
from wsgiref.types import WSGIApplication, WSGIEnvironment

import h11

from mock_server.clock import monotonic
from mock_server.faults.orders import RESET, TRUNCATE
from mock_server.problems import Problem

IDLE_SECONDS = 10.0  # for the next bytes of a peer, between two requests or in one, and for it to take a piece of ours
HEAD_SECONDS = 20.0  # for a whole head
BODY_SECONDS = 60.0  # for a whole body
LINGER_SECONDS = 2.0  # for a peer that is not read any more to end its side
MAX_HEAD_BYTES = 256 * 1024
PIECE = 64 * 1024  # bytes that are read at once

log = logging.getLogger("mock_server.http")

# The path and the query of a request target, which may be a whole URL (RFC 9112, 3.2). The authority is not looked at.
_TARGET = re.compile(
    r"(?:(?i:https?)://(?:[\w.-]+|\[[\da-fA-F:.]+\])(?::\d*)?)?(/[^?#]*|\*|(?=\?|$))(?:\?([^#]*))?", re.ASCII
)
_UNFINISHED = {h11.IDLE, h11.SEND_BODY, h11.ERROR}  # states of a peer whose request has not come whole
_SLASH = re.compile("%2f", re.IGNORECASE)  # it stays: one that is escaped divides no path


class Host(Protocol):
    """What a connection needs of its server. `environ` is the part that is the same for all requests."""

    app: WSGIApplication
    environ: WSGIEnvironment
    stopping: Event

    def body_limit(self, path: str) -> int:
        """Return how many bytes of a body the application takes at a path."""
        ...

    def idle(self, sock: socket.socket, *, now: bool) -> None:
        """Note whether a connection waits for its next request."""
        ...

    def render(self, refusal: Problem) -> tuple[dict[str, object], list[tuple[str, str]]]:
        """Return the body and the headers of a refusal that the application does not see."""
        ...


class Refusal(Problem):
    """A message that never reaches the application: it is not HTTP as this server speaks it, or came too slowly."""

    def __init__(self, status: int, detail: str = "") -> None:
        super().__init__(detail or _DETAILS.get(status, _DETAILS[400]))
        self.status = status
        self.title = HTTPStatus(status).phrase
        self.slug = "internal_error" if status == HTTPStatus.INTERNAL_SERVER_ERROR else "malformed_request"


_DETAILS = {
    400: "This is not HTTP/1.1. Send a request line, a Host, a line for each header field, and the body they announce.",
    431: f"The head of a request may have {MAX_HEAD_BYTES:,} bytes. Send less.",
    500: "The server failed on this request. Send it again; if it fails again, report the request_id.",
    501: "The only Transfer-Encoding is chunked. Send the body as it is, or in chunks.",
}


class BrokenBody(io.BytesIO):
    """What came of a body that broke off, or came too `late`. Reading beyond it raises OSError."""

    def __init__(self, content: bytes, *, late: bool) -> None:
        super().__init__(content)
        self._late = late

    def read(self, size: int | None = -1, /) -> bytes:
        """Return what came. Raises TimeoutError or ConnectionError."""
        if data := super().read(size):
            return data
        raise TimeoutError if self._late else ConnectionError


class Connection:
    """Answers the requests of one peer, one after the other. Faults act on it with `cut` and `gone`."""

    def __init__(self, sock: socket.socket, peer: str, host: Host) -> None:
        self._socket = sock
        self._peer = peer
        self._host = host
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=MAX_HEAD_BYTES)
        self._method = b""  # of the request in hand, once its head is read
        self._broken = ""  # how a fault wants the answer in hand to go wrong
        self._held: list[h11.Event] = []  # the head of the answer in hand, until the first piece of its body

    def serve(self) -> None:
        """Answer until one of the two sides has had enough, and close the connection."""
        try:
            self._socket.settimeout(IDLE_SECONDS)
            if isinstance(self._socket, ssl.SSLSocket):
                self._socket.do_handshake()
            while not self._host.stopping.is_set() and self._serve_one():
                self._http.start_next_cycle()
        except OSError:
            log.debug("a peer left or fell silent", exc_info=True)
        finally:
            self._close()

    def cut(self, how: str) -> None:
        """Say how the answer goes wrong: nothing is sent (close, reset, hang), or only half of the body (truncate)."""
        self._broken = how

    def gone(self, seconds: float) -> bool:
        """Wait, and tell as soon as the peer has closed its end."""
        if len(self._http.trailing_data[0]) > MAX_HEAD_BYTES:  # it has sent enough requests that wait for their turn
            return self._host.stopping.wait(seconds)
        try:
            self._socket.settimeout(seconds)
            data = self._socket.recv(PIECE)
        except TimeoutError:
            return False
        except OSError:
            return True
        finally:
            self._socket.settimeout(IDLE_SECONDS)
        self._http.receive_data(data)
        return not data

    def _send(self, *events: h11.Event) -> None:
        """Send the parts of an answer at once, unless a fault forbids it. Raises OSError."""
        data = memoryview(b"".join([self._http.send(event) or b"" for event in events]))
        if self._broken in {"", TRUNCATE}:
            for start in range(0, len(data), PIECE):  # the peer has its time for each
                self._socket.sendall(data[start : start + PIECE])

    def _serve_one(self) -> bool:
        """Answer one request. Return whether there can be another. Raises OSError."""
        self._method = b""
        try:
            request = self._read_head()
            if request is None:
                return False
            self._method = request.method
            self._answer(request)
        except h11.RemoteProtocolError as error:
            self._refuse(Refusal(error.error_status_hint))
        except Refusal as refusal:
            self._refuse(refusal)
        except OSError:
            raise
        except Exception:
            log.exception("the application failed")
            if self._http.our_state is h11.SEND_RESPONSE:
                self._refuse(Refusal(500))
        return self._http.our_state is h11.DONE and self._http.their_state is h11.DONE

    def _read_head(self) -> h11.Request | None:
        """Return the next request, or None if the peer sends no more. Raises Refusal, RemoteProtocolError, OSError."""
        ends = math.inf
        while (event := self._http.next_event()) is h11.NEED_DATA:
            self._host.idle(self._socket, now=ends == math.inf)
            try:
                self._receive(ends)
            except TimeoutError:
                if ends == math.inf:  # a peer that is idle
                    return None
                raise Refusal(408, "The head of the request came too slowly. Send it at once.") from None
            ends = min(ends, monotonic() + HEAD_SECONDS)
        self._host.idle(self._socket, now=False)
        return event if isinstance(event, h11.Request) else None

    def _read_body(self, limit: int) -> BinaryIO:
        """Return the body, or its first bytes up to one more than the limit. Raises OSError if the peer is gone."""
        body, ends = io.BytesIO(), monotonic() + BODY_SECONDS
        if self._http.they_are_waiting_for_100_continue:
            self._send(h11.InformationalResponse(status_code=100, headers=[], reason=b"Continue"))
        try:
            while not isinstance(event := self._http.next_event(), h11.EndOfMessage):
                if isinstance(event, h11.Data):
                    body.write(event.data[: limit + 1 - body.tell()])
                else:
                    self._receive(ends)
        except (TimeoutError, h11.RemoteProtocolError) as error:
            return BrokenBody(body.getvalue(), late=isinstance(error, TimeoutError))
        body.seek(0)
        return body

    def _receive(self, ends: float) -> None:
        """Read what the peer sends next. Raises OSError, and TimeoutError if it does not come in time."""
        self._http.receive_data(self._socket.recv(PIECE))
        if monotonic() > ends:
            raise TimeoutError

    def _answer(self, request: h11.Request) -> None:
        """Let the application answer. Raises Refusal before it is called, and OSError."""
        environ = {**self._host.environ, **_described(request), "REMOTE_ADDR": self._peer}
        environ["mock_server.connection"] = self
        environ["wsgi.input"] = self._read_body(self._host.body_limit(environ["PATH_INFO"]))
        pieces = self._host.app(environ, self._start)
        try:
            for piece in pieces:
                self._write(piece)
        finally:
            if hasattr(pieces, "close"):
                pieces.close()
        if not self._broken:
            self._send(*self._held, h11.EndOfMessage())

    def _start(self, status: str, headers: list[tuple[str, str]], _: object = None, /) -> Callable[[bytes], object]:
        """Take the head of an answer, which is sent with the first piece of its body. This is `start_response`."""
        code, _, reason = status.partition(" ")
        encoded = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        encoded.append((b"Date", formatdate(usegmt=True).encode()))
        if self._http.their_state in _UNFINISHED or self._host.stopping.is_set():
            encoded.append((b"Connection", b"close"))
        self._held = [h11.Response(status_code=int(code), headers=encoded, reason=reason.encode("latin-1"))]
        return self._write

    def _write(self, data: bytes) -> None:
        """Send a piece of the body. Raises OSError."""
        if self._method == b"HEAD":  # is answered by the head alone
            data = b""
        if self._broken == TRUNCATE:
            data = data[: len(data) // 2]
        self._send(*self._held, h11.Data(data=data))
        self._held = []

    def _refuse(self, refusal: Refusal) -> None:
        document, headers = self._host.render(refusal)
        log.info("%s %s", refusal.status, refusal.detail)
        content = json.dumps(document).encode()
        self._start(f"{refusal.status} {refusal.title}", [*headers, ("Content-Length", str(len(content)))])
        self._write(content)
        self._send(h11.EndOfMessage())

    def _close(self) -> None:
        with suppress(OSError, ValueError):
            if self._broken == RESET:
                self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            else:
                self._say_goodbye()
        self._socket.close()

    def _say_goodbye(self) -> None:
        """End our side, and read what the peer still sends: a close would reset the connection and lose the answer."""
        if isinstance(self._socket, ssl.SSLSocket) and not self._broken:
            self._socket.settimeout(LINGER_SECONDS)
            with suppress(OSError):
                self._socket.unwrap()  # tells the peer that the answer was whole
        ends = monotonic() + BODY_SECONDS
        socket.socket.shutdown(self._socket, socket.SHUT_WR)  # not the method of SSLSocket, which goes on in plain text
        self._socket.settimeout(LINGER_SECONDS)
        while monotonic() < ends and self._socket.recv(PIECE):
            pass


def _described(request: h11.Request) -> WSGIEnvironment:
    """Return the part of a WSGI environ that a request decides. Raises Refusal if it can be read in two ways."""
    method, version = request.method.decode("ascii"), request.http_version.decode("ascii")
    if version not in {"1.0", "1.1"}:
        raise Refusal(505, "This server speaks HTTP/1.1 and HTTP/1.0.")
    target = _TARGET.fullmatch(request.target.decode("ascii"))
    if target is None or method != method.upper():  # werkzeug takes `post` for POST
        raise Refusal(400, "A request begins with a method in capitals and a path, or a whole http or https URL.")
    environ = {
        "REQUEST_METHOD": method,
        "PATH_INFO": "%2F".join(unquote_to_bytes(part).decode("latin-1") for part in _SLASH.split(target[1] or "/")),
        "QUERY_STRING": target[2] or "",
        "REQUEST_URI": target[0],
        "SERVER_PROTOCOL": f"HTTP/{version}",
    }
    environ.update(_fields(request.headers))
    if "HTTP_TRANSFER_ENCODING" in environ:
        if version == "1.0" or "CONTENT_LENGTH" in environ:
            raise Refusal(400, "A Transfer-Encoding needs HTTP/1.1, and no Content-Length beside it.")
        environ["wsgi.input_terminated"] = True
    return environ


def _fields(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Return the fields by their names in WSGI, but Content_Length and its like: it is not Content-Length."""
    values: dict[str, list[str]] = {}
    for name, value in headers:
        if b"_" not in name:
            key = name.decode("ascii").upper().replace("-", "_")
            key = key if key in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{key}"
            values.setdefault(key, []).append(value.decode("latin-1"))
    return {key: ", ".join(several) for key, several in values.items()}
