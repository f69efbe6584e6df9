"""Ways to send one and the same document."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

from contract.cases.encodings import ENCODINGS, Encoding


def encodings(forms: Sequence[Encoding] = ENCODINGS) -> st.SearchStrategy[Encoding]:
    """Draw an encoding, one of these; shrinks to the first, which is the plain one, in one choice."""
    return st.sampled_from(forms)
