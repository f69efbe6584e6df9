"""The judgement on the answer to a first submission."""

from datetime import UTC, datetime

import pytest

from contract.exchange import Body, Exchange, Request
from contract.judge.creation import judge_copied, judge_created, judge_first
from tests.kit.targets import Document, reply

MADE: Document = {"object": "engagement", "id": "ngmt_1", "title": "A call", "engagement_type": "CALL"}
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def broken(sent: Document, shown: Document) -> list[str]:
    """Return the rules that an answer to this submission breaks; it is noon."""
    request = Request(Body.of({"title": "A call", "type": "CALL", **sent}), ())
    exchange = Exchange(request, reply(201, {**MADE, **shown}), "http://127.0.0.1:1/api", started=NOW.timestamp())
    return [finding.rule for finding in judge_created(exchange)]


@pytest.mark.parametrize(
    ("shown", "rules"),
    [
        ("2024-03-10T09:30:00.5Z", []),
        ("2024-03-10T09:30:00.500999Z", []),
        ("2024-03-10T09:30:00Z", []),
        ("2024-03-10T10:30:00.5+01:00", []),
        ("2024-03-10T09:30:00.005Z", ["BODY-8"]),
        ("2024-03-10T09:30:02Z", ["BODY-8"]),
    ],
)
def test_a_fraction_is_kept_or_dropped(shown: str, rules: list[str]) -> None:
    """A start may lose its fraction; another fraction is another instant."""
    assert broken({"start_at": "2024-03-10T09:30:00.5Z"}, {"start_at": shown}) == rules


@pytest.mark.parametrize(("year", "rules"), [("1063", []), ("1582", []), ("1583", ["BODY-8"])])
def test_a_start_before_the_calendar_is_not_compared(year: str, rules: list[str]) -> None:
    """Java's older classes write such a date in the Julian calendar, days away. Who sends one sends it by mistake."""
    assert broken({"start_at": f"{year}-12-24T02:02:09Z"}, {"start_at": f"{year}-12-18T02:02:09Z"}) == rules


@pytest.mark.parametrize(("status", "rule"), [(201, "RESP-3"), (200, "IDEM-7")])
def test_the_id_of_an_engagement_that_is_forgotten_stands_for_two(status: int, rule: str) -> None:
    """201 says that the engagement is new, so its id is not its own; 200 says that the key is taken for another one."""
    request = Request(Body.of({"title": "A call", "type": "CALL"}), (), key="a")
    exchange = Exchange(request, reply(status, MADE), "http://127.0.0.1:1/api", started=NOW.timestamp())
    finding = judge_first(exchange, {}, "b", "IDEM-4")
    assert finding is not None
    assert finding.rule == rule


@pytest.mark.parametrize(("shown", "rules"), [("2026-03-02T12:00:03Z", []), ("2026-03-02T13:00:00Z", ["RESP-8"])])
def test_a_start_that_was_not_sent_is_now(shown: str, rules: list[str]) -> None:
    """The start of any submission without one is the time of its request, not only that of the first."""
    assert broken({}, {"start_at": shown}) == rules
    assert broken({"start_at": shown}, {"start_at": shown}) == []


@pytest.mark.parametrize(
    ("name", "shown", "rules"),
    [
        ("owner_user_id", "usr_1", []),
        ("owner_user_id", "usr_another", ["SCOPE-4"]),
        ("created_at", "2026-03-02T12:00:00Z", []),
        ("created_at", "2999-01-01T00:00:00.000+00:00", ["RESP-11"]),
    ],
)
def test_nobody_names_the_owner_or_the_creation(name: str, shown: str, rules: list[str]) -> None:
    """What a submission names of an answer is an unknown field, and not the member."""
    sent = {"owner_user_id": "usr_another", "created_at": "2999-01-01T00:00:00Z"}
    request = Request(Body.of({"title": "A call", **sent}), ())
    exchange = Exchange(request, reply(201, {**MADE, name: shown}), "http://127.0.0.1:1/api")
    assert [finding.rule for finding in judge_copied(exchange)] == rules
