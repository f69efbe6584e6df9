"""A deployment that other people use, and that accepts everything: its own log shows what a run did to it."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import pytest

from contract.exchange import Request, Response
from contract.run.profile import Profile
from contract.run.runner import rehearse, run_suite
from contract.run.session import NO_TARGET, open_session
from contract.target.clock import PaperClock
from contract.target.config import Config
from contract.target.embedded import embedded
from contract.target.transport import HttpTransport
from mock_server import Settings, running
from tests.defects import ALL, serve
from tests.kit.targets import Scripted, engagement
from tests.kit.unseen import unseen

ELSEWHERE = "http://staging.example.invalid/api"  # not this machine, by its name


class Led(HttpTransport):
    """Sends to another place than the configuration says, and keeps the bodies: the target's log."""

    def __init__(self, config: Config, base_url: str) -> None:
        super().__init__(replace(config, base_url=base_url))
        self.log: list[Request] = []

    def send(self, request: Request) -> Response:
        """Keep the request and send it."""
        self.log.append(request)
        return super().send(request)

    def race(self, racers: list[Request]) -> list[Response]:  # type: ignore[override]
        """Keep the requests and send them."""
        self.log += racers
        return super().race(racers)


@pytest.fixture
def shared() -> Config:
    """Return a configuration that is not on this machine, with the mock's credentials and recordings."""
    with embedded() as config:
        return replace(config, base_url=ELSEWHERE, max_requests=2000, max_creations=200, rate=5.0)


def test_a_target_that_accepts_everything_sees_nothing_public(shared: Config) -> None:
    """Whatever it makes an engagement of is private and fires nothing, and it makes no more than the budget."""
    numbers = itertools.count(1)
    target = Scripted(lambda _: engagement(next(numbers)))
    session = open_session(shared, Profile(), transport=target, clock=PaperClock())
    run_suite(session)
    unseen(request.body.content for request in target.sent if request.submits)
    assert sum(request.submits for request in target.sent) <= 200
    assert session.stopped
    assert session.exit_code(session.run()) in {1, NO_TARGET}


def test_a_case_that_is_left_out_ends_no_test(shared: Config) -> None:
    """The repeats behind it are sent all the same, and show that each changes the engagement."""
    defect = next(defect for defect in ALL if defect.name == "repeat-touches")
    with serve(defect) as server, Led(shared, server.base_url) as transport:
        session = open_session(shared, Profile(), ("IDEM-2",), transport=transport, clock=PaperClock())
        run_suite(session)
    assert session.failed == ["IDEM-2"]


def test_a_conforming_target_is_tested_as_far_as_nobody_sees_it(shared: Config, tmp_path: Path) -> None:
    """No rule is untested for it, what is left out is listed, and the run fits its budget."""
    with running(Settings(port=0, log_level="error")) as server, Led(shared, server.base_url) as transport:
        session = open_session(shared, Profile(), report_dir=tmp_path, transport=transport, clock=PaperClock())
        run_suite(session)
    run = session.run()
    unseen(request.body.content for request in transport.log if request.submits)
    assert {result.rule.id: result.reason for result in run.results if result.verdict == "untested"}.keys() == {
        "RESP-12"  # what is private by default: only a submission that does not say it shows that
    }
    assert not [result for result in run.results if result.verdict in {"fail", "error"}]
    left = {result.rule.id: result.left_out for result in run.results if result.left_out}
    assert left["BODY-13"][0].startswith("the required fields alone")
    assert session.exit_code(run) == 0
    assert run.creations <= rehearse(shared, Profile(), session.rules).needed <= 200


def test_limits_visible_brings_the_cases_back(shared: Config) -> None:
    """With it nothing is left out, and public engagements are asked for."""
    target = Scripted(engagement())
    session = open_session(replace(shared, visible=True), Profile(), ["RESP-12"], transport=target, clock=PaperClock())
    run_suite(session)
    assert any(request.body.document.get("is_private") is not True for request in target.sent if request.submits)
