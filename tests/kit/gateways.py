"""What stands in front of real targets, on real sockets: one reverse proxy, and the behaviours of widespread ones.

Each keeps the target's log: what it passed on.
"""

from __future__ import annotations

import base64
import gzip
import random
import re
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar
from urllib.parse import urlsplit

Headers = list[tuple[str, str]]
HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "proxy-connection", "proxy-authorization"}
BEGINNING = 60  # requests, after which the pre-flight of a run is over
DEADLINE = 60.0  # seconds


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it arrived."""

    method: str
    path: str
    headers: Headers = field(repr=False)
    body: bytes = field(repr=False)

    def header(self, name: str) -> str:
        """Return the value of a header, empty without one."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer on its way back. Content-Length and Connection are not among its headers."""

    status: int
    headers: Headers
    body: bytes


def page(status: int, text: str = "Something went wrong", *headers: tuple[str, str]) -> Answer:
    """Return a page of a gateway, which is no answer of the API."""
    return Answer(status, [("Content-Type", "text/html"), *headers], f"<html><h1>{text}</h1></html>".encode())


class Handler(BaseHTTPRequestHandler):
    """One connection of a client."""

    server: Gateway
    disable_nagle_algorithm = True
    timeout = DEADLINE

    def __getattr__(self, name: str) -> Callable[[], None]:
        """Serve every method alike: the target judges it."""
        if name.startswith("do_"):
            return self._serve
        raise AttributeError(name)

    def _serve(self) -> None:
        asked = Asked(self.command, self.path, list(self.headers.items()), self._body())
        if (answer := self.server.answer(asked)) is None:
            self.close_connection = True  # without a word
            return
        with suppress(OSError):
            self.server.write(self, answer)

    def _body(self) -> bytes:
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            return b"".join(self._chunks())
        return self.rfile.read(int(self.headers.get("Content-Length", "0")))

    def _chunks(self) -> Iterator[bytes]:
        while size := int(self.rfile.readline(1024).partition(b";")[0], 16):
            yield self.rfile.read(size)
            self.rfile.readline(8)
        self.rfile.readline(8)

    def log_message(self, *_: object) -> None:
        """Log nothing here."""


class Gateway(ThreadingHTTPServer):
    """Passes requests on to the target at `base_url`. Each kind overrides what it does differently; kinds can be mixed.

    `log` is what was passed on, the target's own log, and `made` counts what it answered with 201.
    """

    request_queue_size = 128
    version: ClassVar = "HTTP/1.1"

    def __init__(self, base_url: str, context: ssl.SSLContext | None = None) -> None:
        handler = type("Handler", (Handler,), {"protocol_version": self.version})
        super().__init__(("127.0.0.1", 0), handler)
        if context is not None:  # the handshake is left to the connection's own thread
            self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self.log: list[Asked] = []
        self.made = 0
        self.chance = random.Random(4)
        self._target = urlsplit(base_url).netloc

    def answer(self, asked: Asked) -> Answer | None:
        """Return what the client gets: what the target says, unless overridden. None ends the connection."""
        self.log.append(asked)
        connection = HTTPConnection(self._target, timeout=DEADLINE)
        try:
            path = re.sub(r"^http://[^/]*", "", asked.path)  # a proxy is asked for whole URLs
            connection.putrequest(asked.method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in asked.headers:
                if name.lower() not in HOP_BY_HOP | {"content-length"}:
                    connection.putheader(name, value)
            connection.putheader("Content-Length", str(len(asked.body)))
            connection.endheaders(asked.body)
            response = connection.getresponse()
            kept = [(name, value) for name, value in response.getheaders() if name.lower() not in HOP_BY_HOP]
            headers = [(name, value) for name, value in kept if name.lower() != "content-length"]
            self.made += response.status == 201
            return Answer(response.status, headers, response.read())
        finally:
            connection.close()

    def write(self, peer: Handler, answer: Answer) -> None:
        """Send an answer to the client."""
        peer.wfile.write(head(answer, f"{self.version} {answer.status} -", len(answer.body)) + answer.body)

    def handle_error(self, request: object, client_address: object) -> None:
        """Take a client that leaves for no error."""


def head(answer: Answer, first: str, length: int | None = None) -> bytes:
    """Return the head of an answer, with this first line."""
    sized = [] if length is None else [("Content-Length", str(length))]
    lines = [first, *(f"{name}: {value}" for name, value in [*answer.headers, *sized])]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")


class Picky(Gateway):
    """Wants a User-Agent."""

    def answer(self, asked: Asked) -> Answer | None:
        """Refuse a client that does not say what it is."""
        return super().answer(asked) if asked.header("User-Agent") else page(403, "Request blocked")


class Gzipping(Gateway):
    """Compresses every answer, whether the client asks for it or not."""

    def answer(self, asked: Asked) -> Answer | None:
        """Compress what the target says."""
        if (said := super().answer(asked)) is None:
            return None
        return replace(said, headers=[*said.headers, ("Content-Encoding", "gzip")], body=gzip.compress(said.body, 1))


class Proxy(Gateway):
    """A forward proxy that wants credentials, and finds every name at its target."""

    user = b"us%er:p@ssword"

    def answer(self, asked: Asked) -> Answer | None:
        """Pass on what comes with the credentials."""
        known = asked.header("Proxy-Authorization") == f"Basic {base64.b64encode(self.user).decode()}"
        return super().answer(asked) if known else page(407, "Who are you?", ("Proxy-Authenticate", "Basic"))


class Old(Gateway):
    """Speaks HTTP/1.0: no length, no chunks, and a connection for each request."""

    version = "HTTP/1.0"

    def answer(self, asked: Asked) -> Answer | None:
        """Refuse chunks, which this version does not have."""
        return page(411, "Length required") if asked.header("Transfer-Encoding") else super().answer(asked)

    def write(self, peer: Handler, answer: Answer) -> None:
        """End the answer with the connection."""
        peer.wfile.write(head(answer, f"HTTP/1.0 {answer.status} -") + answer.body)


class Outage(Gateway):
    """Is away for eight seconds in the middle of a run: every connection ends without an answer."""

    seconds = 8.0
    until: float | None = None

    def answer(self, asked: Asked) -> Answer | None:
        """Say nothing while it is away."""
        if self.until is None and len(self.log) == 3 * BEGINNING:
            self.until = time.monotonic() + self.seconds
        away = self.until is not None and time.monotonic() < self.until
        return None if away else super().answer(asked)


class Firewall(Gateway):
    """Blocks bodies with an address inside."""

    inside = re.compile(rb"\b(127\.|10\.|192\.168\.|169\.254\.)[0-9.]+")

    def answer(self, asked: Asked) -> Answer | None:
        """Show a page."""
        blocked = self.inside.search(asked.body)
        return page(403, "Sorry, you have been blocked", ("Server", "cloudflare")) if blocked else super().answer(asked)


class Flaky(Gateway):
    """Answers some by itself: the target may have got the request all the same."""

    share = 0.04

    def answer(self, asked: Asked) -> Answer | None:
        """Say 408, 502 or 520 now and then; most of it with the advice to come back at once."""
        if self.chance.random() >= self.share:
            return super().answer(asked)
        if self.chance.random() < 0.5:
            super().answer(asked)
        soon = [("Retry-After", "0")] if self.chance.random() < 0.8 else []
        return page(self.chance.choice((408, 502, 520)), "Something went wrong", *soon)


@contextmanager
def standing(gateway: Gateway) -> Iterator[str]:
    """Serve until the block ends, and yield the host and port."""
    thread = threading.Thread(target=gateway.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"127.0.0.1:{gateway.server_port}"
    finally:
        gateway.shutdown()
        gateway.server_close()
        thread.join()
