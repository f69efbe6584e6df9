"""Cases that are sent together: minimal pairs closed by a control, and changes that are accepted at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from contract.cases.submission import Document, Submission, said
from contract.exchange import Exchange
from contract.judge.answers import answer, named_fields
from contract.judge.refusal import FREE_AGAIN
from contract.outcome import LeftOut, Untested, Violation
from contract.run.client import RecordingClient
from contract.run.steps import check_first, created, refused

T = TypeVar("T")


def group(client: RecordingClient, cases: Mapping[str, Sequence[Submission]], *, apart: bool = False) -> list[int]:
    """Send cases that differ from a valid submission in one attribute, then a valid one, the control.

    `cases` are those of each rule. They take turns: the first one differs from a plain submission, the next from one of
    another type, the next from one with every field. Longer profiles send each case in several of these forms.
    All use one key, so the control, which has every field, also proves that no refusal used it up (IDEM-9).
    Cases that would mean something else if they were asked again have keys of their own (`apart`).
    All are sent even when some fail; the failures are recorded under their rules and the first is raised at the end.
    Returns the statuses of the refusals; a hundred answers may be more than fits into the memory.
    """
    key = client.key()
    statuses: list[int] = []
    unbound: list[str] = []  # cases whose refusal does not name their field
    last: Exchange | None = None  # refused under this key
    failures: list[Violation] = []
    for rule, case, form in _in_turn(client, cases):
        client.recorder.focus(rule)
        try:
            client.need(case.field or "")
            last = refused(client, case, key, form=form)
            statuses.append(last.response.status)
            unbound += [] if case.field in named_fields(last) else [case.why]
            key, last = (client.key(), None) if apart else (key, last)
        except LeftOut as reason:
            client.recorder.leave_out(rule, f"{case.why} ({reason})")
        except Untested as reason:
            client.recorder.leave(rule, reason)
            key, last = client.key(), None  # it may be taken now
        except Violation as violation:
            violation.rule = violation.rule or rule
            violation.name_case(case.why)
            if last is None or violation.rule != rule or not used_up(client, case, violation, form=form):
                failures.append(violation)
            key, last = client.key(), None  # it may be taken now
    client.recorder.focus(None)
    close(client, key, failures, "a refused submission", last)
    if client.refused_only and unbound:
        raise Untested(f"refused, but without an accepted control nobody knows why: {unbound[0]}")
    return statuses


def _in_turn(
    client: RecordingClient, cases: Mapping[str, Sequence[Submission]]
) -> Iterator[tuple[str, Submission, Document]]:
    """Yield each case with its rule and what else is in the submission, in as many forms as a profile has room for."""
    forms = client.forms
    for number, (rule, case) in enumerate(flat(cases)):
        for turn in range(min(client.profile.pick(1, 2, 3), len(forms))):
            yield rule, case, forms[(number + turn) % len(forms)]


def used_up(client: RecordingClient, case: Submission, violation: Violation, **options: Any) -> bool:
    """Tell whether a case went wrong only because its key was refused before, and record that. Rule: IDEM-9."""
    try:
        refused(client, case, client.key(), **options)
    except (Violation, Untested):
        return False
    expected = f"the key to be free after a refusal, and this to be refused as if it were the first: {case.why}"
    client.recorder.fail(FREE_AGAIN, Violation(FREE_AGAIN, expected, violation.actual, violation.exchange))
    return True


def flat(cases: Mapping[str, Sequence[T]]) -> Iterator[tuple[str, T]]:
    """Yield each case with its rule."""
    return ((rule, case) for rule, several in cases.items() for case in several)


def close(
    client: RecordingClient, key: str, failures: Sequence[Violation], after: str, last: Exchange | None = None
) -> None:
    """End a group: submit its control, record all failures but the first, and raise that."""
    try:
        if not client.refused_only:
            control(client, key, after, last)
    except Untested:
        if not failures:
            raise
    settle(client, failures)


def settle(client: RecordingClient, failures: Sequence[Violation]) -> None:
    """Record all failures of a test that went to its end, and raise the first. Each names its rule."""
    for failure in failures[1:]:
        client.recorder.fail(failure.rule or "", failure)
    if failures:
        failures[0].others_hold = True
        raise failures[0]


def control(client: RecordingClient, key: str, after: str, last: Exchange | None = None) -> None:
    """Submit the valid counterpart of refused cases under their key, and a title of its own; `last` is the last."""
    document = {**client.base, **client.forms[-1], "title": f"{client.run_id} control", "external_id": key}
    try:
        created(client, document, FREE_AGAIN, after=last)
    except Violation as violation:
        if violation.rule != FREE_AGAIN:
            raise
        violation.expected = f"the key to be free after a refusal ({after}): {violation.expected}"
        client.recorder.fail(FREE_AGAIN, violation)


def accept_each(client: RecordingClient, parts: Iterable[tuple[str, Document]], **options: Any) -> None:
    """Check that several changes are accepted: all in one submission first, one by one if that is refused.

    Each part names its rule. A refused part is recorded under its own rule.
    """
    parts = [(rule, changes) for rule, changes in parts if not client.broken.keys() & changes.keys()]
    merged: Document = {}
    for _, changes in parts:
        merged.update(changes)
    known = dict(client.engagements)
    exchange = client.submit(client.submission(**merged), **options)
    if exchange.response.ok:
        check_first(client, exchange, known, None)
        return
    blamed = False
    for rule, changes in parts:
        try:
            created(client, client.submission(**changes), rule, **options)
        except Violation as violation:
            violation.name_case(", ".join(said(name, value) for name, value in changes.items()))
            client.recorder.fail(violation.rule or rule, violation)
            blamed = True
    if not blamed:
        raise Violation(None, "fields that are valid one by one to be valid together", answer(exchange), exchange)
