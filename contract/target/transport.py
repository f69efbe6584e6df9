"""HTTP to the target: one request at a time, or several whose last bytes are released together."""

from __future__ import annotations

import http.client
import socket
import ssl
import time
from collections.abc import Iterator, Sequence
from typing import Protocol
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter

from contract.exchange import Request, Response
from contract.target.config import Config

CONNECT_SECONDS = 10.0
MAX_RESPONSE = 4 * 1024 * 1024
PIECE = 1 << 16


class NoAnswer(Exception):  # noqa: N818  a fact about the target, not a mistake  # noqa: N818  a fact about the target, not a mistake
    """The connection was refused, dropped, or silent for too long."""


class Transport(Protocol):
    """Sends requests. `race` sends several at the same moment and returns their answers in order."""

    def send(self, request: Request) -> Response:
        """Send one request. Raises NoAnswer."""
        ...

    def race(self, racers: Sequence[Request]) -> list[Response]:
        """Send all at once. Raises NoAnswer if any of them gets no answer."""
        ...


class HttpTransport:
    """The real thing. Redirects are not followed, the environment's proxies and netrc are not read."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers.clear()
        self._session.verify = str(config.ca_file) if config.ca_file else True
        if config.proxy:
            self._session.proxies = {"http": config.proxy, "https": config.proxy}
        self._session.mount("http://", HTTPAdapter(pool_maxsize=2))

    def send(self, request: Request) -> Response:
        """Send one request and read the answer within the configured timeout, all of it."""
        started = time.monotonic()
        content = request.body.content
        try:
            answer = self._session.request(
                request.method,
                self._config.base_url + request.path,
                data=_pieces(content) if request.chunked else content,
                headers=dict((*self._config.headers.items(), *request.headers)),
                timeout=(CONNECT_SECONDS, self._config.timeout),
                allow_redirects=False,
                stream=True,
            )
            read = self._read(answer, started + self._config.timeout)
        except (requests.RequestException, OSError) as error:
            raise NoAnswer(_reason(error)) from error
        headers = {name.lower(): value for name, value in answer.headers.items()}
        return Response(answer.status_code, headers, read, time.monotonic() - started)

    def _read(self, answer: requests.Response, deadline: float) -> bytes:
        """Read a body against a clock, so that a target that drips cannot hold the run."""
        pieces: list[bytes] = []
        size = 0
        for piece in answer.iter_content(PIECE):
            pieces.append(piece)
            size += len(piece)
            if time.monotonic() > deadline:
                raise TimeoutError("the answer did not end in time")
            if size > MAX_RESPONSE:
                answer.close()
                break
        return b"".join(pieces)

    def race(self, racers: Sequence[Request]) -> list[Response]:
        """Open a connection each, send all but the last byte, then release the last bytes together."""
        connections = []
        try:
            for racer in racers:
                connections.append(self._connect())
                self._send_most(connections[-1], racer)
            started = time.monotonic()
            for connection, racer in zip(connections, racers, strict=True):
                connection.send(racer.body.content[-1:])
            return [self._answer(connection, started) for connection in connections]
        except (http.client.HTTPException, OSError) as error:
            raise NoAnswer(_reason(error)) from error
        finally:
            for connection in connections:
                connection.close()

    def _connect(self) -> http.client.HTTPConnection:
        target = urlsplit(self._config.base_url)
        proxy = urlsplit(self._config.proxy) if self._config.proxy else None
        peer = proxy or target
        host, port = peer.hostname or "", peer.port or (443 if peer.scheme == "https" else 80)
        timeout = self._config.timeout
        connection: http.client.HTTPConnection
        if target.scheme == "https":
            context = ssl.create_default_context(cafile=str(self._config.ca_file) if self._config.ca_file else None)
            connection = http.client.HTTPSConnection(host, port, timeout=timeout, context=context)
            if proxy:
                connection.set_tunnel(target.hostname or "", target.port or 443)
        else:
            connection = http.client.HTTPConnection(host, port, timeout=timeout)
        connection.connect()
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def _send_most(self, connection: http.client.HTTPConnection, racer: Request) -> None:
        url = self._config.base_url + racer.path
        through_proxy = self._config.proxy and url.startswith("http:")
        connection.putrequest(racer.method, url if through_proxy else urlsplit(url).path, skip_accept_encoding=True)
        for name, value in (*self._config.headers.items(), *racer.headers):
            connection.putheader(name, value)
        connection.putheader("Content-Length", str(len(racer.body.content)))
        connection.endheaders(racer.body.content[:-1])

    def _answer(self, connection: http.client.HTTPConnection, started: float) -> Response:
        answer = connection.getresponse()
        content = answer.read(MAX_RESPONSE)
        headers = {name.lower(): value for name, value in answer.getheaders()}
        return Response(answer.status, headers, content, time.monotonic() - started)


def _pieces(content: bytes) -> Iterator[bytes]:
    """Yield a body in pieces, which makes the library send it chunked."""
    for start in range(0, len(content), PIECE):
        yield content[start : start + PIECE]


def _reason(error: Exception) -> str:
    """Say in a few words why there was no answer, without the parts of a URL or a header."""
    cause: BaseException | None = error
    names: list[str] = []
    while cause is not None and len(names) < 4:
        names.append(type(cause).__name__)
        cause = cause.__cause__ or cause.__context__
    text = " ".join(names)
    for sign, reason in (
        ("NameResolution", "the name does not resolve"),
        ("gaierror", "the name does not resolve"),
        ("SSL", "TLS failed: is the certificate valid for this name? (http.ca_file adds an authority)"),
        ("Proxy", "the proxy does not answer"),
        ("ConnectionRefused", "nothing listens there"),
        ("Timeout", "no answer in time"),
        ("timed out", "no answer in time"),
    ):
        if sign in text:
            return reason
    return f"the connection broke ({names[-1]})"
