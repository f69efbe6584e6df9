"""The judgement on repeats. Rules: IDEM-1 to IDEM-3."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from contract.exchange import Exchange
from contract.instants import instant
from contract.judge.answers import answer
from contract.judge.finding import Finding

SAME, UNCHANGED_RULE, WORKSPACE = "IDEM-1", "IDEM-2", "IDEM-4"
# What a replay must leave as it was (api: "unchanged"), where both answers have it.
UNCHANGED = ("object", "id", "title", "engagement_type", "is_private", "created_at", "start_at", "owner_user_id")
INSTANTS = ("created_at", "start_at", "engagement_at", "end_at")
# What processing may correct. It stays as long as neither the status nor the time of the last change moves.
PROCESSED = ("engagement_at", "end_at", "duration_seconds", "is_internal", "data_source", "host_user_id", "meeting_url")
ADVANCE = {"PENDING": 0, "PROCESSING": 1, "COMPLETED": 2, "FAILED": 2}  # how far each status has come
Engagement = Mapping[str, Any]


def rule_of_repeat(first: Mapping[str, Any], document: Mapping[str, Any]) -> str:
    """Return the rule that says that this is a repeat of the first submission, by what differs."""
    changed = {name for name in {*first, *document} if first.get(name) != document.get(name)}
    return {frozenset(): SAME, frozenset({"source_system"}): "IDEM-3"}.get(frozenset(changed), UNCHANGED_RULE)


def judge_repeat(exchange: Exchange, first: Exchange, rule: str) -> Finding | None:
    """Say what is wrong unless this is answered with 200 and the first engagement. `rule` says that it is a repeat."""
    if exchange.response.status != 200:
        return Finding(rule, "200 with the stored engagement", answer(exchange))
    before, after = first.response.id, exchange.response.id
    if before is not None and after is not None and before != after:
        return Finding(rule, f"the engagement {before}", f"{after}")
    return None


def judge_unchanged(exchange: Exchange, first: Exchange) -> Iterator[Finding]:
    """Say what a repeat changed in the stored engagement, whatever it said itself. Rule: IDEM-2."""
    before, after = first.response.engagement, exchange.response.engagement
    still = all(name in before and before[name] == after.get(name) for name in ("updated_at", "processing_status"))
    for name in (differences(before, after) or (differences(before, after, PROCESSED) if still else []))[:1]:
        yield Finding(
            UNCHANGED_RULE, f"{name} unchanged, {exchange.shown(before[name])}", f"{name} {exchange.shown(after[name])}"
        )
        return
    yield from judge_forward(exchange, before.get("processing_status"))


def judge_touched(repeats: Sequence[Exchange]) -> Iterator[Finding]:
    """Say what is wrong if repeats move updated_at, two of them at least, and nothing else. Rule: IDEM-2.

    One move alone says nothing: meanwhile processing may have changed what has to be asked for.
    """
    shown = [exchange.response.engagement for exchange in repeats]
    moved = [(one, other) for one, other in pairwise(shown) if one.get("updated_at") != other.get("updated_at")]
    if sum(but_touched(one) == but_touched(other) for one, other in moved) > 1:
        actual = f"{shown[0].get('updated_at')}, then {shown[-1].get('updated_at')}"
        yield Finding(UNCHANGED_RULE, "updated_at as it was, as nothing else changed", actual)


def judge_forward(exchange: Exchange, then: Any) -> Iterator[Finding]:
    """Say what is wrong if processing went back behind the status that an answer showed before. Rule: IDEM-2."""
    now = exchange.response.engagement.get("processing_status")
    if went_back(then, now):
        yield Finding(UNCHANGED_RULE, f"processing_status that moves on from {then}", str(now))


def went_back(then: Any, now: Any) -> bool:
    """Tell whether processing lies behind what was shown before, or one end of it became the other."""
    known = [ADVANCE[status] for status in (then, now) if isinstance(status, str) and status in ADVANCE]
    return len(known) == 2 and (known[1] < known[0] or (known == [2, 2] and then != now))


def differences(before: Engagement, after: Engagement, names: Sequence[str] = UNCHANGED) -> list[str]:
    """Return the fields that a replay must leave alone and that differ, where both answers have a value."""
    return [name for name in names if name in before and name in after and not _same(name, before[name], after[name])]


def but_touched(engagement: Engagement) -> dict[str, Any]:
    """Return the members of an engagement but the time of its last change."""
    return {name: value for name, value in engagement.items() if name != "updated_at"}


def _same(field: str, before: Any, after: Any) -> bool:
    if field in INSTANTS and instant(before) and instant(after):
        return instant(before) == instant(after)
    return bool(before == after)
