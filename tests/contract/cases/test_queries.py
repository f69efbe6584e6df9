"""Queries of lists: which engagements each selects, by the values that a list shows."""

from __future__ import annotations

from typing import Any

import pytest

from contract.cases.queries import BAD, ODD, Query, filters, searches
from contract.instants import instant

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
STARTS = [instant(one["start_at"]) for one in SAMPLE]


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


@pytest.mark.parametrize(
    ("shown", "understood"),
    [
        ({"engagement_type": "CALL", "start_at": "2026-03-02T09:30:00Z"}, True),
        ({"engagement_type": "CALL", "start_at": None}, True),
        ({"engagement_type": "call", "start_at": "2026-03-02T09:30:00Z"}, False),
        ({"engagement_type": "CALL", "start_at": "yesterday"}, False),
        ({"engagement_type": "CALL", "updated_at": "yesterday"}, True),
    ],
)
def test_what_is_not_as_documented_blames_no_filter(*, shown: dict[str, Any], understood: bool) -> None:
    """A filter is judged by engagements that say what it is about in a documented way."""
    query = Query({"filter[engagement_type][eq]": "CALL", "filter[start_at][gt]": "2026-01-01T00:00:00Z"}, "LIST-8")
    assert query.understands(shown) is understood


def test_every_filter_tells_some_from_others() -> None:
    """For each filter that is made of a list there are engagements that it selects, or values that it leaves out."""
    made = list(filters(SAMPLE, STARTS))
    assert {query.rule for query in made} == {"LIST-6", "LIST-7", "LIST-8", "LIST-9"}
    for query in made:
        selected = [one for one in SAMPLE if query.selects(one)]
        absent = any(word in query.text for word in ("DOCUMENT", "PROCESSING"))
        assert selected or absent, query.text
        assert len(selected) < len(SAMPLE) or "[in]" in query.text, query.text
    for rule in ("LIST-6", "LIST-7"):
        several = [query for query in made if query.rule == rule and "[in]" in query.text]
        assert any(0 < sum(map(query.selects, SAMPLE)) < len(SAMPLE) for query in several), rule


def test_bounds_are_instants_and_no_texts() -> None:
    """Each operator gets its bound in a spelling of its own, so that texts compared select others."""
    bounds = [
        query for query in filters(SAMPLE, STARTS) if query.rule in {"LIST-8", "LIST-9"} and len(query.parameters) == 1
    ]
    texts = {(name, value[19:]) for query in bounds for name, value in query.parameters.items()}
    assert ("filter[start_at][gt]", ".000Z") in texts
    assert ("filter[start_at][gte]", "+05:30") in texts
    assert ("filter[start_at][lt]", "-08:00") in texts
    assert ("filter[start_at][lte]", "Z") in texts


def test_two_filters_each_leave_something_out() -> None:
    """A query with two filters selects less than either of them."""
    both = [query for query in filters(SAMPLE, STARTS) if len(query.parameters) == 2]
    assert len(both) == 4
    for query in both:
        count = [sum(map(query.selects, SAMPLE))]
        count += [sum(Query({n: v}, query.rule).selects(one) for one in SAMPLE) for n, v in query.parameters.items()]
        assert 0 < count[0] < min(count[1:]), query.text


def test_a_list_that_says_nothing_makes_no_filters() -> None:
    """Where engagements show no type, status or time, nothing can be asked of the filters."""
    assert list(filters([{"id": "ngmt_1"}, {"id": "ngmt_2"}], STARTS)) == []


def test_bounds_are_what_nothing_is_hidden_of() -> None:
    """A start that was not submitted makes no bound, and an update within a shown second only those that suit all."""
    shown = [{**one, "updated_at": f"2026-03-02T09:30:0{number}Z"} for number, one in enumerate(SAMPLE)]
    assert {query.rule for query in filters(shown, [])} == {"LIST-6", "LIST-7", "LIST-9"}
    changed = [name for query in filters(shown, STARTS) for name in query.parameters if "updated_at" in name]
    assert sorted(changed) == ["filter[updated_at][gte]", "filter[updated_at][gte]", "filter[updated_at][lt]"]


def test_what_changed_at_a_shown_instant_changed_then_or_later() -> None:
    """A store that knows more digits than it shows selects the same for each bound on an update."""
    stored = [{**one, "updated_at": one["updated_at"].replace("250Z", "250999Z")} for one in SAMPLE]
    for query in (query for query in filters(SAMPLE, STARTS) if query.rule == "LIST-9"):
        assert list(map(query.selects, stored)) == list(map(query.selects, SAMPLE)), query.text


def test_searches_find_titles_and_nothing_else() -> None:
    """A title and a part of it are in a title; a key, patterns and texts that are decoded twice are in none."""
    made = searches("ck1", "ck1 call 3", ["ck1:3"], [one["title"] for one in SAMPLE])
    found = {query.parameters["search"]: sum(map(query.selects, SAMPLE)) for query in made}
    assert [text for text, count in found.items() if count] == ["ck1 call 3", "1 call "]
    assert {"ck1:3", "ck1 _all 3", "ck1 .all 3", "ck1 %ll 3", "ck1 *ll 3", "ck1 %63all 3", "ck1+call+3"} <= set(found)


def test_searches_take_the_titles_with_the_most_signs_and_foreign_letters() -> None:
    """Signs of ASCII and other letters are searched for as they stand in a title, up to the end of its line."""
    signs, foreign = 'ck1 <b> & "x" \\ %20', "ck1 你好 é"
    titles = ["ck1 plain", f"{signs}\nline", foreign, "  ck1 ", "ck1 " + "!?" * 200]
    texts = [query.parameters["search"] for query in searches("ck1", "ck1 call 3", ["ck1:3"], titles)]
    assert texts[2:4] == [signs, foreign]


def test_a_search_for_words_finds_no_part_of_one() -> None:
    """A target that searches for words is not asked for parts of them, nor for signs between them."""
    made = [query.parameters["search"] for query in searches("ck1", "ck1 call 3", ["ck1:3"], [], by_words=True)]
    assert made == ["ck1 call 3", "ck1:3", "ck1 in no title", "ck1 call 3"]


def test_odd_parameters_are_written_for_a_url() -> None:
    """They are ASCII and hold nothing that would end a request line."""
    assert all(text.isascii() and not set(text) & set(" \r\n#") for text in (*ODD, *(query.text for query in BAD)))
