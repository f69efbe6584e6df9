"""The plainest form of what the fuzzer found. Its search for a smaller case has an end, which may come before that."""

from __future__ import annotations

from collections.abc import Iterator

from contract.cases.submission import Document
from contract.exchange import Exchange
from contract.fuzz.fuzz_run import FuzzRecorder
from contract.judge import invariants
from contract.judge.answers import answer
from contract.judge.creation import judge_created
from contract.outcome import CutShort, Untested, Violation
from contract.run.blame import SENT
from contract.run.client import RecordingClient
from contract.spec.rules import catalogue


def plainly(client: RecordingClient, recorder: FuzzRecorder, found: Violation) -> Violation:
    """Return a violation as a plain submission shows it, if one does: without chunks and escapes, in the usual order.

    One thing about it is unusual, or as much as it takes. What came before is not sent again, so a fault that needs it
    stays as it is.
    """
    exchange = found.exchange
    if exchange is None or not _stands_alone(client, found, exchange):
        return found
    for document in _plainer(client, exchange):
        try:
            shown = _ask(client, recorder, found, exchange, {**document, "external_id": client.key()})
        except (Untested, CutShort):
            return found
        if shown is not None:
            return shown
    return found


def _stands_alone(client: RecordingClient, found: Violation, exchange: Exchange) -> bool:
    """Tell whether a violation may be one of what is sent: not of another key, and not of the key or a credential."""
    request = exchange.request
    own = str(request.key).removeprefix(f"{client.run_id}:").isdigit() and request.credential == "writer"
    asked = bool(exchange.document) and request.submits and request.expect in {"created", "refused", "observed"}
    return own and asked and all(step.request.key == request.key for step in found.before)


def _plainer(client: RecordingClient, exchange: Exchange) -> Iterator[Document]:
    """Yield submissions without a key: with one field that differs from the usual or is missing, then with all."""
    sent, base = exchange.document, client.base
    yield from ({**base, name: sent[name]} for name in sent if name != "external_id" and sent[name] != base.get(name))
    yield from ({other: base[other] for other in base if other != name} for name in base if name not in sent)
    yield {name: sent[name] for name in (*base, *sent) if name in sent}


def _ask(
    client: RecordingClient, recorder: FuzzRecorder, found: Violation, first: Exchange, document: Document
) -> Violation | None:
    """Send a submission and return the violation of the same rule that its answer shows, or None."""
    recorder.hunting = True  # what breaks a rule is raised, and not recorded beside what was found
    try:
        exchange = client.submit(document, expect=first.request.expect)
    except Violation as violation:
        if violation.rule == found.rule or violation.exchange is None:
            return violation if violation.rule == found.rule else None
        exchange = violation.exchange
    finally:
        recorder.hunting = False
    findings = list(invariants.check(exchange))
    findings += judge_created(exchange) if exchange.response.id is not None else []
    for finding in findings:
        if finding.rule == found.rule:
            return Violation(*finding, exchange)
    if _is_wrong(exchange, first) and catalogue()[found.rule or ""].family in SENT:
        return Violation(found.rule, found.expected, answer(exchange), exchange)
    return None


def _is_wrong(exchange: Exchange, first: Exchange) -> bool:
    """Tell whether an answer is wrong in the way of the first one: what is to be refused has to be all there for that.

    Which part of it is the defect is not known here.
    """
    if first.request.expect == "created":
        return exchange.response.status == first.response.status and not exchange.response.ok
    whole = {**first.document, "external_id": exchange.document["external_id"]} == exchange.document
    return first.request.expect == "refused" and whole and exchange.response.status == first.response.status
