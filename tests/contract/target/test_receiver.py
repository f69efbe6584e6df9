"""The receiver of webhooks: it keeps what comes, refuses what it is told to refuse once, and ends."""

from __future__ import annotations

import http.client
import json
import socket
import threading
from collections.abc import Iterator

import pytest

from contract.message import Message
from contract.target.receiver import LARGEST, MOST_BYTES, Receiver, Webhooks


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """Return a socket that listens."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


@pytest.fixture
def receiver(listener: socket.socket) -> Iterator[Receiver]:
    """Return a receiver that listens there."""
    receiving = Receiver(Webhooks(*listener.getsockname(), "whsec_AAAA", listener))
    yield receiving
    receiving.close()


def post(listener: socket.socket, content: bytes, **headers: str) -> int:
    """Send a webhook and return the status of the answer."""
    connection = http.client.HTTPConnection(*listener.getsockname(), timeout=20)
    try:
        connection.request("POST", "/", content, {name.replace("_", "-"): value for name, value in headers.items()})
        return connection.getresponse().status
    finally:
        connection.close()


def about(title: str) -> bytes:
    """Return an event about an engagement with a title."""
    return json.dumps({"data": {"object": {"id": "ngmt_1", "title": title}}}).encode()


def test_what_comes_is_kept_as_it_came(receiver: Receiver, listener: socket.socket) -> None:
    """Headers in lower case, the bytes of the body, and what they say."""
    assert post(listener, about("a"), SVIX_ID="msg_1") == 204
    assert receiver.wait(lambda messages: len(messages) == 1, 5)
    (message,) = receiver.messages
    assert (message.id, message.content, message.engagement["title"]) == ("msg_1", about("a"), "a")


@pytest.mark.parametrize("content", [b"", b"[]", b"\xff", b'{"data": 5}', b"[" * 100_000])
def test_what_is_no_event_says_nothing(receiver: Receiver, listener: socket.socket, content: bytes) -> None:
    """Whatever a body is, it is kept, answered, and shows no engagement."""
    assert post(listener, content) == 204
    assert receiver.messages[0].engagement == {}


def test_a_message_is_refused_once(receiver: Receiver, listener: socket.socket) -> None:
    """Of the title that is to be refused the first attempt of each message gets 500, the next one does not."""
    receiver.refuses = "a"
    statuses = [post(listener, about(title), SVIX_ID=id_) for title, id_ in (("a", "1"), ("a", "1"), ("b", "2"))]
    assert statuses == [500, 204, 204]
    assert len(receiver.messages) == 3


def test_a_body_that_is_too_large_is_not_read(receiver: Receiver, listener: socket.socket) -> None:
    """A length beyond the limit, and one that is none, cost no memory."""
    for length in (str(LARGEST + 1), "many", "9" * 50, "0" * 9 + "9" * 9):
        with socket.create_connection(listener.getsockname(), timeout=20) as peer:
            peer.sendall(f"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n".encode())
            assert peer.recv(100).startswith(b"HTTP/1.1 204")
    assert [message.content for message in receiver.messages] == [b""] * 4


def test_large_messages_are_kept_up_to_a_limit(receiver: Receiver) -> None:
    """Whoever sends megabyte after megabyte fills no memory, and smaller ones that follow are still kept."""
    for number in range(MOST_BYTES // LARGEST + 5):
        receiver.take(Message({}, bytes(LARGEST - 1), float(number)))
    receiver.take(Message({}, b"{}", 0.0))
    assert sum(len(message.content) for message in receiver.messages) <= MOST_BYTES
    assert receiver.messages[-1].content == b"{}"


def test_waiting_ends(receiver: Receiver) -> None:
    """What does not come is waited for only so long."""
    assert not receiver.wait(bool, 0.05)


def test_receivers_that_share_a_socket_end(listener: socket.socket) -> None:
    """A sender that both are told of is taken by one of them; the other does not wait for a next one, and both end."""
    both = [Receiver(Webhooks(*listener.getsockname(), "whsec_AAAA", listener)) for _ in range(2)]
    for _ in range(150):
        assert post(listener, b"{}") == 204
    ends = [threading.Thread(target=receiver.close, daemon=True) for receiver in both]
    for end in ends:
        end.start()
    for end in ends:
        end.join(5)
    assert not any(end.is_alive() for end in ends)
