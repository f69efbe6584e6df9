from __future__ import annotations

import pytest

from contract.report.text import one_line, plural, printable, shorten, visible, wire


@pytest.mark.parametrize(
    ("char", "shown"),
    [
        ("\x00", "\\x00"),
        ("\x1b", "\\x1b"),
        ("\r", "\\r"),
        ("\x7f", "\\x7f"),
        ("\x85", "\\x85"),
        ("\ud800", "\\ud800"),
        ("\ufffe", "\\ufffe"),
        ("\U0001ffff", "\\U0001ffff"),
    ],
)
def test_what_no_file_can_carry_is_escaped(char: str, shown: str) -> None:
    """Control characters, lone surrogates and non-characters become their escapes."""
    assert printable(f"a{char}b") == f"a{shown}b"
    assert visible(f"a{char}b") == f"a{shown}b"


@pytest.mark.parametrize("char", ["\u200b", "\u202e", "\u00a0", "\u2003", "\u2028", "\ufeff", "\u3164"])
def test_what_cannot_be_seen_is_escaped_in_evidence_only(char: str) -> None:
    """A zero-width or odd space, or a change of direction, is shown, but stays in a line that is to be pasted."""
    assert visible(char) == f"\\u{ord(char):04x}" or visible(char) == f"\\x{ord(char):02x}"
    assert printable(char) == char


def test_ordinary_text_is_kept() -> None:
    """Letters of any script, emoji, line breaks and tabs stay as they are."""
    text = "Ada, Zoë, 日本 🎧\n\tdone"
    assert visible(text) == printable(text) == text


def test_line_ends_of_http_are_line_ends_in_wire_texts_only() -> None:
    """A response is shown in lines, while a value that holds a carriage return shows it."""
    assert wire("200 OK\r\n\r\n{}") == "200 OK\n\n{}"
    assert visible("a\r\nb") == "a\\r\nb"


def test_a_shortened_text_keeps_both_ends_and_says_how_much_is_missing() -> None:
    """The middle goes, and a word says how long it was."""
    assert shorten("a" * 10 + "b" * 1_000 + "c" * 5, 15) == f"{'a' * 10} … 1,000 characters left out … {'c' * 5}"
    assert shorten("a" * 15, 15) == "a" * 15


def test_a_cell_is_one_line() -> None:
    """Line breaks and runs of spaces become one space."""
    assert one_line(" a\n\n b\t c ", 100) == "a b c"


def test_one_is_singular() -> None:
    """Only one is one; thousands have a comma."""
    assert [plural(count, "rule") for count in (0, 1, 2, 1184)] == ["0 rules", "1 rule", "2 rules", "1,184 rules"]
