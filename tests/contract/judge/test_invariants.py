"""What must hold of every answer: each finding has its rule, and a conforming answer has none."""

import json
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

import pytest

from contract.exchange import Body, Exchange, Request, Response
from contract.instants import instant
from contract.judge.invariants import EXPANDED, check, now_at
from contract.spec.statuses import FROM_PROXIES
from tests.kit.targets import SECRET, problem, reply

ENGAGEMENT: dict[str, Any] = {
    "object": "engagement",
    "id": "ngmt_01JB5Z0Q4T3V2K8M6N9P7R5S4W",
    "title": "A call",
    "engagement_type": "CALL",
    "processing_status": "PENDING",
    "is_private": False,
    "created_at": "2026-03-02T08:30:00.000Z",
    "updated_at": "2026-03-02T08:30:00.000Z",
    "engagement_at": "2026-03-02T08:30:00.000Z",
    "start_at": "2026-03-02T08:30:00.000Z",
    "end_at": "2026-03-02T09:00:00.000Z",
    "duration_seconds": 1800,
    "owner_user_id": "usr_01JB5Z0Q4T3V2K8M6N9P7R5S4W",
}
WHOLE: dict[str, Any] = {"transcript": "", "media_url": "https://media.example.com/a.mp3", "owner": {}}


def exchange(response: Response, *, body: bytes = b"{}", token: str = SECRET, **changes: Any) -> Exchange:
    """Return an exchange with this answer."""
    request = Request(Body(body), (("Authorization", f"Bearer {token}"),), "writer", **changes)
    return Exchange(request, response, "http://127.0.0.1:1/api", started=1_772_443_800.0)


def findings(response: Response, **options: Any) -> list[tuple[str, str, str]]:
    """Return what is found on an answer."""
    return list(check(exchange(response, **options)))


def rules(response: Response, **options: Any) -> list[str]:
    """Return the rules that an answer breaks."""
    return [rule for rule, _, _ in findings(response, **options)]


def success(status: int = 201, headers: dict[str, str] | None = None, **changes: Any) -> Response:
    """Return a conforming success with these changes; ABSENT leaves a member out."""
    shown = {name: value for name, value in {**ENGAGEMENT, **changes}.items() if value is not ...}
    return reply(status, shown, headers)


@pytest.mark.parametrize("status", [200, 201, 299])
def test_a_conforming_success_has_no_findings(status: int) -> None:
    """Nothing is found on what the page shows."""
    assert findings(success(status)) == []
    assert findings(success(status, host_user_id="usr_1", meeting_url="https://meet.example.com/x")) == []


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422, 429])
def test_a_conforming_refusal_has_no_findings(status: int) -> None:
    """Nothing is found on a problem with all its members."""
    waiting = {"retry-after": "3"} if status == 429 else {}
    entry = {"field": "/title", "code": "too_long", "message": "shorten it"}
    assert findings(reply(status, problem(status, errors=[entry]).json, waiting)) == []


TYPES = "MEETING, CALL, EMAIL, TASK, NOTE, CALENDAR_EVENT, DOCUMENT"


@pytest.mark.parametrize(
    ("changes", "rule", "expected"),
    [
        ({"id": "eng_1"}, "RESP-2", "id as documented: ^ngmt_[A-Za-z0-9]+$"),
        ({"id": "ngmt_1\n"}, "RESP-2", "id as documented"),
        ({"id": 5}, "RESP-1", "id as documented: string"),
        ({"owner_user_id": "user_1"}, "RESP-2", "owner_user_id as documented: ^usr_[A-Za-z0-9]+$"),
        ({"owner_user_id": "usr_1\n"}, "RESP-2", "owner_user_id as documented"),
        ({"host_user_id": "usr_1\n"}, "RESP-2", "host_user_id as documented"),
        ({"object": "call"}, "RESP-10", "object as documented: engagement"),
        ({"engagement_type": "call"}, "RESP-10", f"engagement_type as documented: {TYPES}"),
        (
            {"processing_status": "DONE"},
            "RESP-10",
            "processing_status as documented: PENDING, PROCESSING, COMPLETED, FAILED",
        ),
        ({"title": 5}, "RESP-1", "title as documented: string"),
        ({"id": ...}, "RESP-1", "the answer as documented"),
        ({"meeting_url": "meet.example.com"}, "RESP-1", "meeting_url as a URI"),
        *(
            ({name: "yesterday"}, "RESP-1", f"{name} as a date and time")
            for name in ("created_at", "updated_at", "engagement_at", "start_at", "end_at")
        ),
        ({"start_at": "0000-13-31T10:00:00Z"}, "RESP-1", "start_at as a date and time"),
        ({"start_at": "0000-12-31T10:00:00"}, "RESP-1", "start_at as a date and time"),
        *(({name: WHOLE.get(name, [])}, "RESP-6", f"no {name}, as nothing was expanded") for name in EXPANDED),
        ({"end_at": "2026-03-02T09:00:01.001Z"}, "RESP-7", "end_at 1800 s after start_at"),
        ({"end_at": "2026-03-02T08:59:58.999Z"}, "RESP-7", "end_at 1800 s after start_at"),
        ({"duration_seconds": 1802}, "RESP-7", "end_at 1802 s after start_at"),
        ({"updated_at": "2026-03-02T08:29:59.999Z"}, "RESP-11", "updated_at not before created_at"),
    ],
    ids=str,
)
def test_a_success_that_is_not_as_documented(changes: dict[str, Any], rule: str, expected: str) -> None:
    """One thing wrong is one finding, under its rule, which names the field."""
    assert [finding[:2] for finding in findings(success(**changes))] == [(rule, expected)]


@pytest.mark.parametrize(
    "changes",
    [
        {"end_at": "2026-03-02T09:00:01.000Z"},
        {"end_at": "2026-03-02T08:59:59.000Z"},
        {"end_at": ..., "duration_seconds": ...},
        {"duration_seconds": 1801},
        {"updated_at": "2026-03-02T09:30:00.001+01:00"},
        {"start_at": "2026-03-02t08:30:00z"},
        *(
            {"start_at": start, "end_at": ..., "duration_seconds": ...}
            for start in (
                "0000-12-31T10:00:00Z",
                "0000-02-29T10:00:00.000+14:00",
                "0001-01-01T00:00:00+14:00",
                "-000001-12-31T10:00:00.000Z",
                "+010000-01-01T13:59:59.999Z",
                "9999-12-31T23:59:60Z",
                "2016-12-31T23:59:60Z",
            )
        ),
        {"colour": "red"},
    ],
    ids=str,
)
def test_a_success_that_is_within_what_is_documented(changes: dict[str, Any]) -> None:
    """No findings: a second of rounding, another offset, lower case, members that the page does not name, odd years.

    A year beyond 1 to 9999 is one that the contract does not speak of; RFC 3339 has the year 0, and ISO 8601 more.
    """
    assert findings(success(**changes)) == []


def test_a_time_that_does_not_fit_is_shown() -> None:
    """The finding says what the target answered."""
    (late,) = findings(success(end_at="2026-03-02T09:10:00.000Z"))
    assert late[2] == "end_at − start_at is 2400.0 s"
    (before,) = findings(success(updated_at="2026-03-01T08:30:00.000Z"))
    assert before[2] == "2026-03-01 08:30:00+00:00 is before 2026-03-02 08:30:00+00:00"


def test_the_header_with_the_version_is_needed() -> None:
    """Its lack is RESP-5 on a success and ERR-2 on an error."""
    ((rule, expected, actual),) = findings(success(headers={"x-api-version": ""}))
    assert (rule, expected, actual) == ("RESP-5", "the header X-Api-Version", "201 without it")
    ((rule, expected, actual),) = findings(reply(422, problem().json, {"x-api-version": ""}))
    assert (rule, expected, actual) == ("ERR-2", "the header X-Api-Version on an error", "422 without it")


@pytest.mark.parametrize("document", [[], "text", 5, None])
def test_a_success_is_an_object(document: object) -> None:
    """Whatever else it is, it is RESP-1, once, with its beginning."""
    ((rule, expected, actual),) = findings(reply(201, document))
    assert (rule, expected) == ("RESP-1", "a JSON object")
    assert actual == f"application/json: {json.dumps(document)}"


def test_a_success_that_is_no_json_is_shown() -> None:
    """Whatever its bytes are; a report cuts it."""
    ((_, _, actual),) = findings(Response(201, {"x-api-version": "v2"}, b"\xff" + b"x" * 500))
    assert actual == f"no content type (it is not UTF-8): {chr(0xFFFD)}{'x' * 500}"


def problem_with(**changes: Any) -> Response:
    """Return a 422 with these changes of the problem; ... leaves a member out."""
    document = {name: value for name, value in {**problem().json, **changes}.items() if value is not ...}
    return reply(422, document)


@pytest.mark.parametrize(
    ("changes", "rule", "expected"),
    [
        ({"type": ...}, "ERR-1", "type in a problem"),
        ({"title": ...}, "ERR-1", "title in a problem"),
        ({"status": ...}, "ERR-1", "status in a problem"),
        ({"detail": ...}, "ERR-1", "detail in a problem"),
        ({"request_id": ...}, "ERR-1", "request_id in a problem"),
        ({"title": 5}, "ERR-1", "title in a problem"),
        ({"status": "422"}, "ERR-1", "status in a problem"),
        ({"status": 400}, "ERR-1", "status 422 in the problem"),
        ({"request_id": "1"}, "ERR-6", "request_id of the form rid_[A-Za-z0-9_-]+"),
        ({"request_id": "rid_"}, "ERR-6", "request_id of the form rid_[A-Za-z0-9_-]+"),
        ({"request_id": "rid_1\n"}, "ERR-6", "request_id of the form rid_[A-Za-z0-9_-]+"),
        ({"type": "about:blank"}, "ERR-1", r"type of the form https://\S+/errors/[a-z0-9_]+"),
        ({"errors": {}}, "ERR-1", "errors as a list of objects"),
        ({"errors": ["title"]}, "ERR-1", "errors as a list of objects"),
        ({"errors": [{"field": "/a", "code": "b"}]}, "ERR-1", "field, code and message in each of errors[]"),
        (
            {"errors": [{"field": 1, "code": "b", "message": "c"}]},
            "ERR-1",
            "field, code and message in each of errors[]",
        ),
        ({"errors": [{"field": "/a", "message": "c"}]}, "ERR-1", "field, code and message in each of errors[]"),
    ],
    ids=str,
)
def test_a_problem_that_is_not_as_documented(changes: dict[str, Any], rule: str, expected: str) -> None:
    """One thing wrong is one finding, under its rule."""
    assert [finding[:2] for finding in findings(problem_with(**changes))] == [(rule, expected)]


def test_what_a_problem_holds_instead_is_shown() -> None:
    """The value that is wrong is in the finding as JSON; a long text by its beginning and its length."""
    assert findings(problem_with(title=5))[0][2] == "5"
    assert findings(problem_with(status=400))[0][2] == "400"
    assert findings(problem_with(request_id="x" * 500))[0][2] == f'{{"begins": "{"x" * 60}", "characters": 500}}'
    assert findings(problem_with(errors=["x" * 500]))[0][2] == f'[{{"begins": "{"x" * 60}", "characters": 500}}]'
    assert findings(problem_with(errors=[{"field": "x"}]))[0][2] == '{"field": "x"}'


@pytest.mark.parametrize("document", [[], "text", 5, None])
def test_a_problem_is_an_object(document: object) -> None:
    """Whatever else it is, it is ERR-1, once."""
    assert findings(reply(422, document)) == [("ERR-1", "a problem as a JSON object", json.dumps(document))]


@pytest.mark.parametrize("kind", ["application/json", "text/plain", ""])
def test_a_problem_has_its_own_content_type(kind: str) -> None:
    """Another one is ERR-1, and shown."""
    ((rule, expected, actual),) = findings(reply(422, problem().json, {"content-type": kind}))
    assert (rule, expected, actual) == ("ERR-1", "application/problem+json", kind or "no content type")


def test_parameters_of_a_content_type_do_not_matter() -> None:
    """Nor does its case."""
    assert findings(reply(422, problem().json, {"content-type": "Application/Problem+JSON; charset=utf-8"})) == []


@pytest.mark.parametrize(
    "detail",
    [
        "Traceback (most recent call last):",
        "boom\n    at Object.<anonymous> (/app/x.js:1:2)",
        "boom\n\tat com.example.Main.main(Main.java:5)",
        "boom\n\tfrom app.rb:12:in `x'",
        "goroutine 17 [running]:",
        "thread 'main' panicked at src/main.rs",
        "Caused by: java.lang.NullPointerException",
        'File "app.py", line 12',
        "index.ts:12",
    ],
)
def test_a_stack_trace_is_found(detail: str) -> None:
    """In the languages that servers are written in, also where JSON escapes the ends of lines."""
    ((rule, expected, actual),) = findings(problem_with(detail=detail))
    assert (rule, expected) == ("ERR-3", "no stack trace in an error")
    assert actual.startswith('{"type"')


@pytest.mark.parametrize(
    "detail", ["Look at the field title.", "from 1 to 500 characters", "at least one", "a.json: 5"]
)
def test_a_sentence_is_no_stack_trace(detail: str) -> None:
    """Words that traces also use accuse nobody."""
    assert findings(problem_with(detail=detail)) == []


@pytest.mark.parametrize(
    ("kind", "content"), [("application/problem+json", b"<HTML>oops"), ("text/html", b"oops"), ("text/html", b"<html>")]
)
def test_html_is_found(kind: str, content: bytes) -> None:
    """By what is in the body as well as by what it calls itself."""
    first = findings(Response(400, {"content-type": kind, "x-api-version": "v2"}, content))[0]
    assert first == ("ERR-3", "no HTML in an error", f"{kind}: {content.decode()}")


@pytest.mark.parametrize("value", [None, "", "soon", "1.5", "-1", "Wed, 21 Oct 2026 07:28:00 GMT"])
def test_429_says_when_to_come_back(value: str | None) -> None:
    """Retry-After in whole seconds."""
    headers = {} if value is None else {"retry-after": value}
    found = findings(reply(429, problem(429).json, headers))
    assert found == [("ERR-7", "Retry-After in seconds", json.dumps(value))]


def test_only_429_has_to_say_it() -> None:
    """Another error says it or not."""
    assert findings(reply(409, problem(409).json)) == []


@pytest.mark.parametrize("status", [500, 501, 505, 599])
def test_a_server_does_not_fail(status: int) -> None:
    """500 and above is ERR-4, beside whatever is wrong with the answer."""
    assert findings(reply(status, problem(status).json)) == [("ERR-4", "an answer below 500", f"{status}")]


@pytest.mark.parametrize("changes", [{"expect": "unauthorized"}, {"expect": "forbidden"}, {"method": "GET"}])
def test_no_body_is_blamed_for_a_failure_that_has_another_cause(changes: dict[str, Any]) -> None:
    """What fails on a credential, or on a read, is for the test that sends it."""
    assert findings(reply(500, problem(500).json), **changes) == []


@pytest.mark.parametrize("status", FROM_PROXIES)
def test_what_stands_in_front_of_a_target_is_not_judged(status: int) -> None:
    """A proxy's page about a size or a time-out breaks no rule of the API."""
    assert findings(Response(status, {"content-type": "text/html"}, b"<html>")) == []
    assert rules(Response(status, {}, SECRET.encode())) == ["AUTH-6"]


@pytest.mark.parametrize("status", [100, 302, 399])
def test_neither_a_success_nor_an_error_is_not_judged(status: int) -> None:
    """Redirects are another matter."""
    assert findings(Response(status, {}, b"")) == []


@pytest.mark.parametrize("changes", [{"method": "GET", "expect": "observed"}, {"path": "/v2/other"}])
def test_other_operations_are_not_judged(changes: dict[str, str]) -> None:
    """What is answered elsewhere is not this contract's, except that it must not show the credential."""
    assert findings(Response(500, {}, b"<html>"), **changes) == []
    assert rules(Response(404, {}, SECRET.encode()), **changes) == ["AUTH-6"]


@pytest.mark.parametrize("shown", [SECRET, f"Bearer {SECRET}", "secret-of-the-writer"])
def test_a_credential_is_found_once(shown: str) -> None:
    """In the body or in a header, whole or the part after the last dot."""
    said = "the answer repeats the credential that was sent"
    expected = [("AUTH-6", "an answer without the credential", said)]
    assert findings(success(title=shown)) == expected
    assert findings(success(headers={"x-debug": shown})) == expected


def test_what_the_body_said_itself_is_no_credential() -> None:
    """A title may be anything, the credential too."""
    assert findings(success(title=SECRET), body=json.dumps({"title": SECRET}).encode()) == []


def test_a_short_credential_is_not_looked_for() -> None:
    """Fewer than eight characters turn up by chance."""
    assert findings(success(title="A 1234567 call"), token="1234567") == []
    assert rules(success(title="A 12345678 call"), token="12345678") == ["AUTH-6"]
    assert findings(success(title="call"), token="sk-apik_x.call") == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-02T09:30:00Z", datetime(2026, 3, 2, 9, 30, tzinfo=UTC)),
        ("2026-03-02t09:30:00z", datetime(2026, 3, 2, 9, 30, tzinfo=UTC)),
        ("2026-03-02T10:30:00+01:00", datetime(2026, 3, 2, 9, 30, tzinfo=UTC)),
        ("2016-12-31T23:59:60Z", datetime(2017, 1, 1, tzinfo=UTC)),  # RFC 3339 knows leap seconds
        ("2016-12-31T23:59:61Z", None),
        ("2026-03-02T09:30:00", None),
        ("2026-03-02", None),
        ("soon", None),
        ("", None),
        (5, None),
        (None, None),
    ],
)
def test_an_instant_has_an_offset(text: object, expected: datetime | None) -> None:
    """What has none, and what is no time, is None."""
    assert instant(text) == expected


def test_the_time_of_an_exchange_is_the_targets() -> None:
    """By its Date header, or by our clock where it sends none that can be read."""
    ours = datetime.fromtimestamp(1_772_443_800, UTC)
    theirs = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    dated = now_at(exchange(success(headers={"date": format_datetime(theirs, usegmt=True)})))
    assert (dated, dated.tzinfo) == (theirs, UTC)
    for response in (success(), success(headers={"date": "yesterday"})):
        assert (now_at(exchange(response)), now_at(exchange(response)).tzinfo) == (ours, UTC)


def test_a_value_of_the_wrong_type_is_shown_with_its_type() -> None:
    """1 and "1" look alike in a report."""
    (finding,) = findings(success(title=1))
    assert finding.actual == "the number 1"
