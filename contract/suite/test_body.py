"""What a submission is made of: BODY-1 to BODY-22."""

import json
from datetime import datetime
from typing import Any

from contract.exchange import Body
from contract.judge.invariants import instant
from contract.judge.replay import REQUIRED, Case, created, example, group, replayed
from contract.run.recorder import NotApplicable, Violation
from contract.suite.marks import each_group, rule
from contract.target.client import Client, Document

TEXTS = ("type", "title", "source_system", "external_id", "media_url")
# Whatever does not come as JSON may be refused by its media type as well.
UNREADABLE = (400, 415, 422)


def _wrong(field: str, *values: Any) -> list[Case]:
    return [Case(f"{field} {value!r}", {field: value}) for value in values]


WRONG = {
    "BODY-1": [Case(f"no {field}", without=field) for field in REQUIRED],
    "BODY-2": [Case(f"{field} null", {field: None}) for field in REQUIRED],
    "BODY-3": [
        *(case for field in TEXTS for case in _wrong(field, 5, True, ["CALL"], {"text": "CALL"}, 1.5)),
        *_wrong("transcript_text", 5, True, ["text"], {"text": "text"}),
    ],
    "BODY-4": _wrong(
        "type",
        *(
            "EMAIL",
            "TASK",
            "NOTE",
            "CALENDAR_EVENT",
            "DOCUMENT",
            "call",
            "Call",
            "meeting",
            "Meeting",
            " CALL",
            "CALL ",
        ),
        *("CALLS", "CAL", "", "MEETING,CALL", "PHONE", "VIDEO"),
    ),
    "BODY-5": _wrong("run_workflows", "true", "false", 1, 0, "", "yes", "on", [], {}, [True]),
    "BODY-6": _wrong("is_private", "true", "false", 1, 0, "", "no", [], {}),
    "BODY-7": _wrong(
        "start_at",
        *("yesterday", "", "not a date", "2026-13-01T00:00:00Z", "2026-00-10T00:00:00Z", "2026-02-30T10:00:00Z"),
        *("2026-02-29T10:00:00Z", "2026-04-31T10:00:00Z", "2026-01-32T10:00:00Z", "2026-01-00T10:00:00Z"),
        *("2026-01-01T25:00:00Z", "2026-01-01T10:61:00Z", "2026-01-01T10:00:00+99:99", "01/02/2026", 1767225600, True),
        *(["2026-01-01T10:00:00Z"], {}),
    ),
    "BODY-9": _wrong(
        "participants",
        *("Ada", {}, {"name": "Ada"}, 5, True, ["Ada"], [1], [None], [["Ada"]], [True]),
        *([{"name": 5}], [{"email": 5}], [{"name": ["Ada"]}], [{"name": "Ada"}, "Grace"]),
    ),
    "BODY-14": [
        Case(f"the body {body.content.decode()}", body=body)
        for body in (Body(b"[]"), Body(b'"text"'), Body(b"1"), Body(b"true"), Body(b"null"), Body(b"[{}]"), Body(b"{}"))
    ],
    "BODY-15": [
        Case("an empty body", body=Body(b""), status=UNREADABLE),
        Case("truncated JSON", body=Body(b'{"type": "CALL", "title": "t'), status=UNREADABLE),
        Case("an open brace", body=Body(b"{"), status=UNREADABLE),
        Case("single quotes", body=Body(b"{'type': 'CALL'}"), status=UNREADABLE),
        Case("a form", body=Body(b"type=CALL&title=t"), status=UNREADABLE),
        Case("XML", body=Body(b"<engagement/>"), status=UNREADABLE),
    ],
}


def _wrongs(*names: str) -> dict[str, list[Case]]:
    return {name: WRONG[name] for name in names}


@each_group(
    _wrongs("BODY-1", "BODY-2", "BODY-3", "BODY-4"),
    _wrongs("BODY-5", "BODY-6", "BODY-7", "BODY-9"),
    _wrongs("BODY-14", "BODY-15"),
)
def test_what_is_malformed_is_refused(client: Client, cases: dict[str, list[Case]]) -> None:
    """One thing wrong in an otherwise valid submission is refused, never converted or ignored."""
    group(client, cases)


@rule("BODY-14", "BODY-15")
def test_a_valid_submission_in_another_form_is_refused(client: Client) -> None:
    """A valid submission inside a list or a text, cut, continued, or written as other languages would."""
    whole = Body.of(client.submission()).content
    wrapped = (b"[" + whole + b"]", json.dumps(whole.decode()).encode(), b'{"engagement": ' + whole + b"}")
    pieces = [whole[:-1], whole[:-20], whole + b"}", whole + whole, whole + b" trailing", whole[:-1] + b",}"]
    pieces += [whole.replace(b'"', b"'"), b"/* a comment */ " + whole, whole.replace(b'"type"', b"type", 1)]
    cases = {
        "BODY-14": [Case("a submission inside something else", body=Body(content)) for content in wrapped],
        "BODY-15": [Case("a submission that is no JSON", body=Body(piece), status=UNREADABLE) for piece in pieces],
    }
    group(client, cases)


@rule("BODY-5")
def test_both_values_of_run_workflows_are_accepted(client: Client) -> None:
    """The value true is as valid as false; asked with a repeat, which triggers nothing."""
    first = example(client, "plain")
    replayed(client, first, {**first.document, "run_workflows": True}, "BODY-5")


@rule("BODY-13")
def test_the_required_fields_suffice(client: Client) -> None:
    """The six required fields alone are accepted."""
    example(client, "minimal")


@rule("BODY-12")
def test_call_and_meeting_are_accepted_and_kept(client: Client) -> None:
    """Both types are accepted, and engagement_type says which."""
    for kind, exchange in (("CALL", example(client, "plain")), ("MEETING", example(client, "full"))):
        if exchange.response.engagement.get("engagement_type") != kind:
            actual = str(exchange.response.engagement.get("engagement_type"))
            raise Violation("BODY-12", f"engagement_type {kind}", actual, exchange)


@rule("BODY-10")
def test_participants_may_have_a_name_an_email_or_both(client: Client) -> None:
    """Each of the three kinds of participant is accepted, many of them, and none."""
    name, email = {"name": "Ada Example"}, {"email": "ada@example.com"}
    try:
        created(client, client.submission(participants=[name, email, {**name, **email}]), "BODY-10")
    except Violation:
        for kind in (name, email, {**name, **email}):  # which of them it was
            created(client, client.submission(participants=[kind]), "BODY-10")
        raise
    created(client, client.submission(participants=[]), "BODY-10")


INSTANTS = (
    ("2024-03-10T09:30:00Z", "2024-03-10T09:30:00+00:00"),
    ("2024-03-10T09:30:00+02:00", "2024-03-10T07:30:00+00:00"),
    ("2024-03-10T22:15:30-05:30", "2024-03-11T03:45:30+00:00"),
    ("2023-12-31T23:30:00.250-01:00", "2024-01-01T00:30:00.250+00:00"),
    ("2024-02-29T12:00:00+14:00", "2024-02-28T22:00:00+00:00"),
)


@rule("BODY-8")
def test_the_offset_of_a_start_is_honoured(client: Client) -> None:
    """The start in the answer is the instant that was sent."""
    for sent, meant in INSTANTS[: client.profile.pick(3, 5, 5)]:
        exchange = created(client, client.submission(start_at=sent), "BODY-8")
        said = exchange.response.engagement.get("start_at")
        if said is None:
            raise NotApplicable("the target does not say start_at")
        found = instant(said)
        if found is None or abs((found - datetime.fromisoformat(meant)).total_seconds()) >= 1:
            raise Violation("BODY-8", f"start_at {meant} for {sent}", str(said), exchange)


def _seen(client: Client, name: str, what: str, changes: Document, expect: str = "observed") -> None:
    exchange = client.submit(client.submission(**changes), expect=expect)
    verdict = "accepts" if exchange.response.ok else f"refuses ({exchange.response.status})"
    client.recorder.observe(name, f"{verdict} {what}")


@rule("BODY-11")
def test_whether_unusable_participants_are_refused(client: Client) -> None:
    """Participants without name and e-mail, empty ones, and an e-mail that is none."""
    _seen(client, "BODY-11", "a participant without name and e-mail", {"participants": [{}]})
    _seen(client, "BODY-11", "an empty name", {"participants": [{"name": ""}]})
    _seen(client, "BODY-11", "an e-mail without an at sign", {"participants": [{"email": "ada.example.com"}]})


@rule("BODY-16")
def test_whether_null_is_allowed_for_optional_fields(client: Client) -> None:
    """An optional field that is null is refused or taken as left out."""
    for field in ("start_at", "is_private", "participants", "transcript_text"):
        _seen(client, "BODY-16", f"{field} null", {field: None})


@rule("BODY-17")
def test_whether_unknown_fields_are_ignored(client: Client) -> None:
    """A field that the page does not list."""
    _seen(client, "BODY-17", "an unknown field", {"colour": "blue"}, "created")


@rule("BODY-18")
def test_which_other_forms_of_iso_8601_are_accepted(client: Client) -> None:
    """Dates alone, times without an offset or seconds, basic and week dates."""
    for text in ("2026-03-02", "2026-03-02T09:30:00", "2026-03-02T09:30Z", "20260302T093000Z", "2026-W10-1T09:30:00Z"):
        _seen(client, "BODY-18", text, {"start_at": text})


@rule("BODY-19")
def test_whether_duplicate_keys_are_refused(client: Client) -> None:
    """One key twice in an object."""
    content = Body.of(client.submission()).content[:-1] + b', "title": "a second title"}'
    exchange = client.submit(Body(content), expect="observed")
    verdict = f"accepts: {exchange.response.engagement.get('title')!r}" if exchange.response.ok else "refuses"
    client.recorder.observe("BODY-19", f"{verdict} duplicate keys")


@rule("BODY-20")
def test_which_content_types_are_accepted(client: Client) -> None:
    """A submission without a content type, or under another one."""
    for media_type in ("application/json; charset=utf-8", "text/plain", "application/x-www-form-urlencoded", None):
        request = client.request(client.submission(), expect="observed")
        headers = [header for header in request.headers if header[0] != "Content-Type"]
        if media_type is not None:
            headers.append(("Content-Type", media_type))
        expect = "created" if media_type == "application/json; charset=utf-8" else "observed"
        exchange = client.submit(request.body, expect=expect, headers=tuple(headers))
        verdict = "accepts" if exchange.response.ok else f"refuses ({exchange.response.status})"
        client.recorder.observe("BODY-20", f"{verdict} {media_type or 'no content type'}")


@rule("BODY-21")
def test_what_happens_to_a_lone_surrogate(client: Client) -> None:
    """Half of a surrogate pair in a title, written as an escape."""
    content = Body.of(client.submission(title="half")).content.replace(b'"half"', b'"half \\ud800"')
    exchange = client.submit(Body(content), expect="observed")
    verdict = "accepts" if exchange.response.ok else f"refuses ({exchange.response.status})"
    client.recorder.observe("BODY-21", f"{verdict} half a surrogate pair")


@rule("BODY-23")
def test_what_happens_to_invalid_utf_8(client: Client) -> None:
    """A byte of Latin-1 inside a title."""
    content = Body.of(client.submission(title="caf")).content.replace(b'"caf"', b'"caf\xe9"')
    exchange = client.submit(Body(content), expect="observed")
    verdict = "accepts" if exchange.response.ok else f"refuses ({exchange.response.status})"
    client.recorder.observe("BODY-23", f"{verdict} invalid UTF-8")


@rule("BODY-22")
def test_what_happens_to_a_nul(client: Client) -> None:
    """A NUL inside a title."""
    exchange = client.submit(client.submission(title="a\0b"))
    kept = exchange.response.engagement.get("title") == "a\0b"
    verdict = ("keeps" if kept else "changes") if exchange.response.ok else f"refuses ({exchange.response.status})"
    client.recorder.observe("BODY-22", f"{verdict} a NUL")
