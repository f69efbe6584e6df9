"""The steps of a request, their order, and what each leaves behind."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from mock_server import Running, Settings
from mock_server.faults.faults import Fault
from mock_server.faults.orders import BEFORE_AUTH, FORGET, STATUS, FaultOrder, Match
from mock_server.media import Note, Recording
from mock_server.media.policy import MediaUrl
from mock_server.operations.create import create_engagement
from mock_server.operations.operation import Reply, Request
from mock_server.problems import Problem
from mock_server.services import Mock
from mock_server.trace import Trace
from tests.kit.http import NOSCOPE, PATH, READER, WRITER, create, send
from tests.kit.submissions import new_key, submission

STEPS = ["authenticate", "scope", "rate_limit", "parse", "validate", "idempotency", "media", "store"]
GOOD = Request(f"Bearer {WRITER}", "application/json", None, lambda: json.dumps(submission()).encode())


def never() -> bytes:
    """Fail the test: nobody may ask for the body."""
    raise AssertionError("the body was read")


def with_body(**changes: Any) -> Request:
    """Return a good request with another body."""
    raw = json.dumps(submission(**changes)).encode()
    return replace(GOOD, read=lambda: raw)


@pytest.fixture
def mock() -> Mock:
    """Make a mock without a server."""
    return Mock(Settings())


def follow(mock: Mock, request: Request) -> tuple[Reply | Problem, Trace]:
    """Send one request through the pipeline."""
    trace = Trace()
    try:
        return create_engagement(request, mock.services, mock.state, trace), trace
    except Problem as problem:
        return problem, trace


def test_a_creation_that_is_forgotten_keeps_nothing(mock: Mock) -> None:
    """A fault of the kind forget leaves the budget for transcripts as it was."""
    mock.state.faults.put([Fault("flt", FaultOrder(kind=FORGET, times=1))])
    forgotten, _ = follow(mock, with_body(transcript_text="Good morning."))
    assert isinstance(forgotten, Reply)
    assert (forgotten.status, mock.state.transcripts._used) == (201, 0)
    follow(mock, with_body(transcript_text="Good morning."))
    assert mock.state.transcripts._used > 0


def test_a_create_takes_every_step_and_a_replay_stops_at_the_key(mock: Mock) -> None:
    """The trace of a create names all steps in order; a replay never comes to the media."""
    request = with_body(media_url="https://media.mock.test/redirect/2/a.mp4")
    created, trace = follow(mock, request)
    assert isinstance(created, Reply)
    assert ([step.name for step in trace.steps], {step.verdict for step in trace.steps}) == (STEPS, {"passed"})
    noted = {step.name: step.notes for step in trace.steps}
    assert noted["authenticate"] == "writer of workspace A"
    assert noted["media"] == "media.mock.test is 93.184.216.34; 2 redirects; serves video/mp4"
    assert noted["store"] == f"stored as {created.document['id']}"
    replayed, trace = follow(mock, request)
    assert replayed == Reply(200, created.document)
    assert [step.name for step in trace.steps] == STEPS[:6]


@pytest.mark.parametrize(
    ("request_", "status", "last"),
    [
        (replace(GOOD, authorization=None, read=never), 401, "authenticate"),
        (replace(GOOD, authorization=f"Bearer {NOSCOPE}", content_type="x", read=never), 403, "scope"),
        (replace(GOOD, content_type="text/plain", read=never), 400, "parse"),
        (replace(GOOD, content_encoding="gzip", read=never), 400, "parse"),
        (replace(GOOD, read=lambda: b"{"), 400, "parse"),
        (replace(GOOD, read=lambda: b"{}"), 422, "validate"),
        (with_body(media_url="http://10.0.0.1/"), 422, "validate"),
        (with_body(media_url="https://10.0.0.1/"), 422, "media"),
    ],
    ids=range(8),
)
def test_a_refusal_stops_at_its_step(mock: Mock, request_: Request, status: int, last: str) -> None:
    """Each refusal ends the trace at the step that refused, with the problem, and nothing is stored."""
    refused, trace = follow(mock, request_)
    assert isinstance(refused, Problem)
    assert (refused.status, trace.steps[-1].name, trace.steps[-1].verdict) == (status, last, "refused")
    assert trace.steps[-1].problem is refused
    assert refused.rule
    assert len(mock.state.store) == 0


def test_an_answer_the_client_asked_for_is_a_step(mock: Mock) -> None:
    """It comes before everything else, and the trace does not pass it off as a decision of the contract."""
    refused, trace = follow(mock, replace(GOOD, prefer="code=409", read=never))
    assert isinstance(refused, Problem)
    assert (refused.status, refused.rule, refused.headers["Preference-Applied"]) == (409, None, "code=409")
    assert [(step.name, step.verdict, step.problem) for step in trace.steps] == [("prefer", "injected", refused)]


@pytest.mark.parametrize(
    ("match", "strikes"),
    [
        (Match(method="POST", path=PATH), True),
        (Match(path="/v2/engagements"), True),
        (Match.model_construct(path="/api/*"), True),
        (Match(credential_name="writer"), True),
        (Match.model_construct(method="GET"), False),
        (Match.model_construct(path="/other"), False),
        (Match(credential_name="reader"), False),
    ],
    ids=repr,
)
def test_a_fault_meets_the_requests_it_was_set_for(mock: Mock, match: Match, strikes: bool) -> None:  # noqa: FBT001
    """A fault sees method, path and credential before anything is judged."""
    order = FaultOrder(match=match, phase=BEFORE_AUTH, kind=STATUS, status=503)
    mock.state.faults.put([Fault("fault_1", order)])
    answer, trace = follow(mock, GOOD)
    assert isinstance(answer, Problem) == strikes
    assert [step.name for step in trace.steps] == (["fault"] if strikes else STEPS)


class Broken:
    """A media world that fails as nothing should."""

    def fetch(self, url: MediaUrl, note: Note) -> Recording:
        """Fail."""
        note(f"about to fail on {url.host}")
        raise ZeroDivisionError


def test_a_failure_frees_the_key(mock: Mock) -> None:
    """When a step fails unexpectedly the trace says so and the key can be used again."""
    services, request = mock.services, with_body()
    trace = Trace()
    with pytest.raises(ZeroDivisionError):
        create_engagement(request, replace(services, media=Broken()), mock.state, trace)
    assert (trace.steps[-1].name, trace.steps[-1].verdict) == ("media", "failed")
    assert isinstance(follow(mock, request)[0], Reply)


@pytest.mark.parametrize(
    ("path", "credential", "raw", "status"),
    [
        ("/api/v2/nothing", None, b"{", 404),
        (PATH, None, b"{", 401),
        (PATH, READER, b"{", 403),
        (PATH, WRITER, b"{", 400),
        (PATH, WRITER, b"{}", 422),
    ],
)
def test_the_order_of_the_steps(server: Running, path: str, credential: str | None, raw: bytes, status: int) -> None:
    """Route, credential, scope, syntax, fields: of many faults the first in this order is answered."""
    assert send(server, raw, credential=credential, path=path).status == status


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"media_url": "https://10.0.0.1/a.mp3"}, 200),
        ({"media_url": "https://media.mock.test/404/a.mp3"}, 200),
        ({"media_url": "https://media.mock.test/slow/29000/a.mp3"}, 200),
        ({"media_url": "http://media.mock.test/a.mp3"}, 422),
        ({"media_url": "https://media.mock.test:8443/a.mp3"}, 422),
        ({"title": ""}, 422),
        ({"type": "EMAIL"}, 422),
    ],
)
def test_a_replay_needs_a_valid_body_and_no_recording(server: Running, changes: dict[str, str], status: int) -> None:
    """A repeat is judged as a body, syntax and scheme of the URL included, and never fetches."""
    key = new_key()
    first = create(server, external_id=key)
    again = create(server, external_id=key, **changes)
    assert (first.status, again.status) == (201, status)
    if status == 200:
        assert again.body == first.body
