"""What the contract says of submissions that nobody wrote down."""

from typing import Any

import pytest

from contract.judge.submission import judge
from contract.strategies import ACCEPTED, EXACTLY_422, FREE, Url
from tests.kit.submissions import submission

MEDIA = {
    "https://cdn.example.com/a.mp3": Url("https://cdn.example.com/a.mp3", ACCEPTED, "URL-17", ""),
    "https://10.0.0.1/a.mp3": Url("https://10.0.0.1/a.mp3", EXACTLY_422, "URL-3", ""),
    "https://100.64.0.1/a.mp3": Url("https://100.64.0.1/a.mp3", FREE, "URL-20", ""),
}
VALID = submission(media_url="https://cdn.example.com/a.mp3")


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"title": "a" * 500},
        {"title": "😀" * 250},
        {"start_at": "2026-03-02t09:30:00.5+01:00"},
        {"participants": [{"name": "Ada"}, {"email": "ada@example.com"}]},
        {"transcript_text": ""},
        {"title": "\uffff" * 500},
        {"start_at": "1971-01-01T00:00:00Z"},
        {"start_at": "8999-12-31T23:59:59Z"},
        {"participants": [{"name": "a" * 200}]},
    ],
)
def test_what_is_valid_is_to_be_accepted(changes: dict[str, Any]) -> None:
    """A submission in which every field is within the rules has to be accepted."""
    assert judge({**VALID, **changes}, MEDIA).accepted


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"title": ""}, "LIMIT-2"),
        ({"title": "a" * 501}, "LIMIT-1"),
        ({"title": "é" * 501}, "LIMIT-1"),
        ({"title": None}, "BODY-2"),
        ({"source_system": 5}, "BODY-3"),
        ({"type": "EMAIL"}, "BODY-4"),
        ({"run_workflows": "false"}, "BODY-5"),
        ({"is_private": 1}, "BODY-6"),
        ({"start_at": "tomorrow"}, "BODY-7"),
        ({"start_at": "\u0662"}, "BODY-7"),
        ({"start_at": "2026-02-30T00:00:00Z"}, "BODY-7"),
        ({"participants": {}}, "BODY-9"),
        ({"participants": ["Ada"]}, "BODY-9"),
        ({"media_url": "http://cdn.example.com/a.mp3"}, "URL-1"),
        ({"media_url": "ftp://cdn.example.com/a.mp3"}, "URL-2"),
        ({"media_url": "a.mp3"}, "URL-19"),
        ({"media_url": "https://10.0.0.1/a.mp3"}, "URL-3"),
        ({"transcript_text": "é" * 475_001}, "LIMIT-8"),
    ],
)
def test_what_breaks_a_rule_is_to_be_refused(changes: dict[str, Any], rule: str) -> None:
    """A submission that breaks one rule has to be refused, and the rule is named."""
    assert judge({**VALID, **changes}, MEDIA).rules == (rule,)


@pytest.mark.parametrize(
    "changes",
    [
        {"colour": "red"},
        {"start_at": None},
        {"start_at": "2026-03-02"},
        {"start_at": "2026-03-02T24:00:00Z"},
        {"start_at": "2026-03-02T09:30:60Z"},
        {"participants": [{}]},
        {"participants": [{"name": ""}]},
        {"participants": [{"email": "nobody"}]},
        {"participants": [{"name": None}]},
        {"participants": [{"name": "Ada", "phone": "1"}]},
        {"participants": [{"name": "Ada", "phone": 1}]},
        {"participants": [{"name": "\ud800"}]},
        {"participants": [{"name": "a\0b"}]},
        {"participants": [{"name": "a" * 201}]},
        {"participants": [{"email": "ädä@example.com"}]},
        {"start_at": "1970-12-31T23:59:59Z"},
        {"start_at": "9000-01-01T00:00:00Z"},
        {"title": "\ud800"},
        {"title": "a\0b"},
        {"title": "😀" * 300},
        {"media_url": "https://somebody.example.org/a.mp3"},
        {"media_url": "https://100.64.0.1/a.mp3"},
    ],
)
def test_where_the_page_is_silent_nothing_is_judged(changes: dict[str, Any]) -> None:
    """What one conforming server accepts and another refuses is neither to be accepted nor to be refused."""
    judgement = judge({**VALID, **changes}, MEDIA)
    assert not judgement.accepted
    assert not judgement.rules


def test_the_exact_status_is_owed_to_a_single_fault() -> None:
    """Only where a media refusal of the page is the only fault is its status exactly 422."""
    private = {**VALID, "media_url": "https://10.0.0.1/a.mp3"}
    assert judge(private, MEDIA).verdict.statuses == (422,)
    assert judge({**private, "title": ""}, MEDIA).verdict.statuses == (400, 422)
    assert judge({**private, "start_at": None}, MEDIA).verdict.statuses == (400, 422)


@pytest.mark.parametrize("document", [[], "text", 5, None, True])
def test_a_body_is_an_object(document: object) -> None:
    """What is no object is to be refused."""
    assert judge(document, MEDIA).rules == ("BODY-14",)


def test_each_fault_is_a_case_of_its_own() -> None:
    """What is wrong stands there with nothing else about it: a value, a field that is not there, or the whole body."""
    wrong = {**VALID, "title": "", "participants": ["Ada"]}
    del wrong["type"]
    cases = {case.rule: case for case in judge(wrong, MEDIA).cases}
    assert cases.keys() == {"LIMIT-2", "BODY-9", "BODY-1"}
    assert cases["LIMIT-2"].document(VALID, "k") == {**VALID, "external_id": "k", "title": ""}
    assert cases["BODY-9"].value == {"participants": ["Ada"]}
    assert "type" not in cases["BODY-1"].document(VALID, "k")
    (whole,) = judge([wrong], MEDIA).cases
    assert whole.content(VALID, "k").document == [wrong]
