"""What a refusal says to the person who reads it, word for word: the code, what to do, the rule, the headers."""

from __future__ import annotations

import json
from typing import Any

import pytest
from wire import ABSENT, submission

from mock_server import body
from mock_server.problems import (
    Forbidden,
    InFlight,
    InternalError,
    Invalid,
    Malformed,
    MethodNotAllowed,
    Problem,
    RateLimited,
    Unauthorized,
)
from mock_server.validation import Validator

VALIDATOR = Validator()
OF_BYTES = "bytes in UTF-8 (limit 950,000)"
BOTH_OVER = f"has 900,001 characters (limit 900,000) and 950,001 {OF_BYTES}"
INSTANT = "must be a date and time with an offset, such as 2026-03-02T09:30:00+01:00"


@pytest.mark.parametrize(
    ("changes", "pointer", "code", "message", "rule"),
    [
        ({"title": ABSENT}, "/title", "required", "is missing: add it, as a string", "BODY-1"),
        ({"run_workflows": ABSENT}, "/run_workflows", "required", "is missing: add it, as a boolean", "BODY-1"),
        ({"title": None}, "/title", "null", "is null: send a string", "BODY-2"),
        ({"is_private": None}, "/is_private", "null", "is null: send a boolean or leave it out", "BODY-16"),
        ({"participants": None}, "/participants", "null", "is null: send a list or leave it out", "BODY-16"),
        ({"title": []}, "/title", "type", "must be a string, not a list", "BODY-3"),
        ({"title": {}}, "/title", "type", "must be a string, not an object", "BODY-3"),
        ({"title": True}, "/title", "type", "must be a string, not a boolean", "BODY-3"),
        ({"title": 1}, "/title", "type", "must be a string, not a number", "BODY-3"),
        ({"title": 1.5}, "/title", "type", "must be a string, not a number", "BODY-3"),
        ({"is_private": "yes"}, "/is_private", "type", "must be a boolean, not a string", "BODY-6"),
        ({"participants": "Ada"}, "/participants", "type", "must be a list, not a string", "BODY-9"),
        ({"participants": [None]}, "/participants/0", "type", "must be an object, not null", "BODY-9"),
        ({"participants": [{}]}, "/participants/0", "empty", "needs a name, an email or both", "BODY-11"),
        (
            {"participants": [{"email": "ada"}]},
            "/participants/0/email",
            "email",
            "must be an e-mail address, such as ada@example.com",
            "BODY-11",
        ),
        ({"type": "NOTE"}, "/type", "enum", "must be one of CALL, MEETING", "BODY-4"),
        ({"title": ""}, "/title", "too_short", "has 0 characters; at least 1 is needed", "LIMIT-2"),
        (
            {"title": "a" * 501},
            "/title",
            "too_long",
            "has 501 characters; the limit is 500: shorten it",
            "LIMIT-1",
        ),
        (
            {"transcript_text": "a" * 900_001},
            "/transcript_text",
            "too_long",
            f"has 900,001 characters (limit 900,000) and 900,001 {OF_BYTES}: it is 1 characters too long",
            "LIMIT-7",
        ),
        (
            {"transcript_text": "é" * 100_000 + "a" * 750_001},
            "/transcript_text",
            "too_many_bytes",
            "has 850,001 characters (limit 900,000) and 950,001 bytes in UTF-8 (limit 950,000): it is 1 bytes too long",
            "LIMIT-8",
        ),
        (
            {"transcript_text": "é" * 50_000 + "a" * 850_001},
            "/transcript_text",
            "too_long",
            f"{BOTH_OVER}: it is 1 characters and 1 bytes too long",
            "LIMIT-7",
        ),
        ({"start_at": "soon"}, "/start_at", "date_time", INSTANT, "BODY-7"),
        (
            {"start_at": "1969-12-31T23:59:59Z"},
            "/start_at",
            "date_time",
            "must be in the years 1970 to 9000",
            "BODY-7",
        ),
        *(
            (
                {"start_at": f"2026-03-02T09:30:00{offset}"},
                "/start_at",
                "date_time",
                "has an offset that does not exist: it goes from -23:59 to +23:59",
                "BODY-7",
            )
            for offset in ("+24:00", "-24:00", "+01:60")
        ),
        (
            {"start_at": "2026-02-29T00:00:00Z"},
            "/start_at",
            "date_time",
            "names a day or a time that does not exist",
            "BODY-7",
        ),
        (
            {"media_url": "https://[1::2::3]/a.mp3"},
            "/media_url",
            "invalid_url",
            "has a host in brackets that is not an IPv6 address",
            "URL-19",
        ),
    ],
)
def test_a_broken_field(changes: dict[str, Any], pointer: str, code: str, message: str, rule: str) -> None:
    """The first error names the field, a stable code, what to do, and the rule."""
    with pytest.raises(Invalid) as caught:
        VALIDATOR.validate(submission(**changes))
    error = caught.value.errors[0]
    assert (error.field, error.code, error.message, error.rule) == (pointer, code, message, rule)


@pytest.mark.parametrize(
    ("value", "named"),
    [([], "a list"), ("text", "a string"), (1, "a number"), (1.5, "a number"), (True, "a boolean"), (None, "null")],
    ids=repr,
)
def test_a_body_that_is_no_object(value: object, named: str) -> None:
    """The refusal names what was sent instead, with its article."""
    with pytest.raises(Malformed) as caught:
        body.parse(json.dumps(value).encode())
    assert caught.value.detail == f"The body must be a JSON object, not {named}."
    assert caught.value.rule == "BODY-14"


RETRY = {"Retry-After": "1"}


@pytest.mark.parametrize(
    ("problem", "detail", "rule", "headers"),
    [
        (Unauthorized("Who?", rule="AUTH-2"), "Who?", "AUTH-2", {"WWW-Authenticate": "Bearer"}),
        (
            Forbidden("engagements:write"),
            "This credential lacks the scope engagements:write. Use one that has it.",
            "SCOPE-1",
            {"WWW-Authenticate": 'Bearer error="insufficient_scope", scope="engagements:write"'},
        ),
        (
            MethodNotAllowed(["POST", "GET"]),
            "This path takes only GET, POST.",
            "ERR-9",
            {"Allow": "GET, POST"},
        ),
        (
            InFlight(),
            "Another submission of this external_id is being processed. Send the request again in a moment.",
            "IDEM-13",
            RETRY,
        ),
        (
            RateLimited("5 requests per second", 1),
            "The limit of 5 requests per second is used up. Send the request again in 1 seconds.",
            "ERR-7",
            RETRY,
        ),
        (
            InternalError(),
            "The server failed on this request. Send it again; if it fails again, report the request_id.",
            "ERR-4",
            {},
        ),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Problem) else "",
)
def test_a_problem(problem: Problem, detail: str, rule: str, headers: dict[str, str]) -> None:
    """A problem says what to do next, with the headers that a program needs for it."""
    assert (problem.detail, problem.rule, problem.headers) == (detail, rule, headers)
