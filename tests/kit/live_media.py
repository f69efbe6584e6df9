"""Live media on a network of the test's own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from mock_server.media.live.fetch import LiveMedia
from mock_server.media.policy import Address, Refused, parse
from tests.kit.media_cases import FakeResolver
from tests.kit.origin import Origin

MEDIA = "https://media.example.com"


@dataclass
class World:
    """Live media whose resolver and dial are the test's: what it looked up, dialled and noted."""

    media: LiveMedia
    resolver: FakeResolver
    origin: Origin
    dialled: list[Address] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    ports: frozenset[int] = frozenset({443})

    def serve(self, path: str, **what: Any) -> str:
        """Have the origin serve this and return the URL."""
        self.origin.serve[path] = what
        return MEDIA + path

    def redirects(self, count: int) -> str:
        """Have the origin redirect that many times to a recording and return the first URL."""
        for left in range(1, count + 1):
            self.serve(f"/hop/{left}", status=302, headers={"Location": str(left - 1)})
        return f"{MEDIA}/hop/{count}"

    def refusal(self, url: str) -> Refused:
        """Fetch what must be refused and return the refusal."""
        with pytest.raises(Refused) as refused:
            self.fetch(url)
        return refused.value

    def fetch(self, url: str) -> float:
        """Fetch a recording and return its length. Raises as LiveMedia does, and Refused for the text of the URL."""
        return self.media.fetch(parse(url, self.ports), self.notes.append).duration_seconds


NewWorld = Callable[..., World]
