"""One key makes one engagement."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from mock_server.checks.validation import Validator
from mock_server.problems import InFlight
from mock_server.store import Claim, Engagement, Store
from mock_server.workspaces import built_in
from tests.kit.submissions import submission

NOW = datetime(2026, 3, 2, tzinfo=UTC)
BODY = Validator().validate(submission())


def engagement(name: str = "ngmt_1") -> Engagement:
    """Return an engagement to store."""
    return Engagement(
        name, built_in()[0], BODY, None, is_private=False, created_at=NOW, start_at=NOW, duration_seconds=1
    )


def claimed(store: Store, key: str = "key", workspace: str = "A") -> Claim:
    """Claim a key that is free."""
    claim = store.claim(workspace, key, 0)
    assert isinstance(claim, Claim)
    return claim


def test_a_committed_key_is_taken_for_good() -> None:
    """Whoever asks after the commit gets the very engagement."""
    store, stored = Store(), engagement()
    with claimed(store) as claim:
        claim.commit(stored)
    assert store.claim("A", "key", 0) is stored
    assert len(store) == 1


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_failed_claim_frees_its_key(error: type[BaseException]) -> None:
    """Whatever goes wrong under a claim, the key is free afterwards."""
    store = Store()
    with pytest.raises(error), claimed(store):
        raise error
    claimed(store)
    assert len(store) == 0


def test_a_key_in_flight_is_refused_without_patience() -> None:
    """Without patience a repeat is told at once that the key is in flight."""
    store = Store()
    with claimed(store):
        started = time.monotonic()
        with pytest.raises(InFlight):
            store.claim("A", "key", 0)
        assert time.monotonic() - started < 5


def test_patience_ends() -> None:
    """Who waits for a key that stays in flight is refused when the patience ends, not before."""
    store = Store()
    with claimed(store):
        started = time.monotonic()
        with pytest.raises(InFlight):
            store.claim("A", "key", 0.05)
        assert time.monotonic() - started >= 0.05


def test_those_who_wait_get_the_outcome() -> None:
    """Everyone who waits for a claim is handed the engagement that it commits."""
    store, stored = Store(), engagement()
    with ThreadPoolExecutor(8) as pool:
        with claimed(store) as claim:
            waiting = [pool.submit(store.claim, "A", "key", 10) for _ in range(8)]
            claim.commit(stored)
        assert {id(future.result()) for future in waiting} == {id(stored)}


def test_after_a_refusal_one_waiter_gets_the_claim() -> None:
    """When the claim is released without a commit, exactly one of those who wait gets the next one."""
    store, turns = Store(), []

    def take_a_turn() -> None:
        claim = store.claim("A", "key", 10)
        assert isinstance(claim, Claim)
        with claim:
            turns.append("in")
            assert turns[-1] == "in"
            turns.append("out")

    first = claimed(store)
    threads = [threading.Thread(target=take_a_turn) for _ in range(8)]
    for thread in threads:
        thread.start()
    with first:
        assert turns == []
    for thread in threads:
        thread.join(10)
    assert turns == ["in", "out"] * 8


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a", "A"),
        ("a", " a"),
        ("a", "a "),
        ("a b", "a  b"),
        ("é", "e\u0301"),
        ("ß", "ss"),
        ("a" * 499 + "b", "a" * 499 + "c"),
        ("1", "01"),
        ("ﬁ", "fi"),
        ("a\0", "a"),
        ("İ", "i\u0307"),
        ("\u200b", "\u200c"),
    ],
)
def test_keys_are_compared_code_point_by_code_point(one: str, other: str) -> None:
    """Case, white space, accents and tails make another key; nothing is normalised."""
    store = Store()
    with claimed(store, one) as claim:
        claim.commit(engagement())
    claimed(store, other)


def test_a_key_belongs_to_its_workspace() -> None:
    """The same key in another workspace is another key, and the two cannot be confused by their spelling."""
    store = Store()
    with claimed(store, "b:c", "a") as claim:
        claim.commit(engagement())
    claimed(store, "b:c", "other")
    claimed(store, "c", "a:b")
