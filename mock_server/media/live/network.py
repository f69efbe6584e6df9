"""The network of one fetch: a single deadline over every wait, and connections to judged addresses only.

httpcore speaks HTTP on top of it through its public `NetworkBackend`. The name of the host stays in SNI, in the check
of the certificate and in the header Host; which address is dialled was decided before. Rules: URL-14, URL-18, URL-29.
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from http import HTTPStatus
from typing import Any

import httpcore

from mock_server.clock import monotonic
from mock_server.media import Note
from mock_server.media.policy import Address, Refused, Route
from mock_server.media.refusals import CERTIFICATE, NO_ANSWER, NO_TLS, TIMEOUT, beyond, unreachable

CONNECT_SECONDS = 5.0  # for one address, so that the next one has its turn
MAX_ADDRESSES = 4  # that are tried of one name

MAX_DETAIL = 300  # characters of a peer in the trace

Dial = Callable[[str, Address, int], tuple[str, int]]
"""Where the socket for a host, one of its public addresses and a port is: there, or what stands in for it.

Never asked for an address that is not public.
"""


class Failure(Exception):  # noqa: N818  not an error of ours: the world outside did not deliver
    """A fetch that did not succeed. `refused` is for the answer; the text of the exception is for the trace."""

    def __init__(self, refused: Refused, detail: str | Exception) -> None:
        super().__init__((detail if isinstance(detail, str) else f"{type(detail).__name__}: {detail}")[:MAX_DETAIL])
        self.refused = refused


class TimedOut(Failure):
    """The deadline has passed."""

    def __init__(self) -> None:
        super().__init__(unreachable(TIMEOUT), "the time limit of the whole fetch is reached")


class Stopping(Exception):  # noqa: N818
    """The server stops, and with it everything that waits."""


class Halt:
    """Ends all waits at once when the server stops."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wakers: dict[object, Callable[[], object]] = {}
        self.reached = False

    @contextmanager
    def waking(self, waker: Callable[[], object]) -> Iterator[None]:
        """Call `waker` if the server stops within the block. Raises Stopping if it has stopped already."""
        key = object()
        with self._lock:
            if self.reached:
                raise Stopping
            self._wakers[key] = waker
        try:
            yield
        finally:
            with self._lock:
                del self._wakers[key]

    def stop(self) -> None:
        """End all waits, now and from now on."""
        with self._lock:
            self.reached = True
            for waker in self._wakers.values():
                waker()


class Deadline:
    """One point in monotonic time for DNS, connect, TLS, headers, body, redirects and the probe together."""

    def __init__(self, seconds: float, halt: Halt) -> None:
        self._ends = monotonic() + seconds
        self.halt = halt

    def left(self, at_most: float = float("inf")) -> float:
        """Return the seconds that remain, always more than 0. Raises TimedOut, or Stopping."""
        if self.halt.reached:
            raise Stopping
        left = self._ends - monotonic()
        if left <= 0:
            raise TimedOut
        return min(left, at_most)


def cut(sock: socket.socket) -> None:
    """End whatever waits for this socket, in any thread."""
    with suppress(OSError):
        socket.socket.shutdown(sock, socket.SHUT_RDWR)  # TLS's own would forget the encryption first


class Stream(httpcore.NetworkStream):
    """A connection on which every operation ends with the deadline, or with the server.

    `ended` is set once the peer has ended the connection, in order or not.
    """

    def __init__(self, sock: socket.socket, deadline: Deadline) -> None:
        self._sock = sock
        self._deadline = deadline
        self.ended = False

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Return what arrives next, nothing at the proper end. Raises TimedOut, Stopping or httpcore.ReadError."""
        self.ended = True  # unless bytes come
        with self._waiting(httpcore.ReadError):
            piece = self._sock.recv(max_bytes)
        self.ended = not piece
        return piece

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send all of `buffer`. Raises TimedOut, Stopping or httpcore.WriteError."""
        with self._waiting(httpcore.WriteError):
            self._sock.sendall(buffer)

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        """Return the encrypted stream. A connection that is cut without TLS's farewell is an error, not an end.

        Raises TimedOut, Stopping or Failure.
        """
        try:
            with self._waiting(lambda error: Failure(unreachable(NO_TLS), error)):
                wrapped = ssl_context.wrap_socket(
                    self._sock,
                    server_hostname=server_hostname,
                    suppress_ragged_eofs=False,
                    do_handshake_on_connect=False,
                )
                self._sock = wrapped
                wrapped.do_handshake()
        except BaseException:  # httpcore closes a stream only once it has it
            self.close()
            raise
        return self

    def close(self) -> None:
        """Close the socket."""
        self._sock.close()

    def get_extra_info(self, info: str) -> Any:
        """Return nothing: httpcore asks only for the protocol that TLS agreed on, and only HTTP/1.1 is offered."""

    @contextmanager
    def _waiting(self, failed: Callable[[OSError], Exception]) -> Iterator[None]:
        with self._deadline.halt.waking(lambda: cut(self._sock)):  # in the handshake it becomes another one
            self._sock.settimeout(self._deadline.left())
            try:
                yield
            except TimeoutError:
                raise TimedOut from None
            except ssl.SSLCertVerificationError as error:
                raise Failure(unreachable(CERTIFICATE), error) from None
            except OSError as error:
                self._deadline.left()  # an error that the stopping server made is not the host's
                raise failed(error) from None
            self._deadline.left()  # and neither is an end


class PinnedBackend(httpcore.NetworkBackend):
    """Connects to the addresses of one Route, in their order, whatever host it is asked for. It never resolves.

    `stream` is the connection, once there is one.
    """

    def __init__(self, route: Route, deadline: Deadline, dial: Dial, note: Note) -> None:
        self._route = route
        self._deadline = deadline
        self._dial = dial
        self._note = note
        self.stream: Stream | None = None

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Return a stream to the first address that answers. Raises Failure, TimedOut or Stopping."""
        reason = "no address"
        for address in self._route.addresses[:MAX_ADDRESSES]:
            try:
                sock = self._connect(self._dial(host, address, port))
            except OSError as error:
                reason = f"{address} port {port}: {error}"
                self._note(f"no connection to {reason}")
                continue
            self._note(f"connected to {address} port {port}")
            self.stream = Stream(sock, self._deadline)
            return self.stream
        self._deadline.left()
        raise Failure(unreachable(NO_ANSWER), reason)

    def _connect(self, place: tuple[str, int]) -> socket.socket:
        """Return a socket connected to an address and port. Raises OSError, TimedOut or Stopping."""
        sock = socket.socket(socket.AF_INET6 if ":" in place[0] else socket.AF_INET)
        try:
            with self._deadline.halt.waking(partial(cut, sock)):
                sock.settimeout(self._deadline.left(CONNECT_SECONDS))
                sock.connect(place)
        except BaseException:
            sock.close()
            raise
        return sock


def direct(_: str, address: Address, port: int) -> tuple[str, int]:
    """Dial the address itself, whatever host has it."""
    return str(address), port


@contextmanager
def failures(backend: PinnedBackend, broken_off: str, unreadable: str) -> Iterator[None]:
    """Turn what httpcore raises into a Failure: `broken_off` if the peer ended the connection, else `unreadable`."""
    try:
        yield
    except (httpcore.NetworkError, httpcore.ProtocolError) as error:
        if getattr(error.__cause__, "error_status_hint", None) == HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE:
            refused = beyond("is on a host that answers with a header of more than 100 KiB", "send a shorter one")
        else:
            refused = unreachable(broken_off if backend.stream is not None and backend.stream.ended else unreadable)
        raise Failure(refused, error) from None
