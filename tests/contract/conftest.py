"""A client whose target follows a script, for what a real one does too rarely."""

from dataclasses import replace
from typing import Any

import pytest

from contract.run.client import RecordingClient
from contract.run.profile import Profile
from contract.run.recorder import Recorder
from contract.target.config import Config, Credential
from tests.kit.targets import SECRET, Make, Scripted


@pytest.fixture
def config() -> Config:
    """Return a target on this machine."""
    return Config(
        base_url="http://127.0.0.1:1/api",
        credentials={"writer": Credential("writer", SECRET), "reader": Credential("reader", "opaque-reader-token")},
        accepted=("https://media.example.com/a.mp3",),
    )


@pytest.fixture
def make(config: Config) -> Make:
    """Return a maker of clients: of a scripted transport, and changes of the configuration."""

    def client(transport: Scripted, profile: str = "quick", **changes: Any) -> RecordingClient:
        waits: list[float] = []
        made = RecordingClient(replace(config, **changes), transport, Recorder(), Profile(profile), sleep=waits.append)
        made.waits = waits  # type: ignore[attr-defined]  # what it waited for, in seconds
        return made

    return client
