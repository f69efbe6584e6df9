"""The judgements that tests are made of: what each raises, what it records, and what it leaves alone."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from contract.client import Client
from contract.exchange import Body, Exchange, Request, Response
from contract.recorder import Untested, Violation
from contract.verify import (
    Case,
    TooLarge,
    accept_each,
    answer,
    check_replay,
    control,
    created,
    differences,
    example,
    group,
    named_fields,
    refused,
    replayed,
    settle,
)

from .conftest import Scripted, engagement, problem, reply

Make = Callable[..., Client]
Document = dict[str, Any]


class Target:
    """Keeps engagements by key, as a deployment does. `refuses` tells which documents it refuses."""

    def __init__(self, refuses: Callable[[Document], bool] = lambda _: False, **shown: Any) -> None:
        self.refuses = refuses
        self.shown = shown
        self.kept: dict[str, Document] = {}
        self.sent: list[Document] = []
        self._numbers = itertools.count(1)

    def __call__(self, request: Request) -> Response:
        """Answer one submission."""
        document = request.body.document
        self.sent.append(document)
        if self.refuses(document):
            return problem(422, next(self._numbers), errors=[{"field": "/title", "code": "c", "message": "m"}])
        key = document["external_id"]
        if key in self.kept:
            return reply(200, self.kept[key])
        self.kept[key] = {
            "object": "engagement",
            "id": f"ngmt_{next(self._numbers)}",
            "title": document["title"],
            "engagement_type": document["type"],
            "is_private": document.get("is_private", False),
            **self.shown,
        }
        return reply(201, self.kept[key])


def failed(client: Client) -> dict[str, list[tuple[str, str]]]:
    """Return what was recorded: expected and actual by rule, without the invariants of every answer."""
    found = {rule: one.failures for rule, one in client.recorder.findings.items() if one.failures}
    assert all(failure.curl for failures in found.values() for failure in failures)
    return {
        rule: [(failure.expected, failure.actual) for failure in failures if "as documented" not in failure.expected]
        for rule, failures in found.items()
        if any("as documented" not in failure.expected for failure in failures)
    }


def raised(error: Violation) -> tuple[str | None, str, str]:
    """Return what a violation says, once sure that a report can show the exchange."""
    assert error.exchange is not None
    return error.rule, error.expected, error.actual


def test_a_first_submission_is_created(make: Make) -> None:
    """What is accepted under a new key, and shows what was submitted, is returned."""
    client = make(Scripted(Target()))
    exchange = created(client, client.submission(), "IDEM-1")
    assert exchange.response.status == 201
    assert failed(client) == {}


def test_a_first_submission_that_is_refused_breaks_the_rule(make: Make) -> None:
    """The violation names the rule it was given, and what the target said."""
    with pytest.raises(Violation) as caught:
        created(make(Scripted(problem(422, detail="No."))), {"external_id": "a"}, "IDEM-1")
    assert raised(caught.value) == ("IDEM-1", "a first submission to be accepted", '422: "No."')
    assert caught.value.exchange is not None


def test_a_body_that_never_arrives_is_untested(make: Make) -> None:
    """413 from whatever stands in front of the target is no verdict, on any kind of submission."""
    says = "413: something in front of the target takes no body of this size"
    client = make(Scripted(engagement(), reply(413, {})))
    first = created(client, client.submission())
    with pytest.raises(TooLarge, match=f"^{says}$"):
        created(client, client.submission())
    with pytest.raises(TooLarge, match=f"^{says}$"):
        replayed(client, first, first.document, "IDEM-1")
    with pytest.raises(TooLarge, match=f"^{says}$"):
        refused(client, Case("x", {"title": ""}), "LIMIT-2", "key")


def test_a_new_key_has_a_new_engagement(make: Make) -> None:
    """The engagement of another key breaks the rule; an id that stands for two engagements is RESP-3."""
    target = Target(id="ngmt_1")
    client = make(Scripted(target))
    first = created(client, client.submission())
    key = first.document["external_id"]
    with pytest.raises(Violation) as caught:
        created(client, client.submission(), "IDEM-4")
    assert raised(caught.value) == ("IDEM-4", "a new engagement for a new key", f"that of the key {key!r}")
    with pytest.raises(Violation) as caught:
        created(client, client.submission(title="another"), "IDEM-4")
    assert raised(caught.value) == ("RESP-3", "an id of its own for a new engagement", f"that of the key {key!r}")


def test_a_first_answer_shows_what_was_submitted(make: Make) -> None:
    """Title, type and privacy that differ are recorded under their rules, and nothing is raised."""
    client = make(Scripted(Target(title="other", engagement_type="MEETING", is_private=False)))
    created(client, client.submission(title="mine"))
    assert failed(client) == {
        "RESP-4": [('title "mine", as submitted', '"other"')],
        "BODY-12": [('engagement_type "CALL", as submitted', '"MEETING"')],
        "RESP-9": [("is_private true, as submitted", "false")],
    }


def test_what_is_not_there_is_not_compared(make: Make) -> None:
    """A field that was not sent, or is not shown, is another rule's matter."""
    client = make(Scripted(reply(201, {"object": "engagement", "id": "ngmt_1"}), reply(201, {"title": "other"})))
    created(client, client.submission())
    created(client, client.submission())
    assert failed(client).keys() <= {"RESP-1"}


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("plain", {"is_private"}),
        ("minimal", set()),
        ("full", {"is_private", "start_at", "participants", "transcript_text"}),
    ],
)
def test_examples_are_made_once(make: Make, name: str, fields: set[str]) -> None:
    """The minimal one has the required fields alone, the full one has all, and a second look sends nothing."""
    target = Target()
    client = make(Scripted(target))
    required = {"type", "title", "source_system", "external_id", "media_url", "run_workflows"}
    assert example(client, name) is example(client, name)
    assert [set(document) - required for document in target.sent] == [fields]
    assert required <= set(target.sent[0])


@pytest.mark.parametrize(("name", "rule"), [("plain", None), ("minimal", "BODY-13"), ("full", None)])
def test_an_example_that_is_refused_names_its_rule(make: Make, name: str, rule: str | None) -> None:
    """Only the minimal one stands for a rule of its own."""
    with pytest.raises(Violation) as caught:
        example(make(Scripted(problem())), name)
    assert caught.value.rule == rule


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


def test_a_case_is_built_from_the_valid_submission(make: Make) -> None:
    """One attribute is changed, left out, or the whole body is another; the key is the one given."""
    client = make(Scripted(engagement()))
    valid = {**client.base, "external_id": "k"}
    assert Case("x", {"title": ""}).build(client, "k") == {**valid, "title": ""}
    assert Case("x", without="title").build(client, "k") == {n: v for n, v in valid.items() if n != "title"}
    assert Case("x", body=[1]).build(client, "k") == [1]
    assert Case("x", {"external_id": ""}).build(client, "k")["external_id"] == ""
    fields = [case.field for case in (Case("x", {"title": ""}), Case("x", without="type"), Case("x", body=[1]))]
    assert fields == ["title", "type", None]


def test_a_case_has_to_be_refused(make: Make) -> None:
    """With one of its statuses; the violation names the case, and all of them."""
    client = make(Scripted(engagement()))
    with pytest.raises(Violation) as caught:
        refused(client, Case("an empty title", {"title": ""}), "LIMIT-2", "k")
    assert raised(caught.value) == ("LIMIT-2", "an empty title: 400 or 422", "201 with id ngmt_1")
    client = make(Scripted(problem(400)))
    with pytest.raises(Violation) as caught:
        refused(client, Case("x", {"title": ""}, status=(422,)), "LIMIT-2", "k")
    assert caught.value.expected == "x: 422"
    for status in (400, 422):
        sent = refused(make(Scripted(problem(status))), Case("x", {"title": "é"}, escaped=True), "LIMIT-2", "k")
        assert (sent.request.expect, sent.request.body.escaped, sent.request.key) == ("refused", True, "k")
    assert refused(make(Scripted(problem())), Case("x", {"title": ""}), "LIMIT-2", "k", chunked=True).request.chunked


def test_a_refusal_that_names_another_field_is_recorded(make: Make) -> None:
    """ERR-5, beside the verdict on the case; an error that names no known field is silent."""
    client = make(Scripted(problem(errors=[{"field": "/participants/0/name"}, {"field": "sourceSystem"}])))
    refused(client, Case("x", {"title": ""}), "LIMIT-2", "k")
    assert failed(client)["ERR-5"] == [("an error that names title", "participants, source_system")]
    for errors, case in (
        ([{"field": "/title"}], Case("x", {"title": ""})),
        ([{"field": "/nothing"}], Case("x", {"title": ""})),
        ([{"field": "/type"}], Case("x", body=[1])),
    ):
        client = make(Scripted(problem(errors=errors)))
        refused(client, case, "LIMIT-2", "k")
        assert "ERR-5" not in failed(client)


CASES = {"LIMIT-2": [Case("an empty title", {"title": ""})], "BODY-4": [Case("a type", {"type": "X"})]}


def wrong(document: Document) -> bool:
    """Tell whether one of CASES is sent."""
    return document["title"] == "" or document["type"] == "X"


def test_a_group_ends_with_its_control(make: Make) -> None:
    """Refused cases and their valid counterpart share one key, so no refusal has used it up."""
    target = Target(wrong)
    client = make(Scripted(target))
    group(client, CASES)
    assert len({document["external_id"] for document in target.sent}) == 1
    assert str(target.sent[0]["external_id"]).startswith(client.run_id)
    assert [wrong(document) for document in target.sent] == [True, True, False]
    assert {rule: found.cases for rule, found in client.recorder.findings.items() if found.cases} == dict.fromkeys(
        CASES, 1
    )


def test_a_group_sends_all_and_raises_the_first(make: Make) -> None:
    """Failures are told under their rules; after one, the others have a key that is free."""
    target = Target()
    client = make(Scripted(target))
    with pytest.raises(Violation) as caught:
        group(client, CASES)
    assert raised(caught.value) == ("LIMIT-2", "an empty title: 400 or 422", "201 with id ngmt_1")
    assert caught.value.others_hold
    assert failed(client) == {"BODY-4": [("a type: 400 or 422", "201 with id ngmt_2")]}
    assert len({document["external_id"] for document in target.sent}) == 3


def test_a_group_that_creates_nothing_needs_a_reason(make: Make) -> None:
    """Without a control, a refusal shows something only where it names the field."""
    group(make(Scripted(problem(errors=[{"field": "/title"}])), "safe"), {"LIMIT-2": CASES["LIMIT-2"]})
    client = make(Scripted(problem()), "safe")
    says = "refused, but without an accepted control nobody knows why: an empty title"
    with pytest.raises(Untested, match=says):
        group(client, CASES)


def test_a_control_that_fails_tells_whether_the_key_is_to_blame(make: Make) -> None:
    """A key that stays taken is IDEM-9; a target that refuses every valid submission is untested."""
    client = make(Scripted(Target(lambda document: document["external_id"] == "taken")))
    control(client, "taken", "a refused submission")
    expected = "the key to be free after a refusal (a refused submission)"
    assert [said for said, _ in failed(client)["IDEM-9"]] == [expected]
    known = Target()
    known.kept["taken"] = {"id": "ngmt_1", "title": "First"}
    client = make(Scripted(known))
    created(client, client.submission(external_id="taken"))
    control(client, "taken", "x")
    ((said, _),) = failed(client)["IDEM-9"]
    assert said == "the key to be free after a refusal (x)"
    with pytest.raises(Untested, match=r"^the accepted control was refused too: 422: "):
        control(make(Scripted(Target(lambda _: True))), "k", "x")
    client = make(Scripted(Target()))
    control(client, "k", "x")
    assert failed(client) == {}


def test_a_group_whose_key_stays_taken_says_after_what(make: Make) -> None:
    """The failure of the control names what came before it."""
    taken: set[str] = set()

    def once(document: Document) -> bool:
        used = document["external_id"] in taken
        taken.add(document["external_id"])
        return used or wrong(document)

    client = make(Scripted(Target(once)))
    group(client, CASES)
    assert [said for said, _ in failed(client)["IDEM-9"]] == [
        "the key to be free after a refusal (a refused submission)"
    ]


def test_settling_without_failures_is_a_pass(make: Make) -> None:
    """Nothing is raised, nothing recorded."""
    client = make(Scripted(engagement()))
    settle(client, [])
    assert failed(client) == {}


PARTS = [("LIMIT-1", {"title": "long"}), ("LIMIT-3", {"source_system": "long"})]


def test_changes_are_accepted_together(make: Make) -> None:
    """One submission with all of them is enough, and its answer is looked at."""
    target = Target(title="other")
    client = make(Scripted(target))
    accept_each(client, PARTS, credential="reader", chunked=True)
    assert [(document["title"], document["source_system"]) for document in target.sent] == [("long", "long")]
    assert failed(client) == {"RESP-4": [('title "long", as submitted', '"other"')]}


def test_a_refused_change_is_found_by_trying_each(make: Make) -> None:
    """Where all together are refused each is sent alone, and the one to blame is recorded under its rule."""
    transport = Scripted(Target(lambda document: document["source_system"] == "long"))
    client = make(transport)
    accept_each(client, PARTS, chunked=True)
    assert {rule: expected for rule, ((expected, _),) in failed(client).items()} == {
        "LIMIT-3": "a first submission to be accepted"
    }
    assert [sent.chunked for sent in transport.sent] == [True] * 3
    client = make(Scripted(Target(lambda document: "long" in {document["title"], document["source_system"]})))
    accept_each(client, PARTS)
    assert failed(client).keys() == {"LIMIT-1", "LIMIT-3"}


def test_changes_that_are_only_refused_together_are_told(make: Make) -> None:
    """Each alone is accepted, so no rule of theirs is to blame."""
    both = Target(lambda document: document["title"] == document["source_system"] == "long")
    with pytest.raises(Violation) as caught:
        accept_each(make(Scripted(both)), PARTS)
    rule, expected, actual = raised(caught.value)
    assert (rule, expected) == (None, "fields that are valid one by one to be valid together")
    assert actual.startswith("422: ")


def test_an_answer_with_a_known_id_is_tried_one_by_one(make: Make) -> None:
    """Accepted, but as an engagement that exists: each change tells whether it is to blame."""
    client = make(Scripted(Target(id="ngmt_1")))
    created(client, client.submission())
    accept_each(client, PARTS)
    assert failed(client).keys() >= {"LIMIT-1", "LIMIT-3"}


@pytest.mark.parametrize(
    ("errors", "named"),
    [
        ([{"field": "/title"}], {"title"}),
        ([{"field": "title"}, {"field": "body.sourceSystem"}], {"title", "source_system"}),
        ([{"field": "/participants/0/email"}], {"participants"}),
        ([{"field": "EXTERNAL_ID"}], {"external_id"}),
        ([{"field": "data[transcript_text]"}], {"transcript_text"}),
        ([{"field": "/titles"}, {"field": ""}, {"field": 5}, {}, "title"], set()),
        ({"field": "/title"}, set()),
        (None, set()),
    ],
    ids=range(8),
)
def test_fields_are_found_in_any_notation(errors: object, named: set[str]) -> None:
    """Pointers, dots, brackets, camel case; what is not as documented names nothing."""
    exchange = Exchange(Request(Body.of({}), ()), problem(errors=errors), "http://127.0.0.1:1/api")
    assert named_fields(exchange) == named


@pytest.mark.parametrize(
    ("response", "said"),
    [
        (engagement(), "201 with id ngmt_1"),
        (reply(200, {}), "200"),
        (reply(404, []), "404"),
        (problem(detail="No."), '422: "No."'),
        (problem(detail="No.", errors=[{"field": "/a"}]), '422: [{"field": "/a"}]'),
        (problem(errors=["x" * 150] * 9), '422: ["' + ("x" * 150 + '", "') * 1 + "x" * 144),
    ],
    ids=range(6),
)
def test_an_answer_is_said_in_a_line(response: Response, said: str) -> None:
    """The status, and what a problem says: its errors, or else its detail, at most 300 characters of it."""
    assert answer(Exchange(Request(Body.of({}), ()), response, "http://127.0.0.1:1/api")) == said


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
