"""One connection: its bytes, how long they are waited for, and the ways in which it ends."""

from __future__ import annotations

import io
import math
import os
import select
import socket
import ssl
import struct
import time
from collections.abc import Callable
from contextlib import suppress
from functools import cached_property, partial
from typing import Any

from cheroot.server import HTTPConnection

from mock_server.faults.faults import CLOSE, RESET
from mock_server.messages import Request

MOMENT_SECONDS = 0.005  # a worker stays so long for the next request before it gives the connection back, or twice
REQUEST_SECONDS = 60.0  # for all of a request to come: a peer that sends a byte now and then would keep its worker
LINGER_SECONDS = 2.0
TIMED_OUT = "timed out"  # the words by which cheroot knows it


class Stream(io.RawIOBase):
    """The bytes of a socket: who reads or writes waits here, at most `patience` seconds, and reads until `until`.

    The kernel waits first, for a moment, in the call that reads or writes: most bytes come in it, and each further
    call is a chance to lose the interpreter. OpenSSL cannot wait so; under TLS the call returns at once.
    """

    def __init__(self, sock: socket.socket, patience: float) -> None:
        encrypted = isinstance(sock, ssl.SSLSocket)
        sock.setblocking(not encrypted)
        for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
            sock.setsockopt(socket.SOL_SOCKET, option, struct.pack("ll", 0, int(MOMENT_SECONDS * 1e6)))
        self._socket = sock
        self._at_once = 0 if encrypted else socket.MSG_DONTWAIT
        self.patience = patience
        self.until = math.inf  # by time.monotonic

    def readable(self) -> bool:
        """Tell io.BufferedReader that it may read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read what there is. Raises OSError, and after a TimeoutError always that.

        What a larger read had of its bytes when it timed out is lost: what comes then must not be taken for the rest.
        """
        if time.monotonic() > self.until:
            raise TimeoutError(TIMED_OUT)
        flags = 0 if self.patience else self._at_once
        try:
            return self._patiently(lambda: self._socket.recv_into(buffer, 0, flags), select.POLLIN)
        except TimeoutError:
            self.until = -math.inf
            raise

    def send(self, data: bytes) -> None:
        """Send all of it. Raises OSError."""
        left = memoryview(data)
        while left:
            left = left[self._patiently(partial(self._socket.send, left), select.POLLOUT) :]

    def _patiently(self, call: Callable[[], int], event: int) -> int:
        while True:
            try:
                return call()
            except ssl.SSLWantReadError:
                self._wait(select.POLLIN)
            except ssl.SSLWantWriteError:
                self._wait(select.POLLOUT)
            except BlockingIOError:
                self._wait(event)

    def _wait(self, event: int) -> None:
        poll = select.poll()  # select itself fails on descriptors above 1023
        poll.register(self._socket, event)
        if not poll.poll(self.patience * 1000):
            raise TimeoutError(TIMED_OUT)


class Reader(io.BufferedReader):
    """What the peer sends, through the buffers of the standard library: cheroot's are written in Python."""

    raw: Stream

    def has_data(self, seconds: float = 0.0) -> bool:
        """Return whether there is something to read, be it the end, or there will be in so many seconds."""
        usual, self.raw.patience = self.raw.patience, seconds
        try:
            self.peek(1)
        except TimeoutError:
            self.raw.until = math.inf  # nobody has lost anything
            return False
        except OSError:
            pass  # whoever reads will find it
        finally:
            self.raw.patience = usual
        return True


class Writer:
    """What goes to the peer. It is held until it is flushed, so that a small answer is sent whole."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._held: list[bytes] = []

    def write(self, data: bytes) -> None:
        """Add to what is held."""
        self._held.append(data)

    def flush(self) -> None:
        """Send what is held. Raises OSError."""
        if self._held:
            data = b"".join(self._held)
            self._held.clear()
            self._stream.send(data)


class Connection(HTTPConnection):  # type: ignore[misc]
    """A connection that its peer can read to the end, even when it sent more than was read."""

    RequestHandlerClass = Request
    unread = False
    broken = ""  # how a fault wants the answer in hand to go wrong

    def __init__(self, server: Any, sock: socket.socket, _: object = None) -> None:
        stream = Stream(sock, server.timeout)
        super().__init__(server, sock, lambda _, mode, __: Reader(stream) if "r" in mode else Writer(stream))
        for cached in ("resolve_peer_creds", "get_peer_creds"):  # cycles, which only the garbage collector could free
            self.__dict__.pop(cached, None)

    @cached_property
    def environ(self) -> dict[str, Any]:
        """The part of a WSGI environ that is the same for all requests of the connection."""
        server = self.server
        return {
            "ACTUAL_SERVER_PROTOCOL": server.protocol,
            "REMOTE_ADDR": self.remote_addr or "",
            "REMOTE_PORT": str(self.remote_port or ""),
            "SCRIPT_NAME": "",
            "SERVER_NAME": server.server_name,
            "SERVER_PORT": str(server.bind_addr[1]),
            "SERVER_SOFTWARE": server.software,
            "wsgi.multiprocess": False,
            "wsgi.multithread": True,
            "wsgi.run_once": False,
            "wsgi.version": (1, 0),
            **(self.ssl_env or {}),
        }

    def communicate(self) -> bool:
        """Answer requests for as long as the next one comes at once, and return whether the connection stays open.

        cheroot begins with a request that may not be there yet, as under TLS after the handshake, and gives the
        connection back after each one, so that two threads more take part in the next.
        """
        stream = self.rfile.raw
        while self.server.ready and self.rfile.has_data(MOMENT_SECONDS):
            stream.until = time.monotonic() + REQUEST_SECONDS
            if not super().communicate():
                return False
            stream.until = math.inf
            if self.server.requests.qsize:  # another connection waits for a worker
                break
        return True

    @property
    def silent(self) -> bool:
        """Whether nothing at all is to be sent."""
        return self.broken in {CLOSE, RESET}

    def cut(self, how: str) -> None:
        self.broken = how

    def gone(self, seconds: float) -> bool:
        poll = select.poll()
        poll.register(self.socket, getattr(select, "POLLRDHUP", 0))  # other systems report the end unasked
        return bool(poll.poll(seconds * 1000))

    def close(self) -> None:
        if self.broken == RESET:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            os.close(self.socket.detach())  # without the FIN that cheroot's own way sends first
            return
        if isinstance(self.socket, ssl.SSLSocket) and not self.broken:
            with suppress(OSError, ValueError):
                self.socket.unwrap()  # says that this is the end, and nothing was cut off
        if self.unread:  # closing now would reset the connection and take the answer with it
            with suppress(OSError):
                self.socket.settimeout(LINGER_SECONDS)
                self.socket.shutdown(socket.SHUT_WR)
                ends = time.monotonic() + REQUEST_SECONDS
                while time.monotonic() < ends and self.socket.recv(1 << 16):
                    pass
        super().close()
