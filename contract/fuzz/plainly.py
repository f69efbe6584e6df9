"""The plainest form of what the fuzzer found. Its search for a smaller case has an end, which may come before that."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from contract.cases.submission import Document
from contract.exchange import Exchange
from contract.fuzz.fuzz_run import FuzzRecorder
from contract.judge import invariants
from contract.judge.answers import answer
from contract.judge.creation import judge_created
from contract.judge.refusal import rule_of_free_key
from contract.judge.replay import SAME
from contract.outcome import CutShort, Untested, Violation
from contract.run.blame import SENT
from contract.run.client import RecordingClient
from contract.run.steps import created, replayed
from contract.spec.rules import catalogue

Ask = Callable[[RecordingClient, Violation, Exchange, Document], Violation | None]


def plainly(client: RecordingClient, recorder: FuzzRecorder, found: Violation) -> Violation:
    """Return a violation as a plain submission shows it, if one does: without chunks and escapes, in the usual order.

    One thing about it is unusual, or as much as it takes. A repeat is one of a plain submission, and what follows a
    refusal is a plain one. What else came before is not sent again, so a fault that needs it stays as it is.
    """
    odd, ask = _way(client, found)
    if odd is None:
        return found
    for document in _plainer(client, odd):
        recorder.hunting = True  # what breaks a rule is raised, and not recorded beside what was found
        try:
            shown = ask(client, found, odd, document)
        except (Untested, CutShort):
            return found
        finally:
            recorder.hunting = False
        if shown is not None:
            return shown
    return found


def _way(client: RecordingClient, found: Violation) -> tuple[Exchange | None, Ask]:
    """Return which exchange of a violation could be plainer, or None, and the function that sends a plainer one."""
    last = found.exchange
    if last is None or not last.document:
        return None, _ask
    if last.request.expect == "replayed":
        return last, _ask_again
    if last.request.expect == "created":
        same = [step for step in found.before if step.request.key == last.request.key]
        if same and same[-1].request.expect in {"refused", "forbidden"} and same[-1].document:
            return same[-1], _ask_after
    return (last if _stands_alone(client, found, last) else None), _ask


def _stands_alone(client: RecordingClient, found: Violation, exchange: Exchange) -> bool:
    """Tell whether a violation may be one of what is sent: not of another key, and not of the key or a credential."""
    request = exchange.request
    own = str(request.key).removeprefix(f"{client.run_id}:").isdigit() and request.credential == "writer"
    asked = bool(exchange.document) and request.submits and request.expect in {"created", "refused", "observed"}
    return own and asked and all(step.request.key == request.key for step in found.before)


def _plainer(client: RecordingClient, exchange: Exchange) -> Iterator[Document]:
    """Yield submissions without a key: a usual one, with one field that differs or is missing, then with all."""
    sent, base = exchange.document, client.base
    if exchange.request.expect != "refused":
        yield base
    yield from ({**base, name: sent[name]} for name in sent if name != "external_id" and sent[name] != base.get(name))
    yield from ({other: base[other] for other in base if other != name} for name in base if name not in sent)
    yield {name: sent[name] for name in (*base, *sent) if name in sent}


def _ask(client: RecordingClient, found: Violation, first: Exchange, document: Document) -> Violation | None:
    """Send a submission and return the violation of the same rule that its answer shows, or None."""
    try:
        exchange = client.submit({**document, "external_id": client.key()}, expect=first.request.expect)
    except Violation as violation:
        if violation.rule == found.rule or violation.exchange is None:
            return violation if violation.rule == found.rule else None
        exchange = violation.exchange
    findings = list(invariants.check(exchange))
    findings += judge_created(exchange) if exchange.response.id is not None else []
    for finding in findings:
        if finding.rule == found.rule:
            return Violation(*finding, exchange)
    if _is_wrong(exchange, first) and catalogue()[found.rule or ""].family in SENT:
        return Violation(found.rule, found.expected, answer(exchange), exchange)
    return None


def _ask_again(client: RecordingClient, found: Violation, _: Exchange, document: Document) -> Violation | None:
    """Create plainly, repeat it as this document, and return the violation of the same rule that shows, or None."""
    before: list[Exchange] = []
    try:
        before.append(created(client, client.submission(), SAME))
        replayed(client, before[0], {**document, "external_id": before[0].request.key})
    except Violation as violation:
        violation.before = before
        return violation if violation.rule == found.rule else None
    return None


def _ask_after(client: RecordingClient, found: Violation, refusal: Exchange, document: Document) -> Violation | None:
    """Have this document refused, create plainly under its key, and return the violation of the same rule, or None."""
    request, key = refusal.request, client.key()
    before: list[Exchange] = []
    try:
        again = {**document, "external_id": key}
        before.append(client.submit(again, expect=request.expect, credential=request.credential))
        if not before[0].response.ok:
            later = client.submission(title=f"{client.run_id} later", external_id=key)
            created(client, later, rule_of_free_key(refusal), after=before[0])
    except Violation as violation:
        violation.before = before
        return violation if violation.rule == found.rule else None
    return None


def _is_wrong(exchange: Exchange, first: Exchange) -> bool:
    """Tell whether an answer is wrong in the way of the first one: what is to be refused has to be all there for that.

    Which part of it is the defect is not known here.
    """
    if first.request.expect == "created":
        return exchange.response.status == first.response.status and not exchange.response.ok
    whole = {**first.document, "external_id": exchange.document["external_id"]} == exchange.document
    return first.request.expect == "refused" and whole and exchange.response.status == first.response.status
