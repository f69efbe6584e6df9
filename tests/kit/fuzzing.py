"""Sessions of the fuzzer that call an application in this process, and what their tests ask of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from contract.exchange import Request, Response
from contract.fuzz import own
from contract.fuzz.fuzz_run import FuzzRecorder, FuzzRun
from contract.fuzz.own import Workload
from contract.run.profile import Profile
from contract.run.results import Failure
from contract.run.session import Session, open_session
from contract.target.clock import Clock
from contract.target.config import Config, Credential
from contract.target.embedded import embedded
from contract.target.reading import CREDENTIALS
from contract.target.transport import NoAnswer
from contract.target.wsgi import WsgiTransport
from mock_server import Settings, create_app
from mock_server.services import Mock
from tests.defects import ALL
from tests.peer import MEDIA, Variant
from tests.peer.app import Peer

RUN = "ck0123456789"
Started = Callable[..., Session]
Wrapper = Callable[[Any], Any]


class Dying:
    """A transport to a target that goes down after so many requests: it is silent, or answers with this status."""

    def __init__(self, inner: WsgiTransport, left: int, status: int | None = None) -> None:
        self._inner = inner
        self._left = left
        self._status = status

    def send(self, request: Request) -> Response:
        """Send one request. Raises NoAnswer."""
        self._left -= 1
        if self._left >= 0:
            return self._inner.send(request)
        if self._status is None:
            raise NoAnswer("connection refused")
        return Response(self._status, {"content-type": "text/html"}, b"<h1>down</h1>")

    def race(self, racers: Sequence[Request]) -> list[Response]:
        """Send several at once."""
        return [self.send(racer) for racer in racers]


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


@contextmanager
def sessions() -> Iterator[Started]:
    """Yield a maker of sessions that have begun: of the mock, a defect of it by name, or a variant of the peer."""
    with ExitStack() as resources:

        def started(
            target: str | Variant | Wrapper | None = None, clock: Clock | None = None, **changes: Any
        ) -> Session:
            app, config = _application(target)
            config = replace(config, **changes)
            transport = Recording(resources.enter_context(WsgiTransport.to(app, config.base_url)))
            recorder = FuzzRecorder()
            # With another id of the run other cases are drawn: the same tests see the same ones.
            profile = Profile("fuzz", 1, run_id=RUN)
            session = open_session(config, profile, transport=transport, recorder=recorder, clock=clock)
            session.begin()
            return session

        yield started


@cache
def _mock_config() -> Config:
    """Return how the mock is tested; nothing listens at its URL."""
    with embedded() as config:
        return replace(config, base_url="http://127.0.0.1:1/api")


def _application(target: str | Variant | Wrapper | None) -> tuple[Any, Config]:
    config = _mock_config()
    if isinstance(target, Variant):
        peer = Peer(target)
        credentials = {name: Credential(name, peer.credentials[name]) for name in CREDENTIALS}
        return peer, Config(config.base_url, credentials, **MEDIA)
    if callable(target):
        return target(create_app(Settings(port=0))), config
    if target is None:
        return create_app(Settings(port=0)), config
    defect = next(defect for defect in ALL if defect.name == target)
    return defect.install(Mock(Settings(port=0))), config


def fuzz(session: Session, cases: int, seed: int = 1, corpus: Path | None = None) -> FuzzRun:
    """Run so many cases."""
    return own.fuzz(session, Workload(cases, seed), corpus)


def failed(session: Session) -> dict[str, list[Failure]]:
    """Return the failures by rule."""
    return {rule: found.failures for rule, found in session.recorder.findings.items() if found.failed}


def sent(session: Session) -> list[Request]:
    """Return what a session has sent, through the transport of these tests."""
    transport: Any = session.client._transport
    requests: list[Request] = transport.sent
    return requests
