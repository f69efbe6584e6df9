"""Ways to send one and the same document."""

from __future__ import annotations

from hypothesis import strategies as st

from contract.cases.encodings import ENCODINGS, Encoding


def encodings() -> st.SearchStrategy[Encoding]:
    """Draw an encoding; shrinks to the usual one, in one choice."""
    return st.sampled_from(ENCODINGS)
