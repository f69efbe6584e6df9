"""A connection: its bytes, how long they are waited for, and whose turn it is."""

from __future__ import annotations

import gc
import http.client
import socket
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from types import SimpleNamespace

import pytest
from control import wait_until
from wire import address, connect, head, read, responses, send, submission

from mock_server import Running, Settings, running
from mock_server import connection as connections
from mock_server import server as module
from mock_server.connection import Connection, Reader, Stream, Writer

Pair = tuple[Stream, socket.socket]


@pytest.fixture
def pair() -> Iterator[Pair]:
    """Connect a stream with little patience to a peer."""
    ours, peer = socket.socketpair()
    with ours, peer:
        peer.settimeout(5)
        yield Stream(ours, 0.05), peer


def test_what_is_held_is_sent_whole(pair: Pair) -> None:
    """Nothing leaves before the flush, and then all of it at once."""
    stream, peer = pair
    writer = Writer(stream)
    writer.write(b"head")
    writer.write(b"body")
    peer.setblocking(False)
    with pytest.raises(BlockingIOError):
        peer.recv(1)
    writer.flush()
    assert peer.recv(100) == b"headbody"
    writer.flush()
    with pytest.raises(BlockingIOError):
        peer.recv(1)


def test_an_answer_larger_than_the_buffers_arrives(pair: Pair) -> None:
    """A peer that reads slowly gets every byte in its order."""
    stream, peer = pair
    data = bytes(range(256)) * 20_000
    sender = threading.Thread(target=stream.send, args=[data])
    sender.start()
    received = bytearray()
    while len(received) < len(data):
        received += peer.recv(10_000)
    sender.join()
    assert received == data


def test_a_peer_that_reads_nothing_is_given_up(pair: Pair) -> None:
    """Sending ends with a timeout once the peer has taken nothing for as long as the stream is patient."""
    with pytest.raises(TimeoutError):
        pair[0].send(bytes(10_000_000))


def test_a_silent_peer_is_given_up(pair: Pair) -> None:
    """Reading ends with a timeout in the words that cheroot knows."""
    with pytest.raises(TimeoutError, match=r"^timed out$"):
        Reader(pair[0]).readline()


def test_has_data_tells_what_can_be_read(pair: Pair) -> None:
    """There is something to read if it is buffered, if it has come, or if it comes within the time given."""
    stream, peer = pair
    reader = Reader(stream)
    assert not reader.has_data()
    peer.sendall(b"one\ntwo\n")
    assert reader.has_data()
    assert reader.readline() == b"one\n"
    assert reader.has_data()
    assert reader.readline() == b"two\n"
    assert not reader.has_data(0.01)
    later = threading.Timer(0.05, peer.sendall, [b"three\n"])
    later.start()
    assert reader.has_data(5)
    later.join()
    peer.close()
    assert reader.readline() == b"three\n"
    assert reader.has_data(5)
    assert not reader.readline()


def test_who_asks_a_broken_connection_for_data_gets_no_error() -> None:
    """A reset is for the one who reads next, who finds the end of the connection."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        peer = socket.create_connection(listener.getsockname())
        ours, _ = listener.accept()
    with ours:
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # close with a reset
        peer.close()
        reader = Reader(Stream(ours, 5))
        assert reader.has_data(5)
        assert not reader.readline()


def test_bytes_that_come_too_late_are_never_read(pair: Pair) -> None:
    """After a read that timed out nobody knows where the stream stands: what comes then is not taken for the rest."""
    stream, peer = pair
    reader = Reader(stream)
    peer.sendall(b"12345")
    with pytest.raises(TimeoutError):
        reader.read(10)
    peer.sendall(b"67890GET / HTTP/1.1")
    with pytest.raises(TimeoutError):
        reader.read(10)


def test_a_stream_is_not_read_beyond_its_time(pair: Pair) -> None:
    """A peer that always has one more byte does not keep its reader."""
    stream, peer = pair
    stream.until = time.monotonic()
    peer.sendall(b"x")
    with pytest.raises(TimeoutError):
        stream.readinto(bytearray(1))


def trickle(peer: socket.socket) -> bytes:
    """Send a byte now and then until the server has ended the connection, and return all that it said."""
    ends, received = time.monotonic() + 10, b""
    peer.settimeout(0.02)
    while True:
        assert time.monotonic() < ends, "the server goes on for ever"
        try:
            peer.sendall(b"x")
            received += peer.recv(1 << 16)
        except TimeoutError:
            continue
        except OSError:  # it is closed, and not only to one side
            return received


@pytest.mark.parametrize(
    ("begin", "status"),
    [(b"POST / HTTP/1.1\r\nX: ", b"408"), (head("Content-Length: 9999"), b"400"), (b"hello\r\n\r\n", b"400")],
    ids=["head", "body", "refused"],
)
def test_a_peer_that_trickles_is_given_up(monkeypatch: pytest.MonkeyPatch, begin: bytes, status: bytes) -> None:
    """Who sends a byte before each patience ends is answered once the time for a whole request is over."""
    monkeypatch.setattr(connections, "REQUEST_SECONDS", 0.3)
    with running(Settings(port=0)) as server, socket.create_connection(address(server)) as peer:
        peer.sendall(begin)
        assert trickle(peer).startswith(b"HTTP/1.1 " + status)


def test_a_body_that_comes_too_late_hides_no_request(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once a body was refused for its slowness, nothing that follows on the connection is taken for a request."""
    monkeypatch.setattr(module, "IDLE_SECONDS", 0.2)
    late = b"x" * 50 + b"POST / HTTP/1.1\r\nX: " + head(method="GET", target="/__admin/version")
    with running(Settings(port=0)) as server, socket.create_connection(address(server), timeout=10) as peer:
        peer.sendall(head("Content-Length: 100") + b"x" * 50)
        later = threading.Timer(0.3, peer.sendall, [late])
        later.start()
        received = b"".join(iter(lambda: peer.recv(1 << 16), b""))
        later.join()
    assert [answer.status for answer in responses(received)] == [400]


def test_nothing_is_begun_once_the_server_stops() -> None:
    """A connection that waited for a worker is not answered any more: each would take one, and the stop no end."""
    ours, theirs = socket.socketpair()
    server = SimpleNamespace(timeout=1, ready=False, peercreds_enabled=False, peercreds_resolve_enabled=False)
    with ours, theirs:
        theirs.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert Connection(server, ours).communicate()
        assert ours.recv(3) == b"GET"


@contextmanager
def asking(server: Running) -> Iterator[Callable[[], bool]]:
    """Have a client ask again and again, without a pause; yield what tells whether it is still being answered."""
    begun, enough = threading.Event(), threading.Event()

    def ask() -> None:
        connection = connect(server)
        try:
            while not enough.is_set():
                connection.request("GET", "/__admin/health")
                read(connection)
                begun.set()
        except (OSError, http.client.HTTPException):
            return  # the server stopped
        finally:
            connection.close()

    client = threading.Thread(target=ask)
    client.start()
    try:
        assert begun.wait(10)
        yield client.is_alive
    finally:
        enough.set()
        client.join()


def test_a_busy_connection_does_not_keep_the_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who asks without a pause does not keep others waiting, even for the only worker."""
    monkeypatch.setattr(module, "THREADS", 1)
    with running(Settings(port=0)) as server, asking(server) as answered:
        for _ in range(5):
            assert send(server, submission()).status == 201
        assert answered()


def test_the_server_stops_under_a_client_that_goes_on() -> None:
    """A client that asks without a pause does not hold up the stop."""
    with ExitStack() as stack:
        with running(Settings(port=0)) as server:
            answered = stack.enter_context(asking(server))
            began = time.monotonic()
        assert time.monotonic() - began < 4  # cheroot cuts off after five seconds whoever has not finished
        wait_until(lambda: not answered())


def test_connections_leave_nothing_to_the_garbage_collector(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection is freed when it ends, of itself: a client may open one for each request."""
    made: list[weakref.ref[Connection]] = []

    class Noted(Connection):
        def __init__(self, server: object, sock: socket.socket, *more: object) -> None:
            super().__init__(server, sock, *more)
            made.append(weakref.ref(self))

    monkeypatch.setattr(module, "THREADS", 1)
    monkeypatch.setattr(module.Server, "ConnectionClass", Noted)
    with running(Settings(port=0)) as server:
        gc.disable()
        try:
            for _ in range(2):  # the worker still knows the one that it served last
                assert send(server, submission()).status == 201
            wait_until(lambda: made[0]() is None)
        finally:
            gc.enable()
