"""What the journal knows of a client whose request a fault held."""

from __future__ import annotations

import socket

import pytest

from mock_server.records.entry import Entry
from tests.kit.control import Client
from tests.kit.waiting import wait_until
from tests.kit.wire import begin_create, read_all, responses


def entries(client: Client) -> list[Entry]:
    """Return the journal, newest first."""
    assert client.mock.state.records is not None
    return client.mock.state.records.journal.select(lambda _: True)


@pytest.mark.parametrize("kind", ["slow", "hang"])
def test_a_client_that_stays(client: Client, kind: str) -> None:
    """The hold of a client that waits to the end is as long as the delay."""
    client.fault(kind=kind, phase="before_commit", delay_ms=400)
    with begin_create(client.server) as peer:
        read_all(peer) if kind == "hang" else peer.recv(1)
    (entry,) = entries(client)
    assert entry.hold is not None
    assert 0.3 <= entry.hold.seconds < 5
    assert not entry.hold.client_left


@pytest.mark.parametrize(("kind", "delay_ms"), [pytest.param("slow", 6000, marks=pytest.mark.long), ("hang", 60_000)])
def test_a_client_that_leaves(client: Client, kind: str, delay_ms: int) -> None:
    """The hold of a client that leaves ends then, though a slow request goes on until its delay is over."""
    client.fault(kind=kind, phase="before_commit", delay_ms=delay_ms)
    with begin_create(client.server):
        wait_until(lambda: client.mock.state.faults.listed()[0][1])
    wait_until(lambda: entries(client))
    (entry,) = entries(client)
    assert entry.hold is not None
    assert entry.hold.client_left
    assert entry.hold.seconds < 5
    assert (entry.duration_ms >= 6000) == (kind == "slow")


def test_a_client_that_has_said_all_still_gets_its_slow_answer(client: Client) -> None:
    """A client that ends its side and waits is taken for one that left, and still gets the true answer."""
    client.fault(kind="slow", phase="after_commit", delay_ms=300)
    with begin_create(client.server) as peer:
        peer.shutdown(socket.SHUT_WR)
        (answer,) = responses(read_all(peer))
    assert answer.status == 201


def test_no_hold_without_a_fault(client: Client) -> None:
    """A request that no fault held has no hold, and neither has one whose recording is slow."""
    client.post(media_url="https://media.mock.test/slow/50/a.mp3")
    assert [entry.hold for entry in entries(client)] == [None]
