"""HTTP to the target: one request at a time, or several whose last bytes are released together, in one way."""

from __future__ import annotations

import ssl
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from typing import Protocol, Self
from urllib.parse import unquote, urlsplit

import certifi
import httpcore

from contract.exchange import Request, Response
from contract.target.config import Config
from contract.target.silence import NoAnswer, why
from contract.target.stream import Backend
from contract.target.values import ConfigError

MAX_RESPONSE = 1 << 22  # bytes; what is longer is cut, and so no JSON
IDLE_SECONDS = 2.0  # after which a connection is not used again: servers close theirs soon
__all__ = ["MAX_RESPONSE", "HttpTransport", "NoAnswer", "Transport"]


class Transport(Protocol):
    """Sends requests. `race` sends several at the same moment and returns their answers in order."""

    def send(self, request: Request) -> Response:
        """Send one request. Raises NoAnswer."""
        ...

    def race(self, racers: Sequence[Request]) -> list[Response]:
        """Send all at once. Raises NoAnswer if any of them gets no answer."""
        ...


class HttpTransport:
    """The real thing. Redirects are not followed, the environment's proxies and netrc are not read.

    Sending and receiving end by the configured timeout, whatever the target does. Connections stay open from request to
    request, until the end of its `with` block. For use from several threads.
    """

    def __init__(self, config: Config) -> None:
        self._config = config
        self._url = urlsplit(config.base_url)
        self._backend = Backend()
        self._pool = _pool(config, self._backend)
        self._headers = _merged(
            {
                "Host": self._url.netloc,
                "User-Agent": f"engagement-contract-kit/{version('engagement-contract-kit')}",
                "Accept": "*/*",
                "Accept-Encoding": "gzip, deflate",
            }.items(),
            config.headers.items(),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.close()

    def send(self, request: Request) -> Response:
        """Send one request and read the answer within the configured timeout, all of it."""
        content = request.body.content
        return self._exchange(request, lambda: _pieces(content) if request.chunked else iter((content,)))

    def race(self, racers: Sequence[Request]) -> list[Response]:
        """Open a connection each, send all but the last byte, then release the last bytes together."""
        gate = threading.Barrier(len(racers))

        def run(racer: Request) -> Response | NoAnswer:
            try:
                return self._exchange(racer, lambda: self._held(racer.body.content, gate))
            except NoAnswer as reason:
                gate.abort()  # nobody waits for this one
                return reason

        with ThreadPoolExecutor(len(racers), thread_name_prefix="contract-race") as pool:
            answers = list(pool.map(run, racers))
        if silent := [answer for answer in answers if isinstance(answer, NoAnswer)]:
            raise next((reason for reason in silent if not reason.followed), silent[0])
        return [answer for answer in answers if isinstance(answer, Response)]

    def _held(self, content: bytes, gate: threading.Barrier) -> Iterator[bytes]:
        yield content[:-1]
        gate.wait(self._backend.remaining())
        yield content[-1:]

    def _exchange(self, request: Request, body: Callable[[], Iterator[bytes]]) -> Response:
        started = time.monotonic()
        self._backend.ends = started + self._config.timeout
        try:
            answer = self._pool.handle_request(self._http(request, body()))
            try:
                content = _whole(answer)
            finally:
                answer.close()
        except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError, httpcore.ProxyError) as error:
            raise NoAnswer(why(error, self._url)) from error
        except threading.BrokenBarrierError as error:
            raise NoAnswer("another request of the burst got no answer", followed=True) from error
        return _response(answer, content, time.monotonic() - started)

    def _http(self, request: Request, body: Iterator[bytes]) -> httpcore.Request:
        own = list(request.headers)
        if request.chunked:
            own.append(("Transfer-Encoding", "chunked"))
        elif request.body.content:  # a request without a body has no length either, as curl sends it
            own.append(("Content-Length", str(len(request.body.content))))
        headers = [(name.encode(), value.encode()) for name, value in _merged(self._headers, own)]
        return httpcore.Request(request.method, self._config.base_url + request.path, headers=headers, content=body)


def _merged(fixed: Iterable[tuple[str, str]], own: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return headers of which the own ones replace the fixed ones of the same name, in whatever case."""
    own = list(own)
    names = {name.lower() for name, _ in own}
    return [*((name, value) for name, value in fixed if name.lower() not in names), *own]


def _pool(config: Config, backend: Backend) -> httpcore.ConnectionPool:
    """Return connections that trust what certifi and the configuration trust, through the proxy if there is one."""
    context = _context(config)
    if config.proxy is None:
        return httpcore.ConnectionPool(ssl_context=context, keepalive_expiry=IDLE_SECONDS, network_backend=backend)
    proxy = urlsplit(config.proxy)
    words = (proxy.username, proxy.password or "")
    credentials = None if words[0] is None else (unquote(words[0]).encode(), unquote(words[1]).encode())
    port = f":{proxy.port}" if proxy.port else ""
    return httpcore.HTTPProxy(
        f"{proxy.scheme}://{proxy.hostname}{port}",
        proxy_auth=credentials,
        ssl_context=context,
        proxy_ssl_context=context if proxy.scheme == "https" else None,
        keepalive_expiry=IDLE_SECONDS,
        network_backend=backend,
    )


def _context(config: Config) -> ssl.SSLContext:
    """Return what connections trust and show. Raises ConfigError for a file that cannot be used."""
    context = ssl.create_default_context(cafile=certifi.where())
    try:
        if config.ca_file is not None:
            context.load_verify_locations(config.ca_file)
    except OSError as error:
        raise ConfigError(f"http.ca_file: {config.ca_file} holds no certificate: {error}") from None
    try:
        if config.client_cert is not None:
            context.load_cert_chain(config.client_cert, config.client_key, password="")  # nobody is asked for one
    except OSError as error:
        raise ConfigError(f"http.client_cert: no certificate with a key that is not encrypted: {error}") from None
    return context


def _whole(answer: httpcore.Response) -> bytes:
    """Read a body, as much of it as anybody wants to see."""
    pieces: list[bytes] = []
    size = 0
    for piece in answer.iter_stream():
        pieces.append(piece)
        size += len(piece)
        if size > MAX_RESPONSE:
            break
    return b"".join(pieces)


def _response(answer: httpcore.Response, content: bytes, seconds: float) -> Response:
    headers: dict[str, str] = {}
    for name, value in ((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in answer.headers):
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return Response(answer.status, headers, _decoded(content, headers.get("content-encoding", "")), seconds)


def _decoded(content: bytes, encoding: str) -> bytes:
    """Undo a compression, which a gateway may apply unasked; what is not compressed as it says stays as it is."""
    if encoding.strip().lower() not in {"gzip", "x-gzip", "deflate"}:
        return content
    for bits in (zlib.MAX_WBITS | 32, -zlib.MAX_WBITS):  # with a header of either kind, then bare
        try:
            return zlib.decompressobj(bits).decompress(content, MAX_RESPONSE)
        except zlib.error:
            continue
    return content


def _pieces(content: bytes) -> Iterator[bytes]:
    """Yield a body in about 64 pieces, of which each is sent as a chunk.

    Their length is odd, so that of several letters of two bytes each some lie in two chunks.
    """
    size = max(7, len(content) // 64) | 1
    for start in range(0, len(content), size):
        yield content[start : start + size]
