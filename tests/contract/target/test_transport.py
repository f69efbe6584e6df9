"""Bursts whose last bytes are released together, and both kinds of requests over TLS."""

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import trustme

from contract.exchange import Body, Request
from contract.target.client import BURST
from contract.target.config import Config, Credential
from contract.target.transport import HttpTransport, NoAnswer
from mock_server import Settings, running

DEADLINE = 30.0  # seconds, for a machine under load; reached only by a failure


class Together(BaseHTTPRequestHandler):
    """Answers no request of a burst before all of them have arrived whole."""

    protocol_version = "HTTP/1.1"
    gate = threading.Barrier(BURST)

    def do_POST(self) -> None:
        """Read, wait for the others, answer."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self.gate.wait(DEADLINE)
        self.send_response(201)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Chunks(Together):
    """Answers with what it gets as each chunk is decoded by itself."""

    def do_POST(self) -> None:
        """Read chunk by chunk, and answer."""
        text = ""
        while size := int(self.rfile.readline(), 16):
            text += self.rfile.read(size).decode("utf-8", "replace")
            self.rfile.readline()
        content = text.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


class Lengths(Together):
    """Answers with the length that a request announces."""

    def do_POST(self) -> None:
        """Answer, and end the connection."""
        content = str(self.headers.get("Content-Length")).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(content)


class Roomy(ThreadingHTTPServer):
    """A server whose queue holds a whole burst: a connection too many is tried again a second later."""

    request_queue_size = 64


@contextmanager
def served(handler: type[BaseHTTPRequestHandler] = Together) -> Iterator[str]:
    """Serve and yield the base URL."""
    server = Roomy(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.parametrize("count", [10, 1000, 100_000])
def test_letters_lie_in_two_chunks(count: int) -> None:
    """A server that decodes each chunk by itself spoils a text with letters of several bytes, short or long."""
    body = Body.of({"title": "é" * count})
    request = Request(body, (("Content-Type", "application/json"),), chunked=True)
    with served(Chunks) as url, HttpTransport(Config(url, {}, ())) as transport:
        answer = transport.send(request)
    assert "\ufffd" in answer.content.decode()


@pytest.mark.parametrize(("body", "length"), [(b"", "None"), (b"{}", "2")])
def test_a_request_without_a_body_has_no_length(body: bytes, length: str) -> None:
    """Frameworks make something else of it than of an empty body, and that is what clients send."""
    with served(Lengths) as url, HttpTransport(Config(url, {}, ())) as transport:
        assert transport.send(Request(Body(body), ())).content.decode() == length


def test_a_burst_is_under_way_as_a_whole() -> None:
    """A server that answers none of eight requests before all eight are there gets them all."""
    with served() as url, HttpTransport(Config(url, {}, ())) as transport:
        answers = transport.race([_request("a")] * BURST)
    assert [answer.status for answer in answers] == [201] * BURST


def test_no_request_of_a_burst_ends_before_the_last_one_has_nearly_arrived() -> None:
    """No last byte is sent while one of the eight has more to send than its last byte.

    The server leaves the large body of one request unread. So that one cannot be sent, and by then nothing may be
    there of the others but what lies before their last bytes.
    """
    small, large = b"s" * 100, b"l" * (32 << 20)
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server, ThreadPoolExecutor(1) as pool:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
        server.settimeout(DEADLINE)
        with HttpTransport(Config(f"http://127.0.0.1:{server.getsockname()[1]}", {}, ())) as transport:
            burst = pool.submit(transport.race, [_request(body.decode()) for body in [small] * (BURST - 1) + [large]])
            peers = [server.accept()[0] for _ in range(BURST)]
            bodies = [_until(peer, b"\r\n\r\n") for peer in peers]
            begun = {peer: _at_least(peer, body, 99) for peer, body in zip(peers, bodies, strict=True)}
            early = [body for body in begun.values() if body == small]
            # The large one first: the others wait for it.
            for peer, body in sorted(begun.items(), key=lambda item: item[1]):
                _at_least(peer, body, len(large if body.startswith(b"l") else small))
                peer.sendall(b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n")
            assert [answer.status for answer in burst.result(DEADLINE)] == [201] * BURST
            for peer in peers:
                peer.close()
    assert early == []


def _until(peer: socket.socket, end: bytes) -> bytes:
    """Read a head, and return what came behind it."""
    peer.settimeout(DEADLINE)
    read = b""
    while end not in read:
        read += peer.recv(1 << 16)
    return read.partition(end)[2]


def _at_least(peer: socket.socket, read: bytes, size: int) -> bytes:
    """Read until there are so many bytes, and return all that is there."""
    pieces, count = [read], len(read)
    while count < size:
        pieces.append(peer.recv(1 << 16))
        count += len(pieces[-1])
    return b"".join(pieces)


def _request(key: str) -> Request:
    return Request(Body(key.encode()), (("Content-Type", "text/plain"),))


def test_bursts_and_requests_go_over_tls(tmp_path: Path) -> None:
    """With http.ca_file both kinds of requests verify the certificate; without it both refuse to connect."""
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1", "localhost")
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    certificate.private_key_pem.write_to_path(tmp_path / "key.pem")
    certificate.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    settings = Settings(port=0, tls_cert=tmp_path / "cert.pem", tls_key=tmp_path / "key.pem", log_level="error")
    with running(settings) as server:
        credentials = {"writer": Credential("writer", "w")}
        with HttpTransport(Config(server.base_url, credentials, (), ca_file=tmp_path / "ca.pem")) as trusting:
            assert trusting.send(_request("a")).status == 401
            assert [answer.status for answer in trusting.race([_request("b")] * 3)] == [401] * 3
        doubting = HttpTransport(Config(server.base_url, credentials, ()))
        with pytest.raises(NoAnswer, match="certificate"):
            doubting.send(_request("a"))
        with pytest.raises(NoAnswer, match="certificate"):
            doubting.race([_request("b")])
