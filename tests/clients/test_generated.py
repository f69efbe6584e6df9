"""Clients that generators make from openapi.yaml, with nothing of ours inside, against the mock."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from mock_server.testing import EngagementsApi, EngagementsServer
from tests.clients.generators import GENERATORS
from tests.clients.guide import example
from tests.clients.tools import Command, run

ERRORS = "https://app.askelephant.ai/errors"
MEDIA = "https://media.mock.test/ok.mp3?duration=1800"
PEOPLE = [
    {"name": "Zoë Example", "email": "zoe@example.com"},
    {"email": "guest@example.com"},
    {"name": "Only A. Name"},
]
Submit = Callable[..., list[dict[str, Any]]]
Admin = Callable[[str], Any]


class Program(NamedTuple):
    """A generated client, compiled with its driver and its example of the guide."""

    folder: Path
    driver: Command
    example: Command


@pytest.fixture(scope="session", params=GENERATORS, ids=lambda generator: generator.__name__)
def program(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, engagements_server: EngagementsServer
) -> Program:
    """Generate a client, and compile and type-check it together with the programs that use it."""
    generate = request.param
    folder = tmp_path_factory.mktemp(generate.__name__)
    shown = example(generate.__name__)
    text = shown.text.replace("http://127.0.0.1:4010/api", engagements_server.base_url)
    (folder / shown.file).write_text(text, encoding="utf-8")
    driver = generate(folder)
    return Program(folder, driver, (*driver[:-1], shown.runs))


@pytest.fixture
def submit(program: Program, engagements_api: EngagementsApi) -> Submit:
    """Return a function that lets the client submit calls, one after the other, and returns what its types say."""
    plain = {"credential": engagements_api.credentials["writer"], "media_url": MEDIA, "headers": {}, "people": []}

    def send(*calls: dict[str, Any]) -> list[dict[str, Any]]:
        order = {"base_url": engagements_api.base_url, "calls": [plain | call for call in calls]}
        answers: list[dict[str, Any]] = json.loads(run(program.folder, *program.driver, stdin=json.dumps(order)))
        return answers

    return send


def test_the_example_of_the_guide_works(program: Program) -> None:
    """The program that docs/clients.md shows creates an engagement, and prints its id."""
    assert run(program.folder, *program.example).startswith("ngmt_")


def test_a_call_is_created_and_repeated(submit: Submit) -> None:
    """The first submission gives 201 and the second 200, both as the client's own type, with times as times."""
    created, repeated = submit({"external_id": "a:1", "people": PEOPLE}, {"external_id": "a:1", "people": PEOPLE})
    assert created == {
        "status": 201,
        "retry_after": None,
        "id": created["id"],
        "title": "Überblick 通話",
        "kind": "CALL",
        "start": datetime(2026, 3, 2, 8, 30, tzinfo=UTC).timestamp(),
        "seconds": 1800,
    }
    assert repeated == created | {"status": 200}


def test_what_is_left_out_is_left_out(submit: Submit, engagements_api: EngagementsApi, admin: Admin) -> None:
    """A submission of the six required fields sends those alone, and no null for the others.

    The Java client sends an empty list of participants, which says the same.
    """
    (created,) = submit({"external_id": "a:1"})
    assert created["status"] == 201
    (request,) = engagements_api.requests
    body = json.loads(admin(f"/requests/{request.id}")["body"]["text"])
    sent = {name for name, value in body.items() if value != []}
    assert sent == {"type", "title", "source_system", "external_id", "media_url", "run_workflows"}


def test_participants_arrive(submit: Submit, admin: Admin) -> None:
    """Names and e-mail addresses are stored as they were given to the client."""
    (created,) = submit({"external_id": "a:1", "people": PEOPLE})
    people = admin(f"/engagements/{created['id']}")["submitted"]["participants"]
    assert [{name: value for name, value in person.items() if value} for person in people] == PEOPLE


def test_credentials_are_refused_as_problems(submit: Submit, engagements_api: EngagementsApi) -> None:
    """An unknown credential gives 401 and one that may only read gives 403, each with its sentence."""
    unknown, reader = submit(
        {"external_id": "a:1", "credential": "sk-apik_nobody.nothing"},
        {"external_id": "a:1", "credential": engagements_api.credentials["reader"]},
    )
    assert [unknown["status"], reader["status"]] == [401, 403]
    assert [unknown["type"], reader["type"]] == [f"{ERRORS}/unauthorized", f"{ERRORS}/forbidden"]
    assert unknown["detail"] != reader["detail"]


def test_a_refusal_lists_its_fields(submit: Submit, admin: Admin) -> None:
    """A 422 has the field, the code and the sentence of each broken field, as they were sent."""
    (refused,) = submit(
        {"external_id": "a:1", "media_url": "http://media.mock.test/ok.mp3", "people": [{"email": "nobody"}]}
    )
    assert (refused["status"], refused["type"]) == (422, f"{ERRORS}/validation_failed")
    sent = json.loads(admin(f"/requests/{refused['request_id']}")["answer"]["body"]["text"])
    assert [field for field, _, _ in refused["errors"]] == ["/media_url", "/participants/0/email"]
    assert refused["errors"] == [[error["field"], error["code"], error["message"]] for error in sent["errors"]]


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, "malformed_request"),
        (404, "not_found"),
        (409, "conflict"),
        (429, "rate_limited"),
        (500, "internal_error"),
    ],
)
def test_an_error_is_a_problem(status: int, kind: str, submit: Submit, engagements_api: EngagementsApi) -> None:
    """An error of each other status arrives as a problem, 409 and 429 with the seconds to wait."""
    (refused,) = submit({"external_id": "a:1", "headers": {"Prefer": f"code={status}"}})
    assert (refused["status"], refused["type"], refused["errors"]) == (status, f"{ERRORS}/{kind}", [])
    assert refused["request_id"] == engagements_api.requests[0].id
    assert refused["retry_after"] == ("1" if status in {409, 429} else None)
