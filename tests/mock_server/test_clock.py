"""Time and ids can be repeated and moved."""

from __future__ import annotations

import re
import threading
from datetime import UTC, datetime, timedelta, timezone

import pytest

from mock_server import Settings, running
from mock_server.admin.clock import show_clock
from mock_server.clock import Clock, rfc3339
from mock_server.ids import Ids, derived
from tests.kit.http import create

AT = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)


def test_a_clock_goes_with_the_system() -> None:
    """Untouched, it is the system's clock."""
    assert abs(Clock().now() - datetime.now(UTC)) < timedelta(seconds=5)


def test_what_is_shown_of_a_clock_is_of_one_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A change of the clock while somebody looks at it is seen whole, or not at all."""
    clock = Clock()
    setting = clock.setting

    def before_a_change() -> object:
        found = setting()
        clock.freeze(AT)
        return found

    monkeypatch.setattr(clock, "setting", before_a_change)
    shown = show_clock(clock)
    assert shown["frozen"] == (shown["now"] == rfc3339(AT))


def test_a_frozen_clock_stands_and_can_be_moved() -> None:
    """Frozen, it moves only when it is told to; a reset lets it go."""
    clock = Clock()
    clock.freeze(datetime(2030, 1, 1, 12, tzinfo=timezone(timedelta(hours=2))))
    assert clock.now() == clock.now() == datetime(2030, 1, 1, 10, tzinfo=UTC)
    clock.advance(timedelta(hours=1))
    assert rfc3339(clock.now()) == "2030-01-01T11:00:00.000Z"
    clock.reset()
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=5)


def test_a_running_clock_can_be_moved_too() -> None:
    """Advanced without being frozen, it runs on from there; frozen without an instant it stops where it is."""
    clock = Clock()
    clock.advance(timedelta(days=1))
    assert abs(clock.now() - datetime.now(UTC) - timedelta(days=1)) < timedelta(seconds=5)
    clock.freeze()
    assert clock.now() == clock.now()


def test_answers_follow_the_clock() -> None:
    """created_at, and start_at without one in the submission, are the time of the mock's clock."""
    with running(Settings(port=0)) as server:
        server.mock.services.clock.freeze(datetime(2031, 5, 6, 7, 8, 9, 123_999, tzinfo=UTC))
        answer = create(server).json()
    assert {answer[name] for name in ("created_at", "updated_at", "start_at", "engagement_at")} == {
        "2031-05-06T07:08:09.123Z"
    }


def test_one_seed_gives_one_sequence() -> None:
    """The same seed and the same clock give the same ids, another seed others."""
    clock = Clock()
    clock.freeze()

    def three(seed: int | None) -> list[str]:
        ids = Ids(clock, seed)
        return [ids.new("ngmt") for _ in range(3)]

    assert three(7) == three(7)
    assert three(7) != three(8)
    assert three(None) != three(None)
    assert len(set(three(7))) == 3


def test_ids_have_the_documented_form() -> None:
    """An id is its prefix and a ULID, which sorts by time."""
    clock = Clock()
    early = Ids(clock).new("ngmt")
    clock.advance(timedelta(seconds=1))
    late = Ids(clock).new("ngmt")
    assert re.fullmatch(r"ngmt_[0-9A-HJKMNP-TV-Z]{26}", early)
    assert early < late


def test_derived_ids_belong_to_their_parts() -> None:
    """The same parts always have the same id; parts cannot run into each other."""
    assert derived("usr", "a", "b") == derived("usr", "a", "b")
    assert (
        len({derived("usr", "a", "b"), derived("usr", "ab"), derived("usr", "a", "b", ""), derived("wrks", "a", "b")})
        == 4
    )
    assert re.fullmatch(r"usr_[0-9A-HJKMNP-TV-Z]{26}", derived("usr", "a"))


def test_a_change_is_told_to_those_who_watch() -> None:
    """Each change calls the watchers, after it has taken place and without a lock, until they watch no more."""
    clock, seen = Clock(), list[datetime]()

    def watcher() -> None:
        thread = threading.Thread(target=lambda: seen.append(clock.now()))  # it would wait for a lock for ever
        thread.start()
        thread.join(10)

    clock.watch(watcher)
    clock.freeze(AT)
    clock.advance(timedelta(hours=1))
    clock.set(timedelta(), AT)
    assert seen == [AT, AT + timedelta(hours=1), AT]
    clock.reset()
    assert len(seen) == 4
    clock.unwatch(watcher)
    clock.freeze(AT)
    assert len(seen) == 4
