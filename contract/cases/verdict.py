"""What a conforming target answers to a drawn value. The verdict is known because of how the value was made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from hypothesis import strategies as st

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Verdict:
    """`kind` is accepted, refused or free (the contract is silent). `statuses` are those that count as a refusal."""

    kind: str
    statuses: tuple[int, ...] = ()

    def __repr__(self) -> str:
        return " ".join((self.kind, *map(str, self.statuses)))


ACCEPTED = Verdict("accepted")
REFUSED = Verdict("refused", (400, 422))
EXACTLY_422 = Verdict("refused", (422,))  # http, private addresses and what is no recording
UNAUTHORIZED = Verdict("refused", (401,))
FORBIDDEN = Verdict("refused", (403,))
FREE = Verdict("free")


@dataclass(frozen=True)
class Judged:
    """A value, what a conforming target answers to a submission that holds it, the rule that says so, and why."""

    value: Any
    verdict: Verdict
    rule: str
    why: str


@dataclass(frozen=True)
class Url(Judged):
    """A text in the place of `media_url`."""

    value: str


def evenly(strategies: Sequence[st.SearchStrategy[T]]) -> st.SearchStrategy[T]:
    """Draw from each of these as often; with `one_of`, which flattens, what has many branches would come more often."""
    return st.sampled_from(list(strategies)).flatmap(lambda chosen: chosen)
