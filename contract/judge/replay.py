"""The judgements that tests are made of. Each raises a Violation with what was expected and what came."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from contract.exchange import Body, Exchange, shown
from contract.judge.invariants import instant
from contract.run.recorder import Untested, Violation
from contract.target.client import Client, Document

T = TypeVar("T")

REFUSED = (400, 422)
TOO_LARGE = 413
# What a replay must leave as it was (api: "unchanged"), where both answers have it.
UNCHANGED = ("object", "id", "title", "engagement_type", "is_private", "created_at", "start_at", "owner_user_id")
INSTANTS = ("created_at", "start_at")
ADVANCE = ("PENDING", "PROCESSING", "COMPLETED", "FAILED")


class TooLarge(Untested):
    """A body never reached the target: 413 is inconclusive for a limit."""


@dataclass(frozen=True, slots=True)
class Case:
    """One attribute of a valid submission made wrong: how a report calls it, and what is sent.

    `changes` are fields to set, `without` one to leave out, `body` the whole body instead. `status` are the answers
    that count as a refusal.
    """

    name: str
    changes: Document | None = None
    without: str | None = None
    body: Body | Any = None
    status: tuple[int, ...] = REFUSED
    escaped: bool = False

    @property
    def field(self) -> str | None:
        """The field that is wrong, if it is one."""
        return self.without or next(iter(self.changes or {}), None)

    def build(self, client: Client, key: str) -> Any:
        """Return the submission, or body, with this key."""
        if self.body is not None:
            return self.body
        document = {**client.base, "external_id": key, **(self.changes or {})}
        if self.without is not None:
            del document[self.without]
        return document


def created(client: Client, document: Any, rule: str | None = None, **options: Any) -> Exchange:
    """Submit what a conforming target accepts as a first submission, and return the exchange.

    Raises Violation if it is refused, or answered with an engagement that this run already knows.
    """
    known = dict(client.engagements)
    exchange = client.submit(document, **options)
    check_first(client, exchange, known, rule)
    return exchange


def check_first(client: Client, exchange: Exchange, known: Mapping[str, Document], rule: str | None) -> None:
    """Raise Violation unless this answers a first submission; `known` is what the run knew before, by id."""
    response = exchange.response
    if response.status == TOO_LARGE:
        raise TooLarge("413: something in front of the target takes no body of this size")
    if not response.ok:
        raise Violation(rule, "a first submission to be accepted", answer(exchange), exchange)
    if response.id in known:
        other = client.ids[response.id or ""]
        if differences(known[response.id or ""], response.engagement):
            raise Violation("RESP-3", "an id of its own for a new engagement", f"that of the key {other!r}", exchange)
        raise Violation(rule, "a new engagement for a new key", f"that of the key {other!r}", exchange)
    if response.id is not None:
        check_created(client, exchange)


def check_created(client: Client, exchange: Exchange) -> None:
    """Check what the answer to a first submission says of it: title, type, privacy."""
    engagement, document = exchange.response.engagement, exchange.document
    for rule, field, sent in (
        ("RESP-4", "title", "title"),
        ("BODY-12", "engagement_type", "type"),
        ("RESP-9", "is_private", "is_private"),
    ):
        if sent in document and field in engagement and engagement[field] != document[sent]:
            expected = f"{field} {shown(document[sent])}, as submitted"
            client.recorder.fail(rule, Violation(rule, expected, shown(engagement[field]), exchange))


def example(client: Client, name: str) -> Exchange:
    """Return an engagement that tests share to look at, created once a run: `plain`, `minimal` or `full`.

    `plain` is that of the pre-flight, `minimal` has the required fields alone, `full` has all of them.
    """
    if name not in client.examples:
        document = client.submission()
        if name == "minimal":
            document = {field: document[field] for field in REQUIRED}
        elif name == "full":
            document |= FULL
        client.examples[name] = created(client, document, "BODY-13" if name == "minimal" else None)
    return client.examples[name]


REQUIRED = ("type", "title", "source_system", "external_id", "media_url", "run_workflows")
FULL: Document = {
    "type": "MEETING",
    "is_private": False,
    "start_at": "2020-11-03T14:00:00+01:00",
    "participants": [{"name": "Ada Example", "email": "ada@example.com"}],
    "transcript_text": "Ada: Not to be shown.",
}


def replayed(client: Client, first: Exchange, document: Any, rule: str, **options: Any) -> Exchange:
    """Submit a known key again and check that it is answered with the stored engagement, unchanged, and 200."""
    exchange = client.submit(document, expect="replayed", **options)
    if exchange.response.status == TOO_LARGE:
        raise TooLarge("413: something in front of the target takes no body of this size")
    check_replay(exchange, first, rule)
    return exchange


def check_replay(exchange: Exchange, first: Exchange, rule: str) -> None:
    """Raise Violation unless this answer is a replay of the first one."""
    before, after = first.response.engagement, exchange.response.engagement
    if exchange.response.status != 200:
        raise Violation(rule, "200 with the stored engagement", answer(exchange), exchange)
    for field in differences(before, after)[:1]:
        raise Violation(rule, f"{field} unchanged, {shown(before[field])}", f"{field} {shown(after[field])}", exchange)
    if _but_touched(before) == _but_touched(after) and before.get("updated_at") != after.get("updated_at"):
        raise Violation(rule, "updated_at as it was, as nothing else changed", str(after.get("updated_at")), exchange)
    statuses = [engagement.get("processing_status") for engagement in (before, after)]
    if statuses[0] in ADVANCE[2:] and statuses[1] in ADVANCE and statuses[0] != statuses[1]:
        raise Violation(rule, f"processing_status {statuses[0]}, which is final", str(statuses[1]), exchange)
    if statuses == ["PROCESSING", "PENDING"]:
        raise Violation(rule, "processing_status that moves forward", "PROCESSING, then PENDING", exchange)


def refused(client: Client, case: Case, rule: str, key: str, **options: Any) -> Exchange:
    """Send one case that a conforming target refuses, and check the status and the field that the error names."""
    exchange = client.submit(case.build(client, key), expect="refused", escaped=case.escaped, **options)
    status = exchange.response.status
    if status == TOO_LARGE:
        raise TooLarge("413: something in front of the target takes no body of this size")
    if status not in case.status:
        expected = f"{case.name}: {' or '.join(map(str, case.status))}"
        raise Violation(rule, expected, answer(exchange), exchange)
    named = named_fields(exchange)
    if case.field is not None and named and case.field not in named:
        actual = f"{', '.join(sorted(named))}"
        client.recorder.fail("ERR-5", Violation("ERR-5", f"an error that names {case.field}", actual, exchange))
    return exchange


def group(client: Client, cases: Mapping[str, Sequence[Case]]) -> None:
    """Send cases that differ from a valid submission in one attribute, then that submission: a minimal pair each.

    `cases` are those of each rule. All use one key, so the control also proves that no refusal used it up (IDEM-9).
    All are sent even when some fail; the failures are recorded under their rules and the first is raised at the end.
    """
    key = client.key()
    failures: list[Violation] = []
    unbound: list[str] = []
    for rule, case in flat(cases):
        client.recorder.focus(rule)
        try:
            exchange = refused(client, case, rule, key)
            if case.field not in named_fields(exchange):
                unbound.append(case.name)
        except Violation as violation:
            violation.rule = violation.rule or rule
            failures.append(violation)
            key = client.key()  # it may be taken now
    client.recorder.focus(None)
    close(client, key, failures, "a refused submission")
    if client.profile.creates_nothing and unbound:
        raise Untested(f"refused, but without an accepted control nobody knows why: {unbound[0]}")


def flat(cases: Mapping[str, Sequence[T]]) -> list[tuple[str, T]]:
    """Return each case with its rule."""
    return [(rule, case) for rule, several in cases.items() for case in several]


def close(client: Client, key: str, failures: Sequence[Violation], after: str) -> None:
    """End a group: submit its control, record all failures but the first, and raise that."""
    if not client.profile.creates_nothing:
        control(client, key, after)
    settle(client, failures)


def settle(client: Client, failures: Sequence[Violation]) -> None:
    """Record all failures of a test that went to its end, and raise the first. Each names its rule."""
    for failure in failures[1:]:
        client.recorder.fail(failure.rule or "", failure)
    if failures:
        failures[0].others_hold = True
        raise failures[0]


def control(client: Client, key: str, after: str) -> None:
    """Submit the valid counterpart of refused cases under their key."""
    document = {**client.base, "external_id": key}
    try:
        created(client, document, "IDEM-9")
    except Violation as violation:
        fresh = client.submission()
        if client.submit(fresh).response.ok:
            violation.expected = f"the key to be free after a refusal ({after})"
            client.recorder.fail("IDEM-9", violation)
        else:
            raise Untested(f"the accepted control was refused too: {violation.actual}") from None


def accept_each(client: Client, parts: Iterable[tuple[str, Document]], **options: Any) -> None:
    """Check that several changes are accepted: all in one submission first, one by one if that is refused.

    Each part names its rule. A refused part is recorded under its own rule.
    """
    parts = list(parts)
    merged: Document = {}
    for _, changes in parts:
        merged.update(changes)
    known = len(client.ids)
    exchange = client.submit(client.submission(**merged), **options)
    if exchange.response.ok and (exchange.response.id is None or len(client.ids) > known):
        check_created(client, exchange)
        return
    blamed = False
    for rule, changes in parts:
        try:
            created(client, client.submission(**changes), rule, **options)
        except Violation as violation:
            client.recorder.fail(rule, violation)
            blamed = True
    if not blamed:
        raise Violation(None, "fields that are valid one by one to be valid together", answer(exchange), exchange)


def named_fields(exchange: Exchange) -> set[str]:
    """Return the known fields that the errors of a problem name, whatever their notation."""
    named: set[str] = set()
    for text in field_texts(exchange):
        words = re.findall(r"[A-Za-z][A-Za-z_]*", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", text))
        named |= {word.lower() for word in words} & FIELDS
    return named


def field_texts(exchange: Exchange) -> list[str]:
    """Return what the errors of a problem hold as `field`."""
    problem = exchange.response.json
    errors = problem.get("errors") if isinstance(problem, dict) else None
    entries = [entry for entry in errors if isinstance(entry, dict)] if isinstance(errors, list) else []
    return [entry["field"] for entry in entries if isinstance(entry.get("field"), str)]


FIELDS = {
    "type",
    "title",
    "source_system",
    "external_id",
    "media_url",
    "run_workflows",
    "start_at",
    "is_private",
    "participants",
    "transcript_text",
}


def answer(exchange: Exchange) -> str:
    """Say an answer in a line: its status, and what a problem says."""
    response = exchange.response
    if isinstance(response.json, dict) and not response.ok:
        errors = response.json.get("errors")
        said = errors or response.json.get("detail")
        return f"{response.status}: {shown(said)[:300]}"
    return f"{response.status}" + (f" with id {response.id}" if response.id else "")


def differences(before: Document, after: Document) -> list[str]:
    """Return the fields that a replay must leave alone and that differ, where both answers have them."""
    return [
        name for name in UNCHANGED if name in before and name in after and not _same(name, before[name], after[name])
    ]


def _but_touched(engagement: Document) -> Document:
    return {name: value for name, value in engagement.items() if name != "updated_at"}


def _same(field: str, before: Any, after: Any) -> bool:
    if field in INSTANTS and instant(before) and instant(after):
        return instant(before) == instant(after)
    return bool(before == after)
