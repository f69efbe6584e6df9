"""Fields that the contract does not know are ignored or refused, and always named."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from mock_server import Running
from mock_server.checks.validation import MAX_ERRORS, Validator
from mock_server.logs import TEXT, JsonFormatter
from mock_server.problems import Invalid
from tests.kit.checks import check_problem
from tests.kit.control import Client, Serve
from tests.kit.http import create
from tests.kit.submissions import submission

PERSON = {"name": "Ada"}
# What is sent besides a valid submission, and how it is named.
NAMED: list[tuple[dict[str, Any], str]] = [
    ({"transcript": "Hello"}, "/transcript (did you mean transcript_text?)"),
    ({"isPrivate": True}, "/isPrivate (did you mean is_private?)"),
    ({"mediaURL": "x"}, "/mediaURL (did you mean media_url?)"),
    ({"runworkflow": 1}, "/runworkflow (did you mean run_workflows?)"),
    ({"start-at": None}, "/start-at (did you mean start_at?)"),
    ({"colour": {"isPrivate": 1}}, "/colour"),
    ({"status": 1}, "/status"),
    ({"": 1}, "/"),
    ({"a/b~c": 1}, "/a~1b~0c"),
    ({"größe": 1}, "/größe"),
    ({"participants": [PERSON, PERSON | {"e-mail": "a@b"}]}, "/participants/1/e-mail (did you mean email?)"),
    ({"participants": [PERSON | {"Name": 1, "title": 1}]}, "/participants/0/Name (did you mean name?), "),
    ({"participants": [PERSON | {"phone": "1"}] * 5000}, "/participants/0/phone"),
    ({"colour": 1, "isPrivate": 1}, "/colour, /isPrivate (did you mean is_private?)"),
]


@pytest.mark.parametrize(("extra", "named"), NAMED, ids=range(len(NAMED)))
def test_what_is_ignored_is_named_in_the_trace(client: Client, extra: dict[str, Any], named: str) -> None:
    """An unknown field of the body or of a participant is ignored, and the step validate says which it was."""
    assert client.post(**extra).status == 201
    detail = next(step["detail"] for step in client.last()["trace"] if step["step"] == "validate")
    assert detail.startswith(f"ignored unknown fields: {named}")
    assert named.endswith(", ") or detail.endswith(named)


def test_known_fields_are_not_named(client: Client) -> None:
    """Nothing is said of a body that holds only what the contract knows."""
    client.post(participants=[{"name": "Ada", "email": "a@b"}], start_at="2026-03-02T09:30Z", is_private=True)
    assert next(step["detail"] for step in client.last()["trace"] if step["step"] == "validate") == ""


def test_a_refused_body_names_them_too(client: Client) -> None:
    """What was meant is told even where something else is wrong, and a replay tells it as well."""
    assert client.post(title="", isPrivate=True, external_id="one").status == 422
    assert "did you mean is_private?" in str(client.last()["trace"])
    for status in (201, 200):
        assert client.post(isPrivate=True, external_id="one").status == status
        assert "did you mean is_private?" in str(client.last()["trace"])


def line(server: Running, caplog: pytest.LogCaptureFixture, **extra: object) -> tuple[str, dict[str, Any]]:
    """Send a submission and return its line of the log, as text and as JSON."""
    caplog.clear()
    with caplog.at_level(logging.INFO):
        assert create(server, **extra).status == 201
    (record,) = [record for record in caplog.records if record.name == "mock_server"]
    return logging.Formatter(TEXT).format(record), json.loads(JsonFormatter().format(record))


def test_a_line_of_the_log_names_them(server: Running, caplog: pytest.LogCaptureFixture) -> None:
    """In both forms, and only where there are some."""
    text, parts = line(server, caplog, isPrivate=True)
    assert "/isPrivate (did you mean is_private?)" in text
    assert parts["unknown_fields"] == ["/isPrivate (did you mean is_private?)"]
    text, parts = line(server, caplog)
    assert ("unknown" in text, parts["unknown_fields"]) == (False, [])


HOSTILE = ["\n2026-01-01 FAKE", "\x1b]0;title\x07", "\u202egnihton", "\ud800", "\x00", "\x85", "\u2028"]


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_a_name_cannot_forge_a_line(client: Client, caplog: pytest.LogCaptureFixture, name: str) -> None:
    """A name with a line end, an escape sequence or what cannot be shown is escaped in the log and in the trace."""
    text, _ = line(client.server, caplog, **{name: 1, "participants": [PERSON | {name: 1}]})
    assert text.isascii()
    assert text.isprintable()
    assert all(step["detail"].isprintable() for step in client.last()["trace"])


def test_a_name_cannot_carry_a_credential_out(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    """An API key in the place of a name is not shown."""
    for before in ("", "a" * 50, "a" * 58):
        text, _ = line(client.server, caplog, **{f"{before}sk-apik_writer.local": 1})
        assert "writer.local" not in text + str(client.last()["trace"])


@pytest.mark.parametrize(
    "extra",
    [
        {f"field{number}": 1 for number in range(5000)},
        {"x" * 1_000_000: 1},
        {"\x1b" * 1_000_000: 1},
        {f"{number}" + "😀" * 1000: 1 for number in range(500)},
        {"participants": [PERSON | {f"{number}": 1} for number in range(5000)]},
    ],
    ids=range(5),
)
def test_names_do_not_flood(client: Client, caplog: pytest.LogCaptureFixture, extra: dict[str, Any]) -> None:
    """Thousands of names, and names of a megabyte, take a bounded place and are said to be more."""
    text, _ = line(client.server, caplog, **extra)
    assert len(text) < 10_000
    assert len(str(client.last()["trace"])) < 10_000
    assert ("and more" in text) == (len(extra) > 1 or "participants" in extra)


@pytest.mark.parametrize(("extra", "named"), NAMED, ids=range(len(NAMED)))
def test_they_can_be_refused(extra: dict[str, Any], named: str) -> None:
    """With --unknown-fields refuse each is an error of its own, with its place and what was meant."""
    with pytest.raises(Invalid) as caught:
        Validator(unknown_fields="refuse").validate(submission(**extra))
    errors = caught.value.errors
    assert {(error.code, error.rule) for error in errors} == {("unknown", "BODY-17")}
    assert errors[0].field == named.split(" (", maxsplit=1)[0].split(", ", maxsplit=1)[0]
    assert len(errors) <= MAX_ERRORS


def test_a_server_can_refuse_them(serve: Serve) -> None:
    """422 lists them behind the fields of the contract, whatever their names are, and the key stays free."""
    client = serve(unknown_fields="refuse")
    answer = client.post(isPrivate=True, title="", external_id="one", **{"\ud800": 1, "\x1b": 1})
    check_problem(answer, 422)
    assert list(answer.fields) == ["/title", "/isPrivate", r"/\ud800", r"/\x1b"]
    assert client.post(external_id="one").status == 201
