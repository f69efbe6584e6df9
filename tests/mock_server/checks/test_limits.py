"""The lattice of lengths: code points, bytes in UTF-8, UTF-16 units, and how they are written."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_server import Running
from mock_server.checks.validation import utf8_size
from tests.kit.checks import check_problem
from tests.kit.http import create, send
from tests.kit.submissions import submission

ASTRAL, KANA, ACCENT, COMBINING = "😀", "あ", "é", "e\u0301"

TRANSCRIPTS = [
    ("a" * 900_000, None),
    ("a" * 900_001, "too_long"),
    ("a" * 850_000 + ACCENT * 50_000, None),
    ("a" * 849_999 + ACCENT * 50_001, "too_many_bytes"),
    ("a" * 883_334 + ASTRAL * 16_666, None),
    ("a" * 850_001 + COMBINING * 25_000, "too_long"),
    ("a" * 849_999 + COMBINING * 25_000, None),
    (ASTRAL * 237_500, None),
    (ASTRAL * 237_501, "too_many_bytes"),
    (KANA * 316_666, None),
    (KANA * 316_667, "too_many_bytes"),
    (ACCENT * 475_000, None),
    (ACCENT * 475_001, "too_many_bytes"),
    ("\0" * 900_000, None),
    ("\n" * 900_001, "too_long"),
    ("", None),
]


def escaped(text: str) -> str:
    """Write every character as one or two escapes of six bytes."""
    units = memoryview(text.encode("utf-16-le")).cast("H")
    forms = {unit: f"\\u{unit:04x}" for unit in set(units)}
    return "".join(map(forms.__getitem__, units))


@pytest.mark.parametrize("as_escapes", [False, True])
@pytest.mark.parametrize(("text", "code"), TRANSCRIPTS, ids=range(len(TRANSCRIPTS)))
def test_a_transcript_is_judged_by_its_decoded_text(
    server: Running,
    text: str,
    code: str | None,
    as_escapes: bool,  # noqa: FBT001
) -> None:
    r"""Characters and bytes are those of the decoded text, whether it is sent as UTF-8 or all in \uXXXX."""
    body = json.dumps(submission(transcript_text="@"), ensure_ascii=False)
    raw = body.replace("@", escaped(text) if as_escapes else json.dumps(text, ensure_ascii=False)[1:-1]).encode()
    answer = send(server, raw)
    if code is None:
        assert answer.status == 201
    else:
        check_problem(answer, 422)
        assert code in {error["code"] for error in answer.json()["errors"]}
        assert answer.rules["/transcript_text"] in {"LIMIT-7", "LIMIT-8"}


@pytest.mark.parametrize(("character", "rule"), [("a", "LIMIT-7"), (ASTRAL, "LIMIT-8"), (KANA, "LIMIT-8")])
def test_the_limit_that_was_hit_is_named(server: Running, character: str, rule: str) -> None:
    """A transcript that breaks one limit is refused by that one alone."""
    count = {"a": 900_001, ASTRAL: 237_501, KANA: 316_667}[character]
    answer = create(server, transcript_text=character * count)
    assert (len(answer.json()["errors"]), answer.rules) == (1, {"/transcript_text": rule})


@pytest.mark.parametrize("character", ["a", ACCENT, KANA, ASTRAL, "\0", " ", "\u0301"])
@pytest.mark.parametrize(
    ("field", "limit", "rule"),
    [("title", 500, "LIMIT-1"), ("source_system", 100, "LIMIT-3"), ("external_id", 500, "LIMIT-5")],
)
def test_texts_are_limited_in_code_points(server: Running, field: str, limit: int, rule: str, character: str) -> None:
    """The limit itself is accepted and one more code point is refused, however many bytes or units they take."""
    filler = submission()["external_id"][-36:] if field == "external_id" else ""
    fits = filler + character * (limit - len(filler))
    assert create(server, **{field: fits}).status == 201
    answer = create(server, **{field: fits + character})
    check_problem(answer, 422)
    assert (answer.fields, answer.rules) == ({f"/{field}": "too_long"}, {f"/{field}": rule})


@pytest.mark.parametrize(
    ("field", "rule"), [("title", "LIMIT-2"), ("source_system", "LIMIT-4"), ("external_id", "LIMIT-6")]
)
def test_texts_have_at_least_one_character(server: Running, field: str, rule: str) -> None:
    """An empty text is refused; white space is a character."""
    answer = create(server, **{field: ""})
    check_problem(answer, 422)
    assert (answer.fields, answer.rules) == ({f"/{field}": "too_short"}, {f"/{field}": rule})
    assert create(server, **{field: " "}).status in {200, 201}


@given(st.text(st.characters(), max_size=50))
def test_the_size_in_bytes_is_that_of_utf8(text: str) -> None:
    """A text's size is what its UTF-8 form takes; a lone surrogate counts three bytes."""
    assert utf8_size(text) == len(text.encode("utf-8", "surrogatepass"))
