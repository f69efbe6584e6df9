"""Requests that wait, however many, and a control plane that answers all the same."""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from mock_server.clock import monotonic
from mock_server.services import MAX_WAITING
from tests.kit.control import Client
from tests.kit.waiting import wait_until
from tests.kit.wire import begin, begin_create, head, read_all

WAITING = 200


@contextmanager
def waiting(client: Client) -> Iterator[ExitStack]:
    """Keep 200 connections open that say nothing, or only half of a request, and close all that are entered."""
    with ExitStack() as stack:
        for number in range(WAITING):
            half = [head("Content-Length: 10")[: 40 + number % 60]] if number % 2 else []
            stack.enter_context(begin(client.server, *half))
        yield stack


def seconds(client: Client, method: str, path: str, document: object = None) -> float:
    """Return how long the control plane takes for a request, which has to succeed."""
    begun = monotonic()
    assert client.admin(method, path, document).status in {200, 201}
    return monotonic() - begun


def assert_steered(client: Client) -> None:
    """Assert that the control plane answers everything within a second: reading, changing and a page."""
    asked = [("GET", "/health"), ("GET", "/requests"), ("GET", "/faults"), ("GET", "/"), ("GET", "/snapshot")]
    asked += [("POST", "/workspaces"), ("GET", "/coverage")]
    assert [path for method, path in asked if seconds(client, method, path) >= 1] == []


def test_one_hanging_key_and_its_retries_leave_the_control_plane_free(client: Client) -> None:
    """A hang with 64 retries of its key, beside 200 waiting connections: the fault is removed within a second."""
    fault = client.fault(kind="hang", phase="before_commit", times=1)
    with waiting(client) as stack:
        peers = [stack.enter_context(begin_create(client.server, external_id="one")) for _ in range(65)]
        wait_until(lambda: len(client.mock.state.store._settled._waiters) == 64)
        assert_steered(client)
        assert client.post().status == 201
        assert client.post(external_id="one", type="x").status == 422
        assert seconds(client, "DELETE", f"/faults/{fault['id']}" if listed(client) else "/faults") < 1
        client.admin("POST", "/reset")
        endings = [read_all_or_nothing(peer) for peer in peers]
    assert sum(b" 201 " in ending[:20] for ending in endings) == 1
    assert endings.count(b"") == 1


def test_so_many_retries_wait_and_no_more(client: Client) -> None:
    """Of 300 retries of a key that is in flight 250 wait and 50 get 409 at once; with the first answer all the rest."""
    fault = client.fault(kind="slow", phase="before_commit", delay_ms=60_000)
    with ExitStack() as stack:
        peers = [stack.enter_context(begin_create(client.server, external_id="one")) for _ in range(301)]
        conflicts = "/requests?outcome=conflict"
        wait_until(lambda: len(client.admin("GET", conflicts).json()["data"]) == 301 - 1 - MAX_WAITING)
        assert len(client.mock.state.store._settled._waiters) == MAX_WAITING == 250
        assert_steered(client)
        assert client.admin("GET", f"{conflicts}&rule=IDEM-13").json()["data"][0]["trace"][6]["verdict"] == "refused"
        client.admin("DELETE", f"/faults/{fault['id']}")
        endings = Counter(read_all_or_nothing(peer)[9:12] for peer in peers)
    assert endings == {b"201": 1, b"200": MAX_WAITING, b"409": 50}
    assert client.mock.services.places._value == MAX_WAITING


def listed(client: Client) -> bool:
    """Tell whether a fault is still to be seen: one that has struck as often as it may is not."""
    return bool(client.admin("GET", "/faults").json()["data"])


def read_all_or_nothing(peer: socket.socket) -> bytes:
    """Read what comes until the server has nothing more to say."""
    peer.shutdown(socket.SHUT_WR)
    return read_all(peer)


@pytest.mark.parametrize("kind", ["hang", "slow"])
def test_64_requests_that_a_fault_holds_leave_the_control_plane_free(client: Client, kind: str) -> None:
    """64 submissions that a fault holds, beside 200 waiting connections; removing the fault releases them."""
    fault = client.fault(kind=kind, phase="before_auth", delay_ms=60_000, match={"credential_name": "writer"})
    with waiting(client) as stack:
        peers = [stack.enter_context(begin_create(client.server)) for _ in range(64)]
        wait_until(lambda: client.mock.state.faults.listed()[0][1] == 64)
        assert_steered(client)
        assert client.admin("GET", "/requests").json()["data"] == []  # all are held
        assert seconds(client, "DELETE", f"/faults/{fault['id']}") < 1
        begun = monotonic()
        endings = [read_all_or_nothing(peer)[:13] for peer in peers]
        assert monotonic() - begun < 10
    assert endings == ([b""] if kind == "hang" else [b"HTTP/1.1 201 "]) * 64


def test_70_slow_recordings_leave_the_control_plane_free(client: Client) -> None:
    """70 recordings of 20 s, beside 200 waiting connections."""
    with waiting(client) as stack:
        for _ in range(70):
            peer = begin_create(client.server, media_url="https://media.mock.test/slow/20000/a.mp3")
            stack.enter_context(peer)
        wait_until(lambda: len(client.mock.state.store._claims) == 70)
        assert_steered(client)
        assert client.post().status == 201


def test_streams_and_hanging_requests_together_leave_the_control_plane_free(client: Client) -> None:
    """As many streams of events as there may be, and 64 requests that hang."""
    client.fault(kind="hang", phase="before_auth")
    with ExitStack() as stack:
        for _ in range(100):
            stack.enter_context(begin(client.server, head(method="GET", target="/__admin/events")))
        for _ in range(64):
            stack.enter_context(begin_create(client.server))
        wait_until(lambda: client.mock.state.faults.listed()[0][1] == 64)
        assert_steered(client)
        assert seconds(client, "DELETE", "/faults") < 1
