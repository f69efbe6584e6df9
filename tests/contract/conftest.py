"""A client whose target follows a script, for what a real one does too rarely."""

from dataclasses import replace
from typing import Any

import pytest

from contract.run.client import RecordingClient
from contract.run.profile import Profile
from contract.run.recorder import Recorder
from contract.target.clock import PaperClock
from contract.target.config import Config, Credential
from tests.kit.targets import SECRET, Make, Scripted


class Waits(PaperClock):
    """A clock that remembers each wait."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[float] = []

    def sleep(self, seconds: float) -> None:
        """Move the time forward."""
        super().sleep(seconds)
        self.waits.append(seconds)


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
        clock = Waits()
        made = RecordingClient(replace(config, **changes), transport, Recorder(), Profile(profile), clock=clock)
        made.waits = clock.waits  # type: ignore[attr-defined]  # what it waited for, in seconds
        return made

    return client
