"""What a refusal says to the person who reads it, word for word: the code, what to do, the rule, the headers."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from mock_server.checks import body
from mock_server.checks.auth import Directory
from mock_server.checks.validation import Validator
from mock_server.media.policy import Refused, parse
from mock_server.media.refusals import follow, judging_redirect
from mock_server.media.simulated import SimulatedMedia
from mock_server.problems import (
    FieldError,
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
from mock_server.workspaces import built_in
from tests.kit.submissions import ABSENT, submission

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
        ({"participants": [1]}, "/participants/0", "type", "must be an object, not a number", "BODY-9"),
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
            f"has 900,001 characters (limit 900,000) and 900,001 {OF_BYTES}: it is 1 character too long",
            "LIMIT-7",
        ),
        (
            {"transcript_text": "é" * 100_000 + "a" * 750_001},
            "/transcript_text",
            "too_many_bytes",
            "has 850,001 characters (limit 900,000) and 950,001 bytes in UTF-8 (limit 950,000): it is 1 byte too long",
            "LIMIT-8",
        ),
        (
            {"transcript_text": "é" * 50_000 + "a" * 850_001},
            "/transcript_text",
            "too_long",
            f"{BOTH_OVER}: it is 1 character and 1 byte too long",
            "LIMIT-7",
        ),
        ({"start_at": "soon"}, "/start_at", "date_time", INSTANT, "BODY-7"),
        (
            {"start_at": "9999-12-31T23:59:59-01:00"},
            "/start_at",
            "date_time",
            "must be in the years 1 to 9999 in UTC",
            "BODY-18",
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


@pytest.mark.parametrize(
    ("raw", "detail", "rule"),
    [
        (b"", "The body is empty. Send a JSON object.", "BODY-15"),
        (b"\xef\xbb\xbf{}", "The body begins with a byte order mark. Send UTF-8 without one.", "BODY-23"),
        (
            b"{",
            "The body is not valid JSON at character 1: Expecting property name enclosed in double quotes.",
            "BODY-15",
        ),
        (b"\xff", "The body is not valid UTF-8 at byte 0.", "BODY-23"),
        (b'{"a": 1, "a": 2}', "An object of the body holds the same key twice. Send each key once.", "BODY-19"),
        (b"[" * 100_000, "The body is nested too deeply. Send fewer levels.", "ERR-10"),
    ],
    ids=range(6),
)
def test_a_body_that_cannot_be_read(raw: bytes, detail: str, rule: str) -> None:
    """The refusal says what is wrong with it, where, and under which rule."""
    with pytest.raises(Malformed) as caught:
        body.parse(raw)
    assert (caught.value.detail, caught.value.rule) == (detail, rule)


def test_a_body_announced_as_something_else() -> None:
    """The refusal names the header and what it must say."""
    for content_type in ("text/plain", "", None):
        with pytest.raises(Malformed) as caught:
            body.check_headers(content_type, None)
        assert caught.value.detail == "The Content-Type must be application/json."
        assert caught.value.rule == "BODY-20"


@pytest.mark.parametrize(
    ("header", "detail"),
    [
        (None, "No credential was sent. Add the header 'Authorization: Bearer <credential>'."),
        ("Basic x", "The Authorization header must be 'Bearer <credential>', or an API key alone."),
        ("Bearer x", "The credential is not known. Check that it is complete and belongs to this server."),
    ],
    ids=["none", "other scheme", "unknown"],
)
def test_a_credential_that_is_refused(header: str | None, detail: str) -> None:
    """The refusal says what to send, and nothing of what was sent."""
    with pytest.raises(Unauthorized) as caught:
        Directory(built_in()).authenticate(header)
    assert caught.value.detail == detail


@pytest.mark.parametrize(
    ("url", "code", "message", "rule"),
    [
        ("https://localhost/a.mp3", "private_address", "names the server itself", "URL-13"),
        ("https://a.localhost/a.mp3", "private_address", "names the server itself", "URL-13"),
        ("https://a.local/a.mp3", "private_address", "is on a name that only a local network knows", "URL-28"),
        (
            "https://localtest.me/a.mp3",
            "private_address",
            "is on a name that leads to an address that is not public",
            "URL-14",
        ),
        ("https://10.0.0.1/a.mp3", "private_address", "leads to an address that is not public (private)", "URL-3"),
        (
            "https://media.example.com/a.html",
            "media_type",
            "does not serve a recording: the content type must be audio/* or video/*",
            "URL-16",
        ),
    ],
)
def test_a_recording_that_is_refused(url: str, code: str, message: str, rule: str) -> None:
    """The verdict on a media URL says what is wrong with the place it leads to."""
    with pytest.raises(Refused) as caught:
        SimulatedMedia().fetch(parse(url), lambda _: None)
    refused = caught.value
    assert refused.message.startswith(message)
    assert (refused.code, refused.rule) == (code, rule)


BASE = parse("https://media.example.com/calls/a.mp3")


@pytest.mark.parametrize(
    ("location", "leads_to"),
    [
        ("b.mp3", "https://media.example.com/calls/b.mp3"),
        ("/b.mp3", "https://media.example.com/b.mp3"),
        ("//cdn.example.com/b.mp3", "https://cdn.example.com/b.mp3"),
        ("https://cdn.example.com:8443/b.mp3", "https://cdn.example.com:8443/b.mp3"),
        ("//cdn.example.com:8443/b.mp3", "https://cdn.example.com:8443/b.mp3"),
        ("/a b.mp3", "https://media.example.com/a%20b.mp3"),
        ("/R\u00c3\u00a9union.mp3", "https://media.example.com/R%C3%A9union.mp3"),
        (
            "https://cdn.example.com/\u00e3\u0081\u0082?n=\u00c3\u00a9#\u00c3",
            "https://cdn.example.com/%E3%81%82?n=%C3%A9",
        ),
        ('/<a>"{b}|c^`.mp3', "https://media.example.com/%3Ca%3E%22%7Bb%7D%7Cc%5E%60.mp3"),
        ("/100%.mp3?a=%2F&b=%zz", "https://media.example.com/100%25.mp3?a=%2F&b=%25zz"),
        ("?x=1#a#b", "https://media.example.com/calls/a.mp3?x=1"),
        ("#part", "https://media.example.com/calls/a.mp3"),
    ],
)
def test_a_redirect_leads_on(location: str, leads_to: str) -> None:
    """A Location is whole or relative, and may use the ports that the first URL may."""
    assert follow(BASE, location, (443, 8443)).text == leads_to


@pytest.mark.parametrize(
    ("location", "message"),
    [
        ("", "redirects without saying to which one place"),
        ("//[x/a.mp3", "redirects to what is no URL"),
        ("/a\\b.mp3", "redirects to what is no URL"),
        ("/a\tb.mp3", "redirects to what is no URL"),
        ("/\u3042", "redirects to what is no URL"),
        ("https://a b/", "redirects to what is no URL"),
        ("https:///a.mp3", "redirects to what is no URL"),
    ],
)
def test_a_redirect_that_leads_nowhere(location: str, message: str) -> None:
    """What is no URL is refused in words, under the rule about what does not come."""
    with pytest.raises(Refused) as caught, judging_redirect(lambda _: None):
        follow(BASE, location)
    assert (caught.value.rule, caught.value.code, caught.value.message.split(":")[0]) == (
        "URL-18",
        "unreachable",
        message,
    )


RETRY = {"Retry-After": "1"}


@pytest.mark.parametrize(
    ("make", "detail", "rule", "headers"),
    [
        (lambda: Unauthorized("Who?", rule="AUTH-2"), "Who?", "AUTH-2", {"WWW-Authenticate": "Bearer"}),
        (
            lambda: Forbidden("engagements:write"),
            "This credential lacks the scope engagements:write. Use one that has it.",
            "SCOPE-1",
            {"WWW-Authenticate": 'Bearer error="insufficient_scope", scope="engagements:write"'},
        ),
        (lambda: MethodNotAllowed(["POST", "GET"]), "This path takes only GET, POST.", "ERR-9", {"Allow": "GET, POST"}),
        (
            InFlight,
            "Another submission of this external_id is being processed. Send the request again in a moment.",
            "IDEM-13",
            RETRY,
        ),
        (
            lambda: RateLimited("5 requests per second", 1),
            "The limit of 5 requests per second is used up. Send the request again in 1 second.",
            "ERR-7",
            RETRY,
        ),
        (
            InternalError,
            "The server failed on this request. Send it again; if it fails again, report the request_id.",
            "ERR-4",
            {},
        ),
    ],
    ids=["unauthorized", "forbidden", "method", "in flight", "rate", "internal"],
)
def test_a_problem(make: Callable[[], Problem], detail: str, rule: str, headers: dict[str, str]) -> None:
    """A problem says what to do next, with the headers that a program needs for it."""
    problem = make()
    assert (problem.detail, problem.rule, problem.headers) == (detail, rule, headers)


def test_a_field_error_outside_the_contract_names_no_rule() -> None:
    """The member is there only where there is a rule."""
    assert FieldError("/a", "c", "m").as_json() == {"field": "/a", "code": "c", "message": "m"}
    assert FieldError("/a", "c", "m", "BODY-1").as_json()["rule"] == "BODY-1"
