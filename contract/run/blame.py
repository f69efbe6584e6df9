"""Whose fault it is when a step goes wrong: a plainer step is asked, and if that goes wrong as well, it is to blame."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from contract.cases import keys, urls
from contract.cases.credentials import UNKNOWN, WrongCredential
from contract.cases.submission import Document, Submission, media
from contract.cases.verdict import EXACTLY_422, NO_SCHEME, REFUSED, UNAUTHORIZED, Url, Verdict
from contract.exchange import Body, Exchange, Text
from contract.judge.answers import answer, named_fields
from contract.judge.creation import WHOLE_KEY, judge_created
from contract.judge.finding import Finding
from contract.judge.refusal import judge_refusal
from contract.judge.replay import SAME, judge_repeat, judge_unchanged, rule_of_repeat
from contract.outcome import FIRST_ACCEPTED, See, TooLarge, Violation
from contract.run.client import REPEAT, RecordingClient
from contract.spec.fields import Field, body_rules, fields
from contract.spec.rules import catalogue
from contract.spec.statuses import TOO_LARGE

CHANGED, REMEMBERED, NO_FAILURE, DECODED, CODE_POINTS = "IDEM-2", "IDEM-11", "ERR-4", "LIMIT-9", "LIMIT-10"
ESCAPE = 6  # characters of a letter that is written as an escape
SENT = ("BODY", "LIMIT", "URL")  # the families about what is sent; what the others say rests on a valid submission
# The plain refusals: where a target answers one of them with another 4xx, it is not the fault of each other case.
_PLAIN: dict[Verdict, Submission | WrongCredential] = {
    UNAUTHORIZED: UNKNOWN,
    NO_SCHEME: UNKNOWN,
    REFUSED: Submission({}, REFUSED, body_rules()["required"], "no title", without="title"),
    EXACTLY_422: media(Url(urls.PRIVATE, EXACTLY_422, "URL-3", "a private address")),
}


def explain(
    client: RecordingClient, case: Submission | WrongCredential, finding: Finding, exchange: Exchange
) -> Violation | See:
    """Return what to raise for a case that was judged wrong: it may be the fault of a plainer one."""
    about_the_key = isinstance(case, Submission) and case.field == "external_id"
    if exchange.response.ok and client.shows_another(exchange) and not about_the_key:
        return taken_for_another(exchange, finding.expected)
    plainer = case.plainer if isinstance(case, Submission) else None
    if plainer is not None and exchange.response.ok and _status(client, plainer) not in plainer.verdict.statuses:
        return See(plainer.rule)
    plain, status = _PLAIN.get(case.verdict), exchange.response.status
    refused = plain is not None and case.rule != plain.rule and not exchange.response.ok
    if plain is not None and refused and _status(client, plain) == status:
        return See(plain.rule)
    return violation(finding, exchange)


def taken_for_another(exchange: Exchange, expected: str) -> Violation:
    """Return what to raise where the engagement of another key comes back: that key is taken for this one."""
    actual = f"the engagement of another key, {exchange.response.id}"
    return Violation(WHOLE_KEY, f"a key of its own, so that this is refused: {expected}", actual, exchange)


def _status(client: RecordingClient, case: Submission | WrongCredential) -> int:
    """Return the status of a case under a key of its own, and record it if it breaks its rule. It is asked once."""
    if case.why not in client.plain:
        if isinstance(case, WrongCredential):
            exchange = client.submit_wrong(case, client.key())
        else:
            exchange = client.submit(case.content(client.base, client.key()), expect="refused")
        client.plain[case.why] = exchange.response.status
        if (finding := judge_refusal(exchange, case)) is not None:
            client.recorder.fail(finding.rule, violation(finding, exchange))
    return client.plain[case.why]


def forgot(exchange: Exchange, first: Exchange, client: RecordingClient) -> bool:
    """Tell whether the key of the pre-flight's engagement, which was repeated before, stands for a later one now.

    Remember that, so that no other rule rests on it.
    """
    made, key = exchange.response.id, first.request.key
    lost = first is client.anchor and made not in {None, first.response.id} and client.ids.get(made or "") == key
    if lost:
        client.forgotten.add(key)
    return lost


def is_plain(exchange: Exchange, first: Exchange) -> bool:
    """Tell whether the very request of a first submission was sent again."""
    sent, before = exchange.request, first.request
    return (sent.body.content, sent.headers) == (before.body.content, before.headers)


def ask_plainer_repeats(client: RecordingClient, exchange: Exchange, first: Exchange) -> None:
    """Raise See if a plainer repeat is none: the first submission itself, or with the other source alone."""
    if is_plain(exchange, first):
        return
    plainer = [first.request.body]
    other = exchange.document.get("source_system")
    if other is not None and rule_of_repeat(first.document, exchange.document) == CHANGED:
        plainer.append(Body.of({**first.document, "source_system": other}))
    for body in plainer:
        repeat = client.submit(body, expect="replayed", credential=first.request.credential)
        rule = rule_of_repeat(first.document, repeat.document)
        rule = REMEMBERED if rule == SAME and forgot(repeat, first, client) else rule
        if not repeat.response.inconclusive and (finding := judge_repeat(repeat, first, rule)) is not None:
            if not repeat.response.ok:
                ask_alone(client, repeat)
            client.recorder.fail(rule, violation(finding, repeat))
            raise See(rule)


def ask_usual_form(client: RecordingClient, exchange: Exchange, first: Exchange) -> None:
    """Raise See if a refused repeat is one in the usual form: its form is to blame. Rules: BODY-13, LIMIT-9."""
    sent, usual = exchange.request, Body.of(exchange.document)
    if sent.body.content == usual.content and not sent.chunked:
        return
    repeat = client.submit(usual, expect="replayed", credential=sent.credential)
    if judge_repeat(repeat, first, SAME) is None:
        rule = _of_form(exchange.document)
        expected = "a repeat to be accepted, whatever its form"
        client.recorder.fail(rule, Violation(rule, expected, answer(exchange), exchange))
        raise See(rule)


def _of_form(document: Document) -> str:
    """Return the rule that is broken where an unusual form is refused: that of limits, if escapes are over one."""
    limited = [(document.get(field.name), field.most) for field in fields().values() if field.most]
    over = any(isinstance(text, str) and len(text) * ESCAPE > most for text, most in limited)
    return DECODED if over else body_rules()["valid"]


def conclusive(exchange: Exchange) -> Exchange:
    """Return an answer to a valid submission that says something. Raises TooLarge, or See if the target failed.

    413 of the target itself says something, unless the body is all escapes: a text within its limits has to fit.
    """
    response = exchange.response
    if response.status == TOO_LARGE and (exchange.request.body.escaped or not response.is_problem_of_the_target):
        raise TooLarge
    if exchange.response.status >= 500 and not exchange.response.from_proxy:
        raise See(NO_FAILURE)  # it was recorded when the answer came
    return exchange


def of_refusal(client: RecordingClient, exchange: Exchange, rule: str | None) -> str:
    """Return the rule that is broken where a valid first submission is refused. `rule` is the one under test, if any.

    It stands if it is about what is sent, and a text is not merely too long in bytes. Raises See if it is about
    anything else, and what is sent is to blame.
    """
    if rule is None:
        return _of_what_is_sent(client, exchange)
    if catalogue()[rule].family not in SENT:
        ask_alone(client, exchange)
    limited = (field for field in fields().values() if field.rules.get("maxLength") == rule)
    return next((_of_value(client, field, exchange.document.get(field.name)) for field in limited), rule)


def ask_alone(client: RecordingClient, exchange: Exchange) -> None:
    """Raise See if a submission is refused under a key without a history, too: then what is sent is to blame."""
    for fresh in (client.key(), keys.alike(exchange.request.key or "", client.key())):
        alone = _again(client, exchange, fresh)
        if _refuses(alone):
            rule = _of_what_is_sent(client, alone)
            client.recorder.fail(rule, Violation(rule, FIRST_ACCEPTED, answer(alone), alone))
            raise See(rule)


def ask_fresh(client: RecordingClient, exchange: Exchange) -> None:
    """Raise See if a refused repeat is accepted under a fresh key: that it differs is to blame. Rule: IDEM-2."""
    if client.allowed(exchange.document) == exchange.document and _again(client, exchange, client.key()).response.ok:
        client.recorder.fail(
            CHANGED, Violation(CHANGED, "a repeat that differs to be accepted", answer(exchange), exchange)
        )
        raise See(CHANGED)


def changes_anyway(client: RecordingClient, exchange: Exchange, finding: Finding) -> bool:
    """Tell whether an answer shows something else than was sent under a fresh key, too: then no old one is to blame."""
    return any(each.rule == finding.rule for each in judge_created(_again(client, exchange, client.key())))


def _of_what_is_sent(client: RecordingClient, exchange: Exchange) -> str:
    """Return the rule that the refusal of a valid submission breaks: of its form, or of the field that is refused.

    That is the first that is refused with nothing else about it, of those that the answer names, or else of all.
    """
    document = {**exchange.document, "external_id": keys.alike(exchange.request.key or "", client.key())}
    as_usual = exchange.request.body.content == Body.of(exchange.document).content
    if not as_usual and not _refuses(_again(client, exchange, document["external_id"])):
        return _of_form(document)
    if _refuses(client.submit(client.submission())):
        return body_rules()["valid"]  # no field is to blame where a plain submission is refused
    named = named_fields(exchange)
    sent = [field for field in fields().values() if document.get(field.name) != client.base.get(field.name)]
    for field in sorted(sent, key=lambda field: field.name not in named):
        if field.name in document and _refused(client, field.name, document[field.name]):
            return _of_value(client, field, document[field.name])
    return body_rules()["valid"]


def _of_value(client: RecordingClient, field: Field, value: Any) -> str:
    """Return the rule that the refusal of a valid value breaks: of a text that of the limit which it is at.

    A text that has more bytes than it may have characters is long in bytes, if as many of one byte each are accepted.
    """
    if not isinstance(value, str):
        return field.valid
    if field.least and len(value) == field.least:
        return field.rules["minLength"]
    wide = field.most is not None and not value.isascii() and len(value.encode("utf-8", "replace")) > field.most
    if wide and not _refused(client, field.name, Text(("a", len(value)))):
        return field.rules.get("x-maxBytes", CODE_POINTS)
    return field.valid


def _refused(client: RecordingClient, name: str, value: Any) -> bool:
    """Tell whether the value of a field is refused in a submission that is plain but for it."""
    return _refuses(client.submit(client.submission(**client.allowed({name: value}))))


def _again(client: RecordingClient, exchange: Exchange, key: str) -> Exchange:
    """Send a submission once more, in the usual form and under another key."""
    return client.submit({**exchange.document, "external_id": key}, credential=exchange.request.credential)


def _refuses(exchange: Exchange) -> bool:
    return not conclusive(exchange).response.ok and not exchange.response.inconclusive


def ask_in_turn(client: RecordingClient, documents: Sequence[Document], credential: str | None = "writer") -> None:
    """Raise See if these are no repeats of the first of them even under a new key, one after the other.

    Then neither a race nor what another workspace did is to blame.
    """
    client.need(REPEAT)
    key = keys.alike(documents[0]["external_id"], client.key())
    first, *others = [{**document, "external_id": key} for document in documents]
    created = client.submit(first, credential=credential)
    for document in others if created.response.ok else ():
        rule = rule_of_repeat(first, document)
        repeat = client.submit(document, expect="replayed", credential=credential)
        if (wrong := judge_repeat(repeat, created, rule)) is not None:
            ask_plainer_repeats(client, repeat, created)
        for finding in filter(None, (wrong, *judge_unchanged(repeat, created))):
            client.recorder.fail(finding.rule, violation(finding, repeat))
            raise See(finding.rule)


def violation(finding: Finding, exchange: Exchange) -> Violation:
    """Return a finding as what a test raises; one without a rule is of the rules under test."""
    return Violation(finding.rule or None, finding.expected, finding.actual, exchange)
