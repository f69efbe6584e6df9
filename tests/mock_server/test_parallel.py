"""Many clients at once, over real HTTP."""

from __future__ import annotations

import json
import re
import socket
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from mock_server import Running, Settings, running
from tests.kit.checks import check_problem
from tests.kit.http import Answer, address, create, send
from tests.kit.submissions import new_key, submission
from tests.kit.wire import head

CLIENTS = 32


def until_claimed(server: Running, count: int = 1) -> None:
    """Wait until so many keys are in flight."""
    deadline = time.monotonic() + 10
    while len(server.mock.state.store._claims) < count:
        assert time.monotonic() < deadline
        time.sleep(0.001)


def submit_together(peers: list[socket.socket], key: str) -> list[tuple[int, bytes]]:
    """Send a submission of one key on each connection and return statuses and bodies.

    The last bytes go out at once, so that all arrive together; the recording takes long enough for all to be looked at
    before the first is stored.
    """
    url = "https://media.mock.test/slow/2/a.mp3"
    for number, peer in enumerate(peers):
        body = json.dumps(submission(external_id=key, title=f"title {number}", media_url=url)).encode()
        peer.sendall(head(f"Content-Length: {len(body)}") + body[:-1])
    for peer in peers:
        peer.sendall(b"}")
    return [receive(peer) for peer in peers]


def receive(peer: socket.socket) -> tuple[int, bytes]:
    """Read one response, faster than http.client does."""
    received = b""
    while True:
        received += peer.recv(1 << 16)
        start, _, body = received.partition(b"\r\n\r\n")
        length = re.search(rb"Content-Length: ([0-9]+)", start)
        if length and len(body) == int(length[1]):
            return int(start[9:12]), body


@pytest.mark.no_cover  # many times the same
@pytest.mark.parametrize("rounds", [40, pytest.param(200, marks=pytest.mark.soak)])
def test_one_of_many_first_submissions_creates(server: Running, rounds: int) -> None:
    """Of 32 parallel first submissions exactly one gets 201, in each of the rounds, and all get the same body."""
    with ExitStack() as stack:
        peers = [stack.enter_context(socket.create_connection(address(server), timeout=20)) for _ in range(CLIENTS)]
        for _ in range(rounds):
            answers = submit_together(peers, new_key())
            assert Counter(status for status, _ in answers) == {201: 1, 200: CLIENTS - 1}
            assert len({body for _, body in answers}) == 1


def test_a_waiter_takes_over_when_the_first_is_refused(server: Running) -> None:
    """When the first submission of a key is refused, one of those who waited creates and the others get its result."""
    key, started = new_key(), time.monotonic()

    def wait_for_it() -> tuple[Answer, float]:
        return create(server, external_id=key), time.monotonic() - started

    with ThreadPoolExecutor(CLIENTS) as pool:
        first = pool.submit(create, server, external_id=key, media_url="https://media.mock.test/slow/400/page.html")
        until_claimed(server)
        waiting = [pool.submit(wait_for_it) for _ in range(CLIENTS - 1)]
    assert check_problem(first.result(), 422)["errors"][0]["field"] == "/media_url"
    answers, times = zip(*(future.result() for future in waiting), strict=True)
    assert min(times) >= 0.4
    assert Counter(answer.status for answer in answers) == {201: 1, 200: CLIENTS - 2}
    assert len({answer.body for answer in answers}) == 1


def test_every_waiter_may_be_refused_in_turn(server: Running) -> None:
    """When each submission of a key is refused, nobody waits for ever and the key is free in the end."""
    key = new_key()
    url = "https://media.mock.test/slow/20/page.html"
    with ThreadPoolExecutor(CLIENTS) as pool:
        answers = list(pool.map(lambda _: create(server, external_id=key, media_url=url), range(CLIENTS)))
    assert {answer.status for answer in answers} == {422}
    assert create(server, external_id=key).status == 201


def test_in_flight_conflict_answers_409_meanwhile() -> None:
    """With in_flight set to conflict a repeat during the first submission gets 409 at once, and 200 afterwards."""
    key = new_key()
    with running(Settings(port=0, in_flight="conflict")) as server, ThreadPoolExecutor(1) as pool:
        first = pool.submit(create, server, external_id=key, media_url="https://media.mock.test/slow/500/a.mp3")
        until_claimed(server)
        meanwhile = create(server, external_id=key)
        assert not first.done()
        assert check_problem(meanwhile, 409)["type"].endswith("/conflict")
        assert int(meanwhile.headers["Retry-After"]) >= 1
        assert first.result().status == 201
        assert create(server, external_id=key).status == 200


def test_keys_in_flight_do_not_hold_each_other_up(server: Running) -> None:
    """A slow recording delays the submissions of its own key alone."""
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(create, server, media_url="https://media.mock.test/slow/700/a.mp3")
        until_claimed(server)
        assert create(server).status == 201
        assert not slow.done()
        assert slow.result().status == 201


def test_a_server_that_stops_finishes_what_it_began() -> None:
    """A submission under way gets its answer when the server stops, without the wait for a slow recording."""
    with ThreadPoolExecutor(1) as pool:
        with running(Settings(port=0)) as server:
            slow = pool.submit(create, server, media_url="https://media.mock.test/slow/25000/a.mp3")
            until_claimed(server)
            stopping = time.monotonic()
        assert time.monotonic() - stopping < 5
        assert slow.result().status == 201


@pytest.mark.parametrize("path", ["/__admin/health", "/__admin/version"])
def test_a_reset_during_a_submission_harms_nobody(own_server: Running, path: str) -> None:
    """A reset while a key is in flight lets the submission finish, and afterwards the key is new."""
    key = new_key()
    url = "https://media.mock.test/slow/200/a.mp3"
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(create, own_server, external_id=key, media_url=url)
        until_claimed(own_server)
        assert send(own_server, method="POST", path="/__admin/reset").status == 200
        second = pool.submit(create, own_server, external_id=key)
    assert (first.result().status, second.result().status) == (201, 201)
    assert first.result().json()["id"] != second.result().json()["id"]
    assert send(own_server, method="GET", path=path).status == 200
