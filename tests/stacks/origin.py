"""The web of the namespace: every address, public or private, is this one origin, on ports 443 and 80.

So a server that dials a private address gets a recording there, and a missing check shows as an engagement.
"""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import IPv6Address
from pathlib import Path
from socket import AF_INET6, socket
from typing import Any, ClassVar

from tests.kit import recordings
from tests.kit.origin import Certificates
from tests.stacks.names import NOBODY

MEDIA = "https://media.example.org"
SECONDS = 3.0
TYPES = {
    ".wav": ("wav-pcm", "audio/wav"),
    ".ogg": ("ogg-opus", "audio/ogg"),
    ".m4a": ("m4a", "audio/mp4"),
    ".flac": ("flac", "audio/flac"),
    ".mp4": ("mp4-film", "video/mp4"),
    ".webm": ("webm", "video/webm"),
}
PAGES = {".html": "text/html; charset=utf-8", ".json": "application/json", ".txt": "text/plain", ".png": "image/png"}
MP3 = {"Content-Type": "audio/mpeg"}
REDIRECTS = {
    "public": "https://cdn.example.org/a.mp3",
    "private": "https://10.0.0.5/a.mp3",
    "private-name": "https://intranet.example.org/a.mp3",
    "loopback": "https://127.0.0.1/a.mp3",
    "metadata": "http://169.254.169.254/a.mp3",
    "http": "http://media.example.org/a.mp3",
    "page": "https://cdn.example.org/page.html",
    "loop": "/redirect/loop/a.mp3",
}


class Handler(BaseHTTPRequestHandler):
    """Answers by the path; see README.md. A path that means nothing else serves a recording of 3 seconds."""

    protocol_version = "HTTP/1.1"
    log: ClassVar[Path]

    def do_GET(self) -> None:
        """Answer as the first part of the path says."""
        path = self.path.split("?")[0]
        match path.split("/")[1:]:
            case ["redirect", kind, *_] if kind in REDIRECTS:
                self.answer(302, {"Location": REDIRECTS[kind]})
            case ["status", code, *_]:
                self.answer(int(code), {"Content-Type": "text/plain"}, b"not a recording")
            case ["slow", seconds, *_]:
                time.sleep(float(seconds))
                self.recording("")
            case ["hang", *_]:
                self.rfile.read(1)  # until the client has had enough
            case ["truncated", *_]:
                self.answer(200, MP3, recordings.sample("mp3-cbr", SECONDS)[:-1], length=10**6)
            case ["stall", *_]:
                self.answer(200, MP3, b"ID3", length=10**6)
                self.rfile.read(1)
            case ["no-type", *_]:
                self.answer(200, {}, recordings.sample("mp3-cbr", SECONDS))
            case ["type", kind, subtype, *_]:
                self.answer(200, {"Content-Type": f"{kind}/{subtype}"}, recordings.sample("mp3-cbr", SECONDS))
            case ["get-only", *_] if self.command == "HEAD":
                self.answer(405, {"Allow": "GET"})
            case _:
                self.recording("." + path.rpartition(".")[2])

    do_HEAD = do_GET  # noqa: N815  the name that http.server calls

    def recording(self, suffix: str) -> None:
        """Serve what the suffix says: a page, or a recording in this format."""
        if suffix in PAGES:
            self.answer(200, {"Content-Type": PAGES[suffix]}, b"<html>no recording</html>")
        else:
            name, kind = TYPES.get(suffix, ("mp3-cbr", "audio/mpeg"))
            self.answer(200, {"Content-Type": kind}, recordings.sample(name, SECONDS))

    def answer(self, status: int, headers: dict[str, str], content: bytes = b"", length: int | None = None) -> None:
        """Send one response and close. `length` is what it promises, if not the length of the content."""
        self.send_response(status)
        promised = len(content) if length is None else length
        for name, value in {**headers, "Content-Length": str(promised), "Connection": "close"}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Note what was asked, and at which address."""
        with self.log.open("a", encoding="utf-8") as log:
            log.write(f"{dialled(self.connection)} {self.requestline} for {self.headers.get('Host')}\n")


class Plain(ThreadingHTTPServer):
    """The origin over HTTP, on every address of both families."""

    address_family = AF_INET6
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *_: object) -> None:
        """Say nothing about a client that left."""


class Secure(Plain):
    """The origin over HTTPS, with a certificate for the name, or the address, that the client dialled."""

    certificates: ClassVar[Certificates]

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Shake hands in the thread of the connection, then answer. At one address a connection ends at once."""
        if dialled(request) == NOBODY:
            return
        with suppress(OSError), self.certificates.at(dialled(request)).wrap_socket(request, server_side=True) as tls:
            super().finish_request(tls, client_address)


def dialled(connection: socket) -> str:
    """Return the address of our end, as the client wrote it."""
    address = IPv6Address(connection.getsockname()[0].partition("%")[0])
    return str(address.ipv4_mapped or address)


def serve(certificates: Certificates, log: Path) -> None:
    """Serve on both ports from threads that end with the process."""
    Secure.certificates, Handler.log = certificates, log
    for kind, port in ((Secure, 443), (Plain, 80)):
        threading.Thread(target=kind(("::", port), Handler).serve_forever, name="origin", daemon=True).start()
