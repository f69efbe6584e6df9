"""A threaded HTTP/1.1 server for the peer, from the standard library: keep-alive, chunks both ways, no HTML."""

from __future__ import annotations

import io
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from secrets import token_hex
from typing import Any

from tests.peer.app import Headers, Peer

MOST = 64 << 20  # bytes of a body


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    server: Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 30

    def __getattr__(self, name: str) -> Callable[[], None]:
        """Serve every method alike: the application judges it."""
        if name.startswith("do_"):
            return self._serve
        raise AttributeError(name)

    def _serve(self) -> None:
        body = self._body()
        if body is None:
            self.close_connection = True
            return self.send_error(400, "The body is broken off or framed wrongly.")
        ceiling = self.server.peer.variant.proxy_ceiling
        if ceiling is not None and len(body) > ceiling:
            return self._answer("413 Payload Too Large", [("Content-Type", "text/html")], b"<h1>Too large</h1>")
        environ = {
            "REQUEST_METHOD": self.command,
            "PATH_INFO": self.path.partition("?")[0],
            "QUERY_STRING": self.path.partition("?")[2],
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "HTTP_AUTHORIZATION": self.headers.get("Authorization", ""),
            "HTTP_IF_NONE_MATCH": self.headers.get("If-None-Match", ""),
            "wsgi.input": io.BytesIO(body),
        }
        begun: list[tuple[str, Headers]] = []
        pieces = self.server.peer(environ, lambda status, headers: begun.append((status, headers)))
        return self._answer(*begun[0], *pieces)

    def _answer(self, status: str, headers: Headers, *pieces: bytes) -> None:
        """Send an answer, in chunks unless its length is announced or it is one piece."""
        if len(pieces) == 1:
            headers = [*headers, ("Content-Length", str(len(pieces[0])))]
        if pieces and not any(name == "Content-Length" for name, _ in headers):
            headers = [*headers, ("Transfer-Encoding", "chunked")]
            pieces = (*(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces if piece), b"0\r\n\r\n")
        if self.close_connection:
            headers = [*headers, ("Connection", "close")]
        head = "".join(f"{name}: {value}\r\n" for name, value in headers)
        content = b"" if self.command == "HEAD" else b"".join(pieces)
        with suppress(OSError):
            self.wfile.write(f"HTTP/1.1 {status}\r\n{head}\r\n".encode("latin-1") + content)

    def _body(self) -> bytes | None:
        """Return the body, or None if it cannot be read to its end."""
        length = self.headers.get("Content-Length", "0")
        try:
            if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
                return b"".join(self._chunks())
            if not (length.isascii() and length.isdigit() and len(length) < 10 and int(length) <= MOST):
                return None
            body = self.rfile.read(int(length))
        except (OSError, ValueError):
            return None
        return body if len(body) == int(length) else None

    def _chunks(self) -> Iterator[bytes]:
        left = MOST
        while size := int(self.rfile.readline(1024).partition(b";")[0].strip(), 16):
            left -= size
            if size < 0 or left < 0 or len(chunk := self.rfile.read(size)) < size or self.rfile.read(2) != b"\r\n":
                raise ValueError("a chunk is wrong")
            yield chunk
        while self.rfile.readline(1024).strip():
            pass  # trailers

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer malformed HTTP with a problem, where the library would send a page."""
        del explain
        problem: dict[str, Any] = {"type": "https://app.askelephant.ai/errors/bad_request", "title": "Bad request"}
        problem |= {"status": code, "detail": message or "Malformed HTTP.", "request_id": f"rid_{token_hex(12)}"}
        headers = [
            ("Content-Type", "application/problem+json"),
            ("X-Api-Version", self.server.peer.variant.api_version),
        ]
        self.close_connection = True
        self.command = self.command or "GET"
        self._answer(f"{code} Bad", headers, json.dumps(problem).encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Log nothing."""


class Server(ThreadingHTTPServer):
    """All connections of one peer, which end with it."""

    request_queue_size = 128
    daemon_threads = False

    def __init__(self, peer: Peer) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.peer = peer
        self._open: set[socket.socket] = set()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Note a connection and give it a thread."""
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Forget a connection and close it."""
        self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Take a peer that leaves for no error."""

    def close(self) -> None:
        """Stop, ending idle connections."""
        self.shutdown()
        for connection in list(self._open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self.server_close()


@contextmanager
def listening(peer: Peer) -> Iterator[str]:
    """Serve until the block ends, and yield the origin."""
    server = Server(peer)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, name="peer")
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.close()
        thread.join()
