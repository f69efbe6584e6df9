"""The timetable: what is due is done, in order, by a clock that can be moved."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from mock_server.clock import Clock
from mock_server.webhooks.timetable import Timetable
from tests.kit.waiting import wait_until

AT = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)


@pytest.fixture
def clock() -> Clock:
    """Return a clock that stands still."""
    clock = Clock()
    clock.freeze(AT)
    return clock


@pytest.fixture
def timetable(clock: Clock) -> Iterator[Timetable]:
    """Return a timetable by that clock."""
    timetable = Timetable(clock)
    yield timetable
    timetable.close()


def test_what_is_due_is_done_in_order(clock: Clock, timetable: Timetable, monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs are done by their instants, and those of one instant in the order in which they were added."""
    monkeypatch.setattr("mock_server.webhooks.timetable.TICK_SECONDS", 60)  # the clock itself tells that it moves
    done: list[int] = []
    for number, hours in enumerate((3, 1, 2, 1)):
        timetable.add(AT + timedelta(hours=hours), "w", lambda number=number: done.append(number))
    clock.advance(timedelta(hours=2))
    wait_until(lambda: len(done) == 3)
    assert done == [1, 3, 2]
    clock.freeze(AT + timedelta(days=1))
    wait_until(lambda: done == [1, 3, 2, 0])


def test_what_is_past_is_done_at_once(timetable: Timetable) -> None:
    """A job whose instant is past is not lost."""
    done = threading.Event()
    timetable.add(AT - timedelta(days=1), "w", done.set)
    assert done.wait(10)


def test_a_job_that_fails_does_not_end_the_others(timetable: Timetable) -> None:
    """An error is logged, and the next job is done."""
    done = threading.Event()
    timetable.add(AT, "w", lambda: 1 // 0)
    timetable.add(AT, "w", done.set)
    assert done.wait(10)


def test_the_jobs_of_a_workspace_are_forgotten(clock: Clock, timetable: Timetable) -> None:
    """After `forget` only jobs of other workspaces are done."""
    done: list[str] = []
    for workspace in ("a", "b"):
        timetable.add(AT + timedelta(seconds=1), workspace, lambda name=workspace: done.append(name))
    timetable.forget("a")
    clock.advance(timedelta(seconds=1))
    wait_until(lambda: done == ["b"])
    assert len(timetable) == 0


def test_one_thread_from_the_first_job_until_it_is_closed(clock: Clock) -> None:
    """Without a job there is no thread. 10,000 jobs share one. After `close` it is gone, and nothing is done."""
    before = set(threading.enumerate())
    timetable = Timetable(clock)
    assert set(threading.enumerate()) == before
    for _ in range(10_000):
        timetable.add(AT + timedelta(seconds=1), "w", lambda: None)
    (thread,) = set(threading.enumerate()) - before
    assert len(timetable) == 10_000
    timetable.close()
    assert not thread.is_alive()
    timetable.add(AT, "w", lambda: None)
    assert len(timetable) == 0


def test_a_running_clock_needs_nobody_to_move_it() -> None:
    """By a running clock a job is done when its time has come."""
    clock = Clock()
    timetable, done = Timetable(clock), threading.Event()
    due = clock.now() + timedelta(milliseconds=30)
    timetable.add(due, "w", done.set)
    assert done.wait(10)
    assert clock.now() >= due
    timetable.close()
