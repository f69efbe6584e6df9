"""The fixture of the suite. It stands here, and not in the plugin, so that no other test can meet it."""

from __future__ import annotations

import pytest

from contract.run.client import RecordingClient
from contract.suite.plugin import CLIENT


@pytest.fixture(scope="session")
def client(pytestconfig: pytest.Config) -> RecordingClient:
    """Return the client of the run."""
    return pytestconfig.stash[CLIENT]
