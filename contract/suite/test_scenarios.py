"""What one request leaves behind for the next, and what happens when two workspaces overlap."""

import pytest

from contract.cases.scenarios import SCENARIOS, Scenario
from contract.run.client import RecordingClient
from contract.run.scenarios import play
from contract.suite.marks import rule


@pytest.mark.parametrize(
    "scenario", [pytest.param(scenario, id=scenario.name, marks=rule(scenario.rule)) for scenario in SCENARIOS]
)
def test_scenario(client: RecordingClient, scenario: Scenario) -> None:
    """Requests in a row or at once, under one key or two: none leaves behind what changes the answer to the next."""
    for _ in range(client.profile.pick(1, 3, 5) if scenario.at_once else 1):
        play(client, scenario)
