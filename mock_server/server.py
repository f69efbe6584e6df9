"""A small HTTP server in this process: the standard library's socketserver, with a thread for each connection.

`running` serves on a thread for as long as a `with` block lasts. Why it is this server: docs/decisions.md.
"""

from __future__ import annotations

import errno
import logging
import socket
import socketserver
import ssl
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from wsgiref.types import WSGIApplication

from mock_server.app import EVERYWHERE, body_limit, create_app
from mock_server.clock import wait_until
from mock_server.config import Settings
from mock_server.connection import Connection
from mock_server.problems import MEDIA_TYPE, Problem
from mock_server.services import Mock
from mock_server.workspaces import ConfigError

MAX_CONNECTIONS = 1000  # each has a thread; a further one takes the place of one that is idle, or waits
BACKLOG = 512
STOP_SECONDS = 5.0  # for answers that are under way when the server stops
POLL_SECONDS = 0.1  # between two looks at whether the server stops
PAUSE_SECONDS = 0.5  # until the server looks again whether it can let somebody in

log = logging.getLogger("mock_server.http")


class Server(socketserver.ThreadingTCPServer):
    """The server of one mock. It listens as soon as it is made. Raises OSError if it cannot."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = BACKLOG

    def __init__(self, mock: Mock, app: WSGIApplication | None = None) -> None:
        settings = mock.settings
        self.mock = mock
        self.app = app or create_app(mock=mock)
        self.stopping = mock.stopping
        self._tls = _tls_context(settings) if settings.tls_cert and settings.tls_key else None
        self._open: set[socket.socket] = set()
        self._idle: dict[socket.socket, None] = {}  # those that wait for a request, the longest first
        self._changed = threading.Condition()
        self.address_family, _, _, _, address = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        super().__init__(
            (str(address[0]), int(address[1])), socketserver.BaseRequestHandler
        )  # which finish_request does not use
        self.environ = {
            "SCRIPT_NAME": "",
            "SERVER_NAME": self.server_address[0],
            "SERVER_PORT": str(self.server_address[1]),
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "https" if self._tls else "http",
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }

    @property
    def origin(self) -> str:
        """The URL at which it can be reached from this machine."""
        host, port = str(self.server_address[0]), self.server_address[1]
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  an address to reach, not to bind
        return f"{'https' if self._tls else 'http'}://{f'[{host}]' if ':' in host else host}:{port}"

    def body_limit(self, path: str) -> int:
        """Return how many bytes of a body the mock takes at a path."""
        return body_limit(path)

    def render(self, refusal: Problem) -> tuple[dict[str, object], list[tuple[str, str]]]:
        """Return the body and the headers of a refusal that the application does not see."""
        document = refusal.as_json(self.mock.services.ids.new("rid"))
        return document, [("Content-Type", MEDIA_TYPE), *EVERYWHERE]

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accept a connection. Raises OSError if nobody can be let in at the moment; socketserver then asks again."""
        with self._changed:
            if len(self._open) >= MAX_CONNECTIONS:
                self._end(socket.SHUT_RD, list(self._idle)[:1])  # it makes room for somebody who has a request
            if not wait_until(self._changed, lambda: len(self._open) < MAX_CONNECTIONS, PAUSE_SECONDS):
                raise TimeoutError("as many connections as there may be are open")
        try:
            sock, address = super().get_request()
        except OSError as error:
            if error.errno in {errno.EMFILE, errno.ENFILE}:
                log.warning("no more connections: %s; close some, or raise the limit (ulimit -n)", error.strerror)
                self.stopping.wait(PAUSE_SECONDS)
            raise
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._tls is not None:  # the handshake is for the thread of the connection
                sock = self._tls.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
        except OSError:  # the peer has left already
            sock.close()
            raise
        with self._changed:
            self._open.add(sock)
        return sock, address

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Serve a connection to its end, on its own thread."""
        Connection(request, client_address[0], self).serve()

    def idle(self, sock: socket.socket, *, now: bool) -> None:
        """Note whether a connection waits for its next request. When there is no room, such a one is ended."""
        with self._changed:
            if now:
                self._idle[sock] = None
            else:
                self._idle.pop(sock, None)

    def shutdown_request(self, request: Any) -> None:
        """Let the next one in, now that a connection has ended."""
        request.close()
        with self._changed:
            self._open.discard(request)
            self._idle.pop(request, None)
            self._changed.notify_all()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002  of socketserver
        """Log a defect of the server."""
        log.exception("a connection failed")  # noqa: LOG004  it is called in the handler

    def stop(self) -> None:
        """End within about `STOP_SECONDS`: nothing new is begun, and answers under way are given that time."""
        self.shutdown()
        self.server_close()
        with self._changed:
            self._end(socket.SHUT_RD, self._open)
            if not wait_until(self._changed, lambda: not self._open, STOP_SECONDS):
                self._end(socket.SHUT_RDWR, self._open)
                wait_until(self._changed, lambda: not self._open, PAUSE_SECONDS)

    @staticmethod
    def _end(how: int, connections: Iterable[socket.socket]) -> None:
        for sock in connections:
            with suppress(OSError):  # its peer was faster
                socket.socket.shutdown(sock, how)  # not the method of SSLSocket, which goes on in plain text


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
    with serving(Mock(settings or Settings())) as server:
        yield server


@contextmanager
def serving(mock: Mock, app: WSGIApplication | None = None) -> Iterator[Running]:
    """Serve a mock that exists, as `running` does; through `app` if its application is wrapped in another."""
    server = _listening(mock, app)
    thread = threading.Thread(target=server.serve_forever, args=(POLL_SECONDS,), name="mock-server")
    thread.start()
    try:
        credentials = {caller.name: caller.credential for caller in mock.settings.callers}
        yield Running(f"{server.origin}/api", f"{server.origin}/__admin", credentials, mock)
    finally:
        try:
            mock.stop()  # first, so that no request waits for anything
        finally:
            server.stop()
            thread.join()


def _listening(mock: Mock, app: WSGIApplication | None) -> Server:
    """Return a server that listens. If it cannot, the mock is stopped and ConfigError raised."""
    try:
        return Server(mock, app)
    except OSError as error:
        mock.stop()
        raise _cannot_listen(mock.settings, error) from None
    except ConfigError:
        mock.stop()
        raise


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
        case OSError(errno=errno.EADDRINUSE):
            return ConfigError(f"--port: {place} is in use: stop the other server, or choose another port (0: any)")
        case OSError(errno=errno.EACCES):
            return ConfigError(f"--port: {place} needs more rights: choose a port above 1023")
    return ConfigError(f"--host: cannot listen on {place}: {error.strerror or error}")
