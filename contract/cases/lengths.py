"""Texts at and over their limits. They are computed from `openapi.yaml`: a megabyte is a few pieces and their counts.

Widths: a is 1 byte in UTF-8, é 2, あ 3, 😀 4 (and two units in UTF-16).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

from contract.cases.submission import Submission, said
from contract.cases.verdict import ACCEPTED, REFUSED, Verdict
from contract.exchange import Text
from contract.spec.fields import Field, fields

PAIR = "e\u0301"  # two code points, one after normalisation
# What is longer in HTML, in a URL, in quotes, as JSON, or with other line ends, and what a narrow pattern leaves out.
MARKED = "A/&\"'\\<% \n"
HEART = "\u2764\ufe0f"  # two code points in any form, and one to look at
Parts = tuple[tuple[str, int], ...]


def named(field: Field, *parts: tuple[str, int]) -> str:
    """Say how a text is made."""
    return said(field.name, Text(*parts))


def over_limits(field: Field) -> Iterator[Submission]:
    """Yield texts that are too short, too long in characters, or too long in bytes."""
    if field.least:
        yield Submission({field.name: ""}, REFUSED, field.rules["minLength"], f"an empty {field.name}")
    if field.most is None:
        return
    for parts in _longer(field.most, field.most_bytes):
        yield Submission({field.name: Text(*parts)}, REFUSED, field.rules["maxLength"], named(field, *parts))
    for parts in () if field.most_bytes is None else _more_bytes(field.most, field.most_bytes):
        yield Submission({field.name: Text(*parts)}, REFUSED, field.rules["x-maxBytes"], named(field, *parts))


def _longer(most: int, most_bytes: int | None) -> tuple[Parts, ...]:
    if most_bytes is None:
        widths: tuple[Parts, ...] = tuple(((piece, most // len(piece) + 1),) for piece in ("a", "é", "あ", "😀", HEART))
        return (*widths, (("a", most + 100),), (("a", 2 * most),), (("a", 1), (" ", most)))
    marked = (most_bytes - most) // 2
    return (
        (("a", most + 1),),
        (("a", most + 1 - 2 * marked), (PAIR, marked)),  # one too many, fewer after normalisation
        (("a", most - 1), ("\r\n", 1)),  # one too many, none without white space or with line ends of one character
        (("a", most_bytes - 1),),
    )


def _more_bytes(most: int, most_bytes: int) -> tuple[Parts, ...]:
    return (
        (("a", 2 * most - most_bytes - 1), ("é", most_bytes - most + 1)),  # the limit of characters, one byte too many
        (("😀", most_bytes // 4 + 1),),
        (("あ", most_bytes // 3 + 1),),
        (("é", most_bytes // 2), ("\n", most_bytes % 2 + 1)),
        ((PAIR, most_bytes // 3 + 1),),  # fewer after normalisation
    )


def shortest(field: Field) -> Iterator[Submission]:
    """Yield the shortest texts, and two that some languages take for nothing."""
    rule = field.rules.get("minLength") or field.valid
    for text in ("null", " ", "0" if field.least else ""):
        yield Submission({field.name: text}, ACCEPTED, rule, said(field.name, text))


def full(most: int) -> tuple[Parts, ...]:
    """Return how texts of so many characters are made, of one, two and three bytes each, and one shorter."""
    marked = ((MARKED, most // len(MARKED)), ("a", most % len(MARKED)))
    return (marked, (("é", most),), (("あ", most),), (("a", most - 1),))


def at_limits(field: Field) -> Iterator[Submission]:
    """Yield texts at their limits, each as the rule of its limit has it."""
    if field.most is None:
        return
    if field.most_bytes is None:
        for parts in full(field.most):
            yield _fits(field, "maxLength", *parts)
        return
    for size in (field.most, field.most - 1, 1):
        yield _fits(field, "maxLength", ("a", size))
    for parts in _full_bytes(field.most, field.most_bytes):
        narrow = _fits(field, "maxLength", ("a", sum(count for _, count in parts)))
        yield replace(_fits(field, "x-maxBytes", *parts), plainer=narrow)


def _full_bytes(most: int, most_bytes: int) -> tuple[Parts, ...]:
    return (
        (("a", 2 * most - most_bytes), ("é", most_bytes - most)),  # both limits at once
        (("😀", most_bytes // 4),),
        (("あ", most_bytes // 3),),
        (("é", most_bytes // 2),),
        (("a", 2 * most - most_bytes - 1), ("é", most_bytes - most)),
    )


def _fits(field: Field, keyword: str, *parts: tuple[str, int]) -> Submission:
    return Submission({field.name: Text(*parts)}, ACCEPTED, field.rules[keyword], named(field, *parts))


def characters(key: str) -> tuple[Submission, list[Submission]]:
    """Return texts of letters with a combining mark that fit all at once, and that are too long one by one.

    Each letter is two code points, so the plainer cases are texts of as many code points in ASCII. Rule: LIMIT-10.
    """
    fitting, plain, over = {}, {}, []
    for field, most in short_fields():
        start = key if field.name == "external_id" else ""
        letters, parts = (most - len(start)) // 2, (PAIR, most // 2 + 1)
        fitting[field.name], plain[field.name] = Text((start, 1), (PAIR, letters)), Text((start, 1), ("a", 2 * letters))
        broken, longer = field.rules["maxLength"], {field.name: Text(("a", 2 * parts[1]))}
        plainer = Submission(longer, REFUSED, broken, named(field, ("a", 2 * parts[1])))
        over.append(Submission({field.name: Text(parts)}, REFUSED, "LIMIT-10", named(field, parts), plainer=plainer))
    narrow = Submission(plain, ACCEPTED, "LIMIT-1", "texts at their limits")
    return Submission(fitting, ACCEPTED, "LIMIT-10", "letters with a mark", plainer=narrow), over


def escaped(field: Field, piece: str) -> tuple[Submission, Submission]:
    """Return the longest text of a character, and one longer, with every character as an escape. Rule: LIMIT-9.

    The plainer cases are the same texts as they are, or as long ones of a letter that JSON need not escape.
    """
    plain = piece if json.dumps(piece, ensure_ascii=False) == f'"{piece}"' else "a"
    most = field.most or 0
    most = most if field.most_bytes is None else min(most, field.most_bytes // len(piece.encode()))
    broken = field.rules["maxLength" if most == field.most else "x-maxBytes"]

    def case(verdict: Verdict, count: int, what: str) -> Submission:
        text, plainer = {field.name: Text((piece, count))}, {field.name: Text((plain, count))}
        as_it_is = Submission(plainer, verdict, broken, named(field, (plain, count)))
        why = f"{named(field, (piece, count))}, {what}"
        return Submission(text, verdict, "LIMIT-9", why, escaped=True, plainer=as_it_is)

    return case(ACCEPTED, most, "at its limit, as escapes"), case(REFUSED, most + 1, "as escapes")


def short_fields() -> tuple[tuple[Field, int], ...]:
    """Return the fields that have a limit in characters alone, each with it."""
    return tuple((field, field.most) for field in fields().values() if field.most and field.most_bytes is None)
