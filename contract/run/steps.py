"""The steps that tests are made of: each sends, has the answer judged, and raises or records what is wrong.

What is wrong is blamed on the rule that is broken. A refused step whose precondition does not hold raises `See`.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from typing import Any, TypeVar

from contract.cases import keys
from contract.cases.credentials import WrongCredential
from contract.cases.submission import Document, Submission
from contract.cases.verdict import REFUSED
from contract.exchange import Body, Exchange, identifier
from contract.judge.answers import answer
from contract.judge.creation import WHOLE_KEY, judge_copied, judge_created, judge_first
from contract.judge.races import RACE, SEEN, behaviour, judge_race
from contract.judge.refusal import judge_named, judge_refusal
from contract.judge.replay import SAME, WORKSPACE, judge_forward, judge_repeat, judge_unchanged, rule_of_repeat
from contract.outcome import See, TooLarge, Violation
from contract.run import blame
from contract.run.client import REPEAT, RecordingClient
from contract.spec.fields import body_rules, fields, required
from contract.spec.statuses import CONFLICT, TOO_LARGE

FEW = 5  # submissions that are asked for in turn; each field that differs in a race does so in one of these
TIDIED = 1.0  # seconds after which a target has ended what it answered

T = TypeVar("T")


def stands(client: RecordingClient, *rules: str) -> None:
    """Raise See if one of these rules has failed: what is shown elsewhere cannot be better then."""
    for rule in rules:
        if client.recorder.findings[rule].failed:
            raise See(rule)


def created(
    client: RecordingClient, document: Any, rule: str | None = None, *, after: Exchange | None = None, **options: Any
) -> Exchange:
    """Submit what a conforming target accepts as a first submission, and return the exchange.

    `after` is what was refused before under the same key. Raises Violation of `rule` if it is refused, or answered with
    an engagement that this run already knows, or with what was refused; See if the target fails, or if `rule` is not
    about what is sent, and that is to blame. Without a `rule` it is that of the field that is refused.
    """
    known = dict(client.engagements)
    exchange = client.submit(document, **options)
    check_first(client, exchange, known, rule, after)
    return exchange


def created_near(
    client: RecordingClient, document: Document, rule: str, near: Container[str | None], **options: Any
) -> Exchange:
    """Submit a key that is nearly equal to others. Raises Violation of `rule` if it is taken for one of these.

    That is IDEM-7 where a key that differs from that one in plain letters is taken for it, too.
    """
    try:
        return created(client, document, rule, **options)
    except Violation as violation:
        made = violation.exchange.response.id if violation.exchange is not None else None
        owner = client.ids.get(made or "")
        if violation.rule == WHOLE_KEY and owner in near and not _is_taken(client, document, owner, made):
            violation.rule = rule
        raise


def _is_taken(client: RecordingClient, document: Document, owner: str | None, made: str | None) -> bool:
    """Tell whether a key that differs from the owner's in the same place, in plain letters, gets what that made."""
    key = keys.plainer(document["external_id"], owner or "")
    return key is not None and client.submit({**document, "external_id": key}).response.id == made


def accepted(client: RecordingClient, case: Submission, form: Document | None = None) -> Exchange:
    """Submit a case that a conforming target accepts; `form` is what else is in it.

    Raises See if the target refuses the plainer case as well.
    """
    document = case.document({**client.base, **(form or {})}, client.key())
    try:
        return created(client, document, case.rule, escaped=case.escaped)
    except Violation as violation:
        violation.name_case(case.why)
        if case.plainer is None or violation.exchange is None or violation.exchange.response.ok:
            raise
        _accept_plainer(client, case.plainer)
        raise


def not_refused(client: RecordingClient, case: Submission) -> None:
    """Submit a short key, which makes an engagement unless somebody has used it before, and see that it is taken."""
    exchange = client.submit(case.document(client.base, client.key()))
    if exchange.response.status in REFUSED.statuses:
        raise Violation(case.rule, f"{case.why} to be accepted", answer(exchange), exchange)


def labelled(client: RecordingClient, media_type: str | None) -> Exchange:
    """Submit under this content type, or without any, and return the exchange: the contract leaves the answer open."""
    headers = [("Authorization", client.credential("writer"))]
    headers += [] if media_type is None else [("Content-Type", media_type)]
    return client.submit(client.submission(), expect="observed", headers=tuple(headers))


def _accept_plainer(client: RecordingClient, plainer: Submission) -> None:
    """Raise See if a plainer case is refused, and record that each of its fields is at fault that is."""
    failed = []
    for name, value in plainer.value.items():
        rule = plainer.rule if len(plainer.value) == 1 else fields()[name].rules["maxLength"]
        try:
            created(client, client.submission(**{name: value}), rule)
        except Violation as fault:
            client.recorder.fail(rule, fault)
            failed.append(rule)
    if failed:
        raise See(failed[0])


def check_first(
    client: RecordingClient,
    exchange: Exchange,
    known: Mapping[str, Document],
    rule: str | None,
    after: Exchange | None = None,
) -> None:
    """Raise Violation unless this answers a first submission; `known` is what the run knew before, by id."""
    if not blame.conclusive(exchange).response.ok:
        client.need(*(name for name, value in exchange.document.items() if client.base.get(name) != value))
        rule = blame.of_refusal(client, exchange, rule)
    owner = client.ids.get(exchange.response.id or "", exchange.request.key)
    if (finding := judge_first(exchange, known, owner, rule or "")) is not None:
        raise blame.violation(finding, exchange)
    for each in judge_created(exchange) if exchange.response.id is not None else ():
        if after is not None and not blame.changes_anyway(client, exchange, each):
            raise Violation(rule, f"the engagement that was accepted: {each.expected}", each.actual, exchange)
        client.recorder.fail(each.rule, blame.violation(each, exchange))


def note_verdict(client: RecordingClient, rule: str, exchange: Exchange, what: str, accepts: str = "accepts") -> None:
    """Report whether the target accepts what the contract leaves open. `accepts` says it in another word."""
    verdict = accepts if exchange.response.ok else f"refuses ({exchange.response.status})"
    client.recorder.observe(rule, f"{verdict} {what}")


def check_ignored(client: RecordingClient, exchange: Exchange) -> None:
    """Record what a field that the page does not list has changed, in an engagement that was made all the same."""
    made = exchange.response.ok and not client.shows_another(exchange)
    for each in (*judge_created(exchange), *judge_copied(exchange)) if made else ():
        client.recorder.fail(each.rule, blame.violation(each, exchange))


def example(client: RecordingClient, name: str) -> Exchange:
    """Return an engagement that tests share to look at, created once a run: `plain`, `minimal` or `full`.

    `plain` is that of the pre-flight, `minimal` has the required fields alone, `full` has a value of every field whose
    valid values are accepted. Raises See if the target refused it before.
    """
    client.need(name)
    if name not in client.examples:
        document = client.submission()
        if name == "minimal":
            document = {field: document[field] for field in required()}
        elif name == "full":
            document |= client.full()
        rule = body_rules()["valid"]
        try:
            client.examples[name] = created(client, document, rule)
        except Violation as violation:
            client.broken[name] = violation.rule or rule
            raise
    client.recorder.look()
    return client.examples[name]


def replayed(
    client: RecordingClient, first: Exchange, document: Any, rule: str | None = None, **options: Any
) -> Exchange:
    """Submit a known key again and check that it is answered with the stored engagement, unchanged, and 200.

    `rule` says that this is a repeat: the one of what differs, unless given. Raises See if no repeat is answered so.
    """
    client.need(REPEAT)
    exchange = client.submit(document, expect="replayed", **options)
    check_repeat(client, exchange, first, rule)
    return exchange


def check_repeat(client: RecordingClient, exchange: Exchange, first: Exchange, rule: str | None = None) -> None:
    """Raise Violation unless this answer is a replay of the first one; record what it changed under its own rule."""
    client.need(REPEAT)
    if first.request.key in client.forgotten:
        raise See(blame.REMEMBERED)
    if not blame.conclusive(exchange).response.ok:
        client.need(*(name for name, value in exchange.document.items() if first.document.get(name) != value))
    rule = rule or rule_of_repeat(first.document, exchange.document)
    if rule == SAME and blame.forgot(exchange, first, client):
        rule = blame.REMEMBERED
    elif rule != RACE and blame.is_plain(exchange, first) and exchange.response.id == first.response.id is not None:
        rule = SAME  # the key is known, whatever else is wrong; after a race that is the fault of the race
    if (finding := judge_repeat(exchange, first, rule)) is not None:
        blame.ask_plainer_repeats(client, exchange, first)
        if rule in {RACE, WORKSPACE}:
            blame.ask_in_turn(client, [first.document] * FEW, first.request.credential)
        if not exchange.response.ok:
            blame.ask_usual_form(client, exchange, first)
            blame.ask_alone(client, exchange)
        raise blame.violation(finding, exchange)
    last = client.statuses.get(exchange.response.id or "")
    for each in (*judge_unchanged(exchange, first), *judge_forward(exchange, last)):
        client.recorder.fail(each.rule, blame.violation(each, exchange))
    if exchange.response.id is not None:
        client.statuses[exchange.response.id] = identifier(exchange.response.engagement.get("processing_status"))


def refused(
    client: RecordingClient,
    case: Submission,
    key: str,
    *,
    form: Document | None = None,
    body: Body | None = None,
    **options: Any,
) -> Exchange:
    """Send one case that a conforming target refuses, and check the status and the field that the error names.

    `form` is what else is in it, `body` another way to write it. Raises Violation, or See if a
    plainer case is judged wrong in the same way.
    """
    content = case.content({**client.base, **(form or {})}, key) if body is None else body
    exchange = client.submit(content, expect="refused", **options)
    if exchange.response.status == TOO_LARGE:
        raise TooLarge
    if (finding := judge_refusal(exchange, case)) is not None:
        raise blame.explain(client, case, finding, exchange)
    if (finding := judge_named(exchange, case.field)) is not None:
        client.recorder.fail(finding.rule, blame.violation(finding, exchange))
    return exchange


def turned_away(client: RecordingClient, wrong: WrongCredential, key: str) -> Exchange:
    """Send a submission with a credential that is not exactly right. Raises Violation or See unless it gets 401."""
    exchange = client.submit_wrong(wrong, key)
    if (finding := judge_refusal(exchange, wrong)) is not None:
        raise blame.explain(client, wrong, finding, exchange)
    return exchange


def check_race(client: RecordingClient, exchanges: Sequence[Exchange], known: Mapping[str, Document]) -> Exchange:
    """Check one burst of first submissions of one key, and that a repeat agrees. Return the one that created.

    `known` are the engagements that the run knew before, by id. Raises Violation. Rule: IDEM-10.
    """
    if (found := judge_race(exchanges, known)) is not None:
        if not found[1].response.ok:
            blame.ask_alone(client, found[1])
        blame.ask_in_turn(client, [exchange.document for exchange in exchanges[:FEW]])
        raise blame.violation(*found)
    winners = [exchange for exchange in exchanges if exchange.response.ok]
    for first in winners:
        for each in judge_created(first) if first.response.status == 201 else ():
            client.recorder.fail(each.rule, blame.violation(each, first))
    client.recorder.observe(SEEN, behaviour(exchanges))
    repeat = client.submit(winners[0].request.body, expect="replayed")
    if repeat.response.status == CONFLICT:  # it may tidy up after the last answer of the burst
        client.outlast(repeat, TIDIED)
        repeat = client.submit(winners[0].request.body, expect="replayed")
    check_repeat(client, repeat, winners[0], RACE)
    return winners[0]
