"""docs/body.md: each line of its tables, sent to the mock."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mock_server import spec
from mock_server.testing import EngagementsApi
from tests.kit.submissions import ABSENT

PAGE = Path(__file__).parents[2].joinpath("docs", "body.md").read_text(encoding="utf-8")
BODY: dict[str, Any] = json.loads(PAGE.partition("```json\n")[2].partition("```")[0])
SCHEMA = spec.schema("CreateEngagement")
REPEATED = re.compile(r'("\w+"): ([\d,]+) × (.)')


def table(header: str) -> list[list[str]]:
    """Return the cells of all tables with this header."""
    found = re.findall(rf"^\| {re.escape(header)} \|\n\|[ |-]+\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for rows in found for line in rows.splitlines()]


def changed(cell: str) -> dict[str, Any]:
    """Return the body with the change of a cell."""
    if missing := re.fullmatch(r"no `(\w+)`", cell):
        change: dict[str, Any] = {missing[1]: ABSENT}
    else:
        as_json = REPEATED.sub(lambda one: f"{one[1]}: {json.dumps(one[3] * int(one[2].replace(',', '')))}", cell[1:-1])
        change = json.loads("{" + as_json + "}")
    return {name: value for name, value in (BODY | change).items() if value is not ABSENT}


class Sender:
    """Sends bodies to a workspace of the mock."""

    def __init__(self, api: EngagementsApi) -> None:
        self.api = api

    def __call__(self, body: object, who: str | None = "writer", **request: Any) -> Any:
        """Send a body, or bytes as they are, and return the answer."""
        headers = {} if who is None else {"Authorization": f"Bearer {self.api.credentials.get(who, who)}"}
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.api.app.test_client().post(
            "/api/v2/engagements", headers=headers, data=content, **{"content_type": "application/json", **request}
        )


@pytest.fixture
def send(engagements_api: EngagementsApi) -> Sender:
    """Return a sender for a fresh workspace."""
    return Sender(engagements_api)


CHANGES = [(row[0], row[-1]) for row in table("sent | answer") + table("sent | characters | bytes | answer")]


@pytest.mark.parametrize(("cell", "answer"), CHANGES, ids=[cell for cell, _ in CHANGES])
def test_a_change(send: Sender, cell: str, answer: str) -> None:
    """A change of the body gets the answer of its line: status, and code and rule of its only error."""
    got = send(changed(cell))
    errors = [f"`{one['code']}` {one['rule']}" for one in got.json.get("errors", [])]
    assert " ".join([str(got.status_code), *errors]) == answer


def test_the_fields_are_those_of_the_contract() -> None:
    """The table of fields has each field of openapi.yaml, with its type, whether it is required, and its limits."""
    rows = table("field | JSON type | required | limits")
    assert [row[0].strip("`") for row in rows] == list(SCHEMA["properties"]) == list(BODY)
    for name, kind, required, limits in rows:
        field = SCHEMA["properties"][name.strip("`")]
        assert (kind, required == "yes") == (field["type"], name.strip("`") in SCHEMA["required"])
        numbers = {int(number.replace(",", "")) for number in re.findall(r"\b[\d,]*\d\b", limits.replace("UTF-8", ""))}
        wanted = {field[one] for one in ("minLength", "maxLength", "x-maxBytes") if one in field}
        assert numbers == wanted


def test_every_section_is_a_field() -> None:
    """Each field has a section of its own, in the order of the contract."""
    sections = re.findall(r"^## ([a-z_]+)$", PAGE, re.MULTILINE)
    assert sections == list(SCHEMA["properties"])


def test_the_lengths_of_transcripts() -> None:
    """The table of transcripts counts characters and bytes rightly."""
    for cell, characters, size, _ in table("sent | characters | bytes | answer"):
        text = changed(cell)["transcript_text"]
        assert (f"{len(text):,}", f"{len(text.encode()):,}") == (characters, size)


def test_the_worked_example() -> None:
    """Each text of the worked example has as many characters and bytes as its line says."""
    rows = table("text | characters | bytes | why")
    assert len({row[0] for row in rows}) == 6
    for text, characters, size, _ in rows:
        assert (len(text[1:-1]), len(text[1:-1].encode())) == (int(characters), int(size))


def test_how_json_is_written_does_not_matter(send: Sender) -> None:
    """A character that is escaped counts as one: 500 of them are a title, 501 are not."""
    for count, status in ((500, 201), (501, 422)):
        body = json.dumps(BODY | {"title": "é" * count, "external_id": str(count)}, ensure_ascii=True)
        assert "\\u00e9" in body
        assert send(body.encode()).status_code == status


def test_four_keys(send: Sender) -> None:
    """Keys that differ in case, in a space or in a zero are different."""
    keys = ["crm:1", "CRM:1", "crm:1 ", "crm:01"]
    assert [send(BODY | {"external_id": key}).status_code for key in keys] == [201] * 4


def test_the_answer(send: Sender) -> None:
    """The answer has the fields that the page names, and leaves out those that it says are left out."""
    got = send(BODY).json
    assert (got["engagement_type"], got["title"], got["is_private"]) == ("CALL", BODY["title"], True)
    assert (got["start_at"], got["end_at"]) == ("2024-03-04T09:30:00.000Z", "2024-03-04T09:31:30.000Z")
    new = {"object", "id", "processing_status", "created_at", "updated_at", "duration_seconds"}
    assert got.keys() >= new
    assert not got.keys() & (BODY.keys() - {"title", "start_at", "is_private"})


def _again(send: Sender, **changes: Any) -> str:
    first, second = send(BODY).json, send(BODY | changes)
    assert (second.json["id"], second.json["title"]) == (first["id"], first["title"])
    return f"{second.status_code} with the same engagement" + (", and the old title" if changes else "")


def _refused_first(send: Sender) -> str:
    return f"{send(BODY | {'title': ''}).status_code}, then {send(BODY).status_code}: a refusal leaves the id free"


def _elsewhere(send: Sender) -> str:
    first = send(BODY).json
    other = send(BODY, who="sk-apik_other.local")
    assert other.json["id"] != first["id"]
    return f"{other.status_code} with another engagement"


def _created(send: Sender) -> str:
    got = send(BODY)
    assert got.json["object"] == "engagement"
    return f"{got.status_code} with the engagement"


def _two_errors(send: Sender) -> str:
    got = send(BODY | {"title": "", "type": "NOTE"})
    assert len(got.json["errors"]) == 2
    return f"{got.status_code} with two `errors`"


ANSWERS: dict[str, Callable[[Sender], str]] = {
    "the body above": _created,
    "the same body again": _again,
    "the same `external_id` with another title": lambda send: _again(send, title="Another"),
    "a body with an empty title, and then the body above": _refused_first,
    "the body above in another workspace": _elsewhere,
    "the body above without a credential": lambda send: str(send(BODY, who=None).status_code),
    "the body above from the credential `reader`": lambda send: str(send(BODY, who="reader").status_code),
    "the body above, cut off in the middle": lambda send: str(send(json.dumps(BODY)[:90].encode()).status_code),
    "a list of two bodies": lambda send: str(send([BODY, BODY]).status_code),
    "the body above as `text/plain`": lambda send: str(send(BODY, content_type="text/plain").status_code),
    "the body above with two broken fields": _two_errors,
}


@pytest.mark.parametrize(("request_", "answer"), table("request | answer"))
def test_what_is_answered(send: Sender, request_: str, answer: str) -> None:
    """Each request of the last table gets the answer of its line."""
    assert ANSWERS[request_](send) == answer
