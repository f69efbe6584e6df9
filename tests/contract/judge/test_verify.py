"""The judgements on single answers: what each raises, what it records, and what it leaves alone."""

import pytest

from contract.exchange import Body, Exchange, Request, Response
from contract.judge.replay import (
    Case,
    TooLarge,
    answer,
    created,
    example,
    named_fields,
    refused,
    replayed,
)
from contract.run.recorder import Violation
from tests.kit.targets import Make, Scripted, Target, engagement, failed, problem, raised, reply


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
