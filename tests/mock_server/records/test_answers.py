"""The answers in the journal: what was sent, what a fault cut off, and what is never shown."""

from __future__ import annotations

import hashlib
import socket
from typing import Any

import pytest

from mock_server.records.entry import EXCERPT
from mock_server.records.explain import QUESTIONS
from mock_server.records.journal import size_of
from tests.kit.control import Client
from tests.kit.http import PATH, READER, WRITER, Answer, send
from tests.kit.wire import begin_create, read_all


def kept(client: Client) -> dict[str, Any]:
    """Return the answer of the newest entry."""
    found: dict[str, Any] = client.last()["answer"]
    return found


def assert_kept(client: Client, answer: Answer) -> None:
    """Assert that the journal has this answer: the status, the headers but for the server's Date, and the body."""
    found = kept(client)
    assert (found["status"], found["body"]["text"], found["cut"]) == (answer.status, answer.text, None)
    assert found["body"]["sha256"] == hashlib.sha256(answer.body).hexdigest()
    shown = {name.title(): value for name, value in found["headers"]}
    assert shown == {name.title(): value for name, value in answer.headers.items() if name.lower() not in CONNECTION}


CONNECTION = {"date", "connection", "server", "keep-alive"}  # of the server, below the application


@pytest.mark.parametrize(
    "changes",
    [{}, {"title": ""}, {"title": "é “x”"}, {"credential": "nobody"}, {"headers": {"Prefer": "code=429"}}],
    ids=["created", "refused", "unicode", "unauthorized", "preferred"],
)
def test_the_journal_has_the_answer_as_the_client_got_it(client: Client, changes: dict[str, Any]) -> None:
    """Status, headers and body of the entry are those that arrived, whatever they say."""
    assert_kept(client, client.post(**changes))


def test_a_replay_and_an_unknown_path_are_answered_in_the_journal_too(client: Client) -> None:
    """The answer to a repeat, to a wrong path and to a wrong method are kept as every other."""
    client.post(external_id="one")
    assert_kept(client, client.post(external_id="one"))
    assert_kept(client, send(client.server, method="GET", path="/nothing"))
    assert_kept(client, send(client.server, method="DELETE", path=PATH))


@pytest.mark.parametrize("kind", ["close", "reset", "truncate", "hang"])
def test_an_answer_that_a_fault_cut_off_is_the_one_that_was_to_be_sent(client: Client, kind: str) -> None:
    """After the commit it is the true one, with the word for how it was cut; the client got less of it, or nothing."""
    client.fault(kind=kind, phase="after_commit", times=1, **({"delay_ms": 50} if kind == "hang" else {}))
    with begin_create(client.server, external_id="one") as peer:
        received = read_or_reset(peer)
    found, entry = kept(client), client.last()
    assert (found["status"], found["cut"], entry["engagement_id"] in found["body"]["text"]) == (201, kind, True)
    assert len(received.partition(b"\r\n\r\n")[2]) == (found["body"]["size"] // 2 if kind == "truncate" else 0)
    page = client.admin("GET", f"/inspect/requests/{entry['id']}").text
    assert "cut this answer off" in page
    assert entry["engagement_id"] in page.partition('id="answered"')[2]


@pytest.mark.parametrize("phase", ["before_auth", "before_commit"])
def test_where_there_was_no_answer_yet_none_is_kept(client: Client, phase: str) -> None:
    """A connection that ends before the commit leaves no answer; half of an error is an answer that was cut."""
    client.fault(kind="reset", phase=phase, times=1)
    with begin_create(client.server) as peer:
        read_or_reset(peer)
    assert kept(client) is None
    assert "before there was an answer" in client.admin("GET", f"/inspect/requests/{client.last()['id']}").text
    client.fault(kind="truncate", phase=phase, status=503, times=1)
    with begin_create(client.server) as peer:
        read_or_reset(peer)
    assert (kept(client)["status"], kept(client)["cut"]) == (503, "truncate")


def read_or_reset(peer: socket.socket) -> bytes:
    """Read until the end, be it in order or not."""
    try:
        return read_all(peer)
    except ConnectionResetError:
        return b""


def test_an_answer_shows_no_credential(client: Client) -> None:
    """API keys in the body are covered, cookies are not shown, and a challenge, which is no secret, is."""
    client.post(title=f"my key is {WRITER}")
    assert "my key is (not shown)" in kept(client)["body"]["text"]
    sent = {"Set-Cookie": "session=1234", "X-Note": WRITER}
    client.fault(kind="status", phase="before_auth", status=503, times=1, headers=sent)
    client.post()
    headers = dict(kept(client)["headers"])
    assert (headers["Set-Cookie"], headers["X-Note"]) == ("(not shown)", "(not shown)")
    client.post(credential="nobody")
    assert dict(kept(client)["headers"])["WWW-Authenticate"] == "Bearer"


def test_of_a_long_answer_the_beginning_is_kept(client: Client) -> None:
    """An answer that is longer than the excerpt is cut like a body of a request, and counts for the journal's size."""
    answer = client.post(participants=[{"name": ""} for _ in range(2000)])
    assert (answer.status, len(answer.body) > EXCERPT) == (422, True)
    body = kept(client)["body"]
    assert (body["text"], body["size"], body["truncated"]) == (answer.body[:EXCERPT].decode(), len(answer.body), True)
    records = client.mock.state.records
    assert records is not None
    entry = records.journal.find(client.last()["id"])
    assert entry is not None
    assert entry.answer is not None
    assert size_of(entry) > len(entry.answer.body.excerpt) + len(entry.body.excerpt if entry.body else b"")


def test_lists_stay_short(client: Client) -> None:
    """A list of requests and the events have no answers: one asks for a request by its id."""
    client.post()
    assert "answer" not in client.admin("GET", "/requests").json()["data"][0]


def test_the_page_of_a_read_explains_it(client: Client) -> None:
    """The page of a request that reads asks about its own steps, says which were not reached, and names the rule."""
    client.post(is_private=True, external_id="hidden")
    made = client.mock.state.store.all()[-1][1].id
    answer = client.get(f"/{made}?expand=tags&colour=red", READER)
    page = client.admin("GET", f"/inspect/requests/{answer.json()['request_id']}").text
    for part in ("READ-3", "may they see it?", "colour", "Are the parameters valid?"):
        assert part in page
    assert QUESTIONS["media"] not in page
    refused = client.get("?limit=0").json()["request_id"]
    page = client.admin("GET", f"/inspect/requests/{refused}").text
    assert "LIST-13" in page
    assert "not reached" in page
    assert "limit=0" in client.admin("GET", f"/requests/{refused}").json()["curl"]


def test_a_successful_read_is_in_the_journal_as_read(client: Client) -> None:
    """A read that succeeds has the outcome read, no key, and the engagement that it showed."""
    made = client.post().json()["id"]
    client.get(f"/{made}")
    entry = client.last()
    assert (entry["outcome"], entry["external_id"], entry["rule"]) == ("read", None, None)
    assert client.admin("GET", "/requests?outcome=read").json()["data"][0]["id"] == entry["id"]
