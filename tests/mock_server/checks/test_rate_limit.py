"""429 by the mock's own clock: tests move it and never wait."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from mock_server import Settings, running
from mock_server.checks.rate import parse_rate
from mock_server.checks.rate_limit import RateLimiter
from mock_server.clock import Clock
from mock_server.problems import RateLimited
from mock_server.workspaces import built_in
from tests.kit.checks import check_problem
from tests.kit.http import OTHER, WRITER, create, send
from tests.kit.submissions import submission


def test_a_used_up_limit_is_429_until_the_window_ends() -> None:
    """Beyond the limit each request gets 429 with the seconds to wait, and after these seconds it is served again."""
    with running(Settings(port=0, rate_limit=parse_rate("3/minute"))) as server:
        clock = server.mock.services.clock
        clock.freeze()
        assert [create(server).status for _ in range(3)] == [201] * 3
        clock.advance(timedelta(seconds=12.5))
        body = submission()
        answer = send(server, body)
        assert "3 requests per minute" in check_problem(answer, 429)["detail"]
        assert int(answer.headers["Retry-After"]) == 48
        clock.advance(timedelta(seconds=47))
        assert send(server, body).headers["Retry-After"] == "1"
        clock.advance(timedelta(seconds=1))
        assert send(server, body).status == 201


def test_a_limit_counts_for_one_workspace() -> None:
    """Another workspace has a budget of its own, and credentials of one workspace share theirs."""
    with running(Settings(port=0, rate_limit=parse_rate("1/hour"))) as server:
        assert [send(server, submission(), credential=who).status for who in (WRITER, OTHER, WRITER)] == [201, 201, 429]


def test_a_limit_of_a_credential_counts_for_it_alone() -> None:
    """Credentials of one name in two workspaces have a count each, beside that of the workspace."""
    limiter = RateLimiter(Clock(), parse_rate("5/minute"))
    first, *_, second = (replace(caller, name="same", rate_limit=parse_rate("2/hour")) for caller in built_in())
    assert limiter.hit(first) == "1 left of 2 requests per hour, 4 left of 5 requests per minute"
    assert limiter.hit(second) == "1 left of 2 requests per hour, 4 left of 5 requests per minute"
    assert limiter.hit(first).startswith("0 left of 2")
    with pytest.raises(RateLimited):
        limiter.hit(first)


def test_the_limit_comes_after_the_scope_and_before_the_body() -> None:
    """401 and 403 cost nothing; a replay and a refused body count as any request."""
    with running(Settings(port=0, rate_limit=parse_rate("2/hour"))) as server:
        for credential, status in ((None, 401), ("sk-apik_reader.local", 403)):
            assert send(server, submission(), credential=credential).status == status
        statuses = [send(server, raw).status for raw in (submission(), b"{", b"{")]
    assert statuses == [201, 400, 429]


def test_a_reset_gives_the_budget_back() -> None:
    """A reset forgets what was counted."""
    with running(Settings(port=0, rate_limit=parse_rate("1/day"))) as server:
        assert [create(server).status for _ in range(2)] == [201, 429]
        assert send(server, path="/__admin/reset").status == 200
        assert create(server).status == 201


def test_without_a_limit_nothing_is_counted() -> None:
    """The default is no limit."""
    assert RateLimiter(Clock()).hit(built_in()[0]) == "no limit"


@pytest.mark.parametrize(
    ("notation", "words"),
    [
        ("100/minute", "100 requests per minute"),
        ("5 per 2 seconds", "5 requests per 2 seconds"),
        ("9/hour", "9 requests per hour"),
        ("1/day", "1 request per day"),
        ("1 per 2 minutes", "1 request per 2 minutes"),
        ("1000/hour", "1,000 requests per hour"),
        (" 12 PER 1 Month ", "12 requests per month"),
        ("5 / 30seconds", "5 requests per 30 seconds"),
    ],
)
def test_a_limit_is_said_in_words(notation: str, words: str) -> None:
    """A limit is described as one would say it."""
    assert parse_rate(notation).in_words == words


@pytest.mark.parametrize("notation", ["100/minute", "5 per 2 seconds", "1000/1000 seconds"])
def test_a_limit_is_written_as_it_is_read(notation: str) -> None:
    """The text of a limit, which a snapshot holds, means the same limit."""
    rate = parse_rate(notation)
    assert parse_rate(str(rate)) == rate


@pytest.mark.parametrize(
    "notation",
    [
        "",
        "x",
        "5",
        "0/minute",
        "-1/minute",
        "5/fortnight",
        "1.5/minute",
        "5/minute;6/hour",
        "²/minute",
        "5/0 minutes",
        "1/367 days",
        "1000000001/second",
        "9/minutely",
        "9 minutes",
        "9" * 5000 + "/minute",
        "9/" + "9" * 5000 + " days",
    ],
)
def test_what_is_no_limit_is_refused(notation: str) -> None:
    """A notation that means nothing, lets nothing through, or is beyond all measure is an error in words."""
    with pytest.raises(ValueError, match="100/minute"):
        parse_rate(notation)


def test_windows_end_by_the_clock() -> None:
    """A window opens with its first request and ends on the mock's clock; then the next one counts from zero."""
    clock, caller = Clock(), replace(built_in()[0], rate_limit=parse_rate("2/10 seconds"))
    clock.freeze()
    limiter = RateLimiter(clock)
    assert [limiter.hit(caller)[0] for _ in range(2)] == ["1", "0"]
    (window,) = limiter.windows().values()
    assert window == (2, pytest.approx(clock.timestamp() + 10))
    clock.advance(timedelta(seconds=10))
    assert limiter.windows() == {}
    assert limiter.hit(caller)[0] == "1"


def test_a_clock_that_is_set_back_does_not_lengthen_a_window() -> None:
    """A window that ends later than a new one would was opened by a clock that was ahead: a new one takes its place."""
    clock, caller = Clock(), replace(built_in()[0], rate_limit=parse_rate("1/minute"))
    limiter = RateLimiter(clock)
    clock.advance(timedelta(days=1))
    limiter.hit(caller)
    clock.reset()
    assert limiter.hit(caller)[0] == "0"
    with pytest.raises(RateLimited) as refused:
        limiter.hit(caller)
    assert int(refused.value.headers["Retry-After"]) <= 60
