"""The ledger: the life of one key."""

from __future__ import annotations

import threading
from typing import Any
from urllib.parse import urlencode

import pytest

from mock_server.records.entry import Answer, Exchange, body_of
from mock_server.records.ledger import Ledger
from mock_server.trace import Trace
from tests.kit.control import Client, Serve
from tests.kit.waiting import wait_until


def life(client: Client, external_id: str = "one", workspace: str = "A") -> list[dict[str, Any]]:
    """Return the events of a key."""
    query = urlencode({"workspace": workspace, "external_id": external_id})
    events: list[dict[str, Any]] = client.admin("GET", f"/ledger?{query}").json()["data"]
    return events


def test_a_key_is_refused_created_and_replayed(client: Client) -> None:
    """The ledger tells in order what was refused and why, what created, and what a repeat differed in."""
    client.post(external_id="one", title="")
    made = client.post(external_id="one", transcript_text="hello").json()
    client.post(external_id="one", transcript_text="hello")
    client.post(external_id="one", title="Other", source_system="crm", transcript_text="hallo")
    events = life(client)
    assert [(event["event"], event["status"], event["rule"], event["differs"]) for event in events] == [
        ("refused", 422, "LIMIT-2", []),
        ("created", 201, None, []),
        ("replayed", 200, None, []),
        ("replayed", 200, None, ["title", "source_system", "transcript_text"]),
    ]
    assert {event["engagement_id"] for event in events[1:]} == {made["id"]}
    assert [client.admin("GET", f"/requests/{event['request_id']}").status for event in events] == [200] * 4


def test_a_lost_answer_is_a_creation_without_a_status(client: Client) -> None:
    """Where a fault kept the answer from being sent the ledger still says that the key was created."""
    client.fault(kind="close", phase="after_commit", times=1)
    with pytest.raises(ConnectionError):
        client.post(external_id="one")
    client.post(external_id="one")
    assert [(event["event"], event["status"]) for event in life(client)] == [("created", None), ("replayed", 200)]


def test_a_forgotten_creation_is_told_as_such(client: Client) -> None:
    """An engagement that was answered and not stored is in the ledger as forgotten."""
    client.fault(kind="forget", times=1)
    client.post(external_id="one")
    assert [event["event"] for event in life(client)] == ["forgotten"]


def test_who_waited_is_told(client: Client) -> None:
    """A submission that waits for the first one of its key is in the ledger as waited, then as replayed."""
    client.fault(kind="slow", phase="before_commit", delay_ms=30_000)
    threads = [threading.Thread(target=client.post, kwargs={"external_id": "one"}) for _ in range(2)]
    threads[0].start()
    wait_until(lambda: client.mock.state.faults.listed()[0][1] == 1)
    threads[1].start()
    wait_until(lambda: len(client.mock.state.store._settled._waiters) == 1)
    client.admin("DELETE", "/faults")
    for thread in threads:
        thread.join()
    assert sorted(event["event"] for event in life(client)) == ["created", "replayed", "waited"]


def test_a_conflict_is_told(serve: Serve) -> None:
    """With --in-flight conflict the second submission is in the ledger as a conflict."""
    client = serve(in_flight="conflict")
    client.fault(kind="slow", phase="before_commit", delay_ms=30_000)
    first = threading.Thread(target=client.post, kwargs={"external_id": "one"})
    first.start()
    wait_until(lambda: client.mock.state.faults.listed()[0][1] == 1)
    assert client.post(external_id="one").status == 409
    client.admin("DELETE", "/faults")
    first.join()
    assert [(event["event"], event["rule"]) for event in life(client)] == [("conflict", "IDEM-13"), ("created", None)]


def test_keys_are_those_of_a_workspace(client: Client) -> None:
    """One external_id in two workspaces has two lives, and one that nobody used has none."""
    client.post(external_id="one")
    client.post(external_id="one", credential="sk-apik_other.local")
    assert [len(life(client, workspace=name)) for name in ("A", "B")] == [1, 1]
    assert life(client, "two") == []


def test_a_long_life_keeps_its_beginning_and_its_end(client: Client) -> None:
    """Of a key that is used very often the first and the last events stay, and the rest is counted."""
    for _ in range(150):
        client.post(external_id="one")
    answer = client.admin("GET", "/ledger?workspace=A&external_id=one").json()
    assert (len(answer["data"]), answer["dropped"], answer["data"][0]["event"]) == (100, 50, "created")
    assert answer["data"][-1]["request_id"] == client.last()["id"]


def test_the_ledger_is_bounded_over_all_keys(client: Client) -> None:
    """Beyond its number of events the keys that were not asked for longest go."""
    ledger, now = Ledger(max_events=20), client.mock.services.clock.now()
    caller = client.mock.services.directory.callers[0]
    for number in range(100):
        trace = Trace(caller=caller, external_id=f"key:{number}", made="created")
        ledger.add(Exchange("rid_1", now, "POST", "/", (), None, Answer(201, (), body_of(b"")), None, trace, 0.1), ())
    assert len(ledger) == 20
    assert ledger.history(caller.workspace.id, "key:99").events
    assert not ledger.history(caller.workspace.id, "key:1").events


@pytest.mark.parametrize(("query", "field"), [("external_id=one", "/workspace"), ("workspace=A", "/external_id")])
def test_a_key_has_two_parts(client: Client, query: str, field: str) -> None:
    """Asking for half a key is a 422 that names the other half."""
    answer = client.admin("GET", f"/ledger?{query}")
    assert (answer.status, answer.json()["errors"][0]["field"]) == (422, field)
