"""One threaded HTTP server in this process: cheroot, taught to answer in problems and to mistrust its peers.

`running` serves on a thread for as long as a `with` block lasts. The measurements behind the choice of cheroot are in
docs/decisions.md.
"""

from __future__ import annotations

import errno
import logging
import socket
import ssl
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from wsgiref.types import WSGIApplication

from cheroot import wsgi
from cheroot.errors import FatalSSLAlert
from cheroot.ssl import Adapter

from mock_server.app import create_app
from mock_server.config import Settings
from mock_server.connection import TIMED_OUT, Connection
from mock_server.messages import MAX_HEADER_BYTES
from mock_server.services import Mock
from mock_server.workspaces import ConfigError

THREADS = 64  # a submission holds one while its recording is fetched
BACKLOG = 512
IDLE_SECONDS = 10
FULL_SECONDS = 0.5  # between two looks at whether there are file descriptors again

log = logging.getLogger("mock_server.http")


class Gateway(wsgi.Gateway_10):  # type: ignore[misc]
    """Describes a request to the application, with the connection, for faults that act on it."""

    def get_environ(self) -> dict[str, Any]:
        """Return what cheroot does, but for the connection, in a third of the time."""
        request, connection = self.req, self.req.conn
        return {
            **{_variable(name): value.decode("latin-1") for name, value in request.inheaders.items()},
            "PATH_INFO": request.path.decode("latin-1"),
            "QUERY_STRING": request.qs.decode("latin-1"),
            "REQUEST_METHOD": request.method.decode("latin-1"),
            "REQUEST_URI": request.uri.decode("latin-1"),
            "SERVER_PROTOCOL": request.request_protocol.decode("latin-1"),
            "mock_server.connection": connection,
            "wsgi.errors": sys.stderr,
            "wsgi.input": request.rfile,
            "wsgi.input_terminated": request.chunked_read,
            "wsgi.url_scheme": request.scheme.decode("latin-1"),
            **connection.environ,
        }


@lru_cache(64)
def _variable(header: bytes) -> str:
    name = header.decode("latin-1").upper().replace("-", "_")
    return name if name in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{name}"


class Listener(socket.socket):
    """A listening socket that waits while there are no file descriptors left.

    cheroot would begin its round anew, with a traceback for each try, and never come to close those who are idle.
    """

    def accept(self) -> tuple[socket.socket, Any]:
        """Accept a connection. Raises OSError, and TimeoutError where nobody could be let in."""
        try:
            return super().accept()
        except OSError as error:
            if error.errno not in {errno.EMFILE, errno.ENFILE}:
                raise
            log.warning("no more connections: %s; close some, or raise the limit (ulimit -n)", error.strerror)
            time.sleep(FULL_SECONDS)
            raise TimeoutError(TIMED_OUT) from None


class TlsSocket(ssl.SSLSocket):
    """A socket that stays encrypted until it is closed: SSLSocket, once shut down, goes on in plain text."""

    def shutdown(self, how: int) -> None:
        """Shut the connection down, and leave TLS as it is."""
        socket.socket.shutdown(self, how)


class Tls(Adapter):  # type: ignore[misc]
    """TLS whose handshake happens on a worker: in cheroot's own adapter a silent peer stops the whole server."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self.context = context

    def bind(self, sock: socket.socket) -> socket.socket:
        return sock

    def wrap(self, sock: socket.socket) -> tuple[ssl.SSLSocket, dict[str, str]]:
        try:
            wrapped = self.context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
        except OSError as error:
            raise FatalSSLAlert(*error.args) from error  # which cheroot takes for a peer that left
        return wrapped, self.get_environ()

    def get_environ(self) -> dict[str, str]:
        return {"wsgi.url_scheme": "https", "HTTPS": "on"}

    def makefile(self, sock: socket.socket, mode: str = "r", bufsize: int = -1) -> Any:
        raise NotImplementedError  # connections open their own


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
            bound = super().bind(family, type, proto)
        except OSError as error:
            self.bind_error = error
            raise
        self.socket = Listener(fileno=bound.detach())
        return self.socket

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
    context.sslsocket_class = TlsSocket
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
