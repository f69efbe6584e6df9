"""Serve one application on one server in this process; run by the other scripts.

    python benchmarks/host.py cheroot|waitress|werkzeug mock|flask [--tls FILE] [--reset]

Prints its port. A line on standard input stops it; it then prints how many seconds the stop took, and how many of the
server's threads outlived it. After ten seconds it no longer waits.
"""

from __future__ import annotations

import argparse
import logging
import os
import socket
import ssl
import struct
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from flask import Flask, jsonify

from mock_server import Settings, create_app
from mock_server.cli import tune
from mock_server.server import THREADS, Server, Tls
from mock_server.services import Mock

Environ = dict[str, Any]


class Cheroot:
    """The mock's own server."""

    def __init__(self, app: Any, tls: ssl.SSLContext | None) -> None:
        self._server = Server(Mock(Settings(port=0)), app)
        self._server.ssl_adapter = Tls(tls) if tls else None
        usual = self._server.gateway

        class Gateway(usual):  # type: ignore[misc, valid-type]
            def get_environ(self) -> Environ:
                return {**super().get_environ(), "connection": self.req.conn.socket}

        self._server.gateway = Gateway
        self._server.prepare()
        self.port = self._server.bind_addr[1]
        self.serve, self.stop = self._server.serve, self._server.stop

    @staticmethod
    def connection(environ: Environ) -> socket.socket | None:
        """Through a gateway of one's own, which is what cheroot offers for it."""
        return environ.get("connection")


class Waitress:
    """Waitress with as many threads."""

    def __init__(self, app: Any, tls: ssl.SSLContext | None) -> None:
        import waitress.server  # not a dependency of the project

        if tls is not None:
            raise SystemExit("waitress has no TLS")
        self._server = waitress.server.create_server(app, host="127.0.0.1", port=0, threads=THREADS)
        self.port = self._server.effective_port
        self.serve = self._server.run

    def stop(self) -> None:
        """Close the listener and end the workers; there is no call that ends the loop of another thread."""
        self._server.close()
        self._server.task_dispatcher.shutdown()

    @staticmethod
    def connection(environ: Environ) -> socket.socket | None:
        """Nothing in the environment leads to it."""
        return environ.get("waitress.socket")


class Werkzeug:
    """Werkzeug's server with a thread for each connection, told to speak HTTP/1.1."""

    def __init__(self, app: Any, tls: ssl.SSLContext | None) -> None:
        from werkzeug.serving import WSGIRequestHandler, make_server

        class Handler(WSGIRequestHandler):
            protocol_version = "HTTP/1.1"

        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Handler, ssl_context=tls)
        self.port = server.port
        self.serve, self._server = server.serve_forever, server

    def stop(self) -> None:
        """Stop accepting, wait for the loop, close the listener."""
        self._server.shutdown()
        self._server.server_close()

    @staticmethod
    def connection(environ: Environ) -> socket.socket | None:
        """Take it from the environment."""
        return environ.get("werkzeug.socket")


HOSTS: dict[str, Callable[..., Any]] = {"cheroot": Cheroot, "waitress": Waitress, "werkzeug": Werkzeug}


def bare() -> Flask:
    """Return an application of one route that answers a constant."""
    app = Flask("bare")
    app.add_url_rule(
        "/api/v2/engagements", "create", lambda: jsonify(object="engagement", id="ngmt_1"), methods=["POST"]
    )
    return app


def resetting(app: Any, connection: Callable[[Environ], socket.socket | None]) -> Any:
    """Wrap an application: at /reset it resets the connection, if it can reach it."""

    def wrapped(environ: Environ, start_response: Any) -> Any:
        if environ["PATH_INFO"] == "/reset" and (peer := connection(environ)) is not None:
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            os.close(peer.detach())
        return app(environ, start_response)

    return wrapped


def main() -> None:
    """Serve until a line arrives."""
    tune()  # as the command does
    parser = argparse.ArgumentParser()
    parser.add_argument("server", choices=HOSTS)
    parser.add_argument("app", choices=("mock", "flask"))
    parser.add_argument("--tls", help="a file with certificate and key")
    parser.add_argument("--reset", action="store_true", help="reset the connection at /reset, if it can be reached")
    arguments = parser.parse_args()
    context = None
    if arguments.tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(arguments.tls)
    kind = HOSTS[arguments.server]
    app = create_app(Settings()) if arguments.app == "mock" else bare()
    host = kind(resetting(app, kind.connection) if arguments.reset else app, context)
    serving = threading.Thread(target=host.serve, daemon=True)
    serving.start()
    print(host.port, flush=True)
    sys.stdin.readline()
    began = time.perf_counter()
    host.stop()
    serving.join(10)
    print(f"{time.perf_counter() - began:.3f} {threading.active_count() - 1}", flush=True)
    os._exit(0)  # threads that outlived the stop must not keep this process


if __name__ == "__main__":
    main()
