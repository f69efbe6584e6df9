"""What the tests of live media share: one origin, one CA, and media whose network is loopback."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from mock_server.media.live.fetch import Limits, LiveMedia
from mock_server.media.policy import Address
from tests.kit import media_cases
from tests.kit.live_media import NewWorld, World
from tests.kit.origin import Certificates, Origin


@pytest.fixture(scope="session")
def certificates() -> Certificates:
    """Return a CA."""
    return Certificates()


@pytest.fixture(scope="session")
def origin(certificates: Certificates) -> Iterator[Origin]:
    """Return an origin with what all cases ask of theirs."""
    with closing(Origin(certificates)) as origin:
        for case in media_cases.load():
            if case.serve is not None:
                origin.serve["/" + case.url.split("/", 3)[3]] = case.serve
        yield origin


@pytest.fixture
def temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have temporary files made where nobody else makes any."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


@pytest.fixture
def new_world(certificates: Certificates, origin: Origin) -> Iterator[NewWorld]:
    """Return a maker of worlds: `new_world(resolves_to, timeout=…)`. They end with the test."""
    with worlds(certificates, origin) as make:
        yield make


@pytest.fixture(scope="module")
def lasting_world(certificates: Certificates, origin: Origin) -> Iterator[World]:
    """Return a world that many tests share, because each starts a process that measures. They ask for `world`."""
    with worlds(certificates, origin) as make:
        yield make()


@pytest.fixture
def world(lasting_world: World) -> World:
    """Return a world in which nothing has happened yet, and only media.example.com has an address."""
    lasting_world.resolver.begin({"media.example.com": ["93.184.216.34"]})
    lasting_world.notes.clear()
    lasting_world.dialled.clear()
    return lasting_world


@contextmanager
def worlds(certificates: Certificates, origin: Origin) -> Iterator[NewWorld]:
    """Yield a maker of worlds, which end with the block."""
    with ExitStack() as stack:

        def make(resolves_to: dict[str, Any] | None = None, **limits: Any) -> World:
            resolver = media_cases.FakeResolver(resolves_to or {"media.example.com": ["93.184.216.34"]})
            stack.callback(resolver.closed.set)
            dialled: list[Address] = []

            def dial(_: str, address: Address, __: int) -> tuple[str, int]:
                dialled.append(address)
                return origin.address

            given = Limits(**limits)
            media = stack.enter_context(closing(LiveMedia(given, certificates.trust(), resolver, dial)))
            return World(media, resolver, origin, dialled, ports=given.ports)

        yield make
