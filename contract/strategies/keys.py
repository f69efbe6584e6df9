"""Keys that a careless comparison takes for one. Rules: IDEM-5 to IDEM-8.

A target remembers keys, so a whole key is never drawn: what is drawn is its shape, which the caller fills with a text
that no other key has.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

from hypothesis import strategies as st

from contract.cases.verdict import evenly
from contract.exchange import Text

LONGEST = 500
SHORTEST = 40  # room for what makes a key unique


@dataclass(frozen=True, slots=True)
class Shape:
    """What surrounds the unique part of a key. With `length`, it is filled up with k to so many characters."""

    before: str = ""
    after: str = ""
    end: str = ""
    length: int = 0

    def key(self, unique: str) -> str:
        """Return the key of this shape."""
        head = f"{self.before}{unique}{self.after}"
        fill = self.length - len(head) - len(self.end)
        return Text((head, 1), ("k", fill), (self.end, 1)) if fill > 0 else head + self.end


@dataclass(frozen=True, slots=True)
class NearKeys:
    """Two shapes whose keys are different, and the rule that says so."""

    first: Shape
    second: Shape
    rule: str
    why: str


def near_keys() -> st.SearchStrategy[NearKeys]:
    """Draw two shapes that are nearly equal; shrinks to the shortest keys that still show a difference."""
    lengths = st.integers(SHORTEST, LONGEST)
    return evenly(
        (
            lengths.map(
                lambda n: NearKeys(Shape(end="a", length=n), Shape(end="b", length=n), "IDEM-7", "the last letter")
            ),
            lengths.map(lambda n: NearKeys(Shape(length=n - 1), Shape(length=n), "IDEM-7", "one letter more")),
            lengths.map(
                lambda n: NearKeys(Shape(after=":xy", length=n), Shape(after=":yx", length=n), "IDEM-7", "their order")
            ),
            _pairs("IDEM-5", "upper and lower case", [Shape(end=end) for end in ("-key", "-KEY", "-Key", "-keY")]),
            _pairs("IDEM-6", "white space", _SPACED),
            _pairs("IDEM-8", "a letter outside ASCII", [Shape(end=letter) for letter in _LETTERS]),
        )
    )


_SPACED = [
    *(Shape(end=end) for end in ("", " ", "  ", "\t")),
    Shape(before=" "),
    *(Shape(end=end) for end in (" x", "  x", "x")),
]
# None of them becomes another when it is normalised: that the contract leaves open (IDEM-12).
_LETTERS = ("e", "é", "è", "你", "好", "😀", "😁", "ω", "ß", "ss", "?")


def _pairs(rule: str, why: str, shapes: list[Shape]) -> st.SearchStrategy[NearKeys]:
    return st.sampled_from([NearKeys(first, second, rule, why) for first, second in combinations(shapes, 2)])
