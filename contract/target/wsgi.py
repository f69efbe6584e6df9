"""A transport to a WSGI application in this process: no sockets, and as fast as the application."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Self
from urllib.parse import urlsplit
from wsgiref.types import WSGIApplication

from werkzeug.test import EnvironBuilder, run_wsgi_app

from contract.exchange import Request, Response
from contract.target.client import BURST


class WsgiTransport:
    """Calls the application once a request; a race calls it from as many threads. `base_url` is that of the config."""

    def __init__(self, app: WSGIApplication, base_url: str) -> None:
        self._app = app
        self._url = urlsplit(base_url)
        self._pool = ThreadPoolExecutor(BURST, thread_name_prefix="contract-race")

    @classmethod
    @contextmanager
    def to(cls, app: WSGIApplication, base_url: str) -> Iterator[Self]:
        """Yield a transport, and end its threads after the block."""
        transport = cls(app, base_url)
        with transport._pool:
            yield transport

    def send(self, request: Request) -> Response:
        """Call the application. What it raises goes through: in this process that is a finding of its own."""
        started = time.monotonic()
        builder = EnvironBuilder(
            self._url.path + request.path,
            base_url=f"{self._url.scheme}://{self._url.netloc}",
            method=request.method,
            headers=list(request.headers),
            input_stream=io.BytesIO(request.body.content),
        )
        environ: dict[str, Any] = builder.get_environ()
        builder.close()
        if request.chunked:
            environ |= {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True}
        else:
            environ["CONTENT_LENGTH"] = str(len(request.body.content))
        pieces, status, headers = run_wsgi_app(self._app, environ, buffered=True)
        named = {name.lower(): value for name, value in headers.items()}
        return Response(int(status.split()[0]), named, b"".join(pieces), time.monotonic() - started)

    def race(self, racers: Sequence[Request]) -> list[Response]:
        """Call the application from one thread each."""
        return list(self._pool.map(self.send, racers))
