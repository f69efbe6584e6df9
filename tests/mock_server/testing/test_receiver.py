"""The receiver of webhooks in a test: what arrives, how it answers, and what it says if something does not come."""

from __future__ import annotations

import socket
import threading
from contextlib import ExitStack
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from mock_server.testing import EngagementsApi, EngagementsServer, fresh_api
from mock_server.testing.receiver import receiving
from tests.kit.submissions import submission
from tests.kit.waiting import wait_until

CREATED, UPDATED = "v1.engagement.created", "v1.engagement.updated"
TRANSCRIBED = "v1.engagement.transcript_timeline.completed"


def push(api: EngagementsApi, external_id: str = "crm:1", **changes: Any) -> str:
    """Create an engagement in process and return its id."""
    headers = {"Authorization": f"Bearer {api.credentials['writer']}"}
    body = submission(external_id=external_id, **changes)
    answer = api.app.test_client().post("/api/v2/engagements", headers=headers, json=body)
    assert answer.status_code == 201
    made: str = answer.get_json()["id"]
    return made


@pytest.fixture
def api(engagements_api: EngagementsApi) -> EngagementsApi:
    """Return the fixture with a clock that stands still and a receiver."""
    engagements_api.clock.freeze()
    _ = engagements_api.webhooks
    return engagements_api


def test_what_arrives(api: EngagementsApi) -> None:
    """A webhook that arrived has its type, its key, its headers, its engagement, and the answer to it."""
    made = push(api)
    webhook = api.webhooks.wait_for(CREATED, "crm:1")
    assert (webhook.type, webhook.external_id, webhook.engagement["id"], webhook.status) == (
        CREATED,
        "crm:1",
        made,
        200,
    )
    assert webhook.headers["svix-id"] == webhook.message_id
    assert api.webhooks.received == [webhook]
    assert api.webhooks.secret.startswith("whsec_")


def test_the_clock_brings_what_is_to_come(api: EngagementsApi) -> None:
    """When the clock moves, the events that are due then arrive at once, in their order."""
    push(api)
    api.webhooks.wait_for(CREATED)
    api.clock.advance(seconds=2)
    api.webhooks.wait_for(TRANSCRIBED)
    assert [one.type for one in api.webhooks.received] == [CREATED, UPDATED, UPDATED, TRANSCRIBED]


def test_a_refusal_is_tried_again(api: EngagementsApi) -> None:
    """`answer_with(500, times=2)` refuses two; the clock makes each retry due as soon as the one before was seen."""
    api.webhooks.configure(events=[CREATED])
    api.webhooks.answer_with(500, times=2)
    push(api)
    assert api.webhooks.wait_for(CREATED).status == 500
    api.clock.advance(seconds=5)
    assert api.webhooks.wait_for(CREATED, times=2).status == 500
    api.clock.advance(minutes=5)
    assert api.webhooks.wait_for(CREATED, times=3).status == 200
    (delivery,) = api.webhooks.deliveries
    assert (delivery.status, len(delivery.attempts)) == ("delivered", 3)


def test_the_mock_has_noted_what_was_waited_for(api: EngagementsApi) -> None:
    """`wait_for` returns when the mock has the answer, and not already when the webhook has arrived."""
    api.webhooks.answer_with(500, after=0.1, times=1)
    push(api)
    wait_until(lambda: api.webhooks.received)
    api.webhooks.wait_for(CREATED)
    assert len(api.webhooks.deliveries[0].attempts) == 1


def test_what_is_acknowledged_after_all_is_not_sent_again(api: EngagementsApi) -> None:
    """A webhook that was refused, and is then sent on demand with success, has no further attempt."""
    api.webhooks.configure(events=[CREATED])
    api.webhooks.answer_with(503, times=1)
    push(api)
    first = api.webhooks.wait_for(CREATED)
    api.webhooks.resend(first)
    assert api.webhooks.wait_for(CREATED, times=2).message_id == first.message_id
    (delivery,) = api.webhooks.deliveries
    assert (delivery.status, delivery.next_at) == ("delivered", None)
    api.clock.advance(days=2)
    push(api, "crm:2")
    api.webhooks.wait_for(CREATED, "crm:2")
    assert len(api.webhooks.received) == 3


def test_a_slow_answer_holds_up_nothing_else(api: EngagementsApi) -> None:
    """While the receiver has not answered, creates go on; the end of the test does not wait for it."""
    api.webhooks.answer_with(200, after=600)
    push(api)
    wait_until(lambda: len(api.webhooks.received) == 1)
    push(api, "crm:2")
    assert api.webhooks.deliveries[0].attempts == ()


def test_copies_and_order(api: EngagementsApi) -> None:
    """`configure` chooses events, copies and the order."""
    api.webhooks.configure(events=[CREATED, TRANSCRIBED], copies=2, order="reversed")
    push(api)
    api.clock.advance(seconds=2)
    api.webhooks.wait_for(CREATED, times=2)
    assert [one.type for one in api.webhooks.received] == [TRANSCRIBED, TRANSCRIBED, CREATED, CREATED]
    with pytest.raises(ValueError, match="copies"):
        api.webhooks.configure(copies=0)


def test_it_hears_of_its_own_workspace_only(engagements_server: EngagementsServer) -> None:
    """The engagements of another test are not told."""
    with fresh_api(engagements_server) as one, fresh_api(engagements_server) as other:
        _ = one.webhooks
        push(other, "other")
        push(one, "own")
        one.webhooks.wait_for(CREATED)
        assert [webhook.external_id for webhook in one.webhooks.received] == ["own"]


def test_nothing_is_left(engagements_server: EngagementsServer) -> None:
    """After a test its endpoint and its deliveries are gone, and so is its receiver."""
    with fresh_api(engagements_server) as api:
        push(api)
        url = api.webhooks.url
        api.clock.advance(seconds=2)
        api.webhooks.wait_for(TRANSCRIBED)
    webhooks = engagements_server.mock.state.webhooks
    assert webhooks.endpoints == []
    assert webhooks.deliveries.select(lambda _: True) == []
    assert not [thread for thread in threading.enumerate() if thread.name == "webhook-receiver"]
    with pytest.raises(requests.ConnectionError):
        requests.post(url, json={}, timeout=5)


def test_the_threads_end_with_the_server() -> None:
    """A server begins a thread for webhooks with the first one, and ends it."""
    before = set(threading.enumerate())
    with EngagementsServer() as server, fresh_api(server) as api:
        push(api)
        assert set(threading.enumerate()) == before
        _ = api.webhooks
        push(api, "crm:2")
        api.webhooks.wait_for(CREATED)
    wait_until(lambda: set(threading.enumerate()) == before)


def failure(api: EngagementsApi, *wanted: str) -> str:
    """Return what an assertion says that fails at once."""
    with pytest.raises(AssertionError) as caught:
        api.webhooks.wait_for(*wanted, timeout=0)
    return str(caught.value)


def test_a_failure_says_what_did_arrive_and_what_is_to_come(api: EngagementsApi) -> None:
    """It names the event and the key, what arrived and how it was answered, and how to let the rest come."""
    api.webhooks.answer_with(500, times=1)
    push(api)
    api.webhooks.wait_for(CREATED)
    said = failure(api, TRANSCRIBED, "crm:1")
    wanted, arrived = said.index(f"{TRANSCRIBED} about 'crm:1'"), said.index(f"{CREATED}  'crm:1'  (answered 500)")
    refused, later = said.index("(1 attempt, 500; sent again at "), said.index(f"{TRANSCRIBED}  'crm:1'  in 2.0 s")
    assert wanted < arrived < refused < later < said.index("clock.advance(seconds=2)")


def test_a_failure_where_nothing_was_created(api: EngagementsApi) -> None:
    """It says that nothing arrived, because there is no engagement that anything could be told of."""
    said = failure(api, CREATED)
    assert "No webhook arrived" in said
    assert "No engagement was created" in said


def test_a_webhook_that_anybody_could_have_sent(api: EngagementsApi) -> None:
    """What has no right signature is answered 400, is not waited for, and a failure tells of it."""
    event = {"type": CREATED, "data": {"object": {"id": "ngmt_1"}}}
    headers = {"svix-id": "msg_1", "svix-timestamp": "1", "svix-signature": "v1,AAAA"}
    assert requests.post(api.webhooks.url, json=event, headers=headers, timeout=5).status_code == 400
    assert "its signature is wrong" in failure(api, CREATED)


def test_a_peer_that_says_nothing_ends_with_the_test(engagements_server: EngagementsServer) -> None:
    """A connection on which nothing comes does not keep a test from its end."""

    def serve() -> None:
        with fresh_api(engagements_server) as api, receiving(engagements_server.mock, api.workspace) as receiver:
            stack.enter_context(socket.create_connection(("127.0.0.1", urlsplit(receiver.url).port or 0)))
            assert requests.post(receiver.url, timeout=10).status_code == 400  # so the other one has been let in

    with ExitStack() as stack:
        ending = threading.Thread(target=serve, daemon=True)
        ending.start()
        ending.join(20)
        assert not ending.is_alive()
