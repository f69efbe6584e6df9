"""What is known of the API, line by line: operation, authentication, idempotency."""

from __future__ import annotations

import pytest

from mock_server import Running
from tests.kit.checks import check_headers, check_problem, judge
from tests.kit.http import NOSCOPE, OTHER, READER, WRITER, create, send
from tests.kit.submissions import new_key, submission

PRIVATE = "sk-apik_private.local"


def test_operation_is_post_v2_engagements_under_api(server: Running) -> None:
    """[page, ours] The operation is POST /v2/engagements with a JSON body, under /api as in production."""
    assert server.base_url.endswith("/api")
    assert send(server, submission(), path="/api/v2/engagements").status == 201


def test_operation_first_create_is_201_and_a_repeat_200(server: Running) -> None:
    """[ours, page] The first create is 201, each repeat is 200."""
    body = submission()
    assert [send(server, body).status for _ in range(3)] == [201, 200, 200]


@pytest.mark.parametrize("query", ["?expand=owner", "?x=1&x=2", "?external_id=other", "?%ff", "?" + "x" * 5000])
def test_operation_ignores_query_parameters(server: Running, query: str) -> None:
    """[ours] Query parameters change nothing."""
    answer = send(server, submission(), path="/api/v2/engagements" + query)
    assert (answer.status, "owner" in answer.json()) == (201, False)


def test_auth_takes_both_forms(server: Running) -> None:
    """[page, docs] A credential comes after Bearer, an API key also alone."""
    for header in (f"Bearer {WRITER}", WRITER):
        assert send(server, submission(), credential=None, headers={"Authorization": header}).status == 201


def test_auth_missing_or_invalid_is_401_with_a_challenge(server: Running) -> None:
    """[docs, ours] Missing and invalid credentials get 401 with WWW-Authenticate: Bearer."""
    for credential in (None, "unknown"):
        answer = send(server, submission(), credential=credential)
        check_problem(answer, 401)
        assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("credential", [READER, PRIVATE, NOSCOPE])
def test_auth_without_the_scope_is_403_with_a_challenge(server: Running, credential: str) -> None:
    """[page, docs, ours] Without engagements:write it is 403 with the scope in the challenge (RFC 6750)."""
    answer = send(server, submission(), credential=credential)
    check_problem(answer, 403)
    challenge = 'Bearer error="insufficient_scope", scope="engagements:write"'
    assert answer.headers["WWW-Authenticate"] == challenge


def test_auth_a_credential_belongs_to_one_workspace_and_user(server: Running) -> None:
    """[docs] The engagement is owned by the credential's user; another workspace sees nothing of it."""
    key = new_key()
    mine = create(server, external_id=key)
    other = send(server, submission(external_id=key), credential=OTHER)
    assert (mine.status, other.status) == (201, 201)
    assert mine.json()["id"] != other.json()["id"]
    assert mine.json()["owner_user_id"] != other.json()["owner_user_id"]


def test_idempotency_source_system_is_not_part_of_the_key(server: Running) -> None:
    """[page] The same external_id from another source_system is a repeat."""
    key = new_key()
    first, again = (create(server, external_id=key, source_system=name) for name in ("one", "two"))
    assert (first.status, again.status, again.body) == (201, 200, first.body)


def test_idempotency_a_repeat_changes_nothing_even_if_all_differs(server: Running) -> None:
    """[page, docs] A repeat whose every other field differs returns what is stored, and leaves it so."""
    key = new_key()
    first = create(server, external_id=key, is_private=True, start_at="2020-01-01T00:00:00Z")
    different = {
        "type": "MEETING", "title": "Other", "source_system": "other", "media_url": "https://media.example.com/b.mp4?duration=5",
        "run_workflows": True, "start_at": "2021-01-01T00:00:00Z", "is_private": False,
        "participants": [{"name": "Ada"}], "transcript_text": "text",
    }  # fmt: skip
    for _ in range(2):
        again = create(server, external_id=key, **different)
        assert (again.status, again.body) == (200, first.body)


@pytest.mark.parametrize(
    "refused",
    [
        {"title": ""},
        {"media_url": "http://media.mock.test/a.mp3"},
        {"media_url": "https://10.0.0.1/a.mp3"},
        {"media_url": "https://media.mock.test/a.html"},
        {"media_url": "https://media.mock.test/404/a.mp3"},
    ],
)
def test_idempotency_a_refused_request_does_not_use_the_key_up(server: Running, refused: dict[str, str]) -> None:
    """[docs] After any 4xx the key is free, and nothing of the refused attempt shows."""
    key = new_key()
    check_problem(create(server, external_id=key, **({"title": "refused"} | refused)), 422)
    for credential, status in ((READER, 403), (None, 401)):
        check_problem(send(server, submission(external_id=key, title="refused"), credential=credential), status)
    created = create(server, external_id=key)
    assert (created.status, created.json()["title"]) == (201, "A call")


@pytest.mark.parametrize(
    "other", ["{}A", "{}a ", " {}a", "{}\ta", "{}á", "{}a\u0301", "{}ａ", "{}a\0", "{}ab", "{}", "{}\u200ba", "{}😀"]
)
def test_idempotency_keys_are_compared_code_point_by_code_point(server: Running, other: str) -> None:
    """[ours] Case, white space, accents, width and tails make another key; nothing is normalised."""
    key = new_key()
    ids = {create(server, external_id=form.format(key)).json()["id"] for form in ("{}a", other)}
    assert len(ids) == 2


def test_idempotency_the_whole_key_counts(server: Running) -> None:
    """[ours] Two keys of 500 characters that differ in the last one are two keys."""
    stem = new_key().ljust(499, "x")
    assert [create(server, external_id=stem + end).status for end in "ab"] == [201, 201]


def test_answers_of_the_application_carry_both_headers(server: Running) -> None:
    """[page, docs, ours] X-Api-Version is v2 and X-Mock-Server is there, on success and on errors."""
    body = submission()
    for answer in (
        send(server, body),
        send(server, body),
        send(server, b"{"),
        send(server, path="/api"),
        send(server, method="PUT"),
    ):
        check_headers(answer)


def test_response_holds_what_the_page_lists_and_nothing_else(server: Running) -> None:
    """[page] No field of the answer is unknown to the page, and none that needs expand is there."""
    full = create(server, participants=[{"name": "Ada"}], transcript_text="text", start_at="2026-01-01T00:00:00Z")
    fields = full.json()
    judge("Engagement").validate(fields)
    expanded = {"transcript", "media_url", "owner", "companies", "contacts", "action_items", "signals", "tags"}
    submitted = {"external_id", "source_system", "run_workflows", "participants", "transcript_text", "type"}
    assert not set(fields) & (expanded | submitted)
