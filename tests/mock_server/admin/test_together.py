"""Several at once on the control plane: what one found is still so when it acts."""

from __future__ import annotations

import json
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta

import pytest

from mock_server.clock import LAST, Clock
from tests.kit.control import Client
from tests.kit.waiting import wait_until


@pytest.fixture(autouse=True)
def _switching() -> Iterator[None]:
    """Let threads take turns very often, so that what can go wrong does."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def together(count: int, call: Callable[[int], int]) -> Counter[int]:
    """Call a function so many times at once and count the statuses."""
    start = threading.Barrier(count)

    def one(number: int) -> int:
        start.wait()
        return call(number)

    with ThreadPoolExecutor(count) as pool:
        return Counter(pool.map(one, range(count)))


def test_a_name_is_given_to_one_workspace(client: Client) -> None:
    """Of 40 parallel creations of a workspace of one name exactly one succeeds, in each of ten rounds."""
    for number in range(10):
        order = {"name": f"same-{number}"}
        told = together(40, lambda _, order=order: client.admin("POST", "/workspaces", order).status)
        assert told == {201: 1, 422: 39}
    names = [space["name"] for space in client.admin("GET", "/workspaces").json()["data"]]
    assert len(names) == len(set(names)) == 12


def test_a_workspace_is_deleted_once(client: Client) -> None:
    """Of parallel deletions of one workspace exactly one finds it."""
    made = client.admin("POST", "/workspaces").json()["id"]
    assert together(16, lambda _: client.admin("DELETE", f"/workspaces/{made}").status) == {200: 1, 404: 15}


def test_a_fault_is_removed_once(client: Client) -> None:
    """Of parallel deletions of one fault exactly one finds it."""
    made = client.fault(kind="forget")["id"]
    assert together(16, lambda _: client.admin("DELETE", f"/faults/{made}").status) == {200: 1, 404: 15}


def test_no_fault_outlives_its_workspace(client: Client) -> None:
    """A fault for a workspace that is deleted at the same time is refused or goes with it."""
    for _ in range(20):
        made = client.admin("POST", "/workspaces").json()["id"]
        order = {"kind": "forget", "match": {"workspace": made}}

        def act(number: int, made: str = made, order: dict[str, object] = order) -> int:
            if number == 0:
                return client.admin("DELETE", f"/workspaces/{made}").status
            return client.admin("POST", "/faults", order).status

        assert together(6, act)[200] == 1
        assert client.admin("GET", "/faults").json()["data"] == []


def test_no_advance_of_the_clock_is_lost() -> None:
    """Moves and stops of the clock by several threads add up, and together do not lead beyond its last year."""
    clock = Clock()
    clock.freeze(LAST - timedelta(hours=100))

    def move(_: int) -> int:
        for _ in range(50):
            try:
                clock.advance(timedelta(hours=1))
            except ValueError:
                return 422
            clock.freeze()
        return 200

    together(8, move)
    assert clock.now() == LAST


@contextmanager
def load(client: Client) -> Iterator[None]:
    """Create, delete, reset, restore, move the clock, set faults and submit, until the block ends."""
    stop = threading.Event()

    def spaces(number: int) -> None:
        while not stop.is_set():
            made = client.admin("POST", "/workspaces", {"name": f"load-{number}", "rate_limit": "1000/second"})
            if made.status != 201:  # the reset comes before the deletion
                continue
            space, writer = made.json()["id"], made.json()["credentials"]["writer"]
            client.admin("POST", "/faults", {"kind": "slow", "phase": "before_commit", "delay_ms": 1, "ttl": 0.05,
                                             "match": {"workspace": space}})  # fmt: skip
            client.post(credential=writer, external_id=f"load:{number}", transcript_text="hello")
            client.admin("DELETE", f"/workspaces/{space}")

    def submit(_: int) -> None:
        while not stop.is_set():
            for space in client.mock.services.directory.callers[5:]:
                client.post(credential=space.credential)

    def turn(_: int) -> None:
        first = client.admin("GET", "/snapshot").json()
        while not stop.is_set():
            client.admin("POST", "/reset")
            client.admin("PUT", "/clock", {"advance": "PT1S"})
            client.admin("PUT", "/snapshot", first)

    with ThreadPoolExecutor(5) as pool:
        running = [pool.submit(act, number) for number, act in enumerate((spaces, spaces, submit, submit, turn))]
        try:
            yield
        finally:
            stop.set()
        for one in running:
            one.result()


@pytest.mark.soak
def test_every_snapshot_under_load_can_be_restored(client: Client) -> None:
    """Of 150 snapshots taken while workspaces come and go and the mock is reset, all can be restored."""
    with load(client):
        taken = [client.admin("GET", "/snapshot").json() for _ in range(150)]
    told = [client.admin("PUT", "/snapshot", snapshot) for snapshot in taken]
    assert [answer.text for answer in told if answer.status != 200] == []
    assert any(len(snapshot["workspaces"]) > 2 for snapshot in taken)
    # What was restored last is what a new snapshot has, up to the time that passed.
    again = client.admin("GET", "/snapshot").json()
    parts = ("workspaces", "engagements", "clock")
    assert json.dumps([again[part] for part in parts]) == json.dumps([taken[-1][part] for part in parts])


def test_a_snapshot_leaves_out_what_is_stored_for_a_deleted_workspace(client: Client) -> None:
    """A request that commits after its workspace was deleted, and has not ended yet, is not in a snapshot."""
    made = client.admin("POST", "/workspaces").json()
    client.fault(kind="slow", phase="after_commit", delay_ms=30_000)
    client.fault(kind="slow", phase="before_commit", delay_ms=30_000)
    sent = threading.Thread(target=client.post, kwargs={"credential": made["credentials"]["writer"]})
    sent.start()
    listed = client.mock.state.faults.listed
    wait_until(lambda: listed()[1][1] == 1)
    client.admin("DELETE", f"/workspaces/{made['id']}")
    client.admin("DELETE", f"/faults/{listed()[1][0].id}")
    wait_until(lambda: len(client.mock.state.store) == 1)
    snapshot = client.admin("GET", "/snapshot").json()
    assert snapshot["engagements"] == []
    assert client.admin("PUT", "/snapshot", snapshot).status == 200
    sent.join()
