"""Lanes: one after the other within a lane, and no lane waits for another."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from mock_server.webhooks.lanes import MAX_THREADS, Lanes
from tests.kit.waiting import wait_until


@pytest.fixture
def lanes() -> Iterator[Lanes]:
    """Return lanes that end with the test."""
    lanes = Lanes()
    yield lanes
    lanes.close()


def test_a_lane_keeps_its_order(lanes: Lanes) -> None:
    """100 jobs of a lane are done in the order in which they were put, and never two at a time."""
    done: list[int] = []
    busy = threading.Lock()

    def job(number: int) -> None:
        assert busy.acquire(blocking=False)
        done.append(number)
        busy.release()

    for number in range(100):
        lanes.put("a", lambda number=number: job(number))
    wait_until(lambda: len(done) == 100)
    assert done == list(range(100))


def test_a_lane_that_stands_still_does_not_stop_others(lanes: Lanes) -> None:
    """While jobs of all lanes but one wait, those of the last lane are done."""
    held, done = threading.Event(), threading.Event()
    for number in range(MAX_THREADS - 1):
        for _ in range(3):
            lanes.put(f"slow {number}", held.wait)
    lanes.put("quick", done.set)
    assert done.wait(10)
    held.set()


def test_a_job_that_fails_does_not_end_its_lane(lanes: Lanes) -> None:
    """An error is logged, and the next job of the lane is done."""
    done = threading.Event()
    lanes.put("a", lambda: 1 // 0)
    lanes.put("a", done.set)
    assert done.wait(10)


def test_what_waits_can_be_dropped(lanes: Lanes) -> None:
    """After `drop` the job that is under way ends, and those behind it are not done."""
    begun, held, done = threading.Event(), threading.Event(), []
    lanes.put("a", lambda: (begun.set(), held.wait()))
    lanes.put("a", lambda: done.append("dropped"))
    assert begun.wait(10)
    lanes.drop("a")
    lanes.put("a", lambda: done.append("later"))
    held.set()
    wait_until(lambda: done == ["later"])


def test_the_end_waits_for_what_is_under_way() -> None:
    """After `close` no thread is left, and nothing is done any more."""
    before = set(threading.enumerate())
    lanes, done = Lanes(), []
    assert set(threading.enumerate()) == before
    lanes.put("a", lambda: done.append(1))
    lanes.close()
    lanes.put("a", lambda: done.append(2))
    assert done in ([], [1])
    assert set(threading.enumerate()) == before
