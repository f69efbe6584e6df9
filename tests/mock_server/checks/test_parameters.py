"""The parameters of a query by themselves."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mock_server.checks import parameters
from mock_server.problems import BadParameters
from tests.kit.http import WRITER

READERS = {
    "limit": parameters.whole_number(1, 100),
    "order": parameters.one_of(("up", "down")),
    "expand": parameters.some_of(("owner", "tags", "signals")),
    "search": parameters.text_of(5),
    "at": parameters.instant,
}


def read(query: str, *, refuse_unknown: bool = False) -> parameters.Query:
    """Read a query."""
    return parameters.read(query, READERS, "LIST-13", refuse_unknown=refuse_unknown)


def refused(query: str, *, refuse_unknown: bool = False) -> list[tuple[str, str]]:
    """Return fields and codes of what is wrong with a query."""
    with pytest.raises(BadParameters) as refusal:
        read(query, refuse_unknown=refuse_unknown)
    assert {error.rule for error in refusal.value.errors} == {"LIST-13"}
    return [(error.field, error.code) for error in refusal.value.errors]


@pytest.mark.parametrize(
    ("query", "values"),
    [
        ("", {}),
        ("limit=1", {"limit": 1}),
        ("limit=0100", {"limit": 100}),
        ("order=up", {"order": "up"}),
        ("expand=signals,owner,signals", {"expand": ("owner", "signals")}),
        ("expand=tags%2Cowner", {"expand": ("owner", "tags")}),
        ("search=%F0%9F%98%80%00", {"search": "😀\0"}),
        ("search=a+b", {"search": "a b"}),
        ("at=2026-03-02T09:30:00%2B01:00", {"at": datetime(2026, 3, 2, 8, 30, tzinfo=UTC)}),
    ],
)
def test_what_is_read(query: str, values: dict[str, Any]) -> None:
    """Each reader returns its value; words come in their own order and each once."""
    assert read(query).values == values


@pytest.mark.parametrize(
    "query",
    [
        "limit=0", "limit=101", "limit=-1", "limit=1.0", "limit=", "limit", "limit=%D9%A3", "limit=" + "1" * 5000,
        "order=UP", "order=", "expand=", "expand=owner,", "expand=all", "search=", "search=123456",
        "at=soon", "at=2026-03-02T09:30:00+01:00", "at=2026-03-02",
    ],
)  # fmt: skip
def test_what_cannot_be_read(query: str) -> None:
    """Another value is refused under the name of its parameter."""
    assert refused(query) == [(query.partition("=")[0], "value")]


def test_all_mistakes_are_told_at_once() -> None:
    """A query with several mistakes is refused with each of them."""
    assert refused("limit=0&order=up&order=up&filter[x]=1&expand=all") == [
        ("limit", "value"),
        ("order", "repeated"),
        ("expand", "value"),
        ("filter[x]", "unknown"),
    ]


@pytest.mark.parametrize("query", ["a=%FF", "a=\xff", "&".join(f"p{place}=" for place in range(101))])
def test_a_query_that_cannot_be_taken_apart(query: str) -> None:
    """Text that is no UTF-8, and too many parameters, are refused as a whole."""
    assert refused(query) == [("", "query")]


def test_unknown_parameters_are_ignored_by_name_or_refused() -> None:
    """An unknown parameter is named with what was probably meant; it is refused if the mock is told so."""
    found = read("limt=5&page=2")
    assert found.values == {}
    assert "limt (did you mean limit?)" in str(found)
    assert "page" in str(found)
    assert refused("limt=5&page=2", refuse_unknown=True) == [("limt", "unknown"), ("page", "unknown")]


def test_an_unknown_name_shows_no_credential_and_no_control_code() -> None:
    """The name of an unknown parameter is shown cut, covered and escaped."""
    shown = str(read(urlencode({WRITER: "1", "\x1b[2J\n": "2", "n" * 500: "3"})))
    assert WRITER not in shown
    assert shown.isprintable()
    assert len(shown) < 300


@settings(max_examples=30, deadline=None)
@given(st.dictionaries(st.text(max_size=8), st.text(max_size=8), max_size=4))
def test_whatever_is_sent_is_read_or_refused(sent: dict[str, str]) -> None:
    """No name and no value makes a reader fail in another way."""
    query = "&".join(f"{quote(name)}={quote(value)}" for name, value in {**sent, **dict.fromkeys(READERS, "x")}.items())
    with pytest.raises(BadParameters):
        read(query)
