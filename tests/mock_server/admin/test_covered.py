"""API keys where nobody expects them: the control plane shows none, wherever a client has put one."""

from __future__ import annotations

import json
from typing import Any

import pytest
import requests

from tests.kit.control import Client
from tests.kit.http import send
from tests.kit.submissions import submission

SECRET = "sk-apik_0123abcd.4567efgh"
PATHS = (
    "/", "/requests", "/engagements", "/faults", "/workspaces", "/coverage", "/fidelity",
    "/inspect/keys", "/inspect/engagements", "/inspect/faults", "/inspect/workspaces", "/inspect/coverage",
    f"/ledger?workspace=A&external_id={SECRET}", f"/inspect/keys?workspace=A&external_id={SECRET}",
    f"/requests?external_id={SECRET}", f"/engagements?external_id={SECRET}", f"/?external_id={SECRET}",
    f"/requests?{SECRET}=1", f"/faults?workspace={SECRET}",
)  # fmt: skip
PLACES: list[dict[str, Any]] = [
    {"external_id": SECRET},
    {"title": SECRET},
    {"source_system": SECRET},
    {"transcript_text": f"the key is {SECRET}."},
    {"media_url": f"https://media.mock.test/ok.mp3?duration=90&key={SECRET}"},
    {"media_url": f"https://media.mock.test/404/{SECRET}.mp3"},
    {"participants": [{"name": SECRET}]},
    {"type": SECRET},
    {SECRET: "a member"},
]


def shown(client: Client) -> dict[str, str]:
    """Return all that the control plane shows, by path."""
    paths = list(PATHS)
    for kind in ("requests", "engagements"):
        for one in client.admin("GET", f"/{kind}").json()["data"]:
            paths += [f"/{kind}/{one['id']}", f"/inspect/{kind}/{one['id']}"]
    return {path: client.admin("GET", path).text for path in paths}


@pytest.mark.parametrize("changes", PLACES, ids=lambda changes: next(iter(changes)))
def test_no_page_and_no_list_shows_an_api_key(client: Client, changes: dict[str, Any]) -> None:
    """Whichever field of a submission holds an API key, neither JSON nor pages nor the curl line repeat it."""
    client.post(**changes)
    client.post(**changes)
    pages = shown(client)
    assert len(pages) >= len(PATHS) + 4
    assert [path for path, text in pages.items() if SECRET in text or "4567efgh" in text] == []


def test_names_that_look_like_an_api_key_are_covered(client: Client) -> None:
    """So are a workspace's name, the match of a fault, a path, a query, and a header that nobody knows."""
    client.admin("POST", "/workspaces", {"name": SECRET})
    client.fault(kind="forget", match={"external_id": SECRET})
    send(client.server, submission(), path=f"/api/{SECRET}", headers={"X-Note": SECRET})
    client.get(f"/{SECRET}?search={SECRET}&{SECRET}=1")
    client.get(f"?search={SECRET}&{SECRET}=1")
    assert [path for path, text in shown(client).items() if SECRET in text] == []
    refused = client.admin("POST", "/faults", {SECRET: 1})
    assert (refused.status, SECRET in refused.text) == (422, False)


@pytest.mark.parametrize("escaped", [r"sk-apik_0123abcd.4567\u0065fgh", r"sk-apik_0123abcd\u002e4567efgh"])
def test_an_escaped_key_is_covered_too(client: Client, escaped: str) -> None:
    """A key that a client writes with JSON's escapes is no more readable than one without."""
    raw = json.dumps(submission(title="TITLE")).replace("TITLE", escaped).encode()
    assert send(client.server, raw).status == 201
    assert not [path for path, text in shown(client).items() if "4567" in text]


def test_events_hold_no_api_key(client: Client) -> None:
    """The stream of the journal covers keys like the list does."""
    with requests.get(client.server.admin_url + "/events", stream=True, timeout=10) as stream:
        client.post(external_id=SECRET, type=SECRET)
        told = stream.iter_lines(chunk_size=1, decode_unicode=True)
        data = next(line for line in told if line.startswith("data: "))
    assert (SECRET in data, json.loads(data[6:])["external_id"]) == (False, "(not shown)")


def test_a_covered_key_still_has_its_history(client: Client) -> None:
    """The journal and the ledger find a key that looks like an API key, under the words that stand for it."""
    client.post(external_id=SECRET)
    assert len(client.admin("GET", f"/requests?external_id={SECRET}").json()["data"]) == 1
    for key in (SECRET, "(not%20shown)"):
        events = client.admin("GET", f"/ledger?workspace=A&external_id={key}").json()["data"]
        assert [event["event"] for event in events] == ["created"]


def test_what_exists_to_give_credentials_gives_them(client: Client) -> None:
    """A new workspace answers with its credentials, and a snapshot restores them."""
    made = client.admin("POST", "/workspaces").json()["credentials"]["writer"]
    assert made.startswith("sk-apik_")
    snapshot = client.admin("GET", "/snapshot")
    assert made in snapshot.text
    client.admin("POST", "/reset")
    assert client.admin("PUT", "/snapshot", snapshot.json()).status == 200
    assert client.post(credential=made).status == 201
