"""The steps that tests are made of: each sends, has the answer judged, and raises or records what is wrong.

What is wrong is blamed on the rule that is broken. A refused step whose precondition does not hold raises `See`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from contract.cases import urls
from contract.cases.credentials import UNKNOWN, WrongCredential
from contract.cases.submission import Document, Submission, media
from contract.cases.verdict import EXACTLY_422, NO_SCHEME, REFUSED, UNAUTHORIZED, Judged, Url, Verdict
from contract.exchange import Body, Exchange
from contract.judge.answers import answer, named_fields
from contract.judge.creation import WHOLE_KEY, judge_created, judge_first
from contract.judge.finding import Finding
from contract.judge.races import RACE, SEEN, behaviour, judge_race
from contract.judge.refusal import judge_named, judge_refusal
from contract.judge.replay import SAME, judge_repeat, judge_unchanged, rule_of_repeat
from contract.outcome import See, TooLarge, Untested, Violation
from contract.run.client import REPEAT, RecordingClient
from contract.spec.fields import body_rules, fields, required
from contract.spec.statuses import INCONCLUSIVE, TOO_LARGE

T = TypeVar("T")
FREE_AGAIN, REMEMBERED = "IDEM-9", "IDEM-11"
# The plain refusals: where a target answers one of them with another 4xx, it is not the fault of each other case.
_PLAIN: dict[Verdict, Submission | WrongCredential] = {
    UNAUTHORIZED: UNKNOWN,
    NO_SCHEME: UNKNOWN,
    REFUSED: Submission({}, REFUSED, body_rules()["required"], "no title", without="title"),
    EXACTLY_422: media(Url(urls.PRIVATE, EXACTLY_422, "URL-3", "a private address")),
}


def created(
    client: RecordingClient, document: Any, rule: str | None = None, *, after: Exchange | None = None, **options: Any
) -> Exchange:
    """Submit what a conforming target accepts as a first submission, and return the exchange.

    `after` is what was refused before under the same key. Raises Violation of `rule` if it is refused, or answered with
    an engagement that this run already knows, or with what was refused; See if a field of it is refused in general.
    """
    known = dict(client.engagements)
    exchange = client.submit(document, **options)
    check_first(client, exchange, known, rule, after)
    return exchange


def accepted(client: RecordingClient, case: Submission) -> Exchange:
    """Submit a case that a conforming target accepts. Raises See if it refuses the plainer case as well."""
    try:
        return created(client, case.document(client.base, client.key()), case.rule, escaped=case.escaped)
    except Violation as violation:
        if case.plainer is None or violation.exchange is None or violation.exchange.response.ok:
            raise
        _accept_plainer(client, case.plainer)
        raise


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
    if exchange.response.status == TOO_LARGE:
        raise TooLarge
    if not exchange.response.ok:
        client.need(*(name for name, value in exchange.document.items() if client.base.get(name) != value))
    if (finding := judge_first(exchange, known, client.ids.get(exchange.response.id or ""), rule or "")) is not None:
        raise _violation(finding, exchange)
    for each in judge_created(exchange) if exchange.response.id is not None else ():
        if after is not None and not client.recorder.findings[each.rule].failed:  # elsewhere what is sent comes back
            raise Violation(rule, f"the engagement that was accepted: {each.expected}", each.actual, exchange)
        client.recorder.fail(each.rule, _violation(each, exchange))


def _violation(finding: Finding, exchange: Exchange) -> Violation:
    return Violation(finding.rule or None, finding.expected, finding.actual, exchange)


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
    if exchange.response.status == TOO_LARGE:
        raise TooLarge
    if not exchange.response.ok:
        client.need(*(name for name, value in exchange.document.items() if first.document.get(name) != value))
    rule = rule or rule_of_repeat(first.document, exchange.document)
    if rule == SAME and _forgot(exchange, first, client):
        rule = REMEMBERED
    if (finding := judge_repeat(exchange, first, rule)) is not None:
        _ask_plain_repeat(client, exchange, first)
        raise _violation(finding, exchange)
    for each in judge_unchanged(exchange, first):
        client.recorder.fail(each.rule, _violation(each, exchange))


def _forgot(exchange: Exchange, first: Exchange, client: RecordingClient) -> bool:
    """Tell whether a repeat of the pre-flight's engagement, which was repeated before, made a new one."""
    made, old = exchange.response.id, first.response.id
    return first is client.anchor and exchange.response.ok and made != old and _latest(client) == made


def _latest(client: RecordingClient) -> str | None:
    return next(reversed(client.ids), None)


def _ask_plain_repeat(client: RecordingClient, exchange: Exchange, first: Exchange) -> None:
    """Raise See if the first submission itself is no repeat any more: that is not the fault of what differs."""
    if exchange.request.body.content == first.request.body.content:
        return
    plain = client.submit(first.request.body, expect="replayed", credential=first.request.credential)
    rule = REMEMBERED if _forgot(plain, first, client) else SAME
    if plain.response.status in INCONCLUSIVE or (finding := judge_repeat(plain, first, rule)) is None:
        return
    client.recorder.fail(rule, _violation(finding, plain))
    raise See(rule)


def refused(
    client: RecordingClient, case: Submission, key: str, *, body: Body | None = None, **options: Any
) -> Exchange:
    """Send one case that a conforming target refuses, and check the status and the field that the error names.

    `body` is the case in another form. Raises Violation, or See if a plainer case is judged wrong in the same way.
    """
    content = case.content(client.base, key) if body is None else body
    exchange = client.submit(content, expect="refused", **options)
    if exchange.response.status == TOO_LARGE:
        raise TooLarge
    if (finding := judge_refusal(exchange, case)) is not None:
        raise explain(client, case, finding, exchange)
    if (finding := judge_named(exchange, case.field)) is not None:
        client.recorder.fail(finding.rule, _violation(finding, exchange))
    return exchange


def explain(client: RecordingClient, case: Judged, finding: Finding, exchange: Exchange) -> Violation | See:
    """Return what to raise for a case that was judged wrong: it may be the fault of a plainer one."""
    if (
        exchange.response.ok
        and client.ids.get(exchange.response.id or "", exchange.request.key) != exchange.request.key
    ):
        expected = f"a key of its own, so that this is refused: {finding.expected}"
        return Violation(WHOLE_KEY, expected, f"the engagement of another key, {exchange.response.id}", exchange)
    plainer = case.plainer if isinstance(case, Submission) else None
    if plainer is not None and exchange.response.ok and _status(client, plainer) not in plainer.verdict.statuses:
        return See(plainer.rule)
    plain, status = _PLAIN.get(case.verdict), exchange.response.status
    if plain is not None and case.rule != plain.rule and 400 <= status < 500 and _status(client, plain) == status:
        return See(plain.rule)
    return _violation(finding, exchange)


def _status(client: RecordingClient, case: Submission | WrongCredential) -> int:
    """Return the status of a case under a key of its own, and record it if it breaks its rule. It is asked once."""
    if case.why not in client.plain:
        if isinstance(case, WrongCredential):
            exchange = send_wrong(client, case, client.key())
        else:
            exchange = client.submit(case.content(client.base, client.key()), expect="refused")
        client.plain[case.why] = exchange.response.status
        if (finding := judge_refusal(exchange, case)) is not None:
            client.recorder.fail(finding.rule, _violation(finding, exchange))
    return client.plain[case.why]


def send_wrong(client: RecordingClient, wrong: WrongCredential, key: str) -> Exchange:
    """Send a submission that is valid but for its credential."""
    token = client.config.credentials["writer"].token
    request = client.request({**client.base, "external_id": key}, credential=None)
    headers = request.headers
    if (header := wrong.header(token)) is not None:
        headers = (("Authorization", header), *headers)
    return client.submit(
        request.body, credential=None, expect="unauthorized", headers=headers, authorization=wrong.shell(token)
    )


def turned_away(client: RecordingClient, wrong: WrongCredential, key: str) -> Exchange:
    """Send a submission with a credential that is not exactly right. Raises Violation or See unless it gets 401."""
    exchange = send_wrong(client, wrong, key)
    if (finding := judge_refusal(exchange, wrong)) is not None:
        raise explain(client, wrong, finding, exchange)
    return exchange


def group(client: RecordingClient, cases: Mapping[str, Sequence[Submission]]) -> list[Exchange]:
    """Send cases that differ from a valid submission in one attribute, then that submission: a minimal pair each.

    `cases` are those of each rule. All use one key, so the control also proves that no refusal used it up (IDEM-9).
    All are sent even when some fail; the failures are recorded under their rules and the first is raised at the end.
    Returns the refusals.
    """
    key = client.key()
    refusals: list[Exchange] = []
    last: Exchange | None = None  # refused under this key
    failures: list[Violation] = []
    unbound: list[str] = []
    for rule, case in flat(cases):
        client.recorder.focus(rule)
        try:
            client.need(case.field or "")
            last = refused(client, case, key)
            refusals.append(last)
            if case.field not in named_fields(last):
                unbound.append(case.why)
        except See as reason:
            client.recorder.leave(rule, reason)
            key, last = client.key(), None  # it may be taken now
        except Violation as violation:
            if last is None or violation.rule != rule or not _used_up(client, case, violation):
                failures.append(violation)
            key, last = client.key(), None  # it may be taken now
    client.recorder.focus(None)
    close(client, key, failures, "a refused submission", last)
    if client.refused_only and unbound:
        raise Untested(f"refused, but without an accepted control nobody knows why: {unbound[0]}")
    return refusals


def _used_up(client: RecordingClient, case: Submission, violation: Violation) -> bool:
    """Tell whether a case went wrong only because its key was refused before, and record that. Rule: IDEM-9."""
    try:
        refused(client, case, client.key())
    except Violation:
        return False
    expected = f"the key to be free after a refusal, so that the next is for {case.why}"
    client.recorder.fail(FREE_AGAIN, Violation(FREE_AGAIN, expected, violation.actual, violation.exchange))
    return True


def flat(cases: Mapping[str, Sequence[T]]) -> Iterator[tuple[str, T]]:
    """Yield each case with its rule."""
    return ((rule, case) for rule, several in cases.items() for case in several)


def close(
    client: RecordingClient, key: str, failures: Sequence[Violation], after: str, last: Exchange | None = None
) -> None:
    """End a group: submit its control, record all failures but the first, and raise that."""
    if not client.refused_only:
        control(client, key, after, last)
    settle(client, failures)


def settle(client: RecordingClient, failures: Sequence[Violation]) -> None:
    """Record all failures of a test that went to its end, and raise the first. Each names its rule."""
    for failure in failures[1:]:
        client.recorder.fail(failure.rule or "", failure)
    if failures:
        failures[0].others_hold = True
        raise failures[0]


def control(client: RecordingClient, key: str, after: str, last: Exchange | None = None) -> None:
    """Submit the valid counterpart of refused cases under their key; `last` is the last of them."""
    try:
        created(client, {**client.base, "external_id": key}, FREE_AGAIN, after=last)
    except Violation as violation:
        if violation.rule != FREE_AGAIN:
            raise
        if not client.submit(client.submission()).response.ok:
            raise Untested(f"the accepted control was refused too: {violation.actual}") from None
        violation.expected = f"the key to be free after a refusal ({after})"
        client.recorder.fail(FREE_AGAIN, violation)


def accept_each(client: RecordingClient, parts: Iterable[tuple[str, Document]], **options: Any) -> None:
    """Check that several changes are accepted: all in one submission first, one by one if that is refused.

    Each part names its rule. A refused part is recorded under its own rule.
    """
    parts = [(rule, changes) for rule, changes in parts if not client.broken.keys() & changes.keys()]
    merged: Document = {}
    for _, changes in parts:
        merged.update(changes)
    known = len(client.ids)
    exchange = client.submit(client.submission(**merged), **options)
    if exchange.response.ok and (exchange.response.id is None or len(client.ids) > known):
        for each in judge_created(exchange):
            client.recorder.fail(each.rule, _violation(each, exchange))
        return
    blamed = False
    for rule, changes in parts:
        try:
            created(client, client.submission(**changes), rule, **options)
        except Violation as violation:
            client.recorder.fail(violation.rule or rule, violation)
            blamed = True
    if not blamed:
        raise Violation(None, "fields that are valid one by one to be valid together", answer(exchange), exchange)


def check_race(client: RecordingClient, exchanges: Sequence[Exchange], known: Mapping[str, Document]) -> Exchange:
    """Check one burst of first submissions of one key, and that a repeat agrees. Return the one that created.

    `known` are the engagements that the run knew before, by id. Raises Violation. Rule: IDEM-10.
    """
    if (found := judge_race(exchanges, known)) is not None:
        _ask_in_turn(client, exchanges)
        raise _violation(*found)
    winners = [exchange for exchange in exchanges if exchange.response.ok]
    for first in winners:
        for each in judge_created(first) if first.response.status == 201 else ():
            client.recorder.fail(each.rule, _violation(each, first))
    client.recorder.observe(SEEN, behaviour(exchanges))
    replayed(client, winners[0], winners[0].request.body, RACE)
    return winners[0]


def _ask_in_turn(client: RecordingClient, exchanges: Sequence[Exchange]) -> None:
    """Raise See if the racers are no repeats of each other even one after the other: the race is not to blame."""
    key = client.key()
    documents = [{**exchange.document, "external_id": key} for exchange in exchanges]
    first = client.submit(documents[0])
    for document in documents[1:3]:
        rule = rule_of_repeat(documents[0], document)
        repeat = client.submit(document, expect="replayed")
        if first.response.ok and (finding := judge_repeat(repeat, first, rule)) is not None:
            client.recorder.fail(rule, _violation(finding, repeat))
            raise See(rule)
