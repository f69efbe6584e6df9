"""The budget: nothing beyond it is sent, and what may have been made is counted."""

import pytest

from contract.exchange import Body, Request, Response
from contract.outcome import CutShort
from contract.target.budget import Budget


def request(key: str | None = "a", expect: str = "created") -> Request:
    """Return a submission of this key."""
    return Request(Body(b""), (), "writer", key, expect=expect)


def test_what_is_accepted_counts_before_it_is_sent() -> None:
    """A first submission counts whatever becomes of it; the same key again, for a lost answer, does not."""
    budget = Budget(None, 1)
    budget.reserve([request()])
    assert budget.creations == 1
    budget.answered(request(), None, known=False)
    budget.answered(request(), Response(201, {}, b"no JSON"), known=False)
    assert budget.creations == 1


@pytest.mark.parametrize("response", [None, Response(200, {}, b"?"), Response(500, {}, b""), Response(302, {}, b"")])
def test_what_is_refused_counts_unless_the_answer_is_a_4xx(response: Response | None) -> None:
    """An answer that is missing, or says nothing, may hide an engagement."""
    budget = Budget(None, None)
    for each in (response, Response(422, {}, b"")):
        budget.reserve([request(expect="refused")])
        budget.answered(request(expect="refused"), each, known=False)
    assert budget.creations == 1


def test_a_repeat_counts_when_it_makes_another_one() -> None:
    """A repeat that shows the known engagement makes nothing; one that shows another, or none, may have."""
    budget = Budget(None, None)
    budget.reserve([request()])
    budget.answered(request(), Response(201, {}, b""), known=False)
    for known in (True, False):
        budget.reserve([request(expect="replayed")])
        budget.answered(request(expect="replayed"), Response(200, {}, b""), known=known)
    assert budget.creations == 2


@pytest.mark.parametrize("expect", ["created", "refused", "replayed", "observed", "unauthorized"])
def test_every_submission_needs_room_for_an_engagement(expect: str) -> None:
    """What a faulty target may accept is not sent when the budget is used up."""
    budget = Budget(None, 1)
    budget.reserve([request()])
    with pytest.raises(CutShort, match="1 creations"):
        budget.reserve([request("b", expect)])
    assert budget.requests == 1


def test_a_burst_needs_room_for_all_of_it() -> None:
    """A faulty target makes an engagement of each of eight submissions of one key."""
    with pytest.raises(CutShort, match="7 creations"):
        Budget(None, 7).reserve([request()] * 8)
    with pytest.raises(CutShort, match="7 requests"):
        Budget(7, None).reserve([request()] * 8)
    budget = Budget(8, 8)
    budget.reserve([request()] * 8)
    assert (budget.requests, budget.creations, budget.needed) == (8, 1, 8)


def test_what_is_needed_covers_what_the_contract_leaves_open() -> None:
    """A conforming target may accept everything that the contract does not refuse."""
    budget = Budget(None, None)
    for expect in ("observed", "observed", "refused"):
        budget.reserve([request(None, expect)])
    assert (budget.creations, budget.needed) == (0, 3)
