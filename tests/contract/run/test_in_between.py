"""A conforming target behind what stands in front of real ones: it is never accused, and every run ends."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import suppress

import pytest

from contract.exchange import Request, Response
from contract.run.profile import Profile
from contract.run.runner import run_suite
from contract.run.session import Session, open_session
from contract.target.clock import PaperClock
from contract.target.config import Config
from contract.target.embedded import embedded
from contract.target.transport import HttpTransport, NoAnswer

BEGINNING = 40  # requests, after which the pre-flight is over


class Gateway(HttpTransport):
    """Passes on what it is sent, or answers in the place of the target; the answer of what it passed on may be lost."""

    count = 0

    def __init__(self, config: Config, clock: PaperClock) -> None:
        super().__init__(config)
        self.clock = clock

    def send(self, request: Request) -> Response:
        """Send a request, or not."""
        self.count += 1
        return self.answer(request) if self.count > BEGINNING else super().send(request)

    def race(self, racers: list[Request]) -> list[Response]:  # type: ignore[override]
        """Send several, of each of which the answer may be lost."""
        return [self.instead(racer) or answer for racer, answer in zip(racers, super().race(racers), strict=True)]

    def answer(self, request: Request) -> Response:
        """Pass on or answer."""
        said = self.instead(request)
        if said is not None and self.count % 2:
            with suppress(NoAnswer):
                super().send(request)  # passed on, and the answer is lost
        return said or super().send(request)

    def instead(self, request: Request) -> Response | None:
        """Return what the gateway says itself."""
        raise NotImplementedError


class Flaky(Gateway):
    """Answers one of ten by itself."""

    chance = random.Random(4)

    def instead(self, request: Request) -> Response | None:  # noqa: ARG002
        """Say 408, 502 or 520 now and then."""
        status = self.chance.choice((408, 502, 520))
        page = Response(status, {"content-type": "text/html"}, b"<html>Something went wrong")
        return page if self.chance.random() < 0.1 else None


class Firewall(Gateway):
    """Blocks bodies with an address of the cloud's metadata service."""

    def instead(self, request: Request) -> Response | None:
        """Show a page."""
        page = Response(403, {"content-type": "text/html", "server": "cloudflare"}, b"<h1>Sorry, you have been blocked")
        return page if b"169.254" in request.body.content else None


class Outage(Gateway):
    """Is away for eight seconds."""

    until: float | None = None

    def instead(self, request: Request) -> Response | None:  # noqa: ARG002
        """Answer nothing for a while."""
        if self.count < 300:
            return None
        self.until = self.until or self.clock.waited + 8
        if self.clock.waited < self.until:
            raise NoAnswer("nothing listens there")
        return None


class Narrow(Gateway):
    """Takes no body of more than a million bytes."""

    count = BEGINNING

    def instead(self, request: Request) -> Response | None:
        """Say that it is too large."""
        large = len(request.body.content) > 1_000_000
        return Response(413, {"content-type": "text/html"}, b"<center>nginx</center>") if large else None


class Fragile(Gateway):
    """Goes down for good when it gets a large body."""

    down = False
    count = BEGINNING

    def instead(self, request: Request) -> Response | None:
        """Answer nobody any more."""
        self.down = self.down or len(request.body.content) > 100_000
        if self.down:
            raise NoAnswer("no answer in time")
        return None


class Throttle(Gateway):
    """Has no time for anybody."""

    def instead(self, request: Request) -> Response | None:  # noqa: ARG002
        """Ask to come back in two minutes."""
        return Response(503, {"retry-after": "120"}, b"")


@pytest.fixture
def ran(request: pytest.FixtureRequest) -> Iterator[Session]:
    """Yield a session that has run on the mock behind a gateway."""
    clock = PaperClock()
    with embedded() as config, request.param(config, clock) as transport:
        made = open_session(config, Profile(), transport=transport, clock=clock)
        run_suite(made)
        yield made


def accused(session: Session) -> dict[str, str | None]:
    """Return the rules that failed or ended in an error."""
    return {result.rule.id: result.reason for result in session.run().results if result.verdict in {"fail", "error"}}


@pytest.mark.parametrize("ran", [Flaky, Outage], indirect=True)
def test_what_passes_is_outlasted(ran: Session) -> None:
    """Random errors of a gateway and an outage of eight seconds leave nothing untested and accuse nobody."""
    assert accused(ran) == {}
    assert ran.exit_code(ran.run()) == 0


@pytest.mark.parametrize("ran", [Firewall], indirect=True)
def test_what_a_firewall_blocks_is_untested(ran: Session) -> None:
    """The rules whose cases never arrive are untested with that reason, and all others are tested."""
    assert accused(ran) == {}
    untested = {result.rule.id: result.reason for result in ran.run().results if result.verdict == "untested"}
    assert untested.keys() == {"URL-7", "URL-12"}
    assert all("from something in front of the target" in (reason or "") for reason in untested.values())
    assert ran.exit_code(ran.run()) == 4


@pytest.mark.long
def test_what_a_gateway_finds_too_large_is_left_out() -> None:
    """A rule of which a case never arrives passes on its other cases, and the report lists what was left out."""
    clock = PaperClock()
    with embedded() as config, Narrow(config, clock) as transport:
        made = open_session(config, Profile(), ["LIMIT-9"], transport=transport, clock=clock)
        run_suite(made)
    (result,) = made.run().results
    assert result.verdict == "pass"
    assert "413" in str(result.left_out)
    assert made.exit_code(made.run()) == 0


def test_what_a_large_body_brings_down_has_been_judged_before() -> None:
    """Large bodies come after all that is sent without them, and the reason names what the target did not survive."""
    clock = PaperClock()
    rules = ["BODY-1", "LIMIT-1", "LIMIT-7", "URL-1"]
    with embedded() as config, Fragile(config, clock) as transport:
        made = open_session(config, Profile(), rules, transport=transport, clock=clock)
        run_suite(made)
    found = {result.rule.id: result.verdict for result in made.run().results}
    assert found == dict.fromkeys(rules, "pass") | {"LIMIT-7": "untested"}
    assert "900,2" in (made.stopped or "")
    assert made.exit_code(made.run()) == 3


class Mistaken(Gateway):
    """A mistake of this program, which comes to light when a request is sent."""

    count = BEGINNING

    def instead(self, request: Request) -> Response | None:  # noqa: ARG002
        """Make it."""
        raise ZeroDivisionError("a mistake")


def test_a_mistake_of_the_program_is_not_held_against_the_target(capfd: pytest.CaptureFixture[str]) -> None:
    """The report says that it was one, nothing is tested, and the exit code is not the one of a broken contract."""
    clock = PaperClock()
    with embedded() as config, Mistaken(config, clock) as transport:
        made = open_session(config, Profile(), ["URL-1"], transport=transport, clock=clock)
        run_suite(made)
    assert "ZeroDivisionError: a mistake" in capfd.readouterr().err
    assert "a mistake of this program" in (made.stopped or "")
    assert made.exit_code(made.run()) == 3


@pytest.mark.parametrize("ran", [Throttle], indirect=True)
def test_a_run_ends_within_its_patience(ran: Session) -> None:
    """What is left when the patience is used up is untested with that reason, and the exit code is 3."""
    assert accused(ran) == {}
    assert (ran.stopped or "").startswith("the patience of 300 s")
    reasons = [result.reason or "" for result in ran.run().results if result.verdict == "untested"]
    assert len([reason for reason in reasons if reason.startswith("not reached: the patience")]) > 50
    assert ran.exit_code(ran.run()) == 3
