"""A large body takes memory for as long as it is judged, one at a time, and leaves none behind."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from mock_server import Settings
from mock_server.checks import body
from mock_server.operations.create import create_engagement
from mock_server.operations.operation import Reply, Request
from mock_server.problems import Problem
from mock_server.services import Mock
from mock_server.trace import Trace
from tests.kit.http import WRITER
from tests.kit.submissions import submission

SECONDS = 1.0  # for two requests to meet


def request(raw: bytes) -> Request:
    """Return a request with this body."""
    return Request(f"Bearer {WRITER}", "application/json", None, lambda: raw)


@pytest.mark.parametrize(("size", "meets"), [(body.LARGE, True), (body.LARGE + 1, False), (body.MAX_BYTES, False)])
def test_large_bodies_are_parsed_one_at_a_time(size: int, meets: bool) -> None:  # noqa: FBT001
    """Two bodies of at most 1 MiB are parsed at once; a larger one waits for the other."""
    mock, met, barrier = Mock(Settings()), [], threading.Barrier(2)

    def parse(raw: bytes) -> dict[str, Any]:
        try:
            met.append(barrier.wait(SECONDS) >= 0)
        except threading.BrokenBarrierError:
            met.append(False)
        return body.parse(raw)

    mock.use(parse=parse)
    raws = [json.dumps(submission()).encode().ljust(size) for _ in range(2)]
    with ThreadPoolExecutor() as pool:
        replies = list(pool.map(lambda raw: create_engagement(request(raw), mock.services, mock.state, Trace()), raws))
    assert [reply.status for reply in replies] == [201, 201]
    assert met == [meets, meets]


PEOPLE = {"participants": [{"name": "Ada"}] * 100_000}
REFUSED = [
    json.dumps(submission(title="", **PEOPLE)).encode(),
    json.dumps(submission(**PEOPLE)).encode()[:-1],
    json.dumps(submission(media_url="http://a.example/", **PEOPLE)).encode(),
    json.dumps([PEOPLE]).encode(),
    b'{"x": "' + b"a" * (2 * body.LARGE),
    b"\xff" * (2 * body.LARGE),
]


def kept(problem: Problem) -> Iterator[object]:
    """Yield what a problem and the frames that it went through hold on to, except the body as it was sent."""
    error: BaseException | None = problem
    while error is not None:
        trace = error.__traceback__
        while trace is not None:
            yield from trace.tb_frame.f_locals.values()
            trace = trace.tb_next
        yield from vars(error).values()
        error = error.__context__


@pytest.mark.parametrize("raw", REFUSED, ids=range(len(REFUSED)))
def test_a_refused_body_leaves_nothing_of_its_parsed_form(raw: bytes) -> None:
    """When the next large body is parsed, the one before is gone: no frame of its refusal holds it, nor its text."""
    mock, trace = Mock(Settings()), Trace()
    with pytest.raises(Problem) as caught:
        create_engagement(request(raw), mock.services, mock.state, trace)
    held = list(kept(caught.value))
    assert not [value for value in held if isinstance(value, str) and len(value) > body.LARGE]
    assert not [value for value in held if isinstance(value, dict) and "participants" in value]
    assert not [value for value in held if isinstance(value, list) and len(value) > 1000]
    assert trace.submission is None


def test_the_turn_ends_with_a_refusal() -> None:
    """After a refused large body the next one is parsed."""
    mock = Mock(Settings())
    good = request(json.dumps(submission()).encode().ljust(body.MAX_BYTES))
    for raw in REFUSED:
        with pytest.raises(Problem):
            create_engagement(replace(good, read=lambda raw=raw: raw), mock.services, mock.state, Trace())
    assert isinstance(create_engagement(good, mock.services, mock.state, Trace()), Reply)
