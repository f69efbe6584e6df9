"""What is known of the API, line by line: fields, media, response, errors."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mock_server import Running, Settings, create_app, running
from mock_server.config import load
from mock_server.workspaces import built_in
from tests.kit.checks import check_problem, judge
from tests.kit.http import create, send
from tests.kit.submissions import ABSENT, submission

FIRST_EIGHT = [
    "object",
    "id",
    "title",
    "engagement_type",
    "processing_status",
    "is_private",
    "created_at",
    "updated_at",
]


@pytest.mark.parametrize("kind", ["CALL", "MEETING"])
def test_fields_the_six_required_ones_are_enough(server: Running, kind: str) -> None:
    """[page] The required fields alone create an engagement of the type that was sent."""
    answer = create(server, type=kind)
    assert (answer.status, answer.json()["engagement_type"]) == (201, kind)


@pytest.mark.parametrize("field", ["type", "title", "source_system", "external_id", "media_url", "run_workflows"])
def test_fields_each_required_one_is_required(server: Running, field: str) -> None:
    """[page] Without one of them the submission is refused, naming it."""
    answer = create(server, **{field: ABSENT})
    check_problem(answer, 422)
    assert answer.fields == {f"/{field}": "required"}


def test_fields_unknown_ones_are_ignored(server: Running) -> None:
    """[ours] Extra fields are ignored, whatever they hold."""
    extra = {
        "processing_status": "COMPLETED",
        "id": "ngmt_mine",
        "object": 5,
        "owner_user_id": None,
        "created_at": "x",
        "": {},
    }
    answer = create(server, **extra)
    assert (answer.status, answer.json()["processing_status"]) == (201, "PENDING")
    assert answer.json()["id"] != "ngmt_mine"


def test_fields_nul_is_kept_and_a_lone_surrogate_refused(server: Running) -> None:
    """[ours] NUL inside a string is legal and kept; half a surrogate pair is 422."""
    assert create(server, title="a\0b").json()["title"] == "a\0b"
    check_problem(create(server, title="\ud800"), 422)


@pytest.mark.parametrize(
    "changes",
    [
        {"is_private": None},
        {"start_at": None},
        {"participants": None},
        {"transcript_text": None},
        {"participants": [{}]},
        {"participants": [{"name": ""}]},
        {"participants": [{"email": ""}]},
        {"participants": [{"email": "ada"}]},
    ],
    ids=str,
)
def test_fields_null_and_unusable_participants_are_422(server: Running, changes: dict[str, object]) -> None:
    """[ours] Null for an optional field, an empty participant, name or e-mail, an e-mail without an at sign: 422."""
    check_problem(create(server, **changes), 422)


def test_fields_start_at_is_honoured_or_now(server: Running) -> None:
    """[page, ours] start_at comes back in UTC with milliseconds; without it the server's time is taken."""
    given = create(server, start_at="2026-03-02t09:30:00.5+01:00").json()
    assert given["start_at"] == given["engagement_at"] == "2026-03-02T08:30:00.500Z"
    before = datetime.now(UTC) - timedelta(milliseconds=1)
    now = datetime.fromisoformat(create(server).json()["start_at"])
    assert before <= now <= datetime.now(UTC)


@pytest.mark.parametrize("private", [True, False])
def test_fields_is_private_is_kept(server: Running, private: bool) -> None:  # noqa: FBT001
    """[page] is_private in the answer is the one submitted."""
    assert create(server, is_private=private).json()["is_private"] is private


@pytest.mark.parametrize("private", [True, False])
def test_fields_is_private_defaults_to_the_workspace(tmp_path: Path, private: bool) -> None:  # noqa: FBT001
    """[page] Without is_private the workspace's own default applies; what is submitted wins over it."""
    path = tmp_path / "mock.toml"
    path.write_text(
        f'[[workspaces]]\nname = "A"\ndefault_private = {str(private).lower()}\n'
        '[[workspaces.credentials]]\nname = "w"\ncredential = "sk-apik_w.x"\nscopes = ["engagements:write"]\n'
    )
    settings = load({"config": str(path), "port": "0"}, {})
    with running(settings) as server:
        answers = [
            send(server, submission(**change), credential="sk-apik_w.x") for change in ({}, {"is_private": not private})
        ]
    assert [answer.json()["is_private"] for answer in answers] == [private, not private]


@pytest.mark.parametrize("run_workflows", [True, False])
def test_fields_run_workflows_does_not_show(server: Running, run_workflows: bool) -> None:  # noqa: FBT001
    """[page] Both values create alike; nothing of it is in the answer."""
    answer = create(server, run_workflows=run_workflows)
    assert (answer.status, answer.json()["processing_status"]) == (201, "PENDING")


@pytest.mark.parametrize(
    "url",
    [
        "http://media.mock.test/a.mp3",
        "https://10.1.2.3/a.mp3",
        "https://172.16.0.1/a.mp3",
        "https://172.31.255.255/a.mp3",
        "https://192.168.0.1/a.mp3",
        "https://127.0.0.1/a.mp3",
        "https://169.254.169.254/a.mp3",
        "https://[::1]/a.mp3",
        "https://[fe80::1]/a.mp3",
        "https://10.0.0.1.nip.io/a.mp3",
        "https://localhost/a.mp3",
        "https://media.mock.test/redirect-private/a.mp3",
        "https://media.mock.test/page.html",
        "https://media.mock.test/no-type/a",
    ],
)
def test_media_refusals_of_the_page_are_exactly_422(server: Running, url: str) -> None:
    """[page] http, private and internal addresses, also behind names and redirects, and other content types: 422."""
    answer = create(server, media_url=url)
    assert list(answer.fields) == ["/media_url"]
    check_problem(answer, 422)


@pytest.mark.parametrize(
    "url",
    [
        "https://100.64.0.1/a.mp3",
        "https://[::ffff:10.0.0.1]/a.mp3",
        "https://[64:ff9b::a00:1]/a.mp3",
        "https://[2002:a00:1::]/a.mp3",
        "https://[2001::1]/a.mp3",
        "https://media.mock.test/redirect/6/a.mp3",
        "https://media.mock.test/timeout/a.mp3",
        "https://media.mock.test/bad-certificate/a.mp3",
        "https://media.mock.test/slow/30001/a.mp3",
        "https://nowhere.invalid/a.mp3",
        "https://media.mock.test:8443/a.mp3",
        "https://u@media.mock.test/a.mp3",
        "https://bücher.example/a.mp3",
        "https://host/a.mp3",
    ],
)
def test_media_refusals_of_ours_are_422(server: Running, url: str) -> None:
    """[ours] What is not globally reachable, cannot be fetched, has another port, userinfo or no ASCII name: 422."""
    check_problem(create(server, media_url=url), 422)


@pytest.mark.parametrize(
    "url",
    [
        "https://media.mock.test/ok.mp3",
        "https://media.mock.test/type/VIDEO/MP4;x=y/a",
        "https://media.mock.test/redirect/5/a.mp3",
        "https://8.8.8.8/a.mp3",
        "https://[2606:4700::1111]/a.mp3",
        "https://[::ffff:8.8.8.8]/a.mp3",
        "https://[64:ff9b::808:808]/a",
        "https://xn--bcher-kva.example/a.mp3",
        "https://MEDIA.mock.test:443/a.wav",
    ],
)
def test_media_on_public_hosts_is_accepted(server: Running, url: str) -> None:
    """[page, ours] audio and video on a public host, literal addresses and five redirects included, are accepted."""
    assert create(server, media_url=url).status == 201


def test_media_decides_the_end(server: Running) -> None:
    """[page, ours] end_at minus start_at is duration_seconds, and that is the recording's length."""
    fields = create(server, media_url="https://media.example.com/a.mp3?duration=1234").json()
    length = datetime.fromisoformat(fields["end_at"]) - datetime.fromisoformat(fields["start_at"])
    assert (fields["duration_seconds"], length) == (1234, timedelta(seconds=1234))


def test_response_has_the_first_eight_fields_and_documented_values(server: Running) -> None:
    """[ours, docs] The first eight fields are always there; ids are prefix and ULID; the status is PENDING."""
    fields = create(server).json()
    judge("Engagement").validate(fields)
    assert list(fields)[:8] == FIRST_EIGHT
    assert (fields["object"], fields["processing_status"]) == ("engagement", "PENDING")
    assert re.fullmatch(r"ngmt_[0-9A-Z]{26}", fields["id"])
    assert re.fullmatch(r"usr_[0-9A-Z]{26}", fields["owner_user_id"])
    assert None not in fields.values()


def test_response_creation_is_now(server: Running) -> None:
    """[page] created_at and updated_at are the time of the request."""
    before = datetime.now(UTC) - timedelta(milliseconds=1)
    fields = create(server).json()
    assert before <= datetime.fromisoformat(fields["created_at"]) <= datetime.now(UTC)
    assert fields["updated_at"] == fields["created_at"]


@pytest.mark.parametrize(
    ("raw", "status", "slug"),
    [(b"{", 400, "malformed_request"), (b"[]", 400, "malformed_request"), (b"{}", 422, "validation_failed")],
)
def test_errors_are_problems_of_the_documented_shape(server: Running, raw: bytes, status: int, slug: str) -> None:
    """[docs] type, title, status, detail, request_id, and errors where fields are to blame."""
    problem = check_problem(send(server, raw), status)
    assert problem["type"] == f"https://app.askelephant.ai/errors/{slug}"
    assert re.fullmatch(r"rid_[0-9A-Z]{26}", problem["request_id"])
    assert ("errors" in problem) == (status == 422)
    assert all({"field", "code", "message"} <= set(error) for error in problem.get("errors", ()))


def test_errors_404_and_405(server: Running) -> None:
    """[ours] An unknown path is 404; another method is 405 with Allow."""
    check_problem(send(server, path="/api/v2/engagement"), 404)
    assert send(server, method="DELETE").headers["Allow"] == "GET, HEAD, POST"


def test_built_in_credentials_are_those_of_the_table() -> None:
    """[ours] The built-in credentials, workspaces, users and scopes are the documented ones."""
    callers = {caller.name: caller for caller in built_in()}
    assert {name: caller.credential for name, caller in callers.items()} == {
        "writer": "sk-apik_writer.local", "reader": "sk-apik_reader.local", "private_reader": "sk-apik_private.local",
        "noscope": "sk-apik_noscope.local", "other_workspace": "sk-apik_other.local",
    }  # fmt: skip
    assert [caller.workspace.name for caller in callers.values()] == ["A", "A", "A", "A", "B"]
    assert callers["writer"].scopes == {
        "engagements:write", "engagements:read", "companies:read", "contacts:read", "users:read"
    }  # fmt: skip
    assert not any(caller.workspace.default_private for caller in callers.values())
    assert create_app(Settings()).extensions["mock_server"].settings.callers == built_in()
