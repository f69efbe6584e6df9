"""Cases that are judged together: minimal pairs closed by a control, and changes that are accepted at once."""

from weakref import ReferenceType, ref

import pytest

from contract.cases.submission import Submission
from contract.cases.verdict import REFUSED
from contract.exchange import Request, Response
from contract.outcome import See, Untested, Violation
from contract.run.groups import accept_each, control, group, settle
from contract.run.profile import Profile
from contract.run.steps import created
from contract.target.transport import NoAnswer
from tests.kit.targets import Document, Make, Scripted, Target, engagement, failed, problem, raised

CASES = {
    "LIMIT-2": [Submission({"title": ""}, REFUSED, "LIMIT-2", "an empty title")],
    "BODY-4": [Submission({"type": "X"}, REFUSED, "BODY-4", "a type")],
}


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


@pytest.mark.parametrize(("profile", "forms"), [("quick", 1), ("standard", 2), ("thorough", 3)])
def test_cases_take_turns_in_their_forms(make: Make, profile: str, forms: int) -> None:
    """A target may look at a meeting, or at what has every field, less closely: cases come as these, too."""
    target = Target(wrong)
    client = make(Scripted(target))
    client.profile = Profile(profile)
    group(client, {"LIMIT-2": CASES["LIMIT-2"] * 3})
    sent = [(document["type"], "participants" in document) for document in target.sent[:-1]]
    assert set(sent) == {("CALL", False), ("MEETING", False), ("MEETING", True)}
    assert len(sent) == 3 * forms
    client.broken["type"] = "BODY-12"
    assert all("type" not in form for form in client.forms)


def test_a_group_keeps_no_answers(make: Make) -> None:
    """Of a hundred answers, each of which may have megabytes, few are in memory at once."""
    target = Target(wrong)
    answers: list[ReferenceType[Response]] = []
    most = 0

    def answered(request: Request) -> Response:
        nonlocal most
        most = max(most, sum(answer() is not None for answer in answers))
        response = target(request)
        answers.append(ref(response))
        return response

    group(make(Scripted(answered)), {"LIMIT-2": CASES["LIMIT-2"] * 20})
    assert len(answers) == 21
    assert most < 5


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


def test_silence_for_a_case_breaks_its_rule(make: Make) -> None:
    """Beside ERR-4: a case that gets no answer, while others are answered, was not refused."""
    target = Target()

    def silent(request: Request) -> Response:
        if wrong(request.body.document):
            raise NoAnswer("reset")
        return target(request)

    client = make(Scripted(silent))
    client.anchor = created(client, client.submission())
    with pytest.raises(Violation) as caught:
        group(client, CASES)
    assert caught.value.rule == "LIMIT-2"
    assert "an empty title" in caught.value.expected
    assert failed(client).keys() == {"BODY-4", "ERR-4"}


def test_a_case_that_others_would_see_is_left_out(make: Make) -> None:
    """The group goes on without it, on a target that is not on this machine."""
    target = Target(wrong)
    client = make(Scripted(target), base_url="https://staging.example.com/api")
    seen = Submission({"is_private": "yes"}, REFUSED, "BODY-6", "is_private 'yes'")
    group(client, {"BODY-6": [seen], **CASES})
    assert [wrong(document) for document in target.sent] == [True, True, False]
    (left,) = client.recorder.findings["BODY-6"].left_out
    assert left.startswith("is_private 'yes'")


def test_a_group_that_creates_nothing_needs_a_reason(make: Make) -> None:
    """Without a control, a refusal shows something only where it names the field."""
    group(make(Scripted(problem(errors=[{"field": "/title"}])), "safe"), {"LIMIT-2": CASES["LIMIT-2"]})
    client = make(Scripted(problem()), "safe")
    says = "refused, but without an accepted control nobody knows why: an empty title"
    with pytest.raises(Untested, match=says):
        group(client, CASES)


def test_a_control_that_fails_tells_whether_the_key_is_to_blame(make: Make) -> None:
    """A key that stays taken is IDEM-9; a target that refuses every valid submission breaks another rule."""
    client = make(Scripted(Target(lambda document: document["external_id"] == "taken")))
    control(client, "taken", "a refused submission")
    ((said, _),) = failed(client)["IDEM-9"]
    assert said.startswith("the key to be free after a refusal (a refused submission)")
    known = Target()
    known.kept["taken"] = {"id": "ngmt_1", "title": "First"}
    client = make(Scripted(known))
    created(client, client.submission(external_id="taken"))
    control(client, "taken", "x")
    ((said, _),) = failed(client)["IDEM-9"]
    assert said.startswith("the key to be free after a refusal (x)")
    client = make(Scripted(Target(lambda _: True)))
    with pytest.raises(See, match="see BODY-13"):
        control(client, "k", "x")
    assert failed(client).keys() == {"BODY-13"}
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
    ((said, _),) = failed(client)["IDEM-9"]
    assert said.startswith("the key to be free after a refusal (a refused submission)")


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
        "LIMIT-3": 'a first submission with source_system "long" to be accepted'
    }
    assert [sent.chunked for sent in transport.sent] == [True] * 3
    client = make(Scripted(Target(lambda document: "long" in {document["title"], document["source_system"]})))
    accept_each(client, PARTS)
    assert failed(client).keys() == {"LIMIT-1", "LIMIT-3"}


def test_texts_that_are_too_long_in_bytes_alone_break_the_rule_about_code_points(make: Make) -> None:
    """Where as many characters of one byte each are accepted, the limits are right and their unit is wrong."""
    client = make(Scripted(Target(lambda document: len(document["title"].encode()) > 500)))
    accept_each(client, [("LIMIT-1", {"title": "é" * 500}), ("LIMIT-3", {"source_system": "é" * 100})])
    assert failed(client).keys() == {"LIMIT-10"}


def test_changes_that_are_only_refused_together_are_told(make: Make) -> None:
    """Each alone is accepted, so no rule of theirs is to blame."""
    both = Target(lambda document: document["title"] == document["source_system"] == "long")
    with pytest.raises(Violation) as caught:
        accept_each(make(Scripted(both)), PARTS)
    rule, expected, actual = raised(caught.value)
    assert (rule, expected) == (None, "fields that are valid one by one to be valid together")
    assert actual.startswith("422: ")


@pytest.mark.parametrize(("answer", "broken"), [(Target(id="ngmt_1"), "RESP-3"), (engagement(1, 200), "IDEM-7")])
def test_an_engagement_that_is_another_one_is_no_fault_of_the_changes(
    make: Make, answer: Target | Response, broken: str
) -> None:
    """Accepted, but as an engagement that exists: its id stands for two, or two keys are taken for one."""
    client = make(Scripted(answer))
    created(client, client.submission(title="t"))
    with pytest.raises(Violation) as caught:
        accept_each(client, PARTS)
    assert caught.value.rule == broken
