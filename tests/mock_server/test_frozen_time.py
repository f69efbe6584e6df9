"""The mock inside a test that stops the time of its whole process with a library."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Any

import freezegun
import pytest
import time_machine

from mock_server import Settings, server
from mock_server.clock import monotonic
from mock_server.services import Mock
from mock_server.testing.receiver import receiving
from tests.kit.control import Client, Serve
from tests.kit.waiting import wait_until
from tests.kit.wire import begin, begin_create, head, read_all

AT = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
Freeze = Callable[[], AbstractContextManager[Any]]
LIBRARIES: dict[str, Freeze] = {
    "freezegun": lambda: freezegun.freeze_time(AT),
    "time-machine": lambda: time_machine.travel(AT, tick=False),
}


@pytest.fixture(params=LIBRARIES.values(), ids=LIBRARIES)
def frozen(request: pytest.FixtureRequest, client: Client) -> Iterator[Client]:
    """Stop the time of this process, the server's included."""
    with request.param():
        yield client


def took(call: Callable[[], object]) -> float:
    """Return how many true seconds a call takes."""
    begun = monotonic()
    call()
    return monotonic() - begun


def test_creates_work_and_are_dated_by_the_frozen_clock(frozen: Client) -> None:
    """20 of 20 creates get 201, and each was created at the frozen instant."""
    answers = [frozen.post() for _ in range(20)]
    assert [answer.status for answer in answers] == [201] * 20
    assert {answer.json()["created_at"] for answer in answers} == {"2026-03-02T08:30:00.000Z"}
    assert all(entry["at"] == "2026-03-02T08:30:00.000Z" for entry in frozen.admin("GET", "/requests").json()["data"])


def test_a_slow_fault_ends(frozen: Client) -> None:
    """A fault of the kind slow holds the answer for its delay and no longer, and the journal has its true duration."""
    frozen.fault(kind="slow", phase="before_commit", delay_ms=300)
    assert 0.3 <= took(frozen.post) < 5
    assert frozen.last()["duration_ms"] >= 300


def test_a_hang_ends_by_its_delay(frozen: Client) -> None:
    """A request that hangs is let go when its delay is over."""
    frozen.fault(kind="hang", phase="before_auth", delay_ms=300)
    with begin_create(frozen.server) as peer:
        assert 0.2 <= took(lambda: read_all(peer)) < 5


def test_a_slow_recording_ends(frozen: Client) -> None:
    """A recording that takes its time is waited for that long."""
    assert 0.3 <= took(lambda: frozen.post(media_url="https://media.mock.test/slow/300/a.mp3")) < 5


def test_a_stream_of_events_tells(frozen: Client) -> None:
    """A stream begins, and tells the next request, while time stands still."""
    with begin(frozen.server, head(method="GET", target="/__admin/events")) as peer:
        peer.settimeout(5)
        read_until(peer, b"retry: 1000")
        frozen.post(external_id="frozen")
        read_until(peer, b"frozen")


def test_webhooks_are_sent_and_their_signature_is_right(frozen: Client) -> None:
    """While time stands still, a receiver in this process gets what is due, and takes the signature for a new one."""
    owner = frozen.mock.settings.callers[0].workspace.id
    with receiving(frozen.mock, owner) as receiver:
        frozen.post()
        assert receiver.wait_for("v1.engagement.created").headers["svix-timestamp"] == str(int(AT.timestamp()))
        frozen.admin("PUT", "/clock", {"advance": "PT2S"})
        receiver.wait_for("v1.engagement.transcript_timeline.completed")


def read_until(peer: socket.socket, wanted: bytes) -> None:
    """Read until these bytes came. Raises TimeoutError if they do not."""
    received = b""
    while wanted not in received:
        received += peer.recv(1 << 16)


@pytest.mark.parametrize("freeze", LIBRARIES.values(), ids=LIBRARIES)
def test_who_waits_for_a_key_waits_no_longer_than_its_patience(serve: Serve, freeze: Freeze) -> None:
    """While the first submission of a key hangs, the second gets 409 when its patience is over."""
    client = serve()
    client.mock.use(patience=0.3)
    client.fault(kind="hang", phase="before_commit", delay_ms=60_000)
    with begin_create(client.server, external_id="one") as first:
        wait_until(lambda: client.mock.state.store._claims)
        with freeze():
            assert 0.3 <= took(lambda: client.post(external_id="one")) < 5
        assert client.last()["status"] == 409
        first.close()


@pytest.mark.parametrize("freeze", LIBRARIES.values(), ids=LIBRARIES)
def test_a_full_server_looks_again(monkeypatch: pytest.MonkeyPatch, freeze: Freeze) -> None:
    """While time stands still, a server without room for a peer still finds out after a while that it is to stop."""
    monkeypatch.setattr(server, "MAX_CONNECTIONS", 0)
    monkeypatch.setattr(server, "PAUSE_SECONDS", 0.05)
    full = server.Server(Mock(Settings()))

    def look() -> None:
        with pytest.raises(TimeoutError):
            full.get_request()

    looking = threading.Thread(target=look, daemon=True)
    with freeze(), full:
        looking.start()
        looking.join(10)
        assert not looking.is_alive()


@pytest.mark.parametrize("freeze", LIBRARIES.values(), ids=LIBRARIES)
def test_a_server_that_starts_and_stops_in_frozen_time(serve: Serve, freeze: Freeze) -> None:
    """A server can be started while time stands still, and its own clock still moves when it is told to."""
    with freeze():
        client = serve(rate_limit=None)
        assert client.post().status == 201
        client.admin("PUT", "/clock", {"advance": "PT1H"})
        assert client.post().json()["created_at"] == "2026-03-02T09:30:00.000Z"
