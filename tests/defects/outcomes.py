"""What a tool says of one server: which rules it blames on a defect, and whether it spares a conforming variant."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cache
from socket import create_server

from contract.run.profile import Profile
from contract.run.runner import run_suite
from contract.run.session import open_session
from contract.target.clock import Clock
from contract.target.config import Config, Credential
from contract.target.embedded import embedded, endpoint
from contract.target.reading import CREDENTIALS
from mock_server.services import Mock
from tests import peer
from tests.defects import Defect, generated, serve

CAUGHT, WRONG_RULE, SURVIVED, BROKEN, SPARED = "caught", "wrong rule", "survived", "broken run", "spared"

Tool = Callable[[Config], generated.Found]


@dataclass(frozen=True, slots=True)
class Row:
    """What became of one defect, or of one variant (then `rules` is empty).

    `by` are the failed rules that the defect names, `entailed` those that it breaks as well. `accused` are the failed
    rules that hold, each with what the tool said of it. `seconds` is what the run took.
    """

    name: str
    rules: tuple[str, ...]
    outcome: str
    by: tuple[str, ...] = ()
    entailed: tuple[str, ...] = ()
    accused: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    requests: int = 0


class MocksClock(Clock):
    """The time of a run that moves a mock's clock where it would wait."""

    def __init__(self, mock: Mock) -> None:
        self._clock = mock.services.clock

    def sleep(self, seconds: float) -> None:
        """Wait, on the clock of the mock."""
        self._clock.advance(timedelta(seconds=seconds))


def judge(defect: Defect, profile: str) -> Row:
    """Run the whole suite against one defect. Where the suite waits, the mock's clock moves instead."""
    started = time.monotonic()
    with serve(defect) as server, create_server(("127.0.0.1", 0)) as listener:
        config = replace(_config(), base_url=server.base_url, webhooks=endpoint(server, listener))
        with open_session(config, Profile(profile), clock=MocksClock(server.mock)) as session:
            run_suite(session)
    row = sorted_out(defect, generated.failures(session.run()), broken=generated.is_broken(session))
    return replace(row, seconds=time.monotonic() - started, requests=session.client.requests)


def judge_generated(defect: Defect, tool: Tool) -> Row:
    """Run another tool against one defect. Schemathesis as it comes names no rules: whatever it finds is right."""
    started = time.monotonic()
    with serve(defect) as server:
        found = tool(replace(_config(), base_url=server.base_url))
    if tool is generated.stock:
        outcome = CAUGHT if found.failed else BROKEN if found.broken else SURVIVED
        row = Row(defect.name, defect.rules, outcome, tuple(found.failed))
    else:
        row = sorted_out(defect, found.failed, broken=found.broken)
    return replace(row, seconds=time.monotonic() - started, requests=found.requests)


def sorted_out(defect: Defect, failed: Mapping[str, str], *, broken: bool) -> Row:
    """Tell the rules that a defect breaks from those that are wrongly accused. `failed`: each with what was said."""
    by = _among(failed, defect.rules)
    entailed = _among(failed, defect.entails)
    accused = {rule: said for rule, said in failed.items() if rule not in {*by, *entailed}}
    outcome = CAUGHT if by else WRONG_RULE if failed else BROKEN if broken else SURVIVED
    return Row(defect.name, defect.rules, outcome, by, entailed, accused)


def _among(failed: Iterable[str], rules: Iterable[str]) -> tuple[str, ...]:
    known = set(rules)
    return tuple(rule for rule in failed if rule in known)


def spare(variant: peer.Variant, profile: str) -> Row:
    """Run the whole suite against one conforming variant."""
    started = time.monotonic()
    with peer.serve(variant) as server, open_session(_peer_config(server), Profile(profile)) as session:
        run_suite(session)
    run = session.run()
    code = session.exit_code(run)
    outcome = SPARED if code == 0 else f"false alarm, exit {code}"
    seconds, accused = time.monotonic() - started, generated.failures(run)
    return Row(str(variant), (), outcome, accused=accused, seconds=seconds, requests=run.requests)


def spare_generated(variant: peer.Variant, tool: Tool) -> Row:
    """Run another tool against one conforming variant."""
    started = time.monotonic()
    with peer.serve(variant) as server:
        found = tool(_peer_config(server))
    outcome = "false alarm" if found.failed else BROKEN if found.broken else SPARED
    seconds = time.monotonic() - started
    return Row(str(variant), (), outcome, accused=found.failed, seconds=seconds, requests=found.requests)


@cache
def _config() -> Config:
    """Return what the suite needs to know of the mock, whatever is wrong with it."""
    with embedded() as config:
        return replace(config, timeout=6.0, webhooks=None)


def _peer_config(server: peer.Serving) -> Config:
    credentials = {name: Credential(name, server.credentials[name]) for name in CREDENTIALS}
    return Config(server.base_url, credentials, reader_email="reader@example.com", **peer.MEDIA)
