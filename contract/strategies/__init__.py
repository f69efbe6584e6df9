"""Hypothesis strategies for Create engagement. Each value carries the verdict of a conforming target, and the rule.

    from hypothesis import given
    from contract.strategies import media_urls

    @given(media_urls(accepted=["https://cdn.example.com/a.mp3"]))
    def test_what_my_policy_says(url):
        if url.verdict.kind != "free":
            assert my_policy.admits(url.value) == (url.verdict.kind == "accepted"), f"{url.rule}: {url.why}"

The verdict follows from how a value was made, never from looking at it: there is no second implementation of a rule
here. Where the contract is silent the verdict is FREE. Values shrink to the plain and the short, and long texts have
short reprs. Keys are never drawn, because a target remembers them: `NearKeys` and `Submission` are filled with one.
"""

from contract.cases.credentials import WrongCredential
from contract.cases.encodings import Encoding
from contract.cases.keys import NearKeys, Shape
from contract.cases.submission import Submission
from contract.cases.verdict import (
    ACCEPTED,
    EXACTLY_422,
    FORBIDDEN,
    FREE,
    REFUSED,
    UNAUTHORIZED,
    Judged,
    Url,
    Verdict,
)
from contract.strategies.credentials import wrong_credentials
from contract.strategies.encodings import encodings
from contract.strategies.fields import (
    Instant,
    Participants,
    impossible_instants,
    instants,
    json_values,
    odd_participants,
    participants,
    unusual_instants,
    wrong_participants,
)
from contract.strategies.keys import near_keys
from contract.strategies.submissions import (
    DEFECTS,
    defective_bodies,
    defective_submissions,
    free_submissions,
    limit_submissions,
    media_submissions,
    valid_submissions,
)
from contract.strategies.texts import Transcript, limit_transcripts, prose, transcripts
from contract.strategies.urls import (
    accepted_urls,
    disguised_urls,
    free_urls,
    inside_names,
    media_urls,
    private_sweeps,
    private_urls,
    refused_urls,
)

__all__ = [
    "ACCEPTED",
    "DEFECTS",
    "EXACTLY_422",
    "FORBIDDEN",
    "FREE",
    "REFUSED",
    "UNAUTHORIZED",
    "Encoding",
    "Instant",
    "Judged",
    "NearKeys",
    "Participants",
    "Shape",
    "Submission",
    "Transcript",
    "Url",
    "Verdict",
    "WrongCredential",
    "accepted_urls",
    "defective_bodies",
    "defective_submissions",
    "disguised_urls",
    "encodings",
    "free_submissions",
    "free_urls",
    "impossible_instants",
    "inside_names",
    "instants",
    "json_values",
    "limit_submissions",
    "limit_transcripts",
    "media_submissions",
    "media_urls",
    "near_keys",
    "odd_participants",
    "participants",
    "private_sweeps",
    "private_urls",
    "prose",
    "refused_urls",
    "transcripts",
    "unusual_instants",
    "valid_submissions",
    "wrong_credentials",
    "wrong_participants",
]
