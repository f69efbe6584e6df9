"""Which rule is to blame where a target breaks several at once: the plainest of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from contract.cases import urls
from contract.cases.credentials import UNKNOWN, WRONG
from contract.cases.keys import plainer
from contract.cases.submission import Submission, media
from contract.cases.verdict import NO_SCHEME, REFUSED
from contract.exchange import Body, Request, Response, Text
from contract.judge.submission import judge
from contract.outcome import See, Violation
from contract.run.steps import check_race, created, created_near, refused, replayed, turned_away
from tests.kit.targets import Make, Scripted, Target, engagement, failed, problem, raised

EMPTY = Submission({"title": ""}, REFUSED, "LIMIT-2", "an empty title")
HOSTILE = [url for rule in ("URL-11", "URL-12", "URL-13", "URL-14") for url in urls.HOSTS[rule]]


def accepting(*accepted: urls.Url) -> Scripted:
    """Return a target that refuses every recording but these."""
    return Scripted(Target(lambda document: document["media_url"] not in {url.value for url in accepted}))


@pytest.mark.parametrize("url", HOSTILE, ids=lambda url: url.value)
def test_whatever_leads_to_an_address_has_the_address_as_its_plainer_case(make: Make, url: urls.Url) -> None:
    """A target that lets an address through does so however it is written; the address is to blame, and told once."""
    plain = url.plainer
    assert plain is not None
    client = make(accepting(url, plain))
    for _ in range(2):
        with pytest.raises(See, match=f"see {plain.rule}$"):
            refused(client, media(url), client.key())
    assert [len(failures) for failures in failed(client).values()] == [1]
    client = make(accepting(url))
    with pytest.raises(Violation) as caught:
        refused(client, media(url), client.key())
    assert caught.value.rule == url.rule
    assert failed(client) == {}


def test_a_drawn_url_keeps_its_plainer_case(make: Make) -> None:
    """What Schemathesis sends is judged by its text alone, and blamed in the same way."""
    url = urls.HOSTS["URL-11"][0]
    document = {**make(Scripted(Target())).submission(), "media_url": url.value}
    assert judge(document, {url.value: url}).case == media(url)


@pytest.mark.parametrize(("near", "rule"), [(["a-x"], "IDEM-5"), ([], "IDEM-7"), (["another"], "IDEM-7")])
def test_a_key_is_near_to_those_that_are_named(make: Make, near: list[str], rule: str) -> None:
    """Taken for one of these it breaks the rule about what they differ in; for any other one, IDEM-7."""
    client = make(Scripted(engagement(1), engagement(1, 200), engagement(2)))
    first = created(client, client.submission(external_id="a-x"))
    with pytest.raises(Violation) as caught:
        created_near(client, {**first.document, "external_id": "A-x"}, "IDEM-5", near)
    assert caught.value.rule == rule


def test_a_part_of_a_key_that_does_not_count_is_to_blame_before_its_case(make: Make) -> None:
    """A target that looks at the end of a key alone takes any letters before it for the same."""
    client = make(Scripted(engagement(1), engagement(1, 200)))
    first = created(client, client.submission(external_id="a-x"))
    with pytest.raises(Violation) as caught:
        created_near(client, {**first.document, "external_id": "A-x"}, "IDEM-5", ["a-x"])
    assert caught.value.rule == "IDEM-7"


@pytest.mark.parametrize(
    ("key", "other", "plain"),
    [
        ("run:1-KEY", "run:1-Key", "run:1-Kxx"),
        (" run:1", "run:1", "xrun:1"),
        ("run:1", "run:1 ", "run:1x"),
        ("run:1  x", "run:1 x", "run:1 xx"),
        ("run:1ss", "run:1ß", "run:1xx"),
        ("a", "b", None),
    ],
)
def test_the_plainer_key_differs_in_letters(key: str, other: str, plain: str | None) -> None:
    """It is neither of the two, and has what they have in common, so that it begins with the run's mark."""
    assert plainer(key, other) == plain


def test_what_was_made_under_an_unknown_key_is_anothers(make: Make) -> None:
    """A body that only the target can read makes an engagement; a new key that gets it is taken for that one."""
    client = make(Scripted(engagement(1), engagement(1, 200)))
    client.submit(client.submission(), key=None)
    client.forget()
    with pytest.raises(Violation) as caught:
        created(client, client.submission(title="another"), "IDEM-9")
    assert caught.value.rule == "IDEM-7"


def test_a_later_repeat_that_is_none_is_no_fault_of_a_race_or_a_workspace(make: Make) -> None:
    """From the second repeat on there is 201: asked in turn, under a key that nobody raced for, it is the same."""
    target, seen = Target(), Counter[str]()

    def answered(request: Request) -> Response:
        response = target(request)
        seen[request.key or ""] += 1
        return Response(201, response.headers, response.content) if seen[request.key or ""] > 2 else response

    client = make(Scripted(answered))
    first = created(client, client.submission())
    replayed(client, first, first.document, "IDEM-4")
    with pytest.raises(See, match="see IDEM-1"):
        replayed(client, first, {**first.document, "title": "another"}, "IDEM-4")
    key = client.key()
    with pytest.raises(See, match="see IDEM-1"):
        check_race(client, client.race([client.request(client.submission(external_id=key)) for _ in range(2)]), {})
    assert failed(client).keys() == {"IDEM-1"}


@pytest.mark.parametrize(
    ("refuses", "broken"),
    [
        (lambda document: document["source_system"] == "odd", "LIMIT-3"),
        (lambda document: len(document["external_id"]) > 200, "LIMIT-5"),
        (lambda document: document["title"] == "t", "LIMIT-2"),
        (lambda document: len(document["title"].encode()) > 500, "LIMIT-10"),
        (lambda document: len(document.get("transcript_text", "").encode()) > 900_000, "LIMIT-8"),
        (lambda document: len(document.get("transcript_text", "")) > 8, "LIMIT-7"),
        (lambda document: "start_at" in document and "transcript_text" in document, "BODY-13"),
        (lambda _: True, "BODY-13"),
    ],
    ids=["source", "key", "shortest title", "wide title", "bytes", "characters", "together", "all"],
)
def test_what_is_sent_is_to_blame_before_the_key(make: Make, refuses: Callable[[Any], bool], broken: str) -> None:
    """A submission that is refused under any key breaks no rule about keys, but that of the field, whoever is named."""
    client = make(Scripted(Target(refuses)))
    odd = {"title": "é" * 300 if broken == "LIMIT-10" else "t", "source_system": "odd"}
    odd |= {"start_at": "2024-03-10T09:30:00Z", "transcript_text": Text(("é", 450_001))}
    with pytest.raises(See, match=f"see {broken}"):
        created(client, client.submission(**odd, external_id="k" * 300), "IDEM-7")
    assert failed(client).keys() == {broken}
    with pytest.raises(Violation) as caught:
        created(client, client.submission(**odd, external_id="l" * 300))
    assert caught.value.rule == broken


@pytest.mark.parametrize(("title", "broken"), [("short", "BODY-13"), ("t" * 300, "LIMIT-9")])
def test_a_form_that_is_refused_is_to_blame(make: Make, title: str, broken: str) -> None:
    """Where the same submission is accepted as it is usually written, its fields are not to blame, nor is a repeat."""
    target = Target()

    def answered(request: Request) -> Response:
        return problem() if request.body.escaped else target(request)

    client = make(Scripted(answered))
    with pytest.raises(Violation) as caught:
        created(client, client.submission(title=title), escaped=True)
    assert caught.value.rule == broken
    first = created(client, client.submission())
    with pytest.raises(See, match=f"see {broken}"):
        replayed(client, first, {**first.document, "title": title}, escaped=True)


def test_a_source_that_is_part_of_the_key_is_to_blame_whatever_else_differs(make: Make) -> None:
    """A repeat that differs in several fields creates: with another source alone it does so as well."""
    target = Target()

    def answered(request: Request) -> Response:
        document = request.body.document
        key = f"{document['source_system']}:{document['external_id']}"
        return target(replace(request, key=key, body=Body.of({**document, "external_id": key})))

    client = make(Scripted(answered))
    first = created(client, client.submission())
    with pytest.raises(See, match="see IDEM-3"):
        replayed(client, first, {**first.document, "title": "another", "source_system": "another"})
    assert failed(client).keys() == {"IDEM-3"}


def test_a_repeat_is_not_blamed_for_a_field_that_is_refused_alone(make: Make) -> None:
    """A repeat with a value that a first submission may not have either: the rule of that value is broken."""
    client = make(Scripted(Target(lambda document: "start_at" in document)))
    first = created(client, client.submission())
    with pytest.raises(See, match="see BODY-8"):
        replayed(client, first, {**first.document, "start_at": "2024-03-10T09:30:00Z"})
    assert failed(client).keys() == {"BODY-8"}


@pytest.mark.parametrize("rule", ["IDEM-4", "IDEM-11", "AUTH-5"])
def test_a_plain_repeat_with_another_status_is_no_fault_of_what_is_tested(make: Make, rule: str) -> None:
    """The stored engagement comes back, and only the status of a repeat is wrong: that is IDEM-1 everywhere."""
    client = make(Scripted(engagement()))
    first = created(client, client.submission())
    with pytest.raises(Violation) as caught:
        replayed(client, first, first.request.body, rule)
    assert raised(caught.value)[0] == "IDEM-1"
    bare = (("Authorization", "sk-apik_writer.local"), ("Content-Type", "application/json"))
    with pytest.raises(See, match="see IDEM-1"):
        replayed(client, first, first.request.body, rule, headers=bare)


def test_a_status_that_every_refusal_has_is_told_once(make: Make) -> None:
    """Where the plain refusal gets the same odd status, that one's rule is broken, and no other."""
    client = make(Scripted(problem(404)))
    with pytest.raises(See, match="see BODY-1"):
        refused(client, EMPTY, "k")
    assert {rule: len(found) for rule, found in failed(client).items() if rule.startswith(("BODY", "LIMIT"))} == {
        "BODY-1": 1
    }
    client = make(Scripted(problem(404), problem(422)))  # the plain one is refused as it should be
    with pytest.raises(Violation) as caught:
        refused(client, EMPTY, "k")
    assert caught.value.rule == "LIMIT-2"


def test_a_plain_refusal_that_fails_is_to_blame_for_the_others(make: Make) -> None:
    """What answers a missing scheme as it answers an unknown credential, with 500, breaks the rule of the latter."""
    no_scheme = next(case for case in WRONG if case.verdict is NO_SCHEME and case.rule != UNKNOWN.rule)
    client = make(Scripted(problem(500)))
    with pytest.raises(See, match=f"see {UNKNOWN.rule}"):
        turned_away(client, no_scheme, "k")
    assert no_scheme.rule not in failed(client)


def test_a_key_that_was_forgotten_is_told_once(make: Make) -> None:
    """IDEM-11 for the engagement of the pre-flight, whichever request made the next; no other rule rests on the key."""
    target = Target()
    client = make(Scripted(target))
    client.anchor = first = created(client, client.submission())
    target.kept.clear()
    client.submit({**first.document, "source_system": "another"}, expect="replayed")
    with pytest.raises(Violation) as caught:
        replayed(client, first, first.document)
    assert caught.value.rule == "IDEM-11"
    for document in (first.document, {**first.document, "title": "another"}):
        with pytest.raises(See, match="see IDEM-11"):
            replayed(client, first, document)


def test_a_source_that_is_refused_alone_breaks_no_rule_about_repeats(make: Make) -> None:
    """A repeat with another title and a source that a first submission may not have either: the source is to blame."""
    client = make(Scripted(Target(lambda document: document["source_system"] == "odd")))
    first = created(client, client.submission())
    with pytest.raises(See, match="see LIMIT-3"):
        replayed(client, first, {**first.document, "title": "another", "source_system": "odd"})
    assert failed(client).keys() == {"LIMIT-3"}
