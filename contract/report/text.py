"""Texts that a server wrote, made safe to look at: nothing in them is invisible, endless or a control code.

The evidence in a report comes from the deployment under test, which may be hostile. Escaping for HTML, XML or Markdown
is the business of each format; what no format may carry is dealt with here, once.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

_KEPT = "\n\t"
_NO_CHARACTERS = (0xFFFE, 0xFFFF)  # the last two of every plane; XML forbids the first pair
_FILLERS = "\u3164\u115f\u1160\uffa0"  # letters that have no shape
_UNSEEN = ("Cf", "Zs", "Zl", "Zp")


class _Table(dict[int, str]):
    """What `str.translate` puts in place of each character, worked out when it is first met."""

    def __init__(self, replacement: Callable[[str], str]) -> None:
        self._replacement = replacement

    def __missing__(self, code: int) -> str:
        self[code] = self._replacement(chr(code))
        return self[code]


def printable(text: str) -> str:
    """Replace what a file or a terminal cannot carry: control characters, lone surrogates, non-characters.

    The rest stays as it is, so a curl line still means the same when it is pasted.
    """
    return text.translate(_PRINTABLE)


def visible(text: str) -> str:
    r"""Return `text` with everything in it to be seen: also odd spaces and characters without a width, as \u200b."""
    return text.translate(_VISIBLE)


def wire(text: str) -> str:
    """Return a request or response as `visible` does; the line ends of HTTP are line ends."""
    return visible(text.replace("\r\n", "\n"))


def one_line(text: str, limit: int) -> str:
    """Return `text` without line breaks and with at most about `limit` characters, for a cell of a table."""
    return shorten(" ".join(visible(shorten(text, limit)).split()), limit)


def shorten(text: str, limit: int) -> str:
    """Return `text` with its middle replaced by a word about its length, when it is longer than `limit`."""
    if len(text) <= limit:
        return text
    head = limit * 2 // 3
    tail = limit - head
    return f"{text[:head]} … {len(text) - limit:,} characters left out … {text[len(text) - tail :]}"


def plural(count: int, noun: str) -> str:
    """Return "1 rule" or "2 rules"."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _as_printable(char: str) -> str:
    category = unicodedata.category(char)
    if char in _KEPT or (category not in ("Cc", "Cs") and ord(char) & 0xFFFF not in _NO_CHARACTERS):
        return char
    return _escape(char)


def _as_visible(char: str) -> str:
    if char != " " and (char in _FILLERS or unicodedata.category(char) in _UNSEEN):
        return _escape(char)
    return _as_printable(char)


def _escape(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")


_PRINTABLE, _VISIBLE = _Table(_as_printable), _Table(_as_visible)
