"""What a submission is made of: BODY-1 to BODY-23."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from urllib.parse import urlencode

from contract.cases import bodies, encodings
from contract.cases.submission import Submission, Table, by_rule
from contract.cases.verdict import REFUSED
from contract.exchange import PATH, Body
from contract.judge.answers import answer
from contract.outcome import NotApplicable, Untested, Violation
from contract.run import blame
from contract.run.client import REPEAT, RecordingClient
from contract.run.groups import group
from contract.run.steps import (
    check_first,
    check_ignored,
    check_repeat,
    created,
    example,
    labelled,
    note_verdict,
    replayed,
)
from contract.spec.fields import body_rules, fields
from contract.spec.statuses import LENGTH_REQUIRED
from contract.suite.marks import each_group, needs, rule


def _shares(cases: Table, count: int) -> list[dict[str, Sequence[Submission]]]:
    """Return the cases of each rule that is not about lengths, in groups of so many cases or a few more."""
    groups: list[dict[str, Sequence[Submission]]] = [{}]
    for name, several in cases.items():
        if not any(name in {field.rules.get(k) for k in LENGTHS} for field in fields().values()):
            if sum(map(len, groups[-1].values())) >= count:
                groups.append({})
            groups[-1][name] = several
    return groups


LENGTHS = ("minLength", "maxLength", "x-maxBytes")


@each_group(*_shares(bodies.refused(), 50), by_rule((*bodies.NO_OBJECTS, *bodies.NO_JSON)))
def test_what_is_malformed_is_refused(client: RecordingClient, cases: Table) -> None:
    """One thing wrong in an otherwise valid submission is refused, never converted or ignored."""
    group(client, cases)


@rule("BODY-14", "BODY-15")
def test_a_valid_submission_in_another_form_is_refused(client: RecordingClient) -> None:
    """A valid submission inside a list or a text, cut, continued, or written as other languages would."""
    whole = Body.of(client.submission()).content
    group(client, bodies.in_other_forms(whole, json.dumps(whole.decode())))


@each_group(*({name: several} for name, several in bodies.flags_and_words().items()))
@needs(REPEAT)
def test_valid_values_are_accepted(client: RecordingClient, cases: Table) -> None:
    """Each flag and each word of a list is accepted; asked with a repeat, which triggers and creates nothing."""
    first = example(client, "plain")
    for name, several in cases.items():
        for case in several:
            with client.case(name, case.why):
                exchange = client.submit({**first.document, **case.value}, expect="replayed")
                if exchange.response.status in REFUSED.statuses:
                    blame.ask_fresh(client, exchange)
                    client.broken[case.field or ""] = name
                    raise Violation(name, f"{case.why} to be accepted", answer(exchange), exchange)


@rule("BODY-13")
def test_the_required_fields_suffice(client: RecordingClient) -> None:
    """The six required fields alone are accepted, and with is_private, which says that nobody is to see it."""
    with client.case("BODY-13", "the required fields alone"):
        example(client, "minimal")
    example(client, "plain")


@rule(body_rules()["valid"])
@needs(REPEAT)
def test_the_form_of_a_valid_submission_does_not_matter(client: RecordingClient) -> None:
    """Order, white space, escapes, chunks and how its type is written change nothing; asked with a repeat but once."""
    first = example(client, "plain")
    valid = body_rules()["valid"]
    for name, form in encodings.FORMS.items():
        with _named(f"a body with {name}"):
            replayed(client, first, form.body(first.document), valid)
    for media_type in ("application/json; charset=utf-8", "APPLICATION/JSON"):
        headers = (("Authorization", client.credential("writer")), ("Content-Type", media_type))
        with _named(f"a body of the type {media_type}"):
            replayed(client, first, first.request.body, valid, headers=headers)
    with _named("a body in chunks (Transfer-Encoding: chunked)"):
        known = dict(client.engagements)
        try:
            title = f"{client.run_id} {'é' * 20}"  # of which some lie in two chunks
            exchange = client.submit(client.submission(title=title), chunked=True)
        except Untested:
            return  # something in front of the target takes no chunks
        if exchange.response.status != LENGTH_REQUIRED:  # the target itself may ask for a length
            check_first(client, exchange, known, valid)


@contextmanager
def _named(form: str) -> Iterator[None]:
    """Say in a violation which form of a submission it is about."""
    try:
        yield
    except Violation as violation:
        violation.expected = f"{form}: {violation.expected}"
        raise


@rule("BODY-12")
def test_call_and_meeting_are_accepted_and_kept(client: RecordingClient) -> None:
    """Both types are accepted, and engagement_type says which."""
    client.need("type")
    for kind, exchange in (("CALL", example(client, "plain")), ("MEETING", example(client, "full"))):
        said = exchange.response.engagement.get("engagement_type")
        if isinstance(said, str) and exchange.document["type"] == kind != said:
            raise Violation("BODY-12", f"engagement_type {kind}", said, exchange)


@rule("BODY-10")
def test_participants_may_have_a_name_an_email_or_both(client: RecordingClient) -> None:
    """Each of the three kinds of participant is accepted, many of them, and none."""
    client.need("participants")
    _, *kinds = [case.value["participants"] for case in bodies.accepted()["BODY-10"]]
    try:
        created(client, client.submission(participants=[person for kind in kinds for person in kind]), "BODY-10")
    except Violation:
        for kind in kinds:  # which of them it was
            created(client, client.submission(participants=kind), "BODY-10")
        raise
    fires = client.allowed({"run_workflows": True})  # with is_private: neither changes the other
    created(client, client.submission(participants=[], **fires), "BODY-10")


@rule("BODY-8")
def test_the_offset_of_a_start_is_honoured(client: RecordingClient) -> None:
    """The start in the answer is the instant that was sent: that is compared in every answer to a first submission."""
    client.need("start_at")
    kinds = fields()["type"].values[:1] if "type" in client.broken else fields()["type"].values
    for number, (sent, _) in enumerate(bodies.INSTANTS[: client.profile.pick(4, 7, 8)]):
        exchange = created(client, client.submission(start_at=sent, type=kinds[number % len(kinds)]), "BODY-8")
        if exchange.response.engagement.get("start_at") is None:
            raise NotApplicable("the target does not say start_at")
        if REPEAT not in client.broken:  # what is stored may be another instant than that of the first answer
            replayed(client, exchange, exchange.request.body)


def _seen(client: RecordingClient, case: Submission, expect: str = "observed") -> None:
    """Report whether a target accepts what the contract leaves open."""
    with client.case(case.rule, case.why):
        exchange = client.submit(case.document(client.base, client.key()), expect=expect)
        note_verdict(client, case.rule, exchange, case.why)
        if case.rule == bodies.IGNORED:
            check_ignored(client, exchange)


@rule("BODY-11")
def test_whether_unusable_participants_are_refused(client: RecordingClient) -> None:
    """Participants without name and e-mail, empty ones, and an e-mail that is none."""
    for case in bodies.free()["BODY-11"][:3]:
        _seen(client, case)


@rule("BODY-16")
def test_whether_null_is_allowed_for_optional_fields(client: RecordingClient) -> None:
    """An optional field that is null is refused or taken as left out."""
    for case in bodies.free()[body_rules()["optionalNull"]]:
        _seen(client, case)


@rule("BODY-17")
def test_whether_unknown_fields_are_ignored(client: RecordingClient) -> None:
    """A field that the page does not list. Where it is ignored, what is made of the others is as they say."""
    for case in bodies.free()[bodies.IGNORED]:
        _seen(client, case, "created")


@rule("BODY-17")
@needs(REPEAT)
def test_whether_a_query_is_ignored(client: RecordingClient) -> None:
    """The page lists no query for a creation. Where one is ignored, a repeat stays one, whatever the query names."""
    first = example(client, "plain")
    query = urlencode({"title": f"{client.run_id} of the query", "external_id": client.key("-query")})
    exchange = client.submit(first.request.body, path=f"{PATH}?{query}", expect="replayed")
    note_verdict(client, "BODY-17", exchange, "a query that names fields")
    if exchange.response.ok:
        check_repeat(client, exchange, first, "IDEM-2")


@rule("BODY-18")
def test_which_other_forms_of_iso_8601_are_accepted(client: RecordingClient) -> None:
    """Dates alone, times without an offset or seconds, basic and week dates."""
    for case in bodies.free()["BODY-18"][:5]:
        _seen(client, case)


@rule("BODY-19")
def test_whether_duplicate_keys_are_refused(client: RecordingClient) -> None:
    """One key twice in an object."""
    content = Body.of(client.submission()).content[:-1] + b', "title": "a second title"}'
    exchange = client.submit(Body(content), expect="observed")
    title = exchange.shown(exchange.response.engagement.get("title"))
    note_verdict(client, "BODY-19", exchange, "duplicate keys", accepts=f"takes {title} of")


@rule("BODY-20")
def test_which_content_types_are_accepted(client: RecordingClient) -> None:
    """A submission without a content type, or under another one."""
    for media_type in encodings.MEDIA_TYPES:
        exchange = labelled(client, media_type)
        note_verdict(client, "BODY-20", exchange, media_type or "no content type")


@rule("BODY-21")
def test_what_happens_to_a_lone_surrogate(client: RecordingClient) -> None:
    """Half of a surrogate pair in a title, written as an escape."""
    content = Body.of(client.submission(title="half")).content.replace(b'"half"', b'"half \\ud800"')
    exchange = client.submit(Body(content), expect="observed")
    note_verdict(client, "BODY-21", exchange, "half a surrogate pair")


@rule("BODY-23")
def test_what_happens_to_invalid_utf_8(client: RecordingClient) -> None:
    """A byte of Latin-1 inside a title."""
    content = Body.of(client.submission(title="caf")).content.replace(b'"caf"', b'"caf\xe9"')
    exchange = client.submit(Body(content), expect="observed")
    note_verdict(client, "BODY-23", exchange, "invalid UTF-8")


@rule("BODY-22")
def test_what_happens_to_a_nul(client: RecordingClient) -> None:
    """A NUL inside a title."""
    exchange = client.submit(client.submission(title="a\0b"))
    kept = exchange.response.engagement.get("title") == "a\0b"
    note_verdict(client, "BODY-22", exchange, "a NUL", accepts="keeps" if kept else "changes")
