"""Webhooks end to end: a server, and a receiver in a process of its own that checks signatures with Svix's package."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.kit.control import Client, Serve
from tests.kit.http import READER, send
from tests.kit.receiver import SECRET, ReceiverProcess, receiver_process
from tests.kit.waiting import wait_until

CREATED, UPDATED = "v1.engagement.created", "v1.engagement.updated"
TRANSCRIBED = "v1.engagement.transcript_timeline.completed"
SCHEDULE = ("PT5S", "PT5M", "PT30M", "PT2H", "PT5H", "PT10H", "PT10H")


@pytest.fixture(scope="module")
def receiver() -> Iterator[ReceiverProcess]:
    """Run one receiver for the tests of this file."""
    with receiver_process() as running:
        yield running


@pytest.fixture
def client(serve: Serve) -> Client:
    """Start a server whose clock stands still."""
    return frozen(serve())


def frozen(client: Client) -> Client:
    """Stop the clock."""
    client.admin("PUT", "/clock", {"freeze": "2026-03-02T08:30:00Z"})
    return client


def listen(client: Client, url: str, **order: Any) -> dict[str, Any]:
    """Add an endpoint, and return it."""
    answer = client.admin("POST", "/webhooks", {"url": url, "secret": SECRET, **order})
    assert answer.status == 201, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


def advance(client: Client, by: str) -> None:
    """Move the clock."""
    assert client.admin("PUT", "/clock", {"advance": by}).status == 200


def log(client: Client, query: str = "") -> list[dict[str, Any]]:
    """Return the deliveries, those that began first first."""
    found: list[dict[str, Any]] = client.admin("GET", f"/webhooks/deliveries?{query}").json()["data"]
    return found[::-1]


def attempts(client: Client, count: int) -> list[dict[str, Any]]:
    """Wait until the first delivery has so many attempts, and return it and them."""
    wait_until(lambda: log(client) and len(log(client)[0]["attempts"]) >= count)
    found: list[dict[str, Any]] = log(client)[0]["attempts"]
    assert len(found) == count
    return found


def about(receiver: ReceiverProcess, engagement_id: str) -> list[dict[str, Any]]:
    """Return what the receiver has taken about an engagement."""
    return [one for one in receiver.webhooks if one["event"]["data"]["object"]["id"] == engagement_id]


def test_the_life_of_an_engagement_is_told(client: Client, receiver: ReceiverProcess) -> None:
    """Each event comes when it is due, signed, in the envelope of the API, with what changed (HOOK-1 to HOOK-5)."""
    listen(client, receiver.at("/ok"))
    made = client.post().json()
    wait_until(lambda: len(about(receiver, made["id"])) == 1)
    advance(client, "PT2S")
    wait_until(lambda: len(about(receiver, made["id"])) == 4)
    created, begun, ended, transcribed = (one["event"] for one in about(receiver, made["id"]))
    assert [one["type"] for one in (created, begun, ended, transcribed)] == [CREATED, UPDATED, UPDATED, TRANSCRIBED]
    assert created["data"] == {"object": made}
    assert begun["data"]["object"]["processing_status"] == "PROCESSING"
    assert begun["data"]["previous_attributes"] == {"processing_status": "PENDING", "updated_at": made["created_at"]}
    assert ended["data"]["previous_attributes"]["description"] is None
    assert ended["created_at"] == transcribed["created_at"] == "2026-03-02T08:30:02.000Z"
    assert transcribed["data"]["object"]["processing_status"] == "COMPLETED"
    for one in (created, begun, ended, transcribed):
        assert one["id"].startswith("evt_")
        assert one["api_version"] == "v1"
        assert one["workspace_id"].startswith("wrks_")
    wait_until(lambda: {one["status"] for one in log(client)} == {"delivered"})  # the answer is noted after it was sent


def test_the_documented_flow(serve: Serve, receiver: ReceiverProcess) -> None:
    """By a running clock: create, wait for the webhook that the transcript is there, and read what came of it."""
    client = serve(processing="100ms")
    listen(client, receiver.at("/ok"), events=[TRANSCRIBED])
    made = client.post().json()
    assert made["processing_status"] == "PENDING"
    wait_until(lambda: about(receiver, made["id"]))
    (webhook,) = about(receiver, made["id"])
    path = f"/api/v2/engagements/{webhook['event']['data']['object']['id']}?expand=action_items,signals"
    answer = send(client.server, credential=READER, method="GET", path=path)
    assert answer.status == 200
    read = answer.json()
    assert (read["id"], read["processing_status"]) == (made["id"], "COMPLETED")
    assert read["action_items"]
    assert read["signals"]


def test_a_repeat_tells_nothing(client: Client, receiver: ReceiverProcess) -> None:
    """A replay has no event, and neither has a refused submission."""
    listen(client, receiver.at("/ok"), events=[CREATED])
    made = client.post(external_id="a:1").json()
    assert client.post(external_id="a:1").status == 200
    assert client.post(external_id="a:2", title="").status == 422
    last = client.post(external_id="a:3").json()
    wait_until(lambda: about(receiver, last["id"]))
    assert [one["external_id"] for one in log(client)] == ["a:1", "a:3"]
    assert len(about(receiver, made["id"])) == 1


def test_a_refusing_receiver_is_tried_as_documented(client: Client, receiver: ReceiverProcess) -> None:
    """After 500 the attempts follow after 5 s, 5 min, 30 min, 2, 5, 10 and 10 h, with one id, body and log (HOOK-6)."""
    listen(client, receiver.at("/status/500"), events=[CREATED])
    made = client.post().json()
    attempts(client, 1)
    for number, wait in enumerate(SCHEDULE, 2):
        advance(client, wait)
        attempts(client, number)
    found = attempts(client, 8)
    assert [one["at"][8:19] for one in found] == [
        "02T08:30:00",
        "02T08:30:05",
        "02T08:35:05",
        "02T09:05:05",
        "02T11:05:05",
        "02T16:05:05",
        "03T02:05:05",
        "03T12:05:05",
    ]
    assert {(one["status"], one["reason"]) for one in found} == {(500, "scheduled")}
    (entry,) = log(client)
    assert (entry["status"], entry["next_attempt_at"]) == ("failed", None)
    taken = about(receiver, made["id"])
    assert len({one["headers"]["svix-id"] for one in taken}) == 1
    assert all(one["event"] == taken[0]["event"] for one in taken)


def test_nothing_is_sent_before_it_is_due(client: Client, receiver: ReceiverProcess) -> None:
    """One millisecond before the next attempt nothing happens; a delivery that was begun meanwhile shows it."""
    listen(client, receiver.at("/status/500"), events=[CREATED])
    client.post(external_id="a:1")
    attempts(client, 1)
    advance(client, "PT4.999S")
    client.post(external_id="a:2")
    wait_until(lambda: len(log(client)) == 2 and log(client)[1]["attempts"])
    attempts(client, 1)
    advance(client, "PT0.001S")
    attempts(client, 2)


def test_a_dead_receiver_and_a_silent_one(serve: Serve) -> None:
    """A receiver that answers too late, and one that is killed, get further attempts; the error says what was wrong."""
    client = frozen(serve(webhook_timeout=1))
    with receiver_process() as receiver:
        listen(client, receiver.at("/silent"), events=[CREATED])
        client.post()
        (silent,) = attempts(client, 1)
        assert (silent["status"], silent["error"]) == (None, "no answer within 1 s")
        assert silent["duration_ms"] >= 1000
        receiver.kill()
        advance(client, "PT5S")
        _, dead = attempts(client, 2)
        assert dead["error"].startswith("ConnectionRefusedError")
        assert log(client)[0]["next_attempt_at"] == "2026-03-02T08:35:05.000Z"


def test_a_slow_receiver_delays_neither_the_api_nor_another_endpoint(client: Client, receiver: ReceiverProcess) -> None:
    """While one endpoint is silent, creates are answered and another endpoint gets its deliveries."""
    silent = listen(client, receiver.at("/silent"), events=[CREATED])["id"]
    quick = listen(client, receiver.at("/ok"), events=[CREATED])["id"]
    for _ in range(3):
        assert client.post().status == 201
    wait_until(lambda: [one["status"] for one in log(client, f"endpoint={quick}")] == ["delivered"] * 3)
    assert sum(len(one["attempts"]) for one in log(client, f"endpoint={silent}")) <= 1


def test_sent_again_on_demand(client: Client, receiver: ReceiverProcess) -> None:
    """A delivery can be sent again, several times, with the same id."""
    listen(client, receiver.at("/ok"), events=[CREATED])
    made = client.post().json()
    attempts(client, 1)
    (entry,) = log(client)
    assert client.admin("POST", f"/webhooks/deliveries/{entry['id']}/resend", {"times": 2}).status == 202
    assert [one["reason"] for one in attempts(client, 3)] == ["scheduled", "resent", "resent"]
    assert len({one["headers"]["svix-id"] for one in about(receiver, made["id"])}) == 1


def test_copies_and_reversed_order(client: Client, receiver: ReceiverProcess) -> None:
    """An endpoint can get each delivery twice, and those about an engagement from the last to the first."""
    listen(client, receiver.at("/ok"), copies=2, order="reversed", events=[CREATED, TRANSCRIBED])
    made = client.post().json()
    advance(client, "PT2S")
    wait_until(lambda: len(about(receiver, made["id"])) == 4)
    taken = about(receiver, made["id"])
    assert [one["event"]["type"] for one in taken] == [TRANSCRIBED, TRANSCRIBED, CREATED, CREATED]
    assert len({one["headers"]["svix-id"] for one in taken}) == 2


def test_an_endpoint_that_comes_later_is_told_what_happens_from_then_on(
    client: Client, receiver: ReceiverProcess
) -> None:
    """An endpoint hears of an engagement that was created before it, but not of the creation."""
    made = client.post().json()
    listen(client, receiver.at("/ok"))
    advance(client, "PT2S")
    wait_until(lambda: len(about(receiver, made["id"])) == 3)
    assert [one["event"] for one in log(client)] == [UPDATED, UPDATED, TRANSCRIBED]


def test_failed_processing_has_no_transcript(client: Client, receiver: ReceiverProcess) -> None:
    """An engagement whose processing fails is told as updated to FAILED, and not as transcribed."""
    listen(client, receiver.at("/ok"))
    client.post(media_url="https://media.mock.test/fails-processing/a.mp3")
    advance(client, "PT2S")
    wait_until(lambda: len(log(client)) == 3)
    assert [one["event"] for one in log(client)] == [CREATED, UPDATED, UPDATED]
    last = client.admin("GET", f"/webhooks/deliveries/{log(client)[-1]['id']}").json()
    assert last["body"]["data"]["object"]["processing_status"] == "FAILED"
