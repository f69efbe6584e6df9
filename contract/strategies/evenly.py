"""How the strategies choose among several."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from hypothesis import strategies as st

T = TypeVar("T")


def evenly(strategies: Sequence[st.SearchStrategy[T]]) -> st.SearchStrategy[T]:
    """Draw from each of these as often; with `one_of`, which flattens, what has many branches would come more often."""
    return st.sampled_from(list(strategies)).flatmap(lambda chosen: chosen)
