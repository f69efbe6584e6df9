"""The judgement on a repeat: what may differ from the first answer, and what may not."""

import pytest

from contract.exchange import Body, Exchange, Request
from contract.judge.replay import (
    check_replay,
    created,
    differences,
    replayed,
)
from contract.run.recorder import Violation
from tests.kit.targets import Document, Make, Scripted, Target, raised, reply

BEFORE: Document = {
    "object": "engagement",
    "id": "ngmt_1",
    "title": "A call",
    "engagement_type": "CALL",
    "is_private": False,
    "created_at": "2026-03-02T09:30:00Z",
    "start_at": "2026-03-02T09:30:00Z",
    "updated_at": "2026-03-02T09:30:00Z",
    "owner_user_id": "usr_1",
    "processing_status": "PENDING",
}


def replay(before: Document, after: Document, status: int = 200) -> tuple[Exchange, Exchange]:
    """Return a replay and the first answer."""
    request = Request(Body.of({}), ())
    pair = ((status, after), (201, before))
    answers = [Exchange(request, reply(number, shown), "http://127.0.0.1:1/api") for number, shown in pair]
    return answers[0], answers[1]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"created_at": "2026-03-02T10:30:00+01:00", "start_at": "2026-03-02T09:30:00.000Z"},
        {"processing_status": "PROCESSING"},
        {"processing_status": "COMPLETED", "updated_at": "2026-03-02T09:31:00Z"},
        {"duration_seconds": 5, "updated_at": "2026-03-02T09:31:00Z"},
        {"processing_status": "ELSE"},
    ],
    ids=str,
)
def test_a_replay_is_the_stored_engagement(changes: Document) -> None:
    """The same instants in another notation, and processing that went on meanwhile, are no change."""
    check_replay(*replay(BEFORE, {**BEFORE, **changes}), "IDEM-1")


@pytest.mark.parametrize(
    ("changes", "expected", "actual"),
    [
        ({"title": "B"}, 'title unchanged, "A call"', 'title "B"'),
        ({"id": "ngmt_2"}, 'id unchanged, "ngmt_1"', 'id "ngmt_2"'),
        ({"object": "call"}, 'object unchanged, "engagement"', 'object "call"'),
        ({"engagement_type": "MEETING"}, 'engagement_type unchanged, "CALL"', 'engagement_type "MEETING"'),
        ({"is_private": True}, "is_private unchanged, false", "is_private true"),
        ({"owner_user_id": "usr_2"}, 'owner_user_id unchanged, "usr_1"', 'owner_user_id "usr_2"'),
        (
            {"created_at": "2026-03-02T09:30:01Z"},
            'created_at unchanged, "2026-03-02T09:30:00Z"',
            'created_at "2026-03-02T09:30:01Z"',
        ),
        ({"start_at": "soon"}, 'start_at unchanged, "2026-03-02T09:30:00Z"', 'start_at "soon"'),
        ({"title": "B", "is_private": True}, 'title unchanged, "A call"', 'title "B"'),
        (
            {"updated_at": "2026-03-02T09:31:00Z"},
            "updated_at as it was, as nothing else changed",
            "2026-03-02T09:31:00Z",
        ),
    ],
    ids=str,
)
def test_a_replay_that_changed_something(changes: Document, expected: str, actual: str) -> None:
    """The first field that differs is named, with what it was."""
    with pytest.raises(Violation) as caught:
        check_replay(*replay(BEFORE, {**BEFORE, **changes}), "IDEM-1")
    assert raised(caught.value) == ("IDEM-1", expected, actual)


def test_a_replay_that_created_or_was_refused() -> None:
    """The status is 200, whatever is in the body."""
    for status, said in ((201, "201 with id ngmt_1"), (202, "202 with id ngmt_1"), (409, "409: null")):
        with pytest.raises(Violation) as caught:
            check_replay(*replay(BEFORE, BEFORE, status), "IDEM-1")
        assert raised(caught.value) == ("IDEM-1", "200 with the stored engagement", said)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("COMPLETED", "PENDING", "processing_status COMPLETED, which is final"),
        ("COMPLETED", "PROCESSING", "processing_status COMPLETED, which is final"),
        ("COMPLETED", "FAILED", "processing_status COMPLETED, which is final"),
        ("FAILED", "COMPLETED", "processing_status FAILED, which is final"),
        ("PROCESSING", "PENDING", "processing_status that moves forward"),
    ],
)
def test_processing_never_goes_back(before: str, after: str, expected: str) -> None:
    """What is final stays, and nothing becomes pending again."""
    first, repeated = ({**BEFORE, "processing_status": status} for status in (before, after))
    with pytest.raises(Violation) as caught:
        check_replay(*replay(first, repeated), "IDEM-1")
    assert raised(caught.value) == ("IDEM-1", expected, "PROCESSING, then PENDING" if "moves" in expected else after)


@pytest.mark.parametrize(
    ("before", "after"),
    [("PENDING", "FAILED"), ("PROCESSING", "COMPLETED"), ("COMPLETED", "COMPLETED"), ("COMPLETED", "ELSE")],
)
def test_processing_goes_on(before: str, after: str) -> None:
    """Forward is no violation, and a word that is not known is another rule's matter."""
    first, repeated = ({**BEFORE, "processing_status": status} for status in (before, after))
    check_replay(*replay(first, repeated), "IDEM-1")


def test_replayed_sends_the_document_once(make: Make) -> None:
    """The exchange of the replay is returned; one that is none breaks the rule."""
    target = Target()
    client = make(Scripted(target))
    first = created(client, client.submission())
    again = replayed(client, first, {**first.document, "title": "B"}, "IDEM-2", credential="reader")
    assert (again.response.status, again.request.credential, again.request.expect) == (200, "reader", "replayed")
    assert target.sent[1]["title"] == "B"
    with pytest.raises(Violation) as caught:
        replayed(client, first, client.submission(), "IDEM-2")
    assert caught.value.rule == "IDEM-2"


def test_only_what_both_answers_have_is_compared() -> None:
    """A field that one of them leaves out is no difference, and one that may change is not looked at."""
    assert differences({"title": "a"}, {"id": "b"}) == []
    assert differences({"updated_at": "a", "duration_seconds": 1}, {"updated_at": "b", "duration_seconds": 2}) == []
    assert differences({"title": "a", "id": "c"}, {"title": "b", "id": "d"}) == ["id", "title"]


@pytest.mark.parametrize(
    ("field", "before", "after", "differs"),
    [
        ("created_at", "2026-03-02T09:30:00Z", "2026-03-02T10:30:00.000+01:00", False),
        ("created_at", "2026-03-02T09:30:00Z", "2026-03-02T09:30:01Z", True),
        ("created_at", "soon", "2026-03-02T09:30:00Z", True),
        ("created_at", "2026-03-02T09:30:00Z", "soon", True),
        ("title", "2026-03-02T09:30:00Z", "2026-03-02T10:30:00.000+01:00", True),
    ],
    ids=range(5),
)
def test_instants_are_compared_as_instants(field: str, before: str, after: str, differs: bool) -> None:  # noqa: FBT001
    """Two ways to write one instant are no difference; in any other field, and in what is no instant, they are."""
    assert differences({field: before}, {field: after}) == [field] * differs
