"""The judgements on single answers: what each raises, what it records, and what it leaves alone."""

import pytest

from contract.cases.credentials import cut
from contract.cases.submission import Submission
from contract.cases.verdict import EXACTLY_422, REFUSED
from contract.exchange import Body, Exchange, Request, Response
from contract.judge.answers import answer, named_fields
from contract.outcome import LeftOut, See, TooLarge, Violation
from contract.run.steps import check_race, created, example, refused, replayed, turned_away
from contract.target.config import Credential
from tests.kit.targets import Make, Scripted, Target, engagement, failed, problem, raised, reply

EMPTY = Submission({"title": ""}, REFUSED, "LIMIT-2", "an empty title")


def test_a_first_submission_is_created(make: Make) -> None:
    """What is accepted under a new key, and shows what was submitted, is returned."""
    client = make(Scripted(Target()))
    exchange = created(client, client.submission(), "IDEM-1")
    assert exchange.response.status == 201
    assert failed(client) == {}


def test_a_first_submission_that_is_refused_breaks_the_rule(make: Make) -> None:
    """The violation names the rule it was given, if that is about what is sent, and what the target said."""
    with pytest.raises(Violation) as caught:
        created(make(Scripted(problem(422, detail="No."))), {"external_id": "key"}, "LIMIT-5")
    assert raised(caught.value) == ("LIMIT-5", "a first submission to be accepted", '422: "No."')
    assert caught.value.exchange is not None


def test_a_key_that_is_busy_just_after_a_race_is_asked_again(make: Make) -> None:
    """A target may tidy up after its last answer: 409 counts once it comes a second time."""
    target = Target()
    answers: list[Response] = []

    def answered(request: Request) -> Response:
        return answers.pop() if answers and request.expect == "replayed" else target(request)

    client = make(Scripted(answered))
    racers = [client.request(client.submission(external_id=f"{client.run_id}:race")) for _ in range(2)]
    answers = [problem(409, 1)]
    check_race(client, client.race(racers), {})
    assert failed(client) == {}
    answers = [problem(409, 2), problem(409, 3)]
    again = [client.request(client.submission(external_id=f"{client.run_id}:again")) for _ in range(2)]
    with pytest.raises(Violation) as caught:
        check_race(client, client.race(again), {})
    assert caught.value.rule == "IDEM-10"


def test_an_owner_that_changes_is_noticed_everywhere(make: Make) -> None:
    """All that one credential creates belongs to one user, whatever a test is about."""
    target = Target(owner_user_id="usr_1")
    client = make(Scripted(target))
    for _ in range(2):
        created(client, client.submission())
    assert failed(client) == {}
    target.shown["owner_user_id"] = "usr_2"
    created(client, client.submission())
    assert failed(client).keys() == {"SCOPE-4"}


def test_a_failure_is_told_once(make: Make) -> None:
    """Whatever valid submission is answered with 500: that was recorded when the answer came."""
    client = make(Scripted(Target(), problem(500, 1), problem(500, 2)))
    first = created(client, client.submission())
    with pytest.raises(See, match="see ERR-4"):
        created(client, client.submission(), "IDEM-5")
    with pytest.raises(See, match="see ERR-4"):
        replayed(client, first, first.document)
    assert failed(client).keys() == {"ERR-4"}


def test_a_body_that_never_arrives_is_untested(make: Make) -> None:
    """413 from whatever stands in front of the target is no verdict, on any kind of submission."""
    says = "413: the target, or something in front of it, takes no body of this size"
    client = make(Scripted(engagement(), reply(413, {})))
    first = created(client, client.submission())
    with pytest.raises(TooLarge, match=f"^{says}$"):
        created(client, client.submission())
    with pytest.raises(TooLarge, match=f"^{says}$"):
        replayed(client, first, first.document, "IDEM-1")
    with pytest.raises(TooLarge, match=f"^{says}$"):
        refused(client, EMPTY, "key")


def test_a_limit_of_the_targets_own_bodies_is_the_fault_of_the_target(make: Make) -> None:
    """Its 413 has a request_id, and refuses what fits into the limits. A body that is all escapes may be too large."""
    client = make(Scripted(problem(413)))
    with pytest.raises(Violation) as caught:
        created(client, client.submission(), "LIMIT-7")
    assert caught.value.rule == "LIMIT-7"
    with pytest.raises(TooLarge):
        created(client, client.submission(), "LIMIT-9", escaped=True)


def test_a_new_key_has_a_new_engagement(make: Make) -> None:
    """The engagement of another key is IDEM-7; an id that stands for two engagements is RESP-3."""
    target = Target(id="ngmt_1")
    client = make(Scripted(target))
    created(client, client.submission())
    with pytest.raises(Violation) as caught:
        created(client, client.submission(), "IDEM-4")
    assert raised(caught.value) == ("IDEM-7", "a new engagement for a new key", "ngmt_1, which is another key's")
    with pytest.raises(Violation) as caught:
        created(client, client.submission(title="another"), "IDEM-4")
    assert raised(caught.value) == ("RESP-3", "an id of its own for a new engagement", "ngmt_1, which is another one's")


def test_a_forgotten_engagement_is_still_another_keys(make: Make) -> None:
    """A run that goes on and on drops what it knows of its engagements, and keeps whose they are."""
    client = make(Scripted(engagement(), engagement(1, 200)))
    created(client, client.submission(title="t"))
    client.forget()
    with pytest.raises(Violation) as caught:
        created(client, client.submission(title="another"), "IDEM-9")
    assert raised(caught.value)[0] == "IDEM-7"


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


@pytest.mark.parametrize("name", ["plain", "minimal", "full"])
def test_an_example_that_is_refused_is_told_once(make: Make, name: str) -> None:
    """Whoever looks at it after that is told where to look, and nothing is sent."""
    client = make(transport := Scripted(problem()))
    with pytest.raises(Violation) as caught:
        example(client, name)
    assert caught.value.rule == "BODY-13"
    with pytest.raises(See, match="see BODY-13"):
        example(client, name)
    assert len(transport.sent) == 1


def test_a_case_is_built_from_the_valid_submission(make: Make) -> None:
    """One attribute is changed, left out, or the whole body is another; the key is the one given."""
    client = make(Scripted(engagement()))
    valid = {**client.base, "external_id": "k"}
    without = Submission({}, REFUSED, "BODY-1", "x", without="title")
    whole = Submission({}, REFUSED, "BODY-14", "x", body=Body(b"[1]"))
    assert EMPTY.content(client.base, "k").document == {**valid, "title": ""}
    assert without.content(client.base, "k").document == {n: v for n, v in valid.items() if n != "title"}
    assert whole.content(client.base, "k").content == b"[1]"
    key = Submission({"external_id": ""}, REFUSED, "LIMIT-6", "x")
    assert key.content(client.base, "k").document["external_id"] == ""
    assert [case.field for case in (EMPTY, without, whole)] == ["title", "title", None]


def test_a_case_has_to_be_refused(make: Make) -> None:
    """With one of its statuses; the violation names the case, and all of them."""
    client = make(Scripted(engagement()))
    with pytest.raises(Violation) as caught:
        refused(client, EMPTY, "k")
    assert raised(caught.value) == ("LIMIT-2", "an empty title: 400 or 422", "201 with id ngmt_1")
    exact = Submission({"title": ""}, EXACTLY_422, "URL-3", "x")
    with pytest.raises(Violation) as caught:
        refused(make(Scripted(problem(400))), exact, "k")
    assert caught.value.expected == "x: 422"
    escaped = Submission({"title": "é"}, REFUSED, "LIMIT-2", "x", escaped=True)
    for status in (400, 422):
        sent = refused(make(Scripted(problem(status))), escaped, "k")
        assert (sent.request.expect, sent.request.body.escaped, sent.request.key) == ("refused", True, "k")
    assert refused(make(Scripted(problem())), EMPTY, "k", chunked=True).request.chunked


def test_a_wrong_credential_that_would_be_valid_is_not_sent(make: Make) -> None:
    """The first half of a credential of one letter is that credential: the target is right to accept it."""
    transport = Scripted(engagement())
    client = make(transport, credentials={"writer": Credential("writer", "w")})
    with pytest.raises(LeftOut):
        turned_away(client, cut(50), "k")
    assert not transport.sent


def test_a_race_is_not_blamed_for_a_racer_that_is_refused_alone(make: Make) -> None:
    """A valid submission that is refused in a race is refused under a key of its own, too: its field is to blame."""
    client = make(Scripted(Target(lambda document: document["title"] == "odd")))
    key = client.key()
    racers = [client.submission(external_id=key, title=title) for title in ("odd", "plain")]
    exchanges = client.race([client.request(racer) for racer in racers])
    with pytest.raises(See, match="see LIMIT-1"):
        check_race(client, exchanges, {})
    assert failed(client).keys() == {"LIMIT-1"}


@pytest.mark.parametrize("statuses", [(409, 422), (422, 409)], ids=str)
def test_a_race_is_not_blamed_for_a_recording_that_is_refused(make: Make, statuses: tuple[int, int]) -> None:
    """A racer that holds the key is refused for its recording, the others get 409: that is URL-17, in any order."""
    media = "https://media.example.com/AUDIO.mp3"
    target = Target(lambda document: document["media_url"] == media)
    client = make(Scripted(*(problem(status, number) for number, status in enumerate(statuses, 90)), target))
    key = client.key()
    changes = [{"media_url": media} if status == 422 else {} for status in statuses]
    racers = [client.submission(external_id=key, **change) for change in changes]
    exchanges = client.race([client.request(racer) for racer in racers])
    with pytest.raises(See, match="see URL-17"):
        check_race(client, exchanges, {})
    assert failed(client).keys() == {"URL-17"}


def test_a_race_is_not_blamed_for_repeats_that_change_the_engagement(make: Make) -> None:
    """Racers that get different titles under one id get them one after the other, too."""
    echoing = Target()

    def answered(request: Request) -> Response:
        kept = echoing(request)
        return engagement(1, kept.status, title=request.body.document["title"])

    client = make(Scripted(answered))
    key = client.key()
    racers = [client.submission(external_id=key, title=title) for title in ("one", "two")]
    exchanges = client.race([client.request(racer) for racer in racers])
    with pytest.raises(See, match="see IDEM-2"):
        check_race(client, exchanges, {})


def test_a_limit_that_is_not_kept_is_the_plainer_cases_fault(make: Make) -> None:
    """A text that is too long in another form says nothing where the plain one is accepted as well."""
    plain = Submission({"title": "long"}, REFUSED, "LIMIT-1", "a long title")
    case = Submission({"title": "wide"}, REFUSED, "LIMIT-10", "a wide title", plainer=plain)
    client = make(Scripted(Target()))
    with pytest.raises(See, match="see LIMIT-1"):
        refused(client, case, "k")
    assert failed(client).keys() == {"LIMIT-1"}
    client = make(Scripted(Target(lambda document: document["title"] == "long")))
    with pytest.raises(Violation) as caught:
        refused(client, case, "k")
    assert caught.value.rule == "LIMIT-10"


def test_a_refusal_that_names_another_field_is_recorded(make: Make) -> None:
    """ERR-5, beside the verdict on the case; an error that names no known field is silent."""
    client = make(Scripted(problem(errors=[{"field": "/participants/0/name"}, {"field": "sourceSystem"}])))
    refused(client, EMPTY, "k")
    assert failed(client)["ERR-5"] == [("an error that names title", "participants, source_system")]
    for errors, case in (
        ([{"field": "/title"}], EMPTY),
        ([{"field": "/nothing"}], EMPTY),
        ([{"field": "/type"}], Submission({}, REFUSED, "BODY-14", "x", body=Body(b"[1]"))),
    ):
        client = make(Scripted(problem(errors=errors)))
        refused(client, case, "k")
        assert "ERR-5" not in failed(client)


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
        (reply(404, []), "404: []"),
        (reply(400, {"error": "bad json"}), '400: {"error": "bad json"}'),
        (Response(502, {}, b"no upstream\n"), "502: no upstream"),
        (Response(404, {}, b""), "404"),
        (problem(detail="No."), '422: "No."'),
        (problem(detail="No.", errors=[{"field": "/a"}]), '422: [{"field": "/a"}]'),
        (problem(errors=["x" * 150] * 9), '422: ["' + '", "'.join(["x" * 150] * 9) + '"]'),
    ],
    ids=range(9),
)
def test_an_answer_is_said_in_a_line(response: Response, said: str) -> None:
    """The status, and what an error says: its errors or detail, or else all. A report cuts it, without secrets."""
    assert answer(Exchange(Request(Body.of({}), ()), response, "http://127.0.0.1:1/api")) == said
