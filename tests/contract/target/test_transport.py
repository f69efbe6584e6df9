"""Bursts whose last bytes are released together, against a server that checks and then acts."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import trustme

from contract.exchange import Body, Request
from contract.target.config import Config, Credential
from contract.target.transport import HttpTransport, NoAnswer
from mock_server import Settings, running


class CheckThenAct(BaseHTTPRequestHandler):
    """Answers 201 if nobody was there when it looked, a millisecond before it wrote."""

    protocol_version = "HTTP/1.1"
    there: set[bytes] = set()  # noqa: RUF012  shared by all requests of one test, on purpose

    def do_POST(self) -> None:
        """Look, wait a millisecond, write."""
        key = self.rfile.read(int(self.headers["Content-Length"]))
        first = key not in self.there
        time.sleep(0.001)
        self.there.add(key)
        self.send_response(201 if first else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Careless(ThreadingHTTPServer):
    """A server whose queue holds a whole burst: a connection too many is tried again a second later."""

    request_queue_size = 64


@contextmanager
def careless() -> Iterator[str]:
    """Serve the careless server and yield its base URL."""
    server = Careless(("127.0.0.1", 0), CheckThenAct)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_window_of_a_millisecond_is_hit() -> None:
    """Of twenty runs of three bursts each, at least nineteen find two firsts in a burst."""
    with careless() as url:
        transport = HttpTransport(Config(url, {}, ()))
        runs = [
            any(
                [answer.status for answer in transport.race([_request(f"{run}.{burst}") for _ in range(8)])].count(201)
                > 1
                for burst in range(3)
            )
            for run in range(20)
        ]
    assert sum(runs) >= 19


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
        trusting = HttpTransport(Config(server.base_url, credentials, (), ca_file=tmp_path / "ca.pem"))
        assert trusting.send(_request("a")).status == 401
        assert [answer.status for answer in trusting.race([_request("b")] * 3)] == [401] * 3
        doubting = HttpTransport(Config(server.base_url, credentials, ()))
        with pytest.raises(NoAnswer, match="certificate"):
            doubting.send(_request("a"))
        with pytest.raises(NoAnswer, match="certificate"):
            doubting.race([_request("b")])
