"""Keys that a careless comparison takes for one. Rules: IDEM-5 to IDEM-8.

A target remembers keys, so no key is written here: a shape is filled with a text that no other key has.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

from contract.exchange import Text, shown
from contract.spec.fields import fields

LONGEST = fields()["external_id"].most or 500
MIDDLE = "k" * 100  # what stands before the middle of a long key, which a target that keeps both ends drops


@dataclass(frozen=True, slots=True)
class Shape:
    """What surrounds the unique part of a key. With `length`, it is filled up to so many characters."""

    before: str = ""
    after: str = ""
    end: str = ""
    length: int = 0
    filling: str = "k"

    def key(self, unique: str) -> str:
        """Return the key of this shape."""
        head = f"{self.before}{unique}{self.after}"
        fill = self.length - len(head) - len(self.end)
        return Text((head, 1), (self.filling, fill), (self.end, 1)) if fill > 0 else head + self.end


def alike(key: str, unique: str) -> str:
    """Return a key that no other is near to, as long as this one and in letters as wide."""
    return Shape(length=len(key), filling="k" if key.isascii() else max(key)).key(unique)


@dataclass(frozen=True, slots=True)
class NearKeys:
    """Two shapes whose keys are different, and the rule that says so."""

    first: Shape
    second: Shape
    rule: str
    why: str


# Shapes that are nearly equal, by the rule that keeps them apart; the first ones tell most. In the letters none becomes
# another when it is normalised: that the contract leaves open (IDEM-12).
NEAR: dict[str, tuple[Shape, ...]] = {
    "IDEM-5": tuple(Shape(end=end) for end in ("-Key", "-KEY", "-key", "-keY")),
    "IDEM-6": (
        *(Shape(), Shape(end=" "), Shape(before=" "), Shape(end=" x"), Shape(end="  x"), Shape(end="x")),
        *(Shape(end="\t"), Shape(end="\n"), Shape(end="  ")),
    ),
    "IDEM-7": (
        # A long common beginning, and a long common end behind the same letters in another order.
        *(Shape(end="a", length=LONGEST), Shape(end="b", length=LONGEST), Shape(length=LONGEST - 1)),
        *(Shape(after=f"{MIDDLE}:xy:", length=LONGEST - 150), Shape(after=f"{MIDDLE}:yx:", length=LONGEST - 150)),
        # As many characters as a key may have, and twice as many bytes.
        *(Shape(end="a", length=LONGEST, filling="é"), Shape(end="b", length=LONGEST, filling="é")),
    ),
    "IDEM-8": tuple(
        Shape(end=letter)
        for letter in ("e", "é", "你", "好", "😀", "😁", "è", "ω", "ß", "ss", "?", "か", "カ", "\u200b")
    ),
}
# A key with much in it, by rule, and what to change in it: each change makes another key, which databases, languages
# and frameworks take for the same one. None is equal to it after normalisation either.
CHANGES: dict[str, tuple[str, tuple[tuple[str, str], ...]]] = {
    "IDEM-5": (
        "-Key É Я 550e8400-e29B-41d4-a716-446655440000 ada@Example.com",
        (("K", "k"), ("É", "é"), ("Я", "я"), ("e29B", "e29b"), ("Example", "example")),
    ),
    "IDEM-6": (
        "-a b",
        (
            *(("a b", "a\tb"), ("a b", "a  b"), ("a b", "ab"), ("b", "b "), ("b", "b\n"), ("b", "b\r\n")),
            *(("b", "b\u00a0"), ("b", "b\u3000")),
        ),
    ),
    "IDEM-7": (
        "-ab_c:d/e'f&g\"h+i%20j#k?l=m\\n.007",
        (
            # What is dropped or taken for another: by collations, paths, forms, HTML, quotes, and numbers.
            *(("_", "-"), ("-", ""), (":", ""), (":d", ""), ("/", "//"), ("'", ""), ('"', ""), ("&", "&amp;")),
            *(("+", " "), ("%20", " "), ("#k", "#z"), ("?l", "?z"), ("007", "7"), (".", ""), ("j", "j\x01")),
            # What is dropped as an escape, and what a search takes for any letters.
            *(("\\", ""), ("b_c:d/e'f&g\"h+i%20j#k?l=m\\n.007", "%")),
        ),
    ),
    "IDEM-8": (
        "-straße か 日 ☎\ufe0f ’ ø",
        (
            *(("ß", "ss"), ("か", "カ"), ("日", "本"), ("\ufe0f", ""), ("’", "'"), ("ø", "o"), ("か", "か\u200b")),
            *(("a", "à"), ("a", "\u00ada")),
        ),
    ),
}
WHY = {
    "IDEM-5": "upper and lower case",
    "IDEM-6": "white space",
    "IDEM-7": "a long common part",
    "IDEM-8": "a letter outside ASCII",
}


def pairs(rule: str) -> list[NearKeys]:
    """Return all pairs of shapes of one rule."""
    near = [NearKeys(first, second, rule, WHY[rule]) for first, second in combinations(NEAR[rule], 2)]
    return [*near, *changes(rule)]


def changes(rule: str) -> list[NearKeys]:
    """Return the key with much in it, beside each change of it."""
    whole, several = CHANGES[rule]
    return [
        NearKeys(Shape(end=whole), Shape(end=whole.replace(old, new, 1)), rule, f"{shown(old)} and {shown(new)}")
        for old, new in several
    ]


def as_numbers(number: str) -> tuple[str, ...]:
    """Return other keys of the same number: some languages compare texts of digits as numbers."""
    return (f"0{number}", f"{number}.0", f"+{number}", f"{number}e0")
