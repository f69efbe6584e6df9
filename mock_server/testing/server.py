"""One mock for a session of tests: over HTTP once somebody asks for its address, and in process without a socket."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from contextlib import ExitStack
from typing import Self
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Flask

from mock_server.app import create_app
from mock_server.config import Settings
from mock_server.faults.orders import HANG
from mock_server.server import Running, serving
from mock_server.services import Mock


class EngagementsServer:
    """A mock with its application. It ends with the `with` block.

    `base_url` and `admin_url` start the server, on a free port and a thread of this process. `app` is the same mock
    for Flask's test client and for `httpx.WSGITransport`: it needs neither a socket nor a thread.
    """

    def __init__(self, settings: Settings | None = None) -> None:
        self.mock = Mock(settings or Settings())
        self.app: Flask = create_app(mock=self.mock)
        self.app.wsgi_app = InProcess(self.app.wsgi_app)  # type: ignore[method-assign]  # Flask's way to wrap it
        self._ending = ExitStack()
        self._ending.callback(self.mock.stop)
        self._starting = threading.Lock()
        self._running: Running | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.close()

    @property
    def base_url(self) -> str:
        """The root of the API, such as `http://127.0.0.1:40123/api`. Raises ConfigError if no port can be bound."""
        return self._listen().base_url

    @property
    def admin_url(self) -> str:
        """The root of the control plane."""
        return self._listen().admin_url

    @property
    def credentials(self) -> dict[str, str]:
        """The credentials that the server was started with, by name."""
        return {caller.name: caller.credential for caller in self.mock.settings.callers}

    def _listen(self) -> Running:
        with self._starting:
            if self._running is None:
                self._running = self._ending.enter_context(serving(self.mock, self.app))
            return self._running


class InProcess:
    """Lets faults break a call that has no connection: it raises what a client would see of a broken one."""

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request. Raises ConnectionResetError or TimeoutError if a fault breaks the answer."""
        if "mock_server.connection" in environ:  # of a server, which breaks the real connection
            return self._app(environ, start_response)
        connection = environ["mock_server.connection"] = CallInProcess()
        pieces = self._app(environ, start_response)
        if connection.broken is not None:
            if hasattr(pieces, "close"):
                pieces.close()
            raise connection.broken
        return pieces


class CallInProcess:
    """What faults act on where there is no connection."""

    def __init__(self) -> None:
        self.broken: OSError | None = None

    def cut(self, how: str) -> None:
        """Break the answer."""
        if how == HANG:
            self.broken = TimeoutError("a fault of the kind hang kept the answer back")
        else:
            self.broken = ConnectionResetError(f"a fault of the kind {how} broke off the answer")

    def gone(self, seconds: float) -> bool:  # noqa: ARG002  of BreakableConnection
        """Return True at once: a caller in this thread cannot leave, so nothing is gained by letting it hang."""
        return True
