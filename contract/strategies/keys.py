"""Keys that a careless comparison takes for one: the pairs of the table, and of any length. Rules: IDEM-5 to IDEM-8."""

from __future__ import annotations

from hypothesis import strategies as st

from contract.cases.keys import LONGEST, NEAR, NearKeys, Shape, pairs
from contract.strategies.evenly import evenly

SHORTEST = 40  # room for what makes a key unique


def near_keys() -> st.SearchStrategy[NearKeys]:
    """Draw two shapes that are nearly equal; shrinks to the shortest keys that still show a difference."""
    lengths = st.integers(SHORTEST, LONGEST)
    drawn = (
        lengths.map(
            lambda n: NearKeys(Shape(end="a", length=n), Shape(end="b", length=n), "IDEM-7", "the last letter")
        ),
        lengths.map(lambda n: NearKeys(Shape(length=n - 1), Shape(length=n), "IDEM-7", "one letter more")),
        lengths.map(
            lambda n: NearKeys(Shape(after=":xy", length=n), Shape(after=":yx", length=n), "IDEM-7", "their order")
        ),
    )
    return evenly((*drawn, *(st.sampled_from(pairs(rule)) for rule in NEAR if rule != "IDEM-7")))
