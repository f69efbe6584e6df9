"""Which words differ between what was expected and what came."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import groupby, takewhile

SAME, REMOVED, ADDED = "same", "removed", "added"

_TOKEN = re.compile(r"\w+|\s+|[^\w\s]")
_MOST_TOKENS = 500  # difflib takes quadratic time; beyond this the whole middle counts as changed
_LEAST_ALIKE = 0.3  # two sentences that share only "the" and "is" are better told apart as a whole


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of text. `kind` is same (in both), removed (in expected only) or added (in actual only)."""

    kind: str
    text: str


def segments(expected: str, actual: str) -> list[Segment]:
    """Return both texts as one list: without the added segments it is `expected`, without the removed ones `actual`."""
    left, right = _TOKEN.findall(expected), _TOKEN.findall(actual)
    head = _common(left, right)
    tail = _common(left[head:][::-1], right[head:][::-1])
    end_left, end_right = len(left) - tail, len(right) - tail
    found = [
        Segment(SAME, "".join(left[:head])),
        *_middle(left[head:end_left], right[head:end_right]),
        Segment(SAME, "".join(left[end_left:])),
    ]
    merged = _merge(found)
    return merged if _alike(merged, expected, actual) else _merge([Segment(REMOVED, expected), Segment(ADDED, actual)])


def _common(left: Sequence[str], right: Sequence[str]) -> int:
    """Return how many tokens both begin with."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(left, right, strict=False)))


def _middle(left: list[str], right: list[str]) -> Iterator[Segment]:
    if max(len(left), len(right)) > _MOST_TOKENS:
        yield Segment(REMOVED, "".join(left))
        yield Segment(ADDED, "".join(right))
        return
    for tag, i, j, k, m in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        if tag == "equal" and any(re.search(r"\w", token) for token in left[i:j]):
            yield Segment(SAME, "".join(left[i:j]))
        else:  # a space or a comma shared by two changes would only cut them into confetti
            yield Segment(REMOVED, "".join(left[i:j]))
            yield Segment(ADDED, "".join(right[k:m]))


def _merge(found: list[Segment]) -> list[Segment]:
    """Join neighbours: between two stretches of common text there is one removed and one added segment at most."""
    merged = []
    filled = (segment for segment in found if segment.text)
    for same, group in groupby(filled, key=lambda segment: segment.kind == SAME):
        stretch = list(group)
        for kind in (SAME,) if same else (REMOVED, ADDED):
            text = "".join(segment.text for segment in stretch if segment.kind == kind)
            merged += [Segment(kind, text)] if text else []
    return merged


def _alike(found: list[Segment], expected: str, actual: str) -> bool:
    shared = sum(len(segment.text) for segment in found if segment.kind == SAME)
    return expected == actual or shared >= _LEAST_ALIKE * max(len(expected), len(actual))
