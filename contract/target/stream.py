"""Connections on which every wait ends by a deadline, however a peer divides what it sends."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Iterable

import httpcore

CONNECT_SECONDS = 10.0
PIECE = 1 << 16


class Backend(httpcore.NetworkBackend):
    """Opens connections. `ends` is when the exchange of the present thread has to be over, by `time.monotonic`."""

    def __init__(self) -> None:
        self._backend = httpcore.SyncBackend()
        self._local = threading.local()

    @property
    def ends(self) -> float:
        """The deadline of the present thread."""
        ends: float = self._local.ends
        return ends

    @ends.setter
    def ends(self, moment: float) -> None:
        self._local.ends = moment

    def remaining(self) -> float:
        """Return how many seconds are left. Raises ReadTimeout if none are."""
        if (seconds := self.ends - time.monotonic()) <= 0:
            raise httpcore.ReadTimeout("the deadline is over")
        return seconds

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002  ours counts
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect. Raises ConnectError and ConnectTimeout."""
        seconds = min(CONNECT_SECONDS, self.remaining())
        return Stream(self._backend.connect_tcp(host, port, seconds, local_address, socket_options), self)


class Stream(httpcore.NetworkStream):
    """A connection whose timeouts are what is left until the deadline."""

    def __init__(self, stream: httpcore.NetworkStream, backend: Backend) -> None:
        self._stream = stream
        self._backend = backend

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002  ours counts
        """Return what arrives next, nothing at the end."""
        return self._stream.read(max_bytes, self._backend.remaining())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002  ours counts
        """Send all of `buffer`."""
        for start in range(0, len(buffer), PIECE):
            self._stream.write(buffer[start : start + PIECE], self._backend.remaining())

    def close(self) -> None:
        """Close the connection."""
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002  ours counts
    ) -> httpcore.NetworkStream:
        """Return this connection with TLS on it."""
        seconds = min(CONNECT_SECONDS, self._backend.remaining())
        return Stream(self._stream.start_tls(ssl_context, server_hostname, seconds), self._backend)

    def get_extra_info(self, info: str) -> object:
        """Return what the connection knows of itself."""
        return self._stream.get_extra_info(info)
