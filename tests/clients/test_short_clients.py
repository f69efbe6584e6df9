"""The short clients of examples/clients, with nothing of ours inside, against the mock."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from mock_server.testing import EngagementsApi
from tests.clients.guide import TEXT
from tests.clients.tools import ROOT, Command, need, run

CLIENTS: dict[str, Command] = {
    "curl": ("bash", "client.sh"),
    "node": ("node", "client.mjs"),
    "java": ("java", "Client.java"),
    "java-expect-continue": ("java", "-DexpectContinue=true", "Client.java"),
    "go": ("go", "run", "client.go"),
}


def test_the_guide_names_the_versions_that_are_tested() -> None:
    """Each version in docs/clients.md is the one that tox.ini or package.json pins."""
    tox = (ROOT / "tox.ini").read_text(encoding="utf-8")
    packages = json.loads((ROOT / "tests/clients/drivers/package.json").read_text(encoding="utf-8"))["dependencies"]
    for name, version in re.findall(r"([a-z-]+)==([0-9.]+)", TEXT):
        assert f"{name}=={version}\n" in tox
    for name, version in re.findall(r"([a-z-]+)@([0-9.]+)", TEXT):
        assert packages[name] == version


@pytest.mark.parametrize("name", CLIENTS)
def test_it_creates_repeats_shows_and_waits(
    name: str, engagements_api: EngagementsApi, admin: Callable[[str], Any]
) -> None:
    """A client waits after 429 as long as it is told, creates, repeats, and shows the sentence of a 422."""
    if name == "curl":
        need("curl", "jq")
    engagements_api.faults.add(kind="status", status=429, retry_after=2, phase="before_auth", times=1)
    settings = {
        "ENGAGEMENTS_URL": engagements_api.base_url,
        "ENGAGEMENTS_CREDENTIAL": engagements_api.credentials["writer"],
    }
    shown = run(ROOT / "examples" / "clients", *CLIENTS[name], "examples:1", environment=settings)
    requests = engagements_api.requests
    assert [request.status for request in requests] == [429, 201, 200, 422]
    assert requests[1].at - requests[0].at >= timedelta(seconds=2)
    (stored,) = engagements_api.engagements
    created, repeated, refused, *broken = shown.splitlines()
    assert [created, repeated] == [f"201 {stored.id}", f"200 {stored.id}"]
    problem = json.loads(admin(f"/requests/{requests[-1].id}")["answer"]["body"]["text"])
    assert refused == f"422 {problem['detail']}"
    assert [line.endswith(error["message"]) for line, error in zip(broken, problem["errors"], strict=True)] == [True]
    card = engagements_api.report()
    assert not card.findings, str(card)
