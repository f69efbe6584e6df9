"""What a request works with: services that stay, and state that a reset replaces."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from importlib.util import find_spec

from mock_server.auth import Directory
from mock_server.clock import Clock
from mock_server.ids import Ids
from mock_server.media import Media
from mock_server.media.simulated import SimulatedMedia
from mock_server.rate_limit import RateLimiter
from mock_server.settings import Settings
from mock_server.store import Store
from mock_server.transcripts import TranscriptShelf
from mock_server.validation import Validator
from mock_server.workspaces import ConfigError


@dataclass(frozen=True, slots=True)
class State:
    """All that requests change. A reset puts a fresh one in its place; requests under way finish in the old one."""

    store: Store
    limiter: RateLimiter
    transcripts: TranscriptShelf


@dataclass(frozen=True, slots=True)
class Services:
    """All that a request needs and does not change. `patience`: seconds to wait for a key in flight."""

    directory: Directory
    validator: Validator
    media: Media
    clock: Clock
    ids: Ids
    patience: float


class Mock:
    """One mock: its settings, its services and its present state. `stopping` is set when its server stops."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.stopping = threading.Event()
        clock = Clock()
        self.services = Services(
            directory=Directory(settings.callers),
            validator=Validator(settings.media_ports),
            media=self._media(),
            clock=clock,
            ids=Ids(clock, settings.seed),
            patience=0.0 if settings.in_flight == "conflict" else settings.media_timeout + 5.0,
        )
        self.state = self._fresh()

    def stop(self) -> None:
        """End whatever waits, for good: the server stops."""
        self.stopping.set()
        self.services.media.close()

    def reset(self) -> None:
        """Forget everything that requests and tests have changed."""
        self.services.clock.reset()
        self.state = self._fresh()

    def _fresh(self) -> State:
        limiter = RateLimiter(self.services.clock, self.settings.rate_limit)
        return State(store=Store(), limiter=limiter, transcripts=TranscriptShelf())

    def _media(self) -> Media:
        """Open the world in which recordings live. Raises ConfigError if it cannot be."""
        settings = self.settings
        if settings.media == "simulated":
            return SimulatedMedia(self.stopping.wait, settings.media_timeout)
        if find_spec("av") is None or find_spec("httpcore") is None:
            raise ConfigError("--media live needs more packages: pip install 'engagement-contract-kit[live]'")
        from mock_server.media.live import open_live  # those packages are an extra

        return open_live(settings)
