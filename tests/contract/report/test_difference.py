from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.report.difference import ADDED, REMOVED, SAME, Segment, segments


@given(st.text(alphabet="ab ,\n", max_size=40), st.text(alphabet="ab ,\n", max_size=40))
def test_segments_are_both_texts(expected: str, actual: str) -> None:
    """Without what was added the segments are the expected text, without what was removed the actual one."""
    found = segments(expected, actual)
    assert "".join(segment.text for segment in found if segment.kind != ADDED) == expected
    assert "".join(segment.text for segment in found if segment.kind != REMOVED) == actual
    assert all(segment.text for segment in found)


def test_words_that_differ_are_marked() -> None:
    """One changed word is one removed and one added segment between two that are the same."""
    assert segments('"title": "Call with Ada"', '"title": "Call with Bob"') == [
        Segment(SAME, '"title": "Call with '),
        Segment(REMOVED, "Ada"),
        Segment(ADDED, "Bob"),
        Segment(SAME, '"'),
    ]


def test_equal_texts_are_one_segment() -> None:
    """Where nothing differs nothing is marked, and two empty texts have no segment at all."""
    assert segments("422", "422") == [Segment(SAME, "422")]
    assert segments("", "") == []


def test_texts_with_little_in_common_are_marked_as_a_whole() -> None:
    """Two different sentences are not cut at the words that they happen to share."""
    expected, actual = "an answer below 500, in time", "the connection was dropped in silence"
    assert segments(expected, actual) == [Segment(REMOVED, expected), Segment(ADDED, actual)]


def test_neighbouring_changes_are_not_cut_by_punctuation() -> None:
    """Two changed words with a space between them are one change."""
    found = segments("the stored title is old one, as before", "the stored title is new two, as before")
    assert [segment.text for segment in found] == ["the stored title is ", "old one", "new two", ", as before"]


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        ("é word " * 100_000, "b " + "é word " * 100_000),
        ("a" * 900_000, "a" * 900_001),
        ("x, " * 100_000, "y, " * 100_000),
    ],
)
def test_long_texts_take_no_time(expected: str, actual: str) -> None:
    """Texts as long as the largest transcript are compared in seconds."""
    begin = time.monotonic()
    segments(expected, actual)
    assert time.monotonic() - begin < 5
