"""What the tests of live media share: one origin, one CA, and media whose network is loopback."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from typing import Any

import cases
import pytest
from origin import Certificates, Origin

from mock_server.media.live import Limits, LiveMedia
from mock_server.media.policy import Address, parse


@dataclass
class World:
    """Live media whose resolver and dial are the test's: what it looked up, dialled and noted."""

    media: LiveMedia
    resolver: cases.FakeResolver
    origin: Origin
    dialled: list[Address] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def fetch(self, url: str) -> float:
        """Fetch a recording and return its length. Raises as LiveMedia does, and Refused for the text of the URL."""
        return self.media.fetch(parse(url), self.notes.append).duration_seconds


@pytest.fixture(scope="session")
def certificates() -> Certificates:
    """Return a CA."""
    return Certificates()


@pytest.fixture(scope="session")
def origin(certificates: Certificates) -> Iterator[Origin]:
    """Return an origin with what all cases ask of theirs."""
    with closing(Origin(certificates)) as origin:
        for case in cases.load():
            if case.serve is not None:
                origin.serve["/" + case.url.split("/", 3)[3]] = case.serve
        yield origin


NewWorld = Callable[..., World]


@pytest.fixture
def new_world(certificates: Certificates, origin: Origin) -> Iterator[NewWorld]:
    """Return a maker of worlds: `new_world(resolves_to, timeout=…)`. They end with the test."""
    with ExitStack() as stack:

        def make(resolves_to: dict[str, Any] | None = None, **limits: Any) -> World:
            resolver = cases.FakeResolver(resolves_to or {"media.example.com": ["93.184.216.34"]})
            stack.callback(resolver.closed.set)
            dialled: list[Address] = []

            def dial(address: Address, _: int) -> tuple[str, int]:
                dialled.append(address)
                return origin.address

            media = stack.enter_context(closing(LiveMedia(Limits(**limits), certificates.trust(), resolver, dial)))
            return World(media, resolver, origin, dialled)

        yield make
