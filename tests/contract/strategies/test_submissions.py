"""The verdicts on submissions, held against two servers' own judgement; and what values shrink to."""

import json
import subprocess
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st

from contract.exchange import Text
from contract.strategies import (
    DEFECTS,
    Encoding,
    NearKeys,
    Submission,
    Transcript,
    WrongCredential,
    accepted_urls,
    defective_submissions,
    encodings,
    free_submissions,
    limit_submissions,
    limit_transcripts,
    near_keys,
    refused_urls,
    valid_submissions,
    wrong_credentials,
)
from mock_server import Settings
from mock_server.problems import Problem
from mock_server.services import Mock
from tests.kit.submissions import ABSENT, submission
from tests.peer import MEDIA, Variant
from tests.peer.submission import faults

BASE = submission(external_id=ABSENT, media_url=MEDIA["accepted"][0])
ALL = settings(max_examples=15, database=None, suppress_health_check=list(HealthCheck))
FINDING = settings(max_examples=3000, database=None, phases=[Phase.generate, Phase.shrink])
VALIDATOR = Mock(Settings(port=0)).services.validator


def mock(document: dict[str, Any]) -> bool:
    """Tell whether the mock's validator accepts a document."""
    try:
        VALIDATOR.validate(document)
    except Problem:
        return False
    return True


def peer(document: dict[str, Any]) -> bool:
    """Tell whether the second implementation accepts one."""
    return not list(faults(document, Variant()))


@pytest.mark.parametrize("accepts", [mock, peer])
@pytest.mark.parametrize(
    "drawn",
    [
        valid_submissions(accepted_urls(MEDIA["accepted"]), prefix="ck0123456789 ", quiet=False),
        limit_submissions(),
        *DEFECTS.values(),
    ],
    ids=["valid", "limit", *DEFECTS],
)
def test_no_verdict_is_wrong(
    drawn: st.SearchStrategy[Submission], accepts: Callable[[Mapping[str, Any]], bool]
) -> None:
    """Two independent validators accept what is accepted, and refuse each single defect."""

    @ALL
    @given(drawn)
    def check(submission: Submission) -> None:
        if submission.verdict.kind != "free":
            expected = submission.verdict.kind == "accepted"
            assert accepts(json.loads(json.dumps(submission.document(BASE, "key:1")))) == expected, submission

    check()


@pytest.mark.parametrize("rule", [*DEFECTS, "URL-1", "URL-4", "URL-14", "URL-19"])
def test_a_defect_can_be_chosen(rule: str) -> None:
    """Asked for the defect of one rule, nothing else is drawn."""
    urls = refused_urls(MEDIA["accepted"])
    assert find(defective_submissions(urls, rule), lambda _: True, settings=FINDING).rule == rule


@ALL
@given(free_submissions())
def test_what_is_free_has_no_expected_status(submission: Submission) -> None:
    """Where the contract is silent a verdict names no status."""
    assert (submission.verdict.kind, submission.verdict.statuses) == ("free", ())


@settings(max_examples=12, database=None)
@given(limit_transcripts())
def test_a_transcript_is_at_a_limit_and_shown_in_a_line(transcript: Transcript) -> None:
    """Each is close to a limit, its verdict follows from its real size, and its repr is short."""
    text = transcript.value
    characters, size = len(text), len(text.encode())
    assert min(abs(characters - 900_000), abs(size - 950_000)) <= 2
    assert (transcript.verdict.kind == "refused") == (characters > 900_000 or size > 950_000)
    assert len(repr(text)) < 200


def test_a_key_that_is_cut_shrinks_to_the_cut() -> None:
    """Where a key is cut at 255 characters, the minimal pair has 256, and differs in nothing but its last letter."""

    def collide(pair: NearKeys) -> bool:
        first, second = pair.first.key("run:1"), pair.second.key("run:1")
        assert first != second
        return first[:255] == second[:255]

    pair = find(near_keys(), collide, settings=FINDING)
    assert (pair.rule, pair.first.length, pair.second.length) == ("IDEM-7", 256, 256)
    assert repr(pair.first.key("run:1")) == "'run:1' * 1 + 'k' * 250 + 'a' * 1"


@settings(max_examples=40, database=None)
@given(near_keys())
def test_near_keys_are_two_valid_keys(pair: NearKeys) -> None:
    """The keys of a pair are different and at most 500 characters long."""
    first, second = pair.first.key("ck0123456789:1000"), pair.second.key("ck0123456789:1000")
    assert first != second
    assert max(len(first), len(second)) <= 500


def test_a_valid_submission_shrinks_to_the_plain_one() -> None:
    """The simplest valid submission changes nothing."""
    found = find(valid_submissions(accepted_urls(MEDIA["accepted"])), lambda _: True, settings=FINDING)
    assert found.value == {}


@ALL
@given(encodings(), st.sampled_from([{**BASE, "external_id": "k/é😀", "participants": [{"name": "Ada / é"}]}]))
def test_an_encoding_says_the_same(encoding: Encoding, document: dict[str, Any]) -> None:
    """However a document is written, it parses to the same."""
    assert json.loads(encoding.body(document).content) == document


@given(wrong_credentials())
def test_a_wrong_credential_shows_no_secret(credential: WrongCredential) -> None:
    """Neither the repr nor the shell's notation of a credential holds a part of the valid one it is made from."""
    token = "sk-apik_0123456789.abcdefghijklmnop"
    assert credential.header(token) != f"Bearer {token}"
    said = repr(credential) + str(credential.shell(token))
    assert "0123456789" not in said
    assert "abcdef" not in said


@given(wrong_credentials())
@settings(max_examples=40)
def test_a_wrong_credential_is_made_by_a_shell_too(credential: WrongCredential) -> None:
    """The shell's notation, between double quotes as in a curl line, gives the header that was sent."""
    token = "sk-apik_0123456789.abcdefghijklmnop"
    script = f'printf %s "{credential.shell(token) or ""}"'
    done = subprocess.run(["sh", "-c", script], env={"CONTRACT_WRITER": token}, capture_output=True, check=True)
    assert done.stdout.decode() == (credential.header(token) or "")


def test_a_long_key_is_shown_by_its_parts() -> None:
    """A key that is filled up is a text that remembers how."""
    pair = find(near_keys(), lambda pair: pair.first.length > 400, settings=FINDING)
    assert isinstance(pair.first.key("run:1"), Text)
