"""A receiver of webhooks: what a target sends while a run goes on. It listens where the configuration says.

Whatever arrives is kept as it came, up to a limit, and answered with 204. It may have come from anybody.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from contract.message import Message

MOST = 5000  # messages that are kept
MOST_BYTES = 64 << 20  # and of their bodies
LARGEST = 1 << 20  # bytes of one
SILENCE = 10.0  # seconds after which a sender that says nothing is left


@dataclass(frozen=True, slots=True)
class Webhooks:
    """Where a run listens for webhooks, and the secret of the endpoint that leads there: `whsec_…`.

    `listener` is a socket that listens already; without it, one is made at `host` and `port`.
    """

    host: str
    port: int
    secret: str = field(repr=False)
    listener: socket.socket | None = field(default=None, repr=False)


class Receiver:
    """Listens on a thread of its own from now on, until it is closed. Raises OSError if it cannot."""

    def __init__(self, webhooks: Webhooks) -> None:
        self._changed = threading.Condition()
        self._messages: list[Message] = []
        self._size = 0  # bytes of their bodies
        self.full = False  # whether something came that was not kept
        self._refused: set[str] = set()
        self.refuses: str | None = None  # a title: the first attempt of each message about it is answered with 500
        self._server = server = _Server((webhooks.host, webhooks.port), _handler(self))
        if webhooks.listener is None:
            server.server_bind()
            server.server_activate()
        else:
            server.socket.close()
            server.socket = webhooks.listener.dup()
        # Others may listen at the same socket, and take the sender that this one was told of.
        server.socket.setblocking(False)
        threading.Thread(target=server.serve_forever, args=(0.05,), name="contract-webhooks", daemon=True).start()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()

    @property
    def messages(self) -> list[Message]:
        """What has come so far, in its order."""
        with self._changed:
            return list(self._messages)

    def wait(self, arrived: Callable[[list[Message]], bool], seconds: float) -> bool:
        """Wait until what has come is enough. Return whether it is."""
        with self._changed:
            return self._changed.wait_for(lambda: arrived(self._messages), seconds)

    def take(self, message: Message) -> int:
        """Keep a message and return the status to answer it with."""
        with self._changed:
            if len(self._messages) < MOST and self._size + len(message.content) <= MOST_BYTES:
                self._messages.append(message)
                self._size += len(message.content)
            else:
                self.full = True
            self._changed.notify_all()
            if self.refuses is None or message.engagement.get("title") != self.refuses or message.id in self._refused:
                return 204
            self._refused.add(message.id)
            return 500


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        super().__init__(address, handler, bind_and_activate=False)

    def handle_error(self, request: object, client_address: object) -> None:
        """Take a sender that leaves for no error."""


def _handler(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = SILENCE

        def do_POST(self) -> None:
            length = self.headers.get("Content-Length", "")
            fits = length.isascii() and length.isdigit() and len(length) < 10 and int(length) <= LARGEST
            content = self.rfile.read(int(length)) if fits else b""
            self.close_connection = self.close_connection or not fits  # what was not read is no request
            headers = {name.lower(): value for name, value in self.headers.items()}
            self.send_response(receiver.take(Message(headers, content, time.time())))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  of http.server
            pass

    return Handler
