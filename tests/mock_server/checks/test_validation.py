"""Every broken field is named, with its code, its rule and what to do."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mock_server import Running, spec
from mock_server.checks.validation import MAX_ERRORS, Participant, Validator
from mock_server.problems import Invalid
from tests.kit.checks import check_problem
from tests.kit.http import create, send
from tests.kit.submissions import ABSENT, submission

TEXTS = ("title", "source_system", "external_id", "media_url")
REQUIRED = ("type", *TEXTS, "run_workflows")
VALIDATOR = Validator()


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        *[({field: "a\ud800"}, f"/{field}") for field in ("title", "external_id", "media_url", "start_at")],
        ({"transcript_text": "\udfff"}, "/transcript_text"),
        ({"participants": [{"name": "Ada", "email": "a@\ud800"}]}, "/participants/0/email"),
        ({"participants": [{"name": "Ada"}, {"name": "\udc00"}]}, "/participants/1/name"),
    ],
    ids=range(7),
)
def test_a_whole_body_is_read_before_it_fits(changes: dict[str, Any], pointer: str) -> None:
    """One call judges a body that obeys the schemas, and half a surrogate pair in any text is no such body."""
    with pytest.raises(Invalid) as caught:
        Validator().validate(submission(**changes))
    assert [(error.field, error.code) for error in caught.value.errors] == [(pointer, "not_unicode")]
    unread = {"x": "\ud800", "participants": [{"name": "Ada", "\ud800": "\ud800"}]}
    assert Validator().validate(submission(title="über 😀", **unread)).title == "über 😀"


def refusal(**changes: Any) -> Invalid:
    """Return what the validator says to a submission with these changes."""
    with pytest.raises(Invalid) as caught:
        VALIDATOR.validate(submission(**changes))
    return caught.value


def errors(**changes: Any) -> list[tuple[str, str, str]]:
    """Return field, code and rule of each error."""
    return [(error.field, error.code, error.rule) for error in refusal(**changes).errors]


@pytest.mark.parametrize("field", REQUIRED)
def test_a_missing_required_field_is_named_itself(server: Running, field: str) -> None:
    """A submission without a required field gets 422 with a pointer to that field."""
    answer = create(server, **{field: ABSENT})
    check_problem(answer, 422)
    assert (answer.fields, answer.rules) == ({f"/{field}": "required"}, {f"/{field}": "BODY-1"})


@pytest.mark.parametrize("field", REQUIRED)
def test_a_required_field_is_not_null(server: Running, field: str) -> None:
    """Null in place of a required field gets 422."""
    answer = create(server, **{field: None})
    check_problem(answer, 422)
    assert (answer.fields, answer.rules) == ({f"/{field}": "null"}, {f"/{field}": "BODY-2"})


@pytest.mark.parametrize("field", ["start_at", "is_private", "participants", "transcript_text"])
def test_an_optional_field_is_not_null(server: Running, field: str) -> None:
    """Null for an optional field gets 422 and the advice to leave it out."""
    answer = create(server, **{field: None})
    assert "leave it out" in check_problem(answer, 422)["errors"][0]["message"]
    assert answer.rules == {f"/{field}": "BODY-16"}


@pytest.mark.parametrize("value", [0, 1, 1.5, True, False, [], ["a"], {}, {"a": "b"}], ids=repr)
@pytest.mark.parametrize("field", ["type", *TEXTS, "start_at", "transcript_text"])
def test_text_is_not_converted(field: str, value: object) -> None:
    """A number, a boolean, a list or an object is no text."""
    rule = "BODY-7" if field == "start_at" else "BODY-3"
    assert (f"/{field}", "type", rule) in errors(**{field: value})


@pytest.mark.parametrize("value", ["true", "", 0, 1, 1.0, [], [True], {}], ids=repr)
@pytest.mark.parametrize(("field", "rule"), [("run_workflows", "BODY-5"), ("is_private", "BODY-6")])
def test_a_boolean_is_not_converted(field: str, rule: str, value: object) -> None:
    """Neither a word nor a number is a boolean."""
    assert errors(**{field: value}) == [(f"/{field}", "type", rule)]


@pytest.mark.parametrize(
    ("value", "error"), [(1, ("type", "BODY-3")), ([], ("type", "BODY-3")), (None, ("null", "BODY-2"))]
)
def test_a_type_that_is_no_text_is_said_once(value: object, error: tuple[str, str]) -> None:
    """A value that is no text gets one error for its type, and none for being no accepted word."""
    assert errors(type=value) == [("/type", *error)]


@pytest.mark.parametrize(
    "value",
    ["call", "Call", " CALL", "CALL ", "", "EMAIL", "TASK", "NOTE", "CALENDAR_EVENT", "DOCUMENT", "CALL\0", "САLL"],
)
def test_only_two_types_can_be_created(value: str) -> None:
    """Other kinds of engagement, and other spellings, are refused."""
    assert errors(type=value) == [("/type", "enum", "BODY-4")]


@pytest.mark.parametrize(
    ("participants", "expected"),
    [
        ("Ada", [("/participants", "type", "BODY-9")]),
        ({"name": "Ada"}, [("/participants", "type", "BODY-9")]),
        (["Ada"], [("/participants/0", "type", "BODY-9")]),
        ([None, 5, []], [(f"/participants/{n}", "type", "BODY-9") for n in range(3)]),
        ([{}], [("/participants/0", "empty", "BODY-11")]),
        ([{"phone": "1"}], [("/participants/0", "empty", "BODY-11")]),
        ([{"name": ""}], [("/participants/0/name", "too_short", "BODY-11")]),
        ([{"name": 5}], [("/participants/0/name", "type", "BODY-9")]),
        ([{"name": None}], [("/participants/0/name", "null", "BODY-16")]),
        ([{"name": "\ud800"}], [("/participants/0/name", "not_unicode", "BODY-21")]),
        ([{"email": ""}], [("/participants/0/email", "email", "BODY-11")]),
        ([{"email": "ada"}], [("/participants/0/email", "email", "BODY-11")]),
        ([{"email": ["a@b"]}], [("/participants/0/email", "type", "BODY-9")]),
        ([{"name": "Ada"}, {"email": "@"}], [("/participants/1/email", "email", "BODY-11")]),
        (
            [{"name": 1, "email": 2}],
            [("/participants/0/name", "type", "BODY-9"), ("/participants/0/email", "type", "BODY-9")],
        ),
    ],
    ids=str,
)
def test_participants_are_judged_one_by_one(participants: object, expected: list[tuple[str, str, str]]) -> None:
    """Each broken participant is named by its place."""
    assert errors(participants=participants) == expected


@pytest.mark.parametrize(
    "participants",
    [
        [],
        [{"name": "Ada"}],
        [{"email": "ada@example.com"}],
        [{"name": "A", "email": "a@b"}],
        [{"name": "A", "x": [None]}],
        [{"name": " "}],
        [{"name": "Ada"}] * 2,
        [{"name": "a" * 100_000}],
        [{"name": "Ada"}] * 5000,
    ],
    ids=range(9),
)
def test_a_participant_has_a_name_an_email_or_both(participants: list[dict[str, str]]) -> None:
    """Each of the three is accepted, any number of them, and what else they hold is ignored."""
    accepted = VALIDATOR.validate(submission(participants=participants)).participants
    assert accepted == tuple(Participant(person.get("name"), person.get("email")) for person in participants)


def test_all_broken_fields_are_listed_in_the_order_of_the_contract(server: Running) -> None:
    """A refusal names every broken field at once, in the order of the contract and not of the body."""
    broken = {
        "transcript_text": 1,
        "participants": [{}],
        "is_private": 1,
        "start_at": "x",
        "run_workflows": 1,
        "media_url": "http://a.b/",
        "external_id": "",
        "source_system": "",
        "title": "",
        "type": "X",
    }
    answer = send(server, broken)
    problem = check_problem(answer, 422)
    assert list(answer.fields) == [
        "/type",
        "/title",
        "/source_system",
        "/external_id",
        "/media_url",
        "/run_workflows",
        "/start_at",
        "/is_private",
        "/participants/0",
        "/transcript_text",
    ]
    assert problem["detail"].startswith("10 fields break a rule: /type, /title")
    assert {error["rule"] for error in problem["errors"]} <= {rule["id"] for rule in spec.document()["x-rules"]}


def test_one_broken_field_is_told_in_the_singular() -> None:
    """The detail of a single error is a sentence."""
    assert refusal(title="").detail == "1 field breaks a rule: /title."


@pytest.mark.parametrize("count", [MAX_ERRORS - 1, MAX_ERRORS, MAX_ERRORS + 1, 200_000])
def test_very_many_errors_are_cut_and_said_to_be(count: int) -> None:
    """The answer lists at most a hundred errors, says when there are more, and loses no field to the participants."""
    refused = refusal(participants=[{}] * count, transcript_text="a" * 900_001, media_url="x", start_at="x", title="")
    fields = [error.field for error in refused.errors]
    assert {"/title", "/media_url", "/start_at", "/transcript_text"} < set(fields)
    assert len(fields) == min(count + 4, MAX_ERRORS)
    assert refused.detail.startswith("At least" if count + 4 > MAX_ERRORS else "1")


@pytest.mark.parametrize("text", ["\ud800", "a\udfff", "\udc00\ud800", "é\ud83d"])
@pytest.mark.parametrize("field", [*TEXTS, "type", "start_at", "transcript_text"])
def test_half_a_surrogate_pair_is_refused(server: Running, field: str, text: str) -> None:
    """A text without a UTF-8 form gets 422, and the answer is valid UTF-8."""
    answer = send(server, json.dumps(submission(**{field: text})).encode())
    check_problem(answer, 422)
    assert "BODY-21" in {error["rule"] for error in answer.json()["errors"] if error["field"] == f"/{field}"}


def test_a_whole_surrogate_pair_is_one_character(server: Running) -> None:
    r"""\ud83d\ude00 on the wire is an emoji."""
    body = json.dumps(submission(title="😀" * 500)).encode()
    assert b"\\ud83d\\ude00" in body
    assert send(server, body).json()["title"] == "😀" * 500


@pytest.mark.parametrize("text", ["a\0b", "\0", "\x1b[31m", "\u2028", "\ufffe", "e\u0301", " padded ", "\n"])
def test_any_character_is_kept(server: Running, text: str) -> None:
    """NUL, control characters and white space are kept as they were sent."""
    assert create(server, title=text, source_system=text).json()["title"] == text


def test_measures_are_in_the_message() -> None:
    """The message of a length rule says what was measured and what is allowed."""
    message = refusal(title="é" * 501).errors[0].message
    assert message == "has 501 characters; the limit is 500: shorten it"
    (error,) = refusal(transcript_text="é" * 475_001).errors
    for part in ("475,001 characters", "limit 900,000", "950,002 bytes", "limit 950,000", "it is 2 bytes too long"):
        assert part in error.message
    both = refusal(transcript_text="é" * 900_001).errors[0].message
    assert "it is 1 character and 850,002 bytes too long" in both
