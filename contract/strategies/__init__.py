"""Hypothesis strategies for Create engagement. Each value carries the verdict of a conforming target, and the rule.

    from hypothesis import given
    from contract.strategies import media_urls

    @given(media_urls(accepted=["https://cdn.example.com/a.mp3"]))
    def test_what_my_policy_says(url):
        if url.verdict.kind != "free":
            assert my_policy.admits(url.value) == (url.verdict.kind == "accepted"), f"{url.rule}: {url.why}"

The verdict follows from how a value was made, never from looking at it: there is no second implementation of a rule
here. Where the contract is silent the verdict is FREE.
"""

from contract.strategies.urls import media_urls
from contract.strategies.verdict import ACCEPTED, EXACTLY_422, FREE, REFUSED, Judged, Url, Verdict

__all__ = ["ACCEPTED", "EXACTLY_422", "FREE", "REFUSED", "Judged", "Url", "Verdict", "media_urls"]
