"""Endpoints of webhooks through the control plane and from a file: what is accepted, shown, kept and forgotten."""

from __future__ import annotations

import json
import logging
import threading
from pathlib import Path
from typing import Any

import pytest

from mock_server.config import load
from mock_server.store import Store
from mock_server.webhooks.deliveries import SCHEDULED
from mock_server.webhooks.network import Outcome, Sender
from mock_server.workspaces import ConfigError
from tests.kit.control import Client, Serve
from tests.kit.http import OTHER
from tests.kit.waiting import wait_until

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
KEY = SECRET.removeprefix("whsec_")
DEAD = "http://127.0.0.1:9/hook"  # where nobody listens
CREATED = "v1.engagement.created"


@pytest.fixture
def client(client: Client) -> Client:
    """Return a client of a server whose clock stands still."""
    client.admin("PUT", "/clock", {"freeze": "2026-03-02T08:30:00Z"})
    return client


def add(client: Client, **order: Any) -> dict[str, Any]:
    """Add an endpoint and return what is said of it."""
    answer = client.admin("POST", "/webhooks", {"url": DEAD, **order})
    assert answer.status == 201, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


def log(client: Client, query: str = "") -> list[dict[str, Any]]:
    """Return the deliveries, newest first."""
    found: list[dict[str, Any]] = client.admin("GET", f"/webhooks/deliveries?{query}").json()["data"]
    return found


def tried(client: Client, count: int) -> None:
    """Wait until so many deliveries were tried."""
    wait_until(lambda: sum(bool(one["attempts"]) for one in log(client)) == count)


def errors(client: Client, order: dict[str, Any]) -> dict[str, str]:
    """Return what is wrong with an order."""
    answer = client.admin("POST", "/webhooks", order)
    assert answer.status == 422, answer.text
    return {one["field"]: one["message"] for one in answer.json()["errors"]}


def test_a_new_endpoint(client: Client) -> None:
    """It hears of all events of all workspaces, and its secret is shown once, where the mock has made it."""
    made = add(client)
    assert made["secret"].startswith("whsec_")
    assert made["id"].startswith("ep_")
    assert (made["workspace"], len(made["events"]), made["copies"], made["order"]) == (None, 3, 1, "in_order")
    (listed,) = client.admin("GET", "/webhooks").json()["data"]
    assert listed == {**made, "secret": "(not shown)"}
    assert client.admin("DELETE", f"/webhooks/{made['id']}").json() == {"removed": 1}
    assert client.admin("DELETE", f"/webhooks/{made['id']}").status == 404


def test_secrets_show_nowhere(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    """A secret is in no list, no log, no repr and no refusal. A snapshot has it, as it restores the endpoint."""
    caplog.set_level(logging.DEBUG)
    assert add(client, secret=SECRET)["secret"] == "(not shown)"
    client.post()
    tried(client, 1)
    refused = client.admin("POST", "/webhooks", {"url": DEAD, "secret": SECRET + "!"}).text
    pages = [client.admin("GET", path).text for path in ("/webhooks", "/webhooks/deliveries", "/inspect/webhooks")]
    said = [*pages, refused, caplog.text, repr(client.mock.state.webhooks.endpoints)]
    assert not [one for one in said if KEY in one]
    assert KEY in client.admin("GET", "/snapshot").text


@pytest.mark.parametrize(
    ("order", "field"),
    [
        ({}, "/url"),
        ({"url": "ftp://127.0.0.1/"}, "/url"),
        ({"url": "127.0.0.1:80"}, "/url"),
        ({"url": "http://user:word@127.0.0.1/"}, "/url"),
        ({"url": "http://127.0.0.1:99999/"}, "/url"),
        ({"url": "http://127.0.0.1:0/"}, "/url"),
        ({"url": "http://127.0.0.1/a b"}, "/url"),
        ({"url": "http://127.0.0.1/\r\nX-Evil: 1"}, "/url"),
        ({"url": "http://127.0.0.1/\u00e9"}, "/url"),
        ({"url": "http://127.0.0.1/#part"}, "/url"),
        ({"url": "http://127.0.0.1/" + "a" * 2000}, "/url"),
        ({"url": DEAD, "secret": "short"}, "/secret"),
        ({"url": DEAD, "secret": "whsec_AAAA"}, "/secret"),
        ({"url": DEAD, "secret": "whsec_" + "A" * 200}, "/secret"),
        ({"url": DEAD, "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa-_"}, "/secret"),
        ({"url": DEAD, "events": []}, "/events"),
        ({"url": DEAD, "events": ["v1.engagement.deleted"]}, "/events/0"),
        ({"url": DEAD, "events": CREATED}, "/events"),
        ({"url": DEAD, "copies": 0}, "/copies"),
        ({"url": DEAD, "copies": 11}, "/copies"),
        ({"url": DEAD, "order": "random"}, "/order"),
        ({"url": DEAD, "workspace": "nobody"}, "/workspace"),
        ({"url": DEAD, "event": [CREATED]}, "/event"),
    ],
)
def test_what_is_refused(client: Client, order: dict[str, Any], field: str) -> None:
    """A mistake names its member, and no endpoint is made."""
    assert list(errors(client, order)) == [field]
    assert client.admin("GET", "/webhooks").json()["data"] == []


def test_endpoints_of_a_workspace_and_of_all(client: Client) -> None:
    """An endpoint with a workspace, by id or name, hears of that one only; filters choose deliveries."""
    own, every = add(client, workspace="A", events=[CREATED]), add(client, events=[CREATED])
    client.post(external_id="a")
    client.post(OTHER, external_id="b")
    tried(client, 3)
    assert [one["external_id"] for one in log(client, f"endpoint={own['id']}")] == ["a"]
    assert {one["external_id"] for one in log(client, f"endpoint={every['id']}")} == {"a", "b"}
    assert {one["external_id"] for one in log(client, "workspace=B")} == {"b"}
    assert len(log(client, f"event={CREATED}&status=waiting&limit=2")) == 2
    assert log(client, "status=delivered") == []
    shown = client.admin("GET", f"/webhooks/deliveries/{log(client)[0]['id']}").json()
    assert shown["body"]["type"] == CREATED
    assert client.admin("GET", "/webhooks/deliveries/dlv_1").status == 404
    assert client.admin("POST", "/webhooks/deliveries/dlv_1/resend").status == 404


def test_without_an_endpoint_nothing_is_planned(client: Client) -> None:
    """Engagements that nobody is to be told of are not in the timetable."""
    client.post()
    assert len(client.mock.state.webhooks._timetable) == 0
    add(client, workspace="B")
    client.post()
    assert len(client.mock.state.webhooks._timetable) == 0


def test_an_endpoint_that_is_removed(client: Client) -> None:
    """Its deliveries go with it, and what was still to be told is not told."""
    made = add(client)
    client.post()
    tried(client, 1)
    client.admin("DELETE", f"/webhooks/{made['id']}")
    client.admin("PUT", "/clock", {"advance": "PT1H"})
    add(client, events=[CREATED])
    client.post()
    tried(client, 1)
    assert len(log(client)) == 1


def test_a_workspace_that_is_deleted(client: Client) -> None:
    """Its endpoints and deliveries are gone; an endpoint of all is told no more of it."""
    made = client.admin("POST", "/workspaces", {"name": "gone"}).json()
    add(client, workspace="gone")
    every = add(client, events=[CREATED])
    client.post(made["credentials"]["writer"])
    tried(client, 2)
    client.admin("DELETE", f"/workspaces/{made['id']}")
    assert log(client) == []
    assert [one["id"] for one in client.admin("GET", "/webhooks").json()["data"]] == [every["id"]]
    assert len(client.mock.state.webhooks._timetable) == 0


def test_what_waits_for_a_deleted_workspace_is_not_sent(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """An endpoint of all that is slow gets nothing of a workspace that was deleted meanwhile."""
    sent, answering = list[str](), threading.Event()

    def slowly(_: Sender, __: str, ___: object, body: bytes) -> Outcome:
        sent.append(json.loads(body)["data"]["object"]["title"])
        answering.wait(10)
        return Outcome(0.0, 200)

    monkeypatch.setattr(Sender, "post", slowly)
    made = client.admin("POST", "/workspaces", {"name": "gone"}).json()
    add(client, events=[CREATED])
    client.post(title="first")
    client.post(made["credentials"]["writer"], title="of a workspace that is gone")
    wait_until(lambda: len(log(client)) == 2)
    client.admin("DELETE", f"/workspaces/{made['id']}")
    answering.set()
    client.post(title="last")
    wait_until(lambda: "last" in sent)
    assert sent == ["first", "last"]


def test_an_attempt_at_an_endpoint_that_was_just_removed(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """A delivery whose turn comes when its endpoint is gone already is not sent."""
    made = add(client, events=[CREATED])
    client.post()
    tried(client, 1)
    webhooks = client.mock.state.webhooks
    (delivery,) = webhooks.deliveries.select(lambda _: True)
    client.admin("DELETE", f"/webhooks/{made['id']}")
    sent = list[object]()
    monkeypatch.setattr(Sender, "post", lambda *what: sent.append(what) or Outcome(0.0, 200))
    webhooks._attempt(delivery, SCHEDULED)
    assert sent == []


def test_a_creation_while_an_endpoint_is_added(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told, although it was not stored yet when the mock looked at what is."""
    find = Store.all

    def late(store: Store) -> Any:
        found = find(store)
        monkeypatch.undo()
        client.post()
        return found

    monkeypatch.setattr(Store, "all", late)
    add(client, events=[CREATED])
    wait_until(lambda: log(client))


def test_a_reset_of_the_clock_makes_nothing_due(client: Client) -> None:
    """When a reset sets the clock, the webhooks of before have ended already."""
    before, ended = client.mock.state.webhooks, list[bool]()

    def look() -> None:
        ended.append(before._timetable._closed)

    client.mock.services.clock.watch(look)
    client.admin("POST", "/reset")
    client.mock.services.clock.unwatch(look)
    assert ended == [True]


def test_a_reset(client: Client) -> None:
    """Afterwards there is no endpoint, no delivery, no attempt and no thread of before."""
    add(client)
    client.post()
    tried(client, 1)
    before = client.mock.state.webhooks
    assert client.admin("POST", "/reset").status == 200
    assert before._timetable._thread is not None
    assert not before._timetable._thread.is_alive()
    assert client.admin("GET", "/webhooks").json()["data"] == []
    assert log(client) == []


def test_a_snapshot(client: Client) -> None:
    """A snapshot keeps the endpoints. Restored, they are told what has not happened yet, and nothing twice."""
    made = add(client, secret=SECRET, workspace="A", copies=2, order="reversed")
    client.post()
    document = client.admin("GET", "/snapshot").json()
    client.admin("POST", "/reset")
    assert client.admin("PUT", "/snapshot", document).status == 200
    assert client.admin("GET", "/webhooks").json()["data"] == [made]
    assert client.mock.state.webhooks.endpoints[0].secret == SECRET
    client.admin("PUT", "/clock", {"advance": "PT2S"})
    wait_until(lambda: len(log(client)) == 3)
    assert CREATED not in {one["event"] for one in log(client)}
    document["webhooks"][0]["workspace"] = "wrks_nobody"
    assert client.admin("PUT", "/snapshot", document).json()["errors"][0]["field"] == "/webhooks/0/workspace"


FILE = f"""
[[webhooks]]
url = "{DEAD}"
secret = "{SECRET}"
events = ["{CREATED}"]
workspace = "A"
"""


def test_endpoints_of_a_file(serve: Serve, tmp_path: Path) -> None:
    """An endpoint of `mock.toml` is there from the start and after a reset, and is not in a snapshot."""
    path = tmp_path / "mock.toml"
    path.write_text(FILE, encoding="utf-8")
    settings = load({"config": str(path)}, {})
    assert KEY not in repr(settings)
    client = serve(webhooks=[table.model_dump() for table in settings.webhooks or ()])
    (before,) = client.admin("GET", "/webhooks").json()["data"]
    client.post()
    tried(client, 1)
    assert KEY not in json.dumps(client.admin("GET", "/snapshot").json())
    client.admin("POST", "/reset")
    assert client.admin("GET", "/webhooks").json()["data"] == [before]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('[[webhooks]]\nurl = "http://127.0.0.1/"', "webhooks[0].secret"),
        (FILE.replace('workspace = "A"', 'workspace = "C"'), "webhooks[0].workspace"),
        (FILE.replace(DEAD, "nowhere"), "webhooks[0].url"),
        (FILE.replace("whsec_", "wh"), "webhooks[0].secret"),
        ("webhooks = 1", "webhooks"),
        ('webhook_networks = "10.0.0.1/8"', "webhook_networks"),
        ("webhook_timeout = 0", "webhook_timeout"),
    ],
)
def test_mistakes_in_a_file(tmp_path: Path, text: str, place: str) -> None:
    """A mistake is told with its place, and a secret is not repeated."""
    path = tmp_path / "mock.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load({"config": str(path)}, {})
    assert f": {place}" in str(caught.value)
    assert KEY not in str(caught.value)


def test_pages_show_text_as_text(client: Client) -> None:
    """What a client has sent, and what a receiver has answered, is text on every page."""
    attack = "<img src=x onerror=alert(1)>"
    add(client, url="http://127.0.0.1:9/<img>", events=[CREATED])
    made = client.post(external_id=attack, title=attack, participants=[{"name": attack}]).json()
    tried(client, 1)
    (delivery,) = log(client)
    for path in ("webhooks", f"webhooks/{delivery['id']}", "workflows", f"engagements/{made['id']}"):
        answer = client.admin("GET", f"/inspect/{path}")
        assert answer.status == 200
        assert "&lt;img" in answer.text
        assert "<img" not in answer.text
    assert client.admin("GET", "/inspect/webhooks/dlv_1").status == 404
    assert client.admin("GET", "/inspect/webhooks?status=lost").status == 422
