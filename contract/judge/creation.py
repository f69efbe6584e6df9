"""The judgement on the answer to a first submission."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from contract.exchange import Exchange
from contract.instants import instant
from contract.judge.answers import answer
from contract.judge.finding import Finding
from contract.judge.invariants import CLOCK_SKEW, now_at
from contract.judge.replay import differences
from contract.outcome import FIRST_ACCEPTED
from contract.spec.fields import fields

CREATED = 201
GREGORIAN = 1583  # the first whole year of that calendar; some languages show what lies before it in the Julian one
WHOLE_KEY = "IDEM-7"  # what is broken when any two keys are taken for one


def judge_first(
    exchange: Exchange, known: Mapping[str, Mapping[str, Any]], owner: str | None, rule: str
) -> Finding | None:
    """Say what is wrong unless this is a new engagement.

    `known` are those of before, by id; `owner` is the key of the one in the answer, which may be forgotten otherwise.
    It is None if nobody knows under which key that was made. Two keys that are taken for one break IDEM-7; anything
    else breaks `rule`.
    """
    response = exchange.response
    if not response.ok:
        return Finding(rule, FIRST_ACCEPTED, answer(exchange))
    before, own = known.get(response.id or ""), owner == exchange.request.key
    # Where the other one is forgotten, the status tells whether this one is new.
    made = before is None and not own and response.status == CREATED
    if made or (before is not None and differences(before, response.engagement)):
        return Finding("RESP-3", "an id of its own for a new engagement", f"{response.id}, which is another one's")
    if before is not None or not own:
        actual = f"{response.id}, which is another key's"
        return Finding(rule if own else WHOLE_KEY, "a new engagement for a new key", actual)
    return None


def judge_copied(exchange: Exchange) -> Iterator[Finding]:
    """Say what is wrong if a submission named its owner or its creation, which are no fields, and got these."""
    for rule, name, expected in (
        ("SCOPE-4", "owner_user_id", "the user of the credential as the owner"),
        ("RESP-11", "created_at", "the time of the request as that of the creation"),
    ):
        sent, said = (document.get(name) for document in (exchange.document, exchange.response.engagement))
        if sent is not None and (sent == said or (instant(sent) or sent) == instant(said)):
            yield Finding(rule, f"{expected}, whatever the submission says", exchange.shown(said))


def judge_created(exchange: Exchange) -> Iterator[Finding]:
    """Compare the answer to a first submission with it: title, type, privacy and start, which is now by default."""
    engagement, document = exchange.response.engagement, exchange.document
    for rule, name, sent, kind in (
        ("RESP-4", "title", "title", str),
        (fields()["type"].valid, "engagement_type", "type", str),
        ("RESP-9", "is_private", "is_private", bool),
    ):
        said = engagement.get(name)  # what is missing or of another type breaks the shape (RESP-1), and nothing else
        if sent in document and isinstance(said, kind) and said != document[sent]:
            yield Finding(rule, f"{name} {exchange.shown(document[sent])}, as submitted", exchange.shown(said))
    sent_start, start = instant(document.get("start_at")), instant(engagement.get("start_at"))
    if "start_at" not in document and start and abs(start - now_at(exchange)) > CLOCK_SKEW:
        yield Finding("RESP-8", f"start_at near {now_at(exchange):%Y-%m-%dT%H:%M:%SZ}", start.isoformat())
    if sent_start and start and sent_start.year >= GREGORIAN and _is_another(start, sent_start):
        yield Finding("BODY-8", f"start_at {sent_start.isoformat()}", start.isoformat())


def _is_another(start: datetime, sent: datetime) -> bool:
    """Tell whether a start is not the one that was sent, without its fraction if no fraction is kept."""
    return abs((start - sent).total_seconds()) >= (0.01 if start.microsecond else 1)
