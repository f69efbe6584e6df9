"""HTTP/1.1 as the mock reads and writes it: cheroot's requests, taught to answer in problems and to mistrust peers."""

from __future__ import annotations

import json
import re
import time
from contextlib import suppress
from email.utils import formatdate
from functools import lru_cache
from typing import Any

from cheroot.server import HTTPRequest

from mock_server.app import API_VERSION, SERVER_NAME
from mock_server.faults.faults import CLOSE
from mock_server.problems import MEDIA_TYPE, TYPE_BASE
from mock_server.services import Mock

MAX_HEADER_BYTES = 256 * 1024
MAX_CHUNK_LINE = 4096
DRAIN_BYTES = 256 * 1024 * 1024  # how much of a refused body is read so that its sender sees the answer


class ChunkedBody:
    """A chunked body, read piece by piece: the size a chunk announces is not memory that the server gives.

    Once it is broken it stays so: what follows on the connection must not be taken for the rest, or for a request.
    """

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._left = 0  # bytes of the present chunk
        self._ended = self._broken = False

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes, never of more than one chunk, and none at the end. Raises OSError, ValueError."""
        if self._broken:
            raise ValueError("the body is broken")
        try:
            return b"" if self._ended else self._next(size)
        except (OSError, ValueError):
            self._broken = True
            raise

    def _next(self, size: int) -> bytes:
        if not self._left:
            start = _CHUNK.fullmatch(self._line())
            if start is None:
                raise ValueError("a chunk does not begin with its size")
            self._left = int(start[1], 16)
            if not self._left:
                self._skip_trailers()
                return b""
        piece: bytes = self._connection.read(min(self._left, size))
        if not piece:
            raise ValueError("a chunk breaks off")
        self._left -= len(piece)
        if not self._left and self._connection.read(2) != b"\r\n":
            raise ValueError("a chunk does not end where it should")
        return piece

    def _skip_trailers(self) -> None:
        budget = MAX_HEADER_BYTES
        while (line := self._line()) != b"\r\n":
            budget -= len(line)
            if budget < 0 or _FIELD.fullmatch(line) is None:
                raise ValueError("the trailers are too long, or no fields")
        self._ended = True

    def _line(self) -> bytes:
        line: bytes = self._connection.readline(MAX_CHUNK_LINE)
        if not line.endswith(b"\r\n"):
            raise ValueError("a line is too long or breaks off")
        return line


def read_headers(rfile: Any, headers: dict[bytes, bytes]) -> None:
    """Read header fields up to the empty line, in the place of cheroot's reader: it admits more than RFC 9112 does.

    Raises ValueError with what to do, and cheroot's error where there is too much of them.
    """
    while (line := rfile.readline(MAX_HEADER_BYTES)) != b"\r\n":
        field = _FIELD.fullmatch(line)
        if field is None:
            raise ValueError("A header field is a name, a colon and a value, on one line that ends with CRLF.")
        _add(headers, *field.groups())


def _add(headers: dict[bytes, bytes], name: bytes, value: bytes) -> None:
    """Add a field to those of its name (RFC 9110, 5.3): a second Content-Length makes the first one useless.

    Names with an underscore are left out: an application could not tell Content_Length from Content-Length.
    """
    if b"_" not in name:
        name, value = name.title(), value.strip(b" \t")
        headers[name] = b"%b, %b" % (headers[name], value) if name in headers else value


_TOKEN = rb"[!#-'*+\-.^-z|~0-9A-Z]+"
_FIELD = re.compile(rb"(" + _TOKEN + rb"):([^\0-\x08\x0a-\x1f\x7f]*)\r\n")
_LENGTH = re.compile(rb"[0-9]{1,15}")
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\0-\x08\x0a-\x1f\x7f]*)?\r\n")
# What cheroot has read of a request line: method, target, version. It takes more than these for each of them.
_REQUEST_LINE = re.compile(_TOKEN + rb" [!-~]+ HTTP/1\.[01]")
# A head that can be read in one way only, without a field that changes how the message is read or answered.
# (No possessive quantifiers: Python 3.11.2, a distribution's, takes what does not match them.)
_PLAIN = re.compile(
    rb"(?!CONNECT )([A-Z]+) (/[A-Za-z0-9/._~-]*) HTTP/1\.1\r\n"
    rb"((?:(?!(?i:Connection(?!: *keep-alive\r)|Expect|Transfer-Encoding):)" + _FIELD.pattern + rb")+)\r\n"
)


class Request(HTTPRequest):  # type: ignore[misc]
    """One request. What cheroot refuses by itself is a problem too, and an unread body never becomes a request."""

    header_reader = staticmethod(read_headers)

    def __init__(self, server: Any, conn: Any) -> None:
        # proxy_mode admits absolute request targets, as RFC 9112 asks of every server.
        super().__init__(server, conn, proxy_mode=True)

    def parse_request(self) -> None:
        """Read the head: a plain one that has come whole in one go, any other as cheroot does, in twice the time."""
        head = _PLAIN.match(self.conn.rfile.peek(1))
        if head is None:
            super().parse_request()
            return
        self.conn.rfile.read(head.end())
        self.started_request = True
        self.method, self.uri, fields = head.group(1, 2, 3)
        self.path, self.qs = self.uri, b""
        self.request_protocol, self.response_protocol = b"HTTP/1.1", "HTTP/1.1"
        for name, value in _FIELD.findall(fields):
            _add(self.inheaders, name, value)
        self.ready = self._has_usable_length()

    def read_request_line(self) -> bool:
        try:
            if not super().read_request_line():
                return False
        except ValueError:  # urlsplit does not take every text
            self.simple_response("400 Bad Request", "The request target is not a valid URL.")
            return False
        line = b" ".join((self.method, self.uri, self.request_protocol))
        if _REQUEST_LINE.fullmatch(line) is None or self.scheme not in {b"http", b"https"}:
            self.simple_response("400 Bad Request", "A request begins with a method, a target and HTTP/1.1.")
            return False
        if self.uri.startswith(b"//"):  # a path, not the name of another host
            self.path = self.uri.partition(b"?")[0]
        return True

    def read_request_headers(self) -> bool:
        if not super().read_request_headers():
            return False
        self.conn.wfile.flush()  # the word to continue, which the peer may wait for
        options = self.inheaders.get(b"Connection", b"").lower().split(b",")
        if b"close" in [option.strip(b" \t") for option in options]:  # cheroot knows one spelling
            self.close_connection = True
        coding = self.inheaders.get(b"Transfer-Encoding")
        if coding is not None and not (self.chunked_read and coding.lower() == b"chunked"):
            self.simple_response("400 Bad Request", "A Transfer-Encoding is chunked, and needs HTTP/1.1.")
            return False
        return self._has_usable_length()

    def _has_usable_length(self) -> bool:
        length = self.inheaders.get(b"Content-Length")
        if length is not None and (self.chunked_read or not _LENGTH.fullmatch(length)):
            self.simple_response("400 Bad Request", "The Content-Length is not usable.")
            return False
        return True

    def respond(self) -> None:
        if self.chunked_read:
            self.rfile = ChunkedBody(self.conn.rfile)
            self.server.gateway(self).respond()
            if self.ready:
                self.ensure_headers_sent()
            if self.chunked_write:
                self.conn.wfile.write(b"0\r\n\r\n")
        else:
            super().respond()
        self.conn.wfile.flush()

    def ensure_headers_sent(self) -> None:
        if self.sent_headers:
            return
        if self.conn.broken:
            self.close_connection = True
            if self.conn.silent:
                # What was not read would turn an orderly close into a reset.
                self.conn.unread = self.conn.broken == CLOSE and not self._drain()
                return
        self.outheaders.append((b"Date", _http_date(int(time.time())).encode()))
        if not self._drain():
            self.close_connection = self.conn.unread = True
        super().ensure_headers_sent()

    def write(self, chunk: bytes) -> None:
        if self.conn.broken:
            chunk = b"" if self.conn.silent else chunk[: len(chunk) // 2]
        if chunk:
            super().write(chunk)
            self.conn.wfile.flush()

    def _drain(self) -> bool:
        """Read what the application left of the body. Return whether the stream stands at the next request."""
        try:
            for _ in range(DRAIN_BYTES >> 16):
                if not self.rfile.read(1 << 16):
                    return not getattr(self.rfile, "remaining", 0)
        except (OSError, ValueError):
            pass
        return False

    def simple_response(self, status: str, msg: str = "") -> None:
        """Answer what never reaches the application: malformed HTTP, headers that are too large, a failure."""
        if status.startswith("413"):  # the only limit that cheroot keeps here is the one on headers
            status, msg = "431 Request Header Fields Too Large", f"The limit is {MAX_HEADER_BYTES} bytes."
        code, _, title = str(status).partition(" ")
        slug = "internal_error" if code == "500" else "malformed_request"
        mock: Mock = self.server.mock
        problem = {
            "type": TYPE_BASE + slug,
            "title": title,
            "status": int(code),
            "detail": msg or title,
            "request_id": mock.services.ids.new("rid"),
        }
        content = json.dumps(problem).encode()
        head = (
            f"HTTP/1.1 {status}\r\nContent-Type: {MEDIA_TYPE}\r\nContent-Length: {len(content)}\r\n"
            f"Date: {_http_date(int(time.time()))}\r\n"
            f"X-Api-Version: {API_VERSION}\r\nX-Mock-Server: {SERVER_NAME}\r\nConnection: close\r\n\r\n"
        )
        self.close_connection = self.conn.unread = True
        with suppress(OSError):
            self.conn.wfile.write(head.encode() + content)
            self.conn.wfile.flush()


@lru_cache(1)
def _http_date(seconds: int) -> str:
    return formatdate(seconds, usegmt=True)
