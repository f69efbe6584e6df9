"""Keys that a careless comparison takes for one. Rules: IDEM-5 to IDEM-8.

A target remembers keys, so no key is written here: a shape is filled with a text that no other key has.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

from contract.exchange import Text
from contract.spec.fields import fields

LONGEST = fields()["external_id"].most or 500
MIDDLE = "k" * 200  # what stands before the middle of a long key, which a target that keeps both ends drops


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


def plainer(key: str, other: str) -> str | None:
    """Return a key that differs from another one where this one does, in plain letters; None if it does everywhere."""
    start = _shared_beginning(key, other)
    end = _shared_beginning(key[start:][::-1], other[start:][::-1])
    if not start + end:
        return None
    differing = max(1, len(key) - start - end)
    return key[:start] + "x" * differing + key[len(key) - end :]


def _shared_beginning(one: str, other: str) -> int:
    """Return with how many letters two texts begin alike."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((number for number, (letter, its) in pairs if letter != its), min(len(one), len(other)))


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
    "IDEM-5": (
        # Of a long key, near both of its ends: a target that cuts keys keeps one of them.
        *(Shape(after="-Key", end="-Key", length=LONGEST), Shape(after="-key", end="-key", length=LONGEST)),
        *(Shape(end="-Key"), Shape(end="-KEY")),
    ),
    "IDEM-6": (
        *(Shape(), Shape(end=" "), Shape(before=" "), Shape(end=" x"), Shape(end="  x"), Shape(end="x")),
        *(Shape(end="\t"), Shape(end="\n"), Shape(end="  ")),
    ),
    "IDEM-7": (
        # A long common beginning, and a long common end behind the same letters in another order.
        *(Shape(end="a", length=LONGEST), Shape(end="b", length=LONGEST), Shape(length=LONGEST - 1)),
        *(Shape(after=f"{MIDDLE}:xy:", length=LONGEST), Shape(after=f"{MIDDLE}:yx:", length=LONGEST)),
        # As many characters as a key may have, and twice as many bytes.
        *(Shape(end="a", length=LONGEST, filling="é"), Shape(end="b", length=LONGEST, filling="é")),
    ),
    "IDEM-8": tuple(
        Shape(end=letter)
        for letter in ("e", "é", "你", "好", "😀", "😁", "è", "ω", "ß", "ss", "?", "か", "カ", "\u200b")
    ),
}
# Names that every map has in some languages: there these keys seem to be stored already.
WORDS = ("__proto__", "constructor")
WHY = {
    "IDEM-5": "upper and lower case",
    "IDEM-6": "white space",
    "IDEM-7": "a part of the key",
    "IDEM-8": "a letter outside ASCII",
}


@dataclass(frozen=True, slots=True)
class Twins:
    """A key that is stored, and keys that become it when a target folds, cleans, decodes or matches them.

    None of them is equal to it after normalisation.
    """

    stored: Shape
    twins: tuple[Shape, ...]


def _with(tail: str, *changes: tuple[str, str]) -> tuple[Shape, ...]:
    return tuple(Shape(end=tail.replace(old, new, 1)) for old, new in changes)


def _behind(*ends: str) -> tuple[Shape, ...]:
    return tuple(Shape(end=TAIL + end) for end in ends)


TAIL = " Miss O'Neil&Co@example.com a-b_c:07/d.mp3;1b4e28ba-2fa1-11d2-883f-0016d3cca427"
WIDE = "-straße É Я か 日 ☎\ufe0f ’ ø"
STORED = Shape(end=TAIL)
TWINS: dict[str, tuple[Twins, ...]] = {
    "IDEM-5": (Twins(STORED, _with(TAIL, ("Miss", "miss"), ("example", "EXAMPLE"), ("1b4e28ba", "1B4E28BA"))),),
    "IDEM-6": (
        Twins(
            STORED,
            (
                *_with(TAIL, (" Miss", "\tMiss"), (" Miss", "Miss"), (" Miss", "  Miss")),
                *_behind("\u00a0", "\u3000", "\ufeff", "\nx", "\r\n", "\x0b"),
            ),
        ),
    ),
    "IDEM-7": (
        Twins(
            STORED,
            (
                # What stands at one place alone, or before or behind a mark, does not count.
                *_with(TAIL, ("Miss", "Mass"), ("11d2", "11d3")),
                *_behind("#x", "?x", "|x", "\0x", "\0", "\x01", "/", ".", "-", "*", "%"),
                # Marks that are dropped, or taken for another.
                *_with(
                    TAIL,
                    ("'", ""),
                    ("a-b", "ab"),
                    ("a-b", "a_b"),
                    (":07", "/07"),
                    (":07", ":7"),
                    (":07", "07"),
                    (":07", "::07"),
                ),
                *_with(TAIL, ("cca427", "cca0427")),
                *_with(TAIL, ("d.mp3", "dmp3"), ("/d", "//d")),
                *(Shape(before='"', end=f'{TAIL}"'), *_behind("\\", "<b></b>", "[", "{}", "$&")),
                # Escapes that stand for the same text.
                *_with(TAIL, (" Miss", "+Miss"), (" Miss", "%20Miss")),
                *_with(TAIL, ("Miss", "%4diss"), ("Miss", "&#77;iss"), ("&", "&amp;"), ("Miss", "\\u004diss")),
                *_with(TAIL, ("Miss", "\\Miss")),
                # Patterns that match it, or that it matches.
                *_with(TAIL, ("Miss", "Mis_"), ("b_c", "bxc"), ("Miss", "Mis."), ("Miss", "M%s"), ("Miss", "M*")),
                Shape(end=TAIL[:-1]),
            ),
        ),
    ),
    "IDEM-8": (
        Twins(
            STORED,
            (
                *_with(
                    TAIL,
                    ("Miss", "Miß"),
                    ("Miss", "Mıss"),
                    ("M", "\u041c"),
                    ("Neil", "Néil"),
                    ("a-b", "a–b"),
                    ("'", "’"),
                ),
                # A letter whose lower byte is that of another.
                *_with(TAIL, ("a-b", "\u0161-b")),
                *_behind("\u200b", "\u00ad", "\ufe0f", "\ue000", "😀"),
            ),
        ),
        Twins(
            Shape(end=WIDE),
            (
                *_with(WIDE, ("ß", "ss"), ("É", "é"), ("Я", "я"), ("か", "カ"), ("日", "本"), ("’", "'"), ("ø", "o")),
                *_with(WIDE, ("\ufe0f", ""), ("a", "à"), ("か", "か\u200b")),
            ),
        ),
    ),
}
# Keys that look like numbers: where they are compared as numbers, each twin is equal to the stored key.
NUMBERS = (
    Twins(
        Shape(end="2"),
        (*(Shape(before=sign, end="2") for sign in ("0", "+")), *(Shape(end=end) for end in ("2.0", "2e0", "1"))),
    ),
    Twins(Shape(before="0e", end="2"), (Shape(before="0e", end="1"),)),
)
# Where these are taken for the stored key, it is not case or white space that counts.
PLAIN = TWINS["IDEM-7"][0].twins[:2]


def pairs(rule: str) -> list[NearKeys]:
    """Return all pairs of shapes of one rule."""
    twins = ((group.stored, twin) for group in TWINS[rule] for twin in group.twins)
    return [NearKeys(first, second, rule, WHY[rule]) for first, second in (*combinations(NEAR[rule], 2), *twins)]
