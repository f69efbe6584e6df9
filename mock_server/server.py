"""One threaded HTTP server in this process: cheroot, taught to answer in problems and to mistrust its peers.

`running` serves on a thread for as long as a `with` block lasts. The measurements behind the choice of cheroot are in
docs/decisions.md.
"""

from __future__ import annotations

import json
import logging
import os
import re
import select
import socket
import ssl
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from wsgiref.types import WSGIApplication

from cheroot import wsgi
from cheroot.makefile import MakeFile
from cheroot.server import HTTPConnection, HTTPRequest
from cheroot.ssl import Adapter

from mock_server.admin.faults import CLOSE, RESET
from mock_server.app import API_VERSION, SERVER_NAME, create_app
from mock_server.problems import MEDIA_TYPE, TYPE_BASE
from mock_server.services import Mock
from mock_server.settings import Settings
from mock_server.workspaces import ConfigError

THREADS = 64  # a submission holds one while its recording is fetched
MAX_HEADER_BYTES = 256 * 1024
MAX_CHUNK_LINE = 4096
BACKLOG = 512
IDLE_SECONDS = 10
DRAIN_BYTES = 256 * 1024 * 1024  # how much of a refused body is read so that its sender sees the answer
LINGER_SECONDS = 2.0

log = logging.getLogger("mock_server.http")


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
            digits = self._line().partition(b";")[0].strip()
            if not re.fullmatch(rb"[0-9A-Fa-f]{1,15}", digits):
                raise ValueError("a chunk does not begin with its size")
            self._left = int(digits, 16)
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
            if budget < 0:
                raise ValueError("the trailers are too long")
        self._ended = True

    def _line(self) -> bytes:
        line: bytes = self._connection.readline(MAX_CHUNK_LINE)
        if not line.endswith(b"\r\n"):
            raise ValueError("a line is too long or breaks off")
        return line


class Headers(dict[bytes, bytes]):
    """Header fields as cheroot collects them. A second Content-Length makes the first one useless, not forgotten."""

    def __setitem__(self, name: bytes, value: bytes) -> None:
        if name == b"Content-Length" and name in self:
            value = self[name] + b", " + value
        super().__setitem__(name, value)


class Request(HTTPRequest):  # type: ignore[misc]
    """One request. What cheroot refuses by itself is a problem too, and an unread body never becomes a request."""

    def __init__(self, server: Any, conn: Any) -> None:
        # proxy_mode admits absolute request targets, as RFC 9112 asks of every server.
        super().__init__(server, conn, proxy_mode=True)
        self.inheaders = Headers()

    def read_request_line(self) -> bool:
        try:
            if not super().read_request_line():
                return False
        except ValueError:  # urlsplit does not take every text
            self.simple_response("400 Bad Request", "The request target is not a valid URL.")
            return False
        if self.uri.startswith(b"//"):  # a path, not the name of another host
            self.path = self.uri.partition(b"?")[0]
        return True

    def read_request_headers(self) -> bool:
        if not super().read_request_headers():
            return False
        if not self.chunked_read and b"Transfer-Encoding" in self.inheaders:
            self.simple_response("400 Bad Request", "A Transfer-Encoding needs HTTP/1.1.")
            return False
        length = self.inheaders.get(b"Content-Length")
        if length is not None and (self.chunked_read or not re.fullmatch(rb"[0-9]{1,15}", length)):
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

    def ensure_headers_sent(self) -> None:
        if self.conn.broken:
            self.close_connection = True
            if self.conn.silent:
                # What was not read would turn an orderly close into a reset.
                self.conn.unread = self.conn.broken == CLOSE and not self._drain()
                return
        if not self.sent_headers and not self._drain():
            self.close_connection = self.conn.unread = True
        super().ensure_headers_sent()

    def write(self, chunk: bytes) -> None:
        if self.conn.broken:
            chunk = b"" if self.conn.silent else chunk[: len(chunk) // 2]
        if chunk:
            super().write(chunk)

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
            f"X-Api-Version: {API_VERSION}\r\nX-Mock-Server: {SERVER_NAME}\r\nConnection: close\r\n\r\n"
        )
        self.close_connection = self.conn.unread = True
        with suppress(OSError):
            self.conn.wfile.write(head.encode() + content)


class Connection(HTTPConnection):  # type: ignore[misc]
    """A connection that its peer can read to the end, even when it sent more than was read."""

    RequestHandlerClass = Request
    unread = False
    broken = ""  # how a fault wants the answer in hand to go wrong

    @property
    def silent(self) -> bool:
        """Whether nothing at all is to be sent."""
        return self.broken in {CLOSE, RESET}

    def cut(self, how: str) -> None:
        self.broken = how

    def gone(self, seconds: float) -> bool:
        poll = select.poll()  # select itself fails on descriptors above 1023
        poll.register(self.socket, select.POLLIN)
        if not poll.poll(seconds * 1000):
            return False
        if isinstance(self.socket, ssl.SSLSocket):  # what is there may be the rest of the request: nobody can peek
            time.sleep(seconds)
            return False
        try:
            if not self.socket.recv(1, socket.MSG_PEEK):
                return True
        except OSError:
            return True
        time.sleep(seconds)  # the peer has sent more, and waits
        return False

    def close(self) -> None:
        if self.broken == RESET:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            os.close(self.socket.detach())  # without the FIN that cheroot's own way sends first
            return
        if self.unread:  # closing now would reset the connection and take the answer with it
            with suppress(OSError):
                self.socket.settimeout(LINGER_SECONDS)
                self.socket.shutdown(socket.SHUT_WR)
                for _ in range(DRAIN_BYTES >> 16):
                    if not self.socket.recv(1 << 16):
                        break
        super().close()


class Gateway(wsgi.Gateway_10):  # type: ignore[misc]
    """Shows the application the connection, for faults that act on it."""

    def get_environ(self) -> dict[str, Any]:
        return {**super().get_environ(), "mock_server.connection": self.req.conn}


class Tls(Adapter):  # type: ignore[misc]
    """TLS whose handshake happens on a worker: in cheroot's own adapter a silent peer stops the whole server."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self.context = context

    def bind(self, sock: socket.socket) -> socket.socket:
        return sock

    def wrap(self, sock: socket.socket) -> tuple[ssl.SSLSocket, dict[str, str]]:
        wrapped = self.context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
        return wrapped, self.get_environ()

    def get_environ(self) -> dict[str, str]:
        return {"wsgi.url_scheme": "https", "HTTPS": "on"}

    def makefile(self, sock: socket.socket, mode: str = "r", bufsize: int = -1) -> Any:
        return MakeFile(sock, mode, bufsize)


class Server(wsgi.Server):  # type: ignore[misc]
    """The server of one mock. `bind_error` is the reason why it could not listen."""

    ConnectionClass = Connection
    max_request_header_size = MAX_HEADER_BYTES
    keep_alive_conn_limit = None
    bind_error: OSError | None = None

    def __init__(self, mock: Mock, app: WSGIApplication | None = None) -> None:
        settings = mock.settings
        super().__init__(
            (settings.host, settings.port),
            app or create_app(mock=mock),
            numthreads=THREADS,
            request_queue_size=BACKLOG,
            timeout=IDLE_SECONDS,
        )
        self.mock = mock
        self.gateway = Gateway
        if settings.tls_cert and settings.tls_key:
            self.ssl_adapter = Tls(_tls_context(settings))

    def bind(self, family: int, type: int, proto: int = 0) -> Any:  # noqa: A002  cheroot's name
        try:
            return super().bind(family, type, proto)
        except OSError as error:
            self.bind_error = error
            raise

    def process_conn(self, conn: Any) -> None:
        """Give a connection to a worker once its peer has something to say.

        cheroot does so as soon as it connects, and a few dozen silent peers would hold all workers.
        """
        if conn.last_used is None:
            self.put_conn(conn)
        else:
            super().process_conn(conn)

    def error_log(self, msg: str = "", level: int = 20, traceback: bool = False) -> None:  # noqa: FBT001, FBT002
        """Log what goes wrong on connections. Peers that leave are no news."""
        log.log(level if level >= logging.ERROR else logging.DEBUG, "%s", msg, exc_info=traceback)


@dataclass(frozen=True, slots=True)
class Running:
    """A server that answers: where it is, the credentials by name, and the mock behind it."""

    base_url: str
    admin_url: str
    credentials: dict[str, str] = field(repr=False)
    mock: Mock


@contextmanager
def running(settings: Settings | None = None) -> Iterator[Running]:
    """Serve on a thread until the block ends; on a free port unless the settings name one.

    Raises ConfigError, with what to do, if the address cannot be bound or the certificate cannot be used.
    """
    with serving(Mock(settings or Settings(port=0))) as server:
        yield server


@contextmanager
def serving(mock: Mock, app: WSGIApplication | None = None) -> Iterator[Running]:
    """Serve a mock that exists, as `running` does; through `app` if its application is wrapped in another."""
    server = _listening(mock, app)
    thread = threading.Thread(target=server.serve, name="mock-server")
    thread.start()
    try:
        yield _describe(server)
    finally:
        try:
            mock.stop()  # first, so that no worker waits for anything
        finally:
            server.stop()
            thread.join()


def _listening(mock: Mock, app: WSGIApplication | None) -> Server:
    """Return a server that listens. If it cannot, the mock is stopped and ConfigError raised."""
    try:
        server = Server(mock, app)
        try:
            server.prepare()
        except OSError as error:
            raise _cannot_listen(mock.settings, server.bind_error or error) from None
    except ConfigError:
        mock.stop()
        raise
    return server


def _describe(server: Server) -> Running:
    host, port = server.bind_addr
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  an address to reach, not to bind
    scheme = "https" if server.ssl_adapter else "http"
    origin = f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"
    mock: Mock = server.mock
    credentials = {caller.name: caller.credential for caller in mock.settings.callers}
    return Running(f"{origin}/api", f"{origin}/__admin", credentials, mock)


def _tls_context(settings: Settings) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(str(settings.tls_cert), str(settings.tls_key))
    except OSError as error:  # ssl.SSLError is one too
        reason = error.strerror or "not a certificate with its key"
        files = f"{settings.tls_cert} with {settings.tls_key}"
        raise ConfigError(f"--tls-cert, --tls-key: cannot use {files}: {reason}") from None
    return context


def _cannot_listen(settings: Settings, error: OSError) -> ConfigError:
    place = f"{settings.host} port {settings.port}"
    match error:
        case OSError(errno=98 | 48):
            return ConfigError(f"--port: {place} is in use: stop the other server, or choose another port (0: any)")
        case OSError(errno=13):
            return ConfigError(f"--port: {place} needs more rights: choose a port above 1023")
    return ConfigError(f"--host: cannot listen on {place}: {error.strerror or error}")
