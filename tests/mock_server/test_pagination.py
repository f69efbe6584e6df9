"""Pages of a list stay right while engagements are created and processed, and cost the same in a store of any size."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mock_server.store import Store
from tests.kit.reading import NOW, Reading

STEPS = st.lists(st.sampled_from([0.0, 0.3, 0.5, 1.0, 2.0, 5.0]), max_size=5)


def fill(reading: Reading, count: int) -> None:
    """Store copies of one engagement, a millisecond apart, the last one now."""
    reading.create(external_id="pattern")
    ((key, pattern),) = reading.mock.state.store.all()
    reading.mock.use(new_store=Store)
    for place in range(count):
        at = NOW - timedelta(milliseconds=count - place)
        copy = replace(pattern, id=f"ngmt_{place:026}", created_at=at)
        reading.mock.state.store.put((key[0], str(place)), copy)


@settings(max_examples=15, deadline=None)
@given(
    before=STEPS,
    meanwhile=STEPS,
    limit=st.integers(1, 3),
    order=st.sampled_from(["updated_at:desc", "updated_at:asc"]),
    back=st.booleans(),
)
def test_every_engagement_that_existed_throughout_is_seen_exactly_once(
    before: list[float],
    meanwhile: list[float],
    limit: int,
    order: str,
    back: bool,  # noqa: FBT001
) -> None:
    """While others are created and all are processed, and even if the clock is set back, a list stays what it was."""
    reading = Reading(processing="2s")
    there = []
    for seconds in before:
        there.append(reading.create()["id"])
        reading.advance(seconds=seconds)
    if back:
        reading.mock.services.clock.freeze(NOW)
    seen, steps, changes = [], iter(meanwhile), []
    for page in reading.pages(limit=limit, order_by=order):
        seen += [one["id"] for one in page["data"]]
        changes += [one["updated_at"] for one in page["data"]]
        reading.create()
        reading.advance(seconds=next(steps, 0.0))
    assert sorted(seen) == sorted(there)
    assert changes == sorted(changes, reverse=order == "updated_at:desc")


def test_what_is_created_meanwhile_is_not_in_the_list() -> None:
    """A list that is read upwards ends, even where the clock stands still; a new list has them all."""
    reading = Reading()
    for _ in range(3):
        reading.create()
    pages = 0
    for _ in reading.pages(limit=1, order_by="updated_at:asc"):
        pages += 1
        reading.create()
    assert (pages, len(reading.titles())) == (3, 6)


def test_a_page_shows_its_engagements_as_of_the_first_page() -> None:
    """Later pages show the status at the instant of the first one, by which they are ordered and filtered."""
    reading = Reading(processing="2s")
    for _ in range(3):
        reading.create()
    shown = []
    for page in reading.pages(limit=1, **{"filter[processing_status][eq]": "PENDING"}):
        shown += [one["processing_status"] for one in page["data"]]
        reading.advance(seconds=2)
    assert shown == ["PENDING"] * 3


def test_the_clock_set_back_hides_nothing() -> None:
    """What was created at an instant that is in the future again is in the list, PENDING, as in a single read."""
    reading = Reading()
    reading.advance(days=365)
    made = reading.create()
    reading.mock.services.clock.freeze(NOW)
    assert reading.get().json["data"] == [reading.get(f"/{made['id']}").json] == [made]


def test_engagements_of_one_instant_have_an_order() -> None:
    """With a frozen clock all instants are equal; pages hold each engagement once all the same."""
    reading = Reading(processing="0")
    made = {reading.create()["id"] for _ in range(7)}
    for order in ("updated_at:desc", "updated_at:asc"):
        seen = [one["id"] for page in reading.pages(limit=2, order_by=order) for one in page["data"]]
        assert (len(seen), set(seen)) == (7, made)


def _work(reading: Reading, **query: Any) -> int:
    """Count the calls of functions that a page needs."""
    calls = 0

    def count(_: object, event: str, __: object) -> None:
        nonlocal calls
        calls += event in {"call", "c_call"}

    reading.get(**query)  # what is made once is made
    sys.setprofile(count)
    try:
        assert len(reading.get(**query).json["data"]) == 25
    finally:
        sys.setprofile(None)
    return calls


@pytest.fixture(scope="module")
def stores() -> tuple[Reading, Reading]:
    """Return mocks with 100 and with 100,000 engagements."""
    small, large = Reading(processing="40ms"), Reading(processing="40ms")
    fill(small, 100)
    fill(large, 100_000)
    return small, large


def test_a_page_costs_the_same_in_a_store_of_any_size(stores: tuple[Reading, Reading]) -> None:
    """A first page, a later one and one in the other order take about the same work with 100,000 as with 100."""
    later = [{"cursor": reading.get().json["next_cursor"]} for reading in stores]
    for small, large in (({}, {}), later, [{"order_by": "updated_at:asc"}] * 2):
        few, many = _work(stores[0], **small), _work(stores[1], **large)
        assert many < 1.5 * few  # to find a place takes a few steps more: the logarithm


def test_a_large_store_is_in_order(stores: tuple[Reading, Reading]) -> None:
    """Over the border of the pieces in which a store is read, the order holds and nothing is left out."""
    pages = stores[1].pages(limit=100)
    shown = [one["updated_at"] for _ in range(5) for one in next(pages)["data"]]
    assert len(shown) == 500
    assert all(later <= earlier for earlier, later in pairwise(shown))
