"""Lists of engagements: order, pages, filters, and what is refused."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mock_server.operations.expansion import MEMBERS
from mock_server.operations.list import READERS
from tests.kit.checks import judge
from tests.kit.http import OTHER, READER
from tests.kit.reading import PRIVATE_READER, Reading


@pytest.fixture(scope="module")
def shared() -> Reading:
    """Return a mock with engagements A to F, a second apart; by now A to C are at the end, D to F are processed."""
    reading = Reading(processing="4s")
    for place, title in enumerate("ABCDEF"):
        reading.create(
            title=title,
            type=("CALL", "MEETING")[place % 2],
            start_at=f"2026-01-0{place + 1}T00:00:00.123456Z",
            **({"media_url": "https://media.mock.test/fails-processing/x.mp3"} if title == "B" else {}),
        )
        reading.advance(seconds=1)
    return reading


def test_a_list_has_its_envelope(shared: Reading) -> None:
    """A page is what the contract says; its engagements are those of single reads."""
    page = shared.get().json
    judge("EngagementList").validate(page)
    assert (page["object"], page["has_more"], page["next_cursor"]) == ("list", False, None)
    assert page["data"] == [shared.get(f"/{one['id']}").json for one in page["data"]]


def test_the_last_change_comes_first(shared: Reading) -> None:
    """The order is that of updated_at, not of creation: what has just been completed stands before what is new."""
    changes = [one["updated_at"] for one in shared.get().json["data"]]
    assert changes == sorted(changes, reverse=True)
    assert shared.titles() != sorted("ABCDEF", reverse=True)
    assert shared.titles(order_by="updated_at:asc") == shared.titles(order_by="updated_at:desc")[::-1]


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 6, 7, 100])
@pytest.mark.parametrize("order", ["updated_at:desc", "updated_at:asc"])
def test_pages_make_up_the_list(shared: Reading, limit: int, order: str) -> None:
    """Whatever the limit, the pages hold the list in its order; only the last one has no cursor."""
    pages = list(shared.pages(limit=limit, order_by=order))
    assert [one["title"] for page in pages for one in page["data"]] == shared.titles(order_by=order)
    assert [len(page["data"]) for page in pages[:-1]] == [limit] * (len(pages) - 1)
    assert [page["next_cursor"] is None for page in pages] == [not page["has_more"] for page in pages]


def test_a_page_has_25_unless_told_otherwise() -> None:
    """Without limit a page has 25 engagements."""
    reading = Reading()
    for _ in range(26):
        reading.create()
    assert [len(page["data"]) for page in reading.pages()] == [25, 1]


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ({"search": "a"}, "A"),
        ({"search": "dialer"}, ""),
        ({"filter[engagement_type][eq]": "CALL"}, "ACE"),
        ({"filter[engagement_type][in]": "MEETING,CALL"}, "ABCDEF"),
        ({"filter[engagement_type][in]": "EMAIL,NOTE"}, ""),
        ({"filter[processing_status][eq]": "FAILED"}, "B"),
        ({"filter[processing_status][eq]": "COMPLETED"}, "AC"),
        ({"filter[processing_status][in]": "PENDING,PROCESSING"}, "DEF"),
        ({"filter[start_at][gt]": "2026-01-02T00:00:00.123Z"}, "CDEF"),
        ({"filter[start_at][gte]": "2026-01-02T00:00:00.123Z"}, "BCDEF"),
        ({"filter[start_at][lt]": "2026-01-02T00:00:00.123Z"}, "A"),
        ({"filter[start_at][lte]": "2026-01-02T01:00:00.123+01:00"}, "AB"),
        ({"filter[updated_at][gt]": "2026-03-02T09:30:05Z"}, "CF"),
        ({"filter[updated_at][gte]": "2026-03-02T09:30:05Z", "filter[updated_at][lt]": "2026-03-02T09:30:06Z"}, "BE"),
        ({"filter[updated_at][lte]": "2026-03-02T09:30:04Z"}, "AD"),
        ({"search": "c", "filter[engagement_type][eq]": "MEETING"}, ""),
    ],
)
def test_filters_choose(shared: Reading, query: dict[str, str], titles: str) -> None:
    """A filter leaves what it names, several leave what all of them name, and a page of one leads through it."""
    assert sorted(shared.titles(**query)) == list(titles)
    assert sorted(one["title"] for page in shared.pages(limit=1, **query) for one in page["data"]) == list(titles)


def test_a_filter_takes_the_instant_that_was_shown(shared: Reading) -> None:
    """Gt with the updated_at of an answer leaves it out, and lte keeps it, whatever stood behind the milliseconds."""
    shown = shared.get(limit=1).json["data"][0]
    assert shared.titles(**{"filter[updated_at][gt]": shown["updated_at"]}) == []
    assert shown["title"] in shared.titles(**{"filter[updated_at][gte]": shown["updated_at"]})


def test_search_takes_no_notice_of_case_and_searches_titles_alone() -> None:
    """The title is compared without case, with NUL and letters of every script."""
    reading = Reading()
    reading.create(title="Quarterly ÜBERSICHT \0😀", external_id="needle", transcript_text="needle")
    found = [reading.titles(search=text) for text in ("übersicht", "quarterLY", "\0😀", "needle", "%")]
    assert [len(titles) for titles in found] == [1, 1, 1, 0, 0]


def test_expand_works_in_lists(shared: Reading) -> None:
    """Each engagement of a page has the members that a single read has."""
    names = ",".join(MEMBERS)
    for one in shared.get(expand=names, limit=2).json["data"]:
        assert one == shared.get(f"/{one['id']}", expand=names).json


def test_lists_are_of_one_workspace(shared: Reading) -> None:
    """The other workspace sees its own engagements alone, and nobody sees them here."""
    shared.create(OTHER, title="Theirs")
    assert (shared.titles(OTHER), "Theirs" in shared.titles()) == (["Theirs"], False)


def test_private_engagements_are_absent_and_leave_no_gaps() -> None:
    """A page is full of what the caller may see; has_more and cursors tell nothing of what is hidden."""
    reading = Reading()
    for place in range(9):
        reading.create(title=str(place), is_private=place % 3 > 0)
    pages = list(reading.pages(READER, limit=1))
    assert sorted(page["data"][0]["title"] for page in pages) == ["0", "3", "6"]
    assert len(list(reading.pages(PRIVATE_READER, limit=1))) == 9


BAD = [
    *(("limit", value) for value in ("0", "101", "-1", "", "1.5", "1e1", "٣", " 1", "9" * 99, "x")),
    *(("order_by", value) for value in ("", "updated_at", "created_at:desc", "updated_at:DESC", "title:asc")),
    *(("search", value) for value in ("", "a" * 501)),
    *(("cursor", value) for value in ("", "x", "a.b", "\0", "é", "e30.x", "x" * 2000)),
    *(("expand", value) for value in ("", "all", "transcript, tags")),
    *(("filter[engagement_type][eq]", value) for value in ("", "call", "CALL,MEETING")),
    *(("filter[engagement_type][in]", value) for value in ("", "CALL,", "CALL;MEETING")),
    ("filter[processing_status][eq]", "DONE"),
    *(("filter[start_at][gte]", value) for value in ("", "2026-01-01", "now", "2026-01-01T00:00:00", "1767225600")),
    *(
        (f"filter[{name}", "x")
        for name in ("", "]", "title][eq]", "engagement_type]", "start_at][eq]", "updated_at][in]")
    ),
]


@pytest.mark.parametrize(("name", "value"), BAD)
def test_a_bad_parameter_is_400_and_named(shared: Reading, name: str, value: str) -> None:
    """What cannot be used is refused with the name of the parameter, and nothing else is blamed."""
    answer = shared.get(**{name: value, **({"limit": "2"} if name != "limit" else {})})
    assert (answer.status_code, [error["field"] for error in answer.json["errors"]]) == (400, [name])
    judge("Problem").validate(answer.json)


@pytest.mark.parametrize("name", sorted(READERS))
def test_a_repeated_parameter_is_400(shared: Reading, name: str) -> None:
    """A parameter that is there twice is refused, even with the same value: a server could take either."""
    answer = shared.get(raw=f"{quote(name)}=1&{quote(name)}=1")
    assert [(one["field"], one["code"]) for one in answer.json["errors"]] == [(name, "repeated")]


def test_all_bad_parameters_are_told_at_once(shared: Reading) -> None:
    """Each mistake of a query has its error."""
    answer = shared.get(raw="limit=x&order_by=y&filter[z]=1&search=ok")
    assert [one["field"] for one in answer.json["errors"]] == ["limit", "order_by", "filter[z]"]


def test_a_plus_that_was_not_escaped_is_explained(shared: Reading) -> None:
    """A plus sign means a space in a query: the message says what to write."""
    answer = shared.get(raw="filter[start_at][gte]=2026-01-01T00:00:00+01:00")
    assert "%2B" in answer.json["errors"][0]["message"]


@pytest.mark.parametrize("raw", ["%ff", "a=%C3%28", "&".join(f"a{n}" for n in range(101))])
def test_a_query_that_cannot_be_read_is_400(shared: Reading, raw: str) -> None:
    """Bytes that are no UTF-8, and more than a hundred parameters, are refused."""
    assert shared.get(raw=raw).status_code == 400


def test_an_unknown_parameter_is_ignored_and_named() -> None:
    """It changes nothing, and the trace says what was meant; with --unknown-fields refuse it is refused."""
    reading = Reading()
    assert reading.get(raw="limitt=1&sk-apik_a.b=%1b").status_code == 200
    (step,) = [one for one in reading.last().trace if one.step == "parameters"]
    assert "limitt (did you mean limit?)" in step.detail
    assert "apik" not in step.detail
    refusing = Reading(unknown_fields="refuse")
    assert refusing.get(raw="limitt=1").json["errors"][0]["field"] == "limitt"


def test_a_cursor_belongs_to_one_list(shared: Reading) -> None:
    """Another workspace, order or filter refuses it; another limit, expand and credential go on with it."""
    cursor = shared.get(limit=2, search="").json  # an empty search is no list at all
    assert cursor["status"] == 400
    cursor = shared.get(limit=2).json["next_cursor"]
    for good in ({"limit": 3}, {"expand": "tags"}, {"credential": READER}, {"order_by": "updated_at:desc"}):
        assert shared.get(cursor=cursor, **good).status_code == 200
    for bad in (
        {"credential": OTHER},
        {"order_by": "updated_at:asc"},
        {"search": "A"},
        {"filter[engagement_type][eq]": "CALL"},
    ):
        answer = shared.get(cursor=cursor, **bad)
        assert (answer.status_code, shared.last().rule) == (400, "LIST-15")


@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_a_cursor_that_was_changed_is_refused(shared: Reading, data: st.DataObject) -> None:
    """A cursor that was cut, or in which a character is another one, is none."""
    cursor = shared.get(limit=2).json["next_cursor"]
    place = data.draw(st.integers(0, len(cursor) - 2))
    other = data.draw(st.sampled_from([cursor[:place], cursor[:place] + "A" + cursor[place + 1 :], cursor + "A"]))
    assert shared.get(cursor=other).status_code == (200 if other == cursor else 400)


@settings(max_examples=25, deadline=None)
@given(
    pairs=st.lists(st.tuples(st.sampled_from([*READERS, "filter[", "x", ""]), st.text(max_size=20)), max_size=4),
    raw=st.text(alphabet="limt=&%[]0+;é\xff", max_size=30),
)
def test_no_parameter_makes_the_server_fail(shared: Reading, pairs: list[tuple[str, str]], raw: str) -> None:
    """Whatever stands in the query, the answer is below 500."""
    query = "&".join(f"{quote(name)}={quote(value.encode('utf-8', 'surrogatepass'))}" for name, value in pairs)
    for sent in (query, raw):
        assert shared.get(raw=sent).status_code < 500


def test_a_list_in_the_journal_can_be_sent_again(shared: Reading) -> None:
    """The journal keeps the query, the scopes that it needed and what was on the page; API keys are covered."""
    shared.get(limit=1, expand="owner", search="sk-apik_a.secret")
    entry: Any = shared.last()
    assert (entry.outcome, entry.path, entry.scopes) == (
        "read",
        "/api/v2/engagements",
        ("engagements:read", "users:read"),
    )
    assert "limit=1" in entry.query
    assert "secret" not in entry.query
