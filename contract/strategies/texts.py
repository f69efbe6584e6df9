"""Titles, and transcripts at and around both limits. Long texts are computed from drawn numbers, never drawn.

Rules: LIMIT-1 to LIMIT-4, LIMIT-7 to LIMIT-11.
"""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import strategies as st

from contract.cases.verdict import ACCEPTED, FREE, REFUSED, Judged
from contract.exchange import Text
from contract.spec.fields import fields

_TRANSCRIPT = fields()["transcript_text"]
CHARACTERS, BYTES = _TRANSCRIPT.most or 0, _TRANSCRIPT.most_bytes or 0  # bytes are those of its UTF-8
OVER, OVER_BYTES = _TRANSCRIPT.rules["maxLength"], _TRANSCRIPT.rules["x-maxBytes"]
AROUND = 2  # characters or bytes on either side of a limit
WIDTHS = {2: ("é", "ß", "ж"), 3: ("あ", "€", "한"), 4: ("😀", "𐍈")}  # by bytes in UTF-8
# Letters, marks, numbers, punctuation, symbols and plain spaces: what a title or a name is made of.
PROSE = st.characters(categories=("L", "M", "N", "P", "S"), include_characters=" ", exclude_characters="\ufffd")


@dataclass(frozen=True)
class Transcript(Judged):
    """A text in the place of `transcript_text`. Its repr is short, however long it is."""

    value: str


def prose(least: int = 0, most: int = 40) -> st.SearchStrategy[str]:
    """Draw a text that begins and ends with a letter, so that nobody has a reason to trim it."""
    letters = st.sampled_from("abcxyzéß你")
    inner = st.text(PROSE, max_size=most - 2)
    whole = st.builds(lambda first, rest, last: first + rest + last, letters, inner, letters)
    return st.one_of(letters, whole) if least else st.one_of(st.just(""), letters, whole)


def at_length(length: int, prefix: str = "") -> st.SearchStrategy[Text]:
    """Draw a text of exactly `length` code points, in characters of one, two or three bytes. Rule: LIMIT-10."""
    pieces = st.sampled_from(("a", "é", "あ"))
    return pieces.map(lambda piece: Text((prefix, 1), (piece, length - len(prefix))))


def transcripts() -> st.SearchStrategy[Transcript]:
    """Draw a transcript: usual, at or around the limit of characters, or of bytes."""
    usual = prose(most=200).map(lambda text: Transcript(text, ACCEPTED, OVER, "an ordinary transcript"))
    return st.one_of(usual, limit_transcripts())


@st.composite
def limit_transcripts(draw: st.DrawFn) -> Transcript:
    """Draw a transcript at most two characters or bytes from a limit, in any mixture of characters of 1 to 4 bytes.

    Some wider characters are drawn first; `a` fills up to whichever limit then comes first.
    """
    parts: list[tuple[str, int]] = []
    characters = size = extra = 0
    for width in draw(st.lists(st.sampled_from((2, 3, 4)), max_size=3, unique=True), label="widths"):
        count = draw(st.integers(1, (BYTES - AROUND - size) // width), label=f"characters of {width} bytes")
        parts.append((draw(st.sampled_from(WIDTHS[width])), count))
        characters, size, extra = characters + count, size + width * count, extra + (width - 1) * count
        if size > BYTES - 100:
            break
    off = draw(st.sampled_from((0, -1, 1, -AROUND, AROUND)), label="off the limit")
    filling = CHARACTERS - characters if extra <= BYTES - CHARACTERS else BYTES - size
    parts.insert(draw(st.integers(0, len(parts))), ("a", filling + off))
    return _judged(parts)


def _judged(parts: list[tuple[str, int]]) -> Transcript:
    """Weigh a text by its parts: this is the arithmetic of the contract, done on the numbers it was made from."""
    text = Text(*(part for part in parts if part[1]))
    characters = sum(count for _, count in parts)
    size = sum(len(piece.encode()) * count for piece, count in parts)
    units = sum(len(piece.encode("utf-16-le")) // 2 * count for piece, count in parts)
    why = f"{characters:,} characters, {size:,} bytes"
    if characters > CHARACTERS:
        return Transcript(text, REFUSED, OVER, why)
    if size > BYTES:
        return Transcript(text, REFUSED, OVER_BYTES, why)
    if units > CHARACTERS:
        return Transcript(text, FREE, "LIMIT-11", f"{why}, {units:,} UTF-16 units")
    return Transcript(text, ACCEPTED, OVER_BYTES if size > BYTES - 10 else OVER, why)
