"""Live media on a network of the test's own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from cases import FakeResolver
from origin import Origin

from mock_server.media.live import LiveMedia
from mock_server.media.policy import Address, parse


@dataclass
class World:
    """Live media whose resolver and dial are the test's: what it looked up, dialled and noted."""

    media: LiveMedia
    resolver: FakeResolver
    origin: Origin
    dialled: list[Address] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    ports: frozenset[int] = frozenset({443})

    def fetch(self, url: str) -> float:
        """Fetch a recording and return its length. Raises as LiveMedia does, and Refused for the text of the URL."""
        return self.media.fetch(parse(url, self.ports), self.notes.append).duration_seconds


NewWorld = Callable[..., World]
