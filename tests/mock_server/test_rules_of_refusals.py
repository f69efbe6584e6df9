"""Every refusal of the mock names the rule whose statement it is, and a choice of ours stands under an observe rule."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from mock_server import Settings, spec
from mock_server.checks import body
from mock_server.checks.rate import parse_rate
from mock_server.operations.create import create_engagement
from mock_server.operations.operation import Request
from mock_server.problems import Problem
from mock_server.services import Mock
from mock_server.store import Claim
from mock_server.trace import Trace
from tests.kit.control import Client
from tests.kit.http import READER, WRITER, send
from tests.kit.submissions import ABSENT, submission

LEVELS = {rule["id"]: rule["level"] for rule in spec.document()["x-rules"]}
MUST, DOCUMENTED, ROBUST, OBSERVE = "must", "documented", "robust", "observe"


@dataclass(frozen=True)
class Case:
    """A request that is refused: what differs from a good one, the rule that it breaks, and the level of that rule."""

    rule: str
    level: str
    changes: dict[str, Any] | None = None
    raw: bytes | None = None
    request: dict[str, Any] | None = None
    settings: dict[str, Any] | None = None

    def sent(self) -> Request:
        """Return the request."""
        raw = json.dumps(submission(**self.changes or {})).encode() if self.raw is None else self.raw
        good = Request(f"Bearer {WRITER}", "application/json", None, lambda: body.read(_stream(raw), len(raw)))
        return replace(good, **self.request or {})


def _stream(raw: bytes) -> body.Readable:
    class Stream:
        left = raw

        def read(self, size: int, /) -> bytes:
            piece, self.left = self.left[:size], self.left[size:]
            return piece

    return Stream()


class _Failing:
    """A stream that fails."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def read(self, size: int, /) -> bytes:  # noqa: ARG002  of Readable
        """Fail."""
        raise self.error


def failing(error: Exception) -> Callable[[], bytes]:
    """Return what reads a body from a connection that fails."""
    return lambda: body.read(_Failing(error), 10)


def field(rule: str, level: str, **changes: Any) -> Case:
    """Return the case of a field."""
    return Case(rule, level, changes)


def _fields() -> Iterator[Case]:
    for name in ("type", "title", "source_system", "external_id", "media_url", "run_workflows"):
        yield field("BODY-1", MUST, **{name: ABSENT})
        yield field("BODY-2", MUST, **{name: None})
    for name in ("title", "source_system", "external_id", "media_url", "transcript_text"):
        yield field("BODY-3", MUST, **{name: 5})
    for name in ("start_at", "is_private", "participants", "transcript_text"):
        yield field("BODY-16", OBSERVE, **{name: None})
    yield field("BODY-4", MUST, type="NOTE")
    yield field("BODY-5", MUST, run_workflows="yes")
    yield field("BODY-6", MUST, is_private="yes")
    yield field("BODY-7", MUST, start_at=5)
    for name, longest, shortest, limit in (
        ("title", "LIMIT-1", "LIMIT-2", 500),
        ("source_system", "LIMIT-3", "LIMIT-4", 100),
        ("external_id", "LIMIT-5", "LIMIT-6", 500),
    ):
        yield field(longest, MUST, **{name: "a" * (limit + 1)})
        yield field(shortest, MUST, **{name: ""})
    yield field("LIMIT-7", MUST, transcript_text="a" * 900_001)
    yield field("LIMIT-8", MUST, transcript_text="é" * 475_001)
    yield field("BODY-21", OBSERVE, title="\ud800")
    yield field("BODY-21", OBSERVE, participants=[{"name": "\ud800"}])


def _participants() -> Iterator[Case]:
    for people in ("Ada", {}, ["Ada"], [None], [{"name": 5}], [{"email": []}]):
        yield field("BODY-9", MUST, participants=people)
    for person in ({}, {"name": ""}, {"email": ""}, {"email": "ada"}, {"phone": "5"}):
        yield field("BODY-11", OBSERVE, participants=[person])
    yield field("BODY-16", OBSERVE, participants=[{"name": None}])


def _dates() -> Iterator[Case]:
    for no_date in ("soon", "", "1772443800", "01/02/2026", "2026-02-30T10:00:00Z", "2026-01-01T25:00:00Z"):
        yield field("BODY-7", MUST, start_at=no_date)
    for other in ("2026-03-02", "2026-03-02T09:30", "2026-W10-1T09:30Z", "10000-01-01T00:00Z", "2016-12-31T23:59:60Z"):
        yield field("BODY-18", OBSERVE, start_at=other)
    yield field(
        "BODY-18", OBSERVE, start_at="9999-12-31T23:59:00Z", media_url="https://media.mock.test/ok.mp3?duration=90"
    )


def _unknown() -> Iterator[Case]:
    for changes in ({"isPrivate": True}, {"participants": [{"name": "Ada", "phone": "5"}]}):
        yield Case("BODY-17", OBSERVE, changes, settings={"unknown_fields": "refuse"})


def _bodies() -> Iterator[Case]:
    for raw in (b"", b"{", b"{'a': 1}", b'{"a": NaN}', b"{} {}"):
        yield Case("BODY-15", ROBUST, raw=raw)
    for raw in (b"[]", b'"a"', b"5", b"true", b"null"):
        yield Case("BODY-14", MUST, raw=raw)
    for raw in (b'"\xff"', b"\xef\xbb\xbf{}", "{}".encode("utf-16"), b'{"a": "\xed\xa0\x80"}'):
        yield Case("BODY-23", OBSERVE, raw=raw)
    yield Case("BODY-19", OBSERVE, raw=b'{"a": 1, "a": 1}')
    for raw in (b"[" * 100_000, b'{"a":' * 100_000, b" " * (body.MAX_BYTES + 1)):
        yield Case("ERR-10", OBSERVE, raw=raw)
    yield Case("ERR-10", OBSERVE, request={"read": failing(TimeoutError())})
    yield Case("BODY-15", ROBUST, request={"read": failing(ConnectionResetError())})
    for header in ({"content_type": None}, {"content_type": "text/plain"}, {"content_encoding": "gzip"}):
        yield Case("BODY-20", OBSERVE, request=header)
    yield Case("BODY-20", OBSERVE, request={"content_type": "application/json; charset=latin-1"})


def _callers() -> Iterator[Case]:
    for header in (None, "", " "):
        yield Case("AUTH-2", DOCUMENTED, request={"authorization": header})
    for header in ("Bearer", "Bearer x", "unknown", WRITER[:-1], f"{WRITER} x", f"{WRITER}x"):
        yield Case("AUTH-3", DOCUMENTED, request={"authorization": header})
    for header in (f"Basic {WRITER}", f"Token {WRITER}", "Digest a=b"):
        yield Case("AUTH-4", DOCUMENTED, request={"authorization": header})
    yield Case("SCOPE-1", MUST, request={"authorization": READER})


CASES = [*_callers(), *_bodies(), *_fields(), *_participants(), *_dates(), *_unknown()]


def refusal(mock: Mock, request: Request) -> Problem:
    """Return the problem with which a request is refused."""
    with pytest.raises(Problem) as caught:
        create_engagement(request, mock.services, mock.state, Trace())
    return caught.value


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.rule)
def test_a_refusal_names_its_rule(case: Case) -> None:
    """The rule is the one whose statement says so, and it has the level of what is known: ours are only observed."""
    problem = refusal(Mock(Settings(**case.settings or {})), case.sent())
    rules = {error.rule for error in problem.errors} or {problem.rule}
    assert (rules, LEVELS[case.rule]) == ({case.rule}, case.level)
    assert problem.rule == case.rule


def test_a_key_in_flight_is_observed() -> None:
    """409 while the first submission is in the making is one of two legal answers."""
    mock = Mock(Settings(in_flight="conflict"))
    sent = submission()
    claim = mock.state.store.claim(mock.settings.callers[0].workspace.id, sent["external_id"], 0)
    assert isinstance(claim, Claim)
    request = Case("IDEM-13", OBSERVE, sent).sent()
    with claim:
        assert refusal(mock, request).rule == "IDEM-13"
    assert LEVELS["IDEM-13"] == OBSERVE


def test_a_limit_that_is_used_up_is_documented() -> None:
    """429 stands under the rule of Retry-After."""
    mock = Mock(Settings(rate_limit=parse_rate("1/hour")))
    create_engagement(field("ERR-7", DOCUMENTED).sent(), mock.services, mock.state, Trace())
    assert (refusal(mock, field("ERR-7", DOCUMENTED).sent()).rule, LEVELS["ERR-7"]) == ("ERR-7", DOCUMENTED)


@pytest.mark.parametrize(("method", "path", "status"), [("PUT", "/api/v2/engagements", 405), ("POST", "/api/x", 404)])
def test_an_unknown_path_or_method_is_observed(client: Client, method: str, path: str, status: int) -> None:
    """404 and 405 are a choice of ours."""
    assert send(client.server, method=method, path=path).status == status
    assert (client.last()["rule"], LEVELS["ERR-9"]) == ("ERR-9", OBSERVE)


def test_the_mock_itself_may_not_fail() -> None:
    """A defect of the mock stands under a robust rule; what the client asked for stands under none."""
    mock = Mock(Settings())
    assert LEVELS["ERR-4"] == ROBUST
    for code in (400, 401, 403, 404, 409, 422, 429, 500):
        assert refusal(mock, replace(field("", "").sent(), prefer=f"code={code}")).rule is None


@pytest.mark.parametrize(("rule", "bound"), [("ERR-10", "8 MiB"), ("ERR-10", "60 seconds"), ("BODY-18", "1 to 9999")])
def test_a_bound_of_ours_is_stated(rule: str, bound: str) -> None:
    """Whoever is refused by a choice of ours finds its bound in the statement of the rule."""
    assert bound in next(one["statement"] for one in spec.document()["x-rules"] if one["id"] == rule)
