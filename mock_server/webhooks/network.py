"""Sends one delivery: to an address on the allow-list, within one deadline, without redirects and without proxies.

An address is judged where it is dialled, so neither a name nor an answer can lead elsewhere. h11 speaks HTTP.
"""

from __future__ import annotations

import queue
import socket
import ssl
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

import h11

from mock_server.clock import monotonic
from mock_server.webhooks.endpoints import Target, parse

Network = IPv4Network | IPv6Network
Places = list[tuple[Any, ...]]  # as getaddrinfo returns them
Answers = queue.SimpleQueue[Places | Exception]  # of one lookup: the first one counts

LOOPBACK: tuple[Network, ...] = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
MAX_ANSWER = 1024  # bytes of an answer's body that are read, for the log
PIECE = 16 * 1024


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one attempt: the status and the beginning of the answer, or the error that was there instead."""

    seconds: float
    status: int | None = None
    answer: str = ""
    error: str | None = None

    @property
    def acknowledged(self) -> bool:
        """Whether the endpoint has taken the delivery, which any 2xx in time says (HOOK-6)."""
        return self.status is not None and 200 <= self.status < 300  # noqa: PLR2004  that is 2xx


class Sender:
    """Posts to endpoints. `timeout` is how many seconds one attempt has. Safe to use from many threads."""

    def __init__(self, networks: Iterable[Network], timeout: float) -> None:
        self._networks = (*LOOPBACK, *networks)
        self._timeout = timeout
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._lookups: set[Answers] = set()
        self._closed = False

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Outcome:
        """Send one request and return what came of it. This raises nothing that the other side can cause."""
        target, begun = parse(url), monotonic()
        ends = begun + self._timeout
        try:
            with self._connection(target, ends) as sock:
                status, answer = _exchange(sock, target, headers, body, ends)
        except TimeoutError:
            return Outcome(monotonic() - begun, error=f"no answer within {self._timeout:g} s")
        except (OSError, UnicodeError, h11.RemoteProtocolError) as error:
            return Outcome(monotonic() - begun, error=_told(error))
        return Outcome(monotonic() - begun, status, answer)

    def close(self) -> None:
        """End all connections. Attempts that are under way fail at once."""
        with self._lock:
            self._closed = True
            for sock in self._open:
                with suppress(OSError):
                    socket.socket.shutdown(sock, socket.SHUT_RDWR)  # TLS's own would forget the encryption first
            for answers in self._lookups:
                answers.put(_stopped())

    @contextmanager
    def _connection(self, target: Target, ends: float) -> Iterator[socket.socket]:
        """Connect to the first address of the host that is allowed and answers. Raises OSError or UnicodeError."""
        sock = self._dial(target, ends)
        try:
            if target.secure:
                sock.settimeout(_left(ends))
                tls = self._tls.wrap_socket(sock, server_hostname=target.host, do_handshake_on_connect=False)
                self._end(sock)
                sock = self._begin(tls)
                tls.do_handshake()
            yield sock
        finally:
            self._end(sock)

    def _dial(self, target: Target, ends: float) -> socket.socket:
        failed: OSError = PermissionError(
            f"{target.host} has no address that webhooks may be sent to: allowed are loopback and --webhook-networks"
        )
        for family, *_, place in self._places(target, ends):
            if self._allows(str(place[0])):
                sock = self._begin(socket.socket(family))
                try:
                    sock.settimeout(_left(ends))
                    sock.connect(place)
                except OSError as error:
                    self._end(sock)
                    failed = error
                else:
                    return sock
        raise failed

    def _places(self, target: Target, ends: float) -> Places:
        """Return where the host is. Raises OSError or UnicodeError."""
        try:
            return _look_up(target, socket.AI_NUMERICHOST)
        except socket.gaierror:  # a name, not an address
            answers = Answers()
        with self._lock:
            self._lookups.add(answers)
            if self._closed:
                answers.put(_stopped())
        # A lookup cannot be ended. One that takes too long is left behind on its thread.
        threading.Thread(target=_answer, args=(target, answers), name="webhook-lookup", daemon=True).start()
        try:
            found = answers.get(timeout=_left(ends))
        except queue.Empty:
            raise TimeoutError from None
        finally:
            with self._lock:
                self._lookups.discard(answers)
        if isinstance(found, Exception):
            raise found
        return found

    def _begin(self, sock: socket.socket) -> socket.socket:
        """Let `close` end this socket too. Raises OSError after it."""
        with self._lock:
            if not self._closed:
                self._open.add(sock)
                return sock
        sock.close()
        raise _stopped()

    def _end(self, sock: socket.socket) -> None:
        with self._lock:
            self._open.discard(sock)
        sock.close()

    def _allows(self, text: str) -> bool:
        address = ip_address(text)
        if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        return any(address in network for network in self._networks)

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return ssl.create_default_context()


def _look_up(target: Target, flags: int = 0) -> Places:
    return socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM, flags=flags)


def _answer(target: Target, answers: Answers) -> None:
    try:
        answers.put(_look_up(target))
    except (OSError, UnicodeError) as error:
        answers.put(error)


def _stopped() -> ConnectionAbortedError:
    return ConnectionAbortedError("the mock stops")


def _exchange(
    sock: socket.socket, target: Target, headers: Mapping[str, str], body: bytes, ends: float
) -> tuple[int, str]:
    """Send a request. Return the status of its answer and the beginning of the body, whatever ends that."""
    peer = h11.Connection(h11.CLIENT)
    fields = {"Host": target.authority, **headers, "Content-Length": str(len(body)), "Connection": "close"}
    request = h11.Request(method="POST", target=target.target, headers=list(fields.items()))
    sock.settimeout(_left(ends))
    sock.sendall(b"".join(filter(None, map(peer.send, (request, h11.Data(body), h11.EndOfMessage())))))
    status, answer = None, b""
    try:
        for event in _events(peer, sock, ends):
            match event:
                case h11.Response():
                    status = event.status_code
                case h11.Data():
                    answer += event.data
            if len(answer) >= MAX_ANSWER:
                break
    except (OSError, h11.RemoteProtocolError):
        if status is None:
            raise
    if status is None:
        raise ConnectionResetError("the connection ended without an answer")
    return status, answer[:MAX_ANSWER].decode(errors="replace")


def _events(peer: h11.Connection, sock: socket.socket, ends: float) -> Iterator[h11.Response | h11.Data]:
    """Yield what arrives, to the end of the answer. Raises OSError, or RemoteProtocolError for what is no HTTP."""
    while not isinstance(event := peer.next_event(), h11.EndOfMessage | h11.ConnectionClosed):
        if event is h11.NEED_DATA:
            sock.settimeout(_left(ends))
            peer.receive_data(sock.recv(PIECE))
        elif isinstance(event, h11.Response | h11.Data):
            yield event


def _left(ends: float) -> float:
    """Return the seconds that are left, more than 0. Raises TimeoutError."""
    if (left := ends - monotonic()) <= 0:
        raise TimeoutError
    return left


def _told(error: Exception) -> str:
    """Say what went wrong, without the number that the system gives it."""
    said = getattr(error, "strerror", None) or str(error)
    return f"{type(error).__name__}: {said}"[:MAX_ANSWER]
