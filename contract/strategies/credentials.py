"""Credentials that must not be accepted: those of the table, and ones beyond it. Rules: AUTH-2 to AUTH-4."""

from __future__ import annotations

from hypothesis import strategies as st

from contract.cases.credentials import WRONG, WrongCredential, continued, cut


def wrong_credentials() -> st.SearchStrategy[WrongCredential]:
    """Draw a header that is missing, of another scheme, unknown, cut short or continued. The answer is 401."""
    tails = st.text("Aa0.-_~", min_size=1, max_size=8)
    return st.one_of(st.sampled_from(WRONG), st.integers(1, 99).map(cut), tails.map(continued))
