"""The verdict on a burst of first submissions of one key."""

from typing import Any

import pytest

from contract.exchange import Exchange, Response
from contract.outcome import Violation
from contract.run.client import RecordingClient
from contract.run.steps import check_race
from tests.kit.targets import Make, Scripted, engagement, problem


def burst(
    make: Make, *responses: Response, repeat: Response | None = None
) -> tuple[RecordingClient, list[Exchange], Any]:
    """Return a client, the exchanges of a burst of submissions that was answered so, and the target's script.

    `repeat` is the answer to the repeat; whatever is sent after that is answered with 200.
    """
    transport = Scripted(*responses, *([repeat] if repeat else []), engagement(1, 200))
    client = make(transport)
    document = client.submission(title="t", is_private=True, external_id="k")
    return client, [client.submit(document) for _ in responses], transport


@pytest.mark.parametrize(
    ("responses", "observed"),
    [
        ((engagement(), engagement(1, 200), engagement(1, 200)), "the others wait and get 200"),
        ((engagement(1, 200), engagement()), "the others wait and get 200"),
        ((problem(409), engagement(), problem(409, 2)), "409 while the first submission is in flight"),
        ((engagement(1, 200), engagement(1, 200)), "the others wait and get 200"),
    ],
    ids=range(4),
)
def test_one_engagement_for_all(make: Make, responses: tuple[Response, ...], observed: str) -> None:
    """One 201 at most, the others 200 or 409, a repeat that agrees; which of the two is an observation."""
    client, exchanges, transport = burst(make, *responses)
    check_race(client, exchanges, {})
    assert (transport.sent[-1].key, transport.sent[-1].expect) == ("k", "replayed")
    assert client.recorder.findings["IDEM-13"].observations == [observed]


@pytest.mark.parametrize(
    ("responses", "expected", "actual"),
    [
        ((problem(409), problem(422, 2)), "one of the parallel submissions to create", "[409, 422]"),
        ((engagement(), problem(422)), "200 or 409 for the others", '422: ""'),
        ((engagement(), problem(500)), "200 or 409 for the others", '500: ""'),
        ((engagement(), engagement(1)), "one engagement for parallel submissions", "[201, 201], ids {'ngmt_1'}"),
        (
            (engagement(), engagement(1, 200, title="other")),
            "the same engagement for all",
            "different titles under one id",
        ),
        (
            (engagement(), engagement(1, 202)),
            "one engagement for parallel submissions",
            "[201, 202], ids {'ngmt_1'}",
        ),
    ],
    ids=range(6),
)
def test_a_race_that_is_lost(make: Make, responses: tuple[Response, ...], expected: str, actual: str) -> None:
    """The violation is IDEM-10 and shows the statuses, the answer or the ids."""
    client, exchanges, _ = burst(make, *responses)
    with pytest.raises(Violation) as caught:
        check_race(client, exchanges, {})
    assert (caught.value.rule, caught.value.expected, caught.value.actual) == ("IDEM-10", expected, actual)
    assert caught.value.exchange in exchanges


def test_two_engagements_for_one_key(make: Make) -> None:
    """Two ids are two engagements, whatever the statuses say."""
    client, exchanges, _ = burst(make, engagement(1, 200), engagement(2, 200))
    with pytest.raises(Violation, match="one engagement for parallel submissions"):
        check_race(client, exchanges, {})


def test_a_later_repeat_agrees(make: Make) -> None:
    """It is answered with 200 and the same engagement."""
    for repeat in (engagement(2, 200), engagement(1, 201), problem(404)):
        client, exchanges, _ = burst(make, engagement(), engagement(1, 200), repeat=repeat)
        with pytest.raises(Violation) as caught:
            check_race(client, exchanges, {})
        assert caught.value.rule == "IDEM-10"


def test_the_winner_shows_what_was_submitted(make: Make) -> None:
    """The first answer is looked at as any other: a title that is not the one sent is RESP-4."""
    other = (engagement(title="x"), engagement(1, 200, title="x"))
    client, exchanges, _ = burst(make, *other, repeat=engagement(1, 200, title="x"))
    check_race(client, exchanges, {})
    assert client.recorder.findings["RESP-4"].failed == 1


@pytest.mark.parametrize(("title", "rule"), [("t", "IDEM-7"), ("another", "RESP-3")])
def test_an_engagement_of_before_is_no_race(make: Make, title: str, rule: str) -> None:
    """All get one that exists: two keys are taken for one, or two engagements share an id."""
    client, exchanges, _ = burst(make, engagement(1, 200), engagement(1, 200))
    known = {"ngmt_1": {**exchanges[0].response.engagement, "title": title}}
    with pytest.raises(Violation) as caught:
        check_race(client, exchanges, known)
    assert caught.value.rule == rule
