"""What a request works with: services that stay, and state that a reset replaces."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import Any

from mock_server.checks import body
from mock_server.checks.auth import Directory
from mock_server.checks.rate_limit import RateLimiter
from mock_server.checks.validation import Validator
from mock_server.clock import Clock
from mock_server.config import Settings, is_loopback
from mock_server.faults.faults import Faults
from mock_server.ids import Ids
from mock_server.media import Media
from mock_server.media.simulated import SimulatedMedia
from mock_server.presenter import present
from mock_server.problems import Problem
from mock_server.records.records import Records
from mock_server.store import Engagement, Store
from mock_server.transcripts import TranscriptShelf
from mock_server.workspaces import ConfigError


@dataclass(frozen=True, slots=True)
class State:
    """All that requests change. A reset puts a fresh one in its place; requests under way finish in the old one.

    Without a control plane nobody could read `records`, so there are none.
    """

    store: Store
    limiter: RateLimiter
    transcripts: TranscriptShelf
    faults: Faults
    records: Records | None


@dataclass(frozen=True, slots=True)
class Services:
    """All that a request needs and does not change. `patience`: seconds to wait for a key in flight.

    The functions read a body, show an engagement and show a problem (with its request id) as JSON objects; `new_store`
    makes the store that a reset puts in place.
    """

    directory: Directory
    validator: Validator
    media: Media
    clock: Clock
    ids: Ids
    patience: float
    parse: Callable[[bytes], dict[str, Any]] = body.parse
    present: Callable[[Engagement], dict[str, object]] = present
    render: Callable[[Problem, str], dict[str, object]] = Problem.as_json
    new_store: Callable[[], Store] = Store


class Mock:
    """One mock: its settings, its services and its present state. `stopping` is set when its server stops.

    `admin_token` is what the control plane asks for, if anything: the one of the settings, or one made for this run
    where other machines can reach the server.
    """

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
        self.state = self.fresh()
        self.admin_token = settings.admin_token
        if self.admin_token is None and settings.admin == "on" and not is_loopback(settings.host):
            self.admin_token = secrets.token_urlsafe(24)

    def use(self, **parts: Any) -> None:
        """Put other services in the place of those with these names, and begin with a fresh state."""
        self.services = replace(self.services, **parts)
        self.state = self.fresh()

    def stop(self) -> None:
        """End whatever waits, for good: the server stops."""
        self.stopping.set()
        self.services.media.close()

    def reset(self) -> None:
        """Forget everything that requests and tests have changed."""
        self.services.clock.reset()
        self.services.directory.change(lambda _: self.settings.callers)
        held, self.state = self.state, self.fresh()
        held.faults.remove(lambda _: True)

    def fresh(self) -> State:
        """Return a state in which nothing has happened yet."""
        clock, settings = self.services.clock, self.settings
        return State(
            store=self.services.new_store(),
            limiter=RateLimiter(clock, settings.rate_limit),
            transcripts=TranscriptShelf(),
            faults=Faults(clock, self.stopping, settings.seed),
            records=Records() if settings.admin == "on" else None,
        )

    def _media(self) -> Media:
        """Open the world in which recordings live. Raises ConfigError if it cannot be."""
        settings = self.settings
        if settings.media == "simulated":
            return SimulatedMedia(self.stopping.wait, settings.media_timeout)
        if find_spec("av") is None or find_spec("httpcore") is None:
            raise ConfigError("--media live needs more packages: pip install 'engagement-contract-kit[live]'")
        from mock_server.media.live.fetch import open_live  # those packages are an extra

        return open_live(settings)
