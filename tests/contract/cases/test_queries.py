"""Queries of lists: which engagements each selects, by the values that a list shows."""

from __future__ import annotations

from typing import Any

import pytest

from contract.cases.queries import BAD, ODD, Query, filters, searches

SAMPLE: list[dict[str, Any]] = [
    {
        "id": f"ngmt_{number}",
        "title": f"ck1 call {number}",
        "engagement_type": "CALL" if number % 2 else "MEETING",
        "processing_status": "COMPLETED" if number < 3 else "PENDING",
        "start_at": f"2026-03-0{number}T09:30:00Z",
        "updated_at": f"2026-03-02T09:30:0{number}.250Z",
    }
    for number in range(1, 6)
]


@pytest.mark.parametrize(
    ("parameters", "numbers"),
    [
        ({}, "12345"),
        ({"search": "call 3"}, "3"),
        ({"filter[engagement_type][eq]": "CALL"}, "135"),
        ({"filter[engagement_type][in]": "CALL,MEETING"}, "12345"),
        ({"filter[processing_status][eq]": "PENDING"}, "345"),
        ({"filter[start_at][gt]": "2026-03-03T09:30:00Z"}, "45"),
        ({"filter[start_at][gte]": "2026-03-03T10:30:00+01:00"}, "345"),
        ({"filter[start_at][lt]": "2026-03-03T09:30:00Z"}, "12"),
        ({"filter[start_at][lte]": "2026-03-03T09:30:00Z", "filter[engagement_type][eq]": "CALL"}, "13"),
        ({"limit": "1", "order_by": "updated_at:asc"}, "12345"),
    ],
)
def test_a_query_selects(parameters: dict[str, str], numbers: str) -> None:
    """Each parameter selects by what it is about; limit and order select nothing."""
    query = Query(parameters, "LIST-1")
    assert "".join(one["id"][-1] for one in SAMPLE if query.selects(one)) == numbers


def test_every_filter_tells_some_from_others() -> None:
    """For each filter that is made of a list there are engagements that it selects, or values that it leaves out."""
    made = list(filters(SAMPLE))
    assert {query.rule for query in made} == {"LIST-6", "LIST-7", "LIST-8", "LIST-9"}
    for query in made:
        selected = [one for one in SAMPLE if query.selects(one)]
        assert selected, query.text
        assert len(selected) < len(SAMPLE) or "[in]" in query.text, query.text


def test_a_list_that_says_nothing_makes_no_filters() -> None:
    """Where engagements show no type, status or time, nothing can be asked of the filters."""
    assert list(filters([{"id": "ngmt_1"}, {"id": "ngmt_2"}])) == []


def test_a_key_and_what_is_nowhere_find_nothing() -> None:
    """Of the three searches only the title is in a title."""
    title, key, nowhere = searches("ck1", "ck1 call 3", "ck1:3")
    assert [sum(query.selects(one) for one in SAMPLE) for query in (title, key, nowhere)] == [1, 0, 0]


def test_odd_parameters_are_written_for_a_url() -> None:
    """They are ASCII and hold nothing that would end a request line."""
    assert all(text.isascii() and not set(text) & set(" \r\n#") for text in (*ODD, *(query.text for query in BAD)))
