"""The judgement on a repeat: what may differ from the first answer, and what may not."""

import json

import pytest

from contract.exchange import Body, Exchange, Request
from contract.judge.finding import Finding
from contract.judge.replay import differences, judge_repeat, judge_touched, judge_unchanged, rule_of_repeat
from contract.outcome import See, Violation
from contract.run.steps import created, replayed
from tests.kit.targets import Document, Make, Scripted, Target, failed, reply

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


def findings(pair: tuple[Exchange, Exchange]) -> list[Finding]:
    """Return all that is wrong with a replay of the same submission."""
    repeat = judge_repeat(*pair, "IDEM-1")
    return [repeat] if repeat is not None else list(judge_unchanged(*pair))


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
        {"updated_at": "2026-03-02T09:31:00Z"},
        {"processing_status": "COMPLETED", "updated_at": "2026-03-02T09:31:00Z"},
        {"duration_seconds": 5, "updated_at": "2026-03-02T09:31:00Z"},
        {"processing_status": "ELSE"},
    ],
    ids=str,
)
def test_a_replay_is_the_stored_engagement(changes: Document) -> None:
    """The same instants in another notation, and processing that went on meanwhile, are no change."""
    assert findings(replay(BEFORE, {**BEFORE, **changes})) == []


LONG: Document = {**BEFORE, "duration_seconds": 5, "end_at": "2026-03-02T09:30:05Z"}


@pytest.mark.parametrize(
    ("changes", "changed"),
    [
        ({"duration_seconds": 6}, ["duration_seconds"]),
        ({"end_at": "2026-03-02T09:30:06Z"}, ["end_at"]),
        ({"end_at": "2026-03-02T10:30:05+01:00"}, []),
        ({"duration_seconds": 6, "updated_at": "2026-03-02T09:31:00Z"}, []),
        ({"duration_seconds": 6, "processing_status": "PROCESSING"}, []),
    ],
    ids=str,
)
def test_what_processing_corrects_stays_while_nothing_is_processed(changes: Document, changed: list[str]) -> None:
    """A repeat under the same status and the same updated_at tells the same length and the same end (IDEM-2)."""
    found = findings(replay(LONG, {**LONG, **changes}))
    assert [finding.actual.split()[0] for finding in found] == changed


@pytest.mark.parametrize(
    ("changes", "expected", "actual"),
    [
        ({"title": "B"}, 'title unchanged, "A call"', 'title "B"'),
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
    ],
    ids=str,
)
def test_a_replay_that_changed_something(changes: Document, expected: str, actual: str) -> None:
    """The first field that differs is named, with what it was: a repeat changes nothing (IDEM-2)."""
    assert findings(replay(BEFORE, {**BEFORE, **changes})) == [("IDEM-2", expected, actual)]


def test_a_replay_that_created_or_was_refused() -> None:
    """The status is 200, whatever is in the body, and the engagement is the first one."""
    for status, said in ((201, "201 with id ngmt_1"), (202, "202 with id ngmt_1"), (409, f"409: {json.dumps(BEFORE)}")):
        assert findings(replay(BEFORE, BEFORE, status)) == [("IDEM-1", "200 with the stored engagement", said)]
    other = {**BEFORE, "id": "ngmt_2", "title": "B"}
    assert findings(replay(BEFORE, other)) == [("IDEM-1", "the engagement ngmt_1", "ngmt_2")]


@pytest.mark.parametrize(
    ("changes", "rule"),
    [({}, "IDEM-1"), ({"source_system": "b"}, "IDEM-3"), ({"source_system": "b", "title": "b"}, "IDEM-2")],
)
def test_what_differs_names_the_rule_of_a_repeat(changes: Document, rule: str) -> None:
    """The same submission is IDEM-1, one from another system IDEM-3, any other IDEM-2."""
    first = {"external_id": "k", "title": "a", "source_system": "a"}
    assert rule_of_repeat(first, {**first, **changes}) == rule


@pytest.mark.parametrize(
    ("before", "after"),
    [
        *(("COMPLETED", "PENDING"), ("COMPLETED", "PROCESSING"), ("COMPLETED", "FAILED")),
        *(("FAILED", "COMPLETED"), ("FAILED", "PENDING"), ("PROCESSING", "PENDING")),
    ],
)
def test_processing_never_goes_back(before: str, after: str) -> None:
    """What is final stays, and nothing becomes pending again."""
    first, repeated = ({**BEFORE, "processing_status": status} for status in (before, after))
    assert [(finding.rule, finding.actual) for finding in findings(replay(first, repeated))] == [("IDEM-2", after)]


def test_repeats_that_touch_are_told_from_processing() -> None:
    """updated_at that moves with repeats, and nothing else, is IDEM-2; one move may be that of processing."""

    def touched(*seconds: int, **changes: str) -> list[str]:
        shown = [{**BEFORE, "updated_at": f"2026-03-02T09:30:0{second}Z"} for second in seconds]
        repeats = [replay(BEFORE, one)[0] for one in (*shown[:-1], {**shown[-1], **changes})]
        return [finding.rule for finding in judge_touched(repeats)]

    assert touched(1, 2, 3) == ["IDEM-2"]
    assert touched(1, 1, 2) == touched(1, 1, 1) == []
    assert touched(1, 2, 3, processing_status="COMPLETED") == []
    assert touched(1, 2, 3, 4, processing_status="COMPLETED") == ["IDEM-2"]
    assert touched(1, 2, 2, 3) == ["IDEM-2"]  # two within one tick of its clock


@pytest.mark.parametrize(
    ("before", "after"),
    [("PENDING", "FAILED"), ("PROCESSING", "COMPLETED"), ("COMPLETED", "COMPLETED"), ("COMPLETED", "ELSE")],
)
def test_processing_goes_on(before: str, after: str) -> None:
    """Forward is no violation, and a word that is not known is another rule's matter."""
    first, repeated = ({**BEFORE, "processing_status": status} for status in (before, after))
    assert findings(replay(first, repeated)) == []


def test_replayed_sends_the_document_once(make: Make) -> None:
    """The exchange of the replay is returned; one that is none breaks the rule."""
    target = Target()
    client = make(Scripted(target))
    first = created(client, client.submission())
    again = replayed(client, first, {**first.document, "title": "B"}, "IDEM-2", credential="reader")
    assert (again.response.status, again.request.credential, again.request.expect) == (200, "reader", "replayed")
    assert target.sent[1]["title"] == "B"
    with pytest.raises(Violation) as caught:
        replayed(client, first, client.submission(), "IDEM-3")
    assert caught.value.rule == "IDEM-3"


def test_what_a_repeat_changes_is_its_own_rule(make: Make) -> None:
    """A repeat that is one, and changes the title, breaks IDEM-2 whatever the test is about."""
    client = make(Scripted(target := Target()))
    first = created(client, client.submission())
    target.kept[first.document["external_id"]]["title"] = "another"
    replayed(client, first, {**first.document, "source_system": "b"})
    assert failed(client).keys() == {"IDEM-2"}


def test_a_target_that_forgets_is_not_the_fault_of_what_differs(make: Make) -> None:
    """Where the first submission itself is no repeat any more, a changed one says nothing: see IDEM-1."""
    client = make(Scripted(target := Target()))
    first = created(client, client.submission())
    target.kept.clear()
    with pytest.raises(See, match="see IDEM-1"):
        replayed(client, first, {**first.document, "source_system": "b"})
    assert failed(client).keys() == {"IDEM-1"}


def test_no_repeat_is_asked_for_where_none_works(make: Make) -> None:
    """A precondition that does not hold leaves the step unsent."""
    client = make(Scripted(target := Target()))
    first = created(client, client.submission())
    client.broken["a repeat"] = "IDEM-1"
    with pytest.raises(See, match="see IDEM-1"):
        replayed(client, first, first.document)
    assert len(target.sent) == 1


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
