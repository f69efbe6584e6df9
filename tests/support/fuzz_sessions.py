"""Sessions of the fuzzer that call an application in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import pytest

from contract.exchange import Request, Response
from contract.fuzz.hunt import FuzzRecorder
from contract.run.profile import Profile
from contract.run.session import Session, open_session
from contract.target.config import CREDENTIALS, Config, Credential
from contract.target.embedded import embedded
from contract.target.wsgi import WsgiTransport
from mock_server import Settings, create_app
from mock_server.services import Mock
from tests.defects import ALL
from tests.peer import MEDIA, Variant
from tests.peer.app import Peer

Started = Callable[..., Session]


class Recording:
    """A transport that remembers what it sent."""

    def __init__(self, inner: WsgiTransport) -> None:
        self._inner = inner
        self.sent: list[Request] = []

    def send(self, request: Request) -> Response:
        """Send one request."""
        self.sent.append(request)
        return self._inner.send(request)

    def race(self, racers: Sequence[Request]) -> list[Response]:
        """Send several at once."""
        self.sent += racers
        return self._inner.race(racers)


@pytest.fixture(scope="session")
def mock_config() -> Config:
    """Return how the mock is tested; nothing listens at its URL."""
    with embedded() as config:
        return replace(config, base_url="http://127.0.0.1:1/api")


@pytest.fixture
def start(mock_config: Config) -> Iterator[Started]:
    """Return a maker of sessions that have begun: of the mock, a defect of it by name, or a variant of the peer."""
    with ExitStack() as resources:

        def started(target: str | Variant | None = None, **changes: Any) -> Session:
            app, config = _application(target, mock_config)
            config = replace(config, **changes)
            inner = resources.enter_context(WsgiTransport.to(app, config.base_url))
            session = open_session(config, Profile("fuzz", 1), transport=Recording(inner), recorder=FuzzRecorder())
            session.begin()
            return session

        yield started


def _application(target: str | Variant | None, config: Config) -> tuple[Any, Config]:
    if isinstance(target, Variant):
        peer = Peer(target)
        credentials = {name: Credential(name, peer.credentials[name]) for name in CREDENTIALS}
        return peer, Config(config.base_url, credentials, **MEDIA)
    if target is None:
        return create_app(Settings(port=0)), config
    defect = next(defect for defect in ALL if defect.name == target)
    return defect.install(Mock(Settings(port=0))), config
