"""What runs for an engagement: triggers, recap e-mails and the steps of its processing."""

from __future__ import annotations

from typing import Any

import pytest

from tests.kit.control import Client
from tests.kit.http import OTHER

STEPS = ("transcription", "summary", "tagging")


@pytest.fixture
def client(client: Client) -> Client:
    """Return a client of a server whose clock stands still."""
    client.admin("PUT", "/clock", {"freeze": "2026-03-02T08:30:00Z"})
    return client


def runs(client: Client, query: str = "") -> dict[str, str]:
    """Return what runs: kind to status."""
    found = client.admin("GET", f"/workflows?{query}").json()["data"]
    assert len({one["kind"] for one in found}) == len(found)
    return {one["kind"]: one["status"] for one in found}


def later(client: Client) -> None:
    """Let the processing end."""
    client.admin("PUT", "/clock", {"advance": "PT2S"})


@pytest.mark.parametrize(
    ("submitted", "at_first", "at_last"),
    [
        ({"type": "CALL", "run_workflows": True}, {"trigger": "fired"}, {"trigger": "fired"}),
        ({"type": "CALL", "run_workflows": False}, {"trigger": "suppressed"}, {"trigger": "suppressed"}),
        (
            {"type": "MEETING", "run_workflows": True},
            {"trigger": "fired", "recap_email": "pending"},
            {"trigger": "fired", "recap_email": "sent"},
        ),
        (
            {"type": "MEETING", "run_workflows": False},
            {"trigger": "suppressed", "recap_email": "suppressed"},
            {"trigger": "suppressed", "recap_email": "suppressed"},
        ),
    ],
)
def test_what_runs(
    client: Client, submitted: dict[str, Any], at_first: dict[str, str], at_last: dict[str, str]
) -> None:
    """One trigger fires, and a recap of a meeting is sent, unless they are suppressed; the processing always runs."""
    client.post(**submitted)
    assert runs(client) == {**at_first, **dict.fromkeys(STEPS, "pending")}
    later(client)
    assert runs(client) == {**at_last, **dict.fromkeys(STEPS, "done")}


def test_a_repeat_fires_nothing(client: Client) -> None:
    """A replay, also one that asks for workflows, and a refused submission change nothing."""
    client.post(external_id="a:1", run_workflows=False)
    before = client.admin("GET", "/workflows").json()
    assert client.post(external_id="a:1", run_workflows=True).status == 200
    assert client.post(external_id="a:2", run_workflows=True, title="").status == 422
    assert client.admin("GET", "/workflows").json() == before


def test_failed_processing(client: Client) -> None:
    """If the processing fails, its steps and the recap fail; the trigger has fired before."""
    client.post(type="MEETING", run_workflows=True, media_url="https://media.mock.test/fails-processing/a.mp3")
    later(client)
    assert runs(client) == {"trigger": "fired", "recap_email": "failed", **dict.fromkeys(STEPS, "failed")}


def test_a_recap_goes_to_all_who_took_part(client: Client) -> None:
    """The recap goes to the owner and to each address once, at the instant when the processing ends."""
    people: list[dict[str, Any]] = [{"email": "a@example.com"}, {"name": "Ada"}, {"email": "writer@example.com"}]
    client.post(type="MEETING", run_workflows=True, participants=[*people, people[0]])
    recap = client.admin("GET", "/workflows").json()["data"][-1]
    assert (recap["kind"], recap["to"]) == ("recap_email", ["writer@example.com", "a@example.com"])
    assert recap["at"] == "2026-03-02T08:30:02.000Z"


def test_whose_runs_are_listed(client: Client) -> None:
    """The newest engagement comes first; workspace, key, id and limit choose."""
    first = client.post(external_id="a:1").json()
    client.post(OTHER, external_id="a:2")

    def keys(query: str) -> list[str]:
        return list(
            dict.fromkeys(one["external_id"] for one in client.admin("GET", f"/workflows?{query}").json()["data"])
        )

    assert keys("") == ["a:2", "a:1"]
    assert keys("limit=1") == keys("workspace=B") == ["a:2"]
    assert keys("external_id=a:1") == keys(f"engagement_id={first['id']}") == ["a:1"]
