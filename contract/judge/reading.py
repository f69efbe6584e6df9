"""The judgement on what is read back. Rules: READ-1 to READ-15, LIST-1 to LIST-17."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any

from contract.cases.queries import Query
from contract.exchange import Exchange
from contract.instants import instant
from contract.judge.answers import answer
from contract.judge.finding import Finding
from contract.judge.invariants import EXPANDED, shape, times
from contract.judge.replay import UNCHANGED, differences, went_back

Engagement = Mapping[str, Any]
HIDDEN = (403, 404)  # how a target may hide an engagement


def judge_read(exchange: Exchange, created: Exchange, expanded: Iterable[str] = ()) -> Iterator[Finding]:
    """Say what is wrong unless this shows what was shown before, when it was created, with these members expanded.

    What was not as documented before, and is the same now, is told there.
    """
    response, first = exchange.response, created.response.engagement
    if response.status != 200 or not isinstance(response.json, dict):
        yield Finding("READ-1", f"200 with the engagement {created.response.id}", answer(exchange))
        return
    if (changed := judge_kept(exchange, response.engagement, first, "READ-1")) is not None:
        yield changed
        return
    if lost := [name for name in UNCHANGED if name in first and name not in response.engagement]:
        yield Finding("READ-1", f"{lost[0]} {exchange.shown(first[lost[0]])}, as it was created", f"no {lost[0]}")
        return
    told = set(judge_members(created, first, "READ-1", "READ-8", ()))
    found = judge_members(exchange, response.engagement, "READ-1", "READ-8", expanded)
    yield from (finding for finding in found if finding not in told)


def judge_kept(exchange: Exchange, engagement: Engagement, first: Engagement, rule: str) -> Finding | None:
    """Say what is wrong if an engagement is shown with another value than it was created with."""
    shown = exchange.shown
    for name in differences(first, engagement):
        return Finding(rule, f"{name} {shown(first[name])}, as it was created", f"{name} {shown(engagement[name])}")
    return None


def judge_members(
    exchange: Exchange, engagement: Engagement, rule: str, expansion: str, expanded: Iterable[str]
) -> Iterator[Finding]:
    """Say what is not documented of an engagement that is shown. `expansion` is the rule on what is expanded."""
    expanded = set(expanded)
    yield from times(dict(engagement))
    if (wrong := next(shape(dict(engagement), exchange.shown), None)) is not None:
        yield Finding(rule, wrong.expected, wrong.actual)
    if there := [name for name in EXPANDED if name in engagement and name not in expanded]:
        yield Finding(expansion, "nothing expanded that was not asked for", f"{', '.join(there)} is there")
    if missing := [name for name in sorted(expanded) if name not in engagement]:
        yield Finding(expansion, f"{', '.join(missing)}, as expand asks for it", "it is not there")


def judge_hidden(exchange: Exchange, rule: str, why: str) -> Finding | None:
    """Say what is wrong if an engagement is shown to somebody who must not see it."""
    if exchange.response.status in HIDDEN or exchange.response.inconclusive:
        return None
    return Finding(rule, f"404 for {why}", answer(exchange))


def judge_progress(after: Exchange, before: Exchange) -> Iterator[Finding]:
    """Say what is wrong if processing went back, or if updated_at or the ETag does not go with what is shown."""
    one, other = (exchange.response.engagement for exchange in (before, after))
    yield from judge_status(after, one)
    times: list[Any] = [instant(engagement.get("updated_at")) for engagement in (one, other)]
    # It may move on with the same answer: what changed then may be a member that has to be asked for.
    if None not in times and (times[1] < times[0] or (times[1] == times[0] and _changed(one, other, times[0]))):
        said = f"{one['updated_at']}, then {other['updated_at']} with another answer"
        yield Finding("READ-15", "updated_at that moves on with each change", said)
    tags = [exchange.response.headers.get("etag") for exchange in (before, after)]
    same = before.request.path == after.request.path  # an ETag is of one URL: RFC 9110, 8.8.1
    if same and None not in tags and one != other and tags[0] == tags[1]:
        yield Finding("READ-12", "another ETag for another answer", after.shown(tags[1]))


def judge_status(after: Exchange, before: Engagement) -> Iterator[Finding]:
    """Say what is wrong if processing went back behind what was shown before."""
    then, now = (engagement.get("processing_status") for engagement in (before, after.response.engagement))
    if went_back(then, now):
        yield Finding("READ-15", f"processing_status that moves on from {then}", after.shown(now))


def _changed(one: Engagement, other: Engagement, at: datetime) -> bool:
    """Tell whether two answers with one updated_at differ in a member that both have. Whole seconds may hide a move."""
    shared = (one.keys() & other.keys()) - {"updated_at", *EXPANDED}
    return bool(at.microsecond and differences(one, other, sorted(shared)))


def judge_envelope(exchange: Exchange, limit: int = 25) -> Iterator[Finding]:
    """Say what is wrong with a page of a list, the worst first, apart from which engagements it shows."""
    page, shown = exchange.response.json, exchange.shown
    if exchange.response.status != 200 or not isinstance(page, dict):
        yield Finding("LIST-1", "200 with a list", answer(exchange))
        return
    data, more, following = page.get("data"), page.get("has_more"), page.get("next_cursor")
    if page.get("object") != "list":
        yield Finding("LIST-1", 'object "list"', shown(page.get("object")))
    if not isinstance(data, list) or not all(isinstance(one, dict) and isinstance(one.get("id"), str) for one in data):
        yield Finding("LIST-1", "engagements in data", shown(data))
        return
    if not isinstance(more, bool):
        yield Finding("LIST-1", "has_more true or false", shown(more))
    elif "next_cursor" not in page or more is not isinstance(following, str) or (not more and following is not None):
        yield Finding("LIST-1", "next_cursor where has_more is true, else null", shown([more, following]))
    if len(data) > limit:
        yield Finding("LIST-2", f"at most {limit} engagements", f"{len(data)}")


def judge_order(engagements: Sequence[Engagement], *, descending: bool) -> Finding | None:
    """Say what is wrong unless engagements that nothing changes meanwhile are in the order of updated_at."""
    known = [(at, one) for one in engagements if (at := instant(one.get("updated_at"))) is not None]
    for (before, one), (after, other) in pairwise(known):
        if (before < after) if descending else (before > after):
            way = "descending" if descending else "ascending"
            actual = f"{one['id']} of {one['updated_at']} before {other['id']} of {other['updated_at']}"
            return Finding("LIST-3", f"updated_at {way}", actual)
    return None


def judge_selection(
    exchange: Exchange, query: Query, shown: Iterable[Engagement], stable: Mapping[str, Engagement]
) -> Finding | None:
    """Say what is wrong unless a query shows just those that it selects. `stable` are those that do not change."""
    ids = {one["id"] for one in shown}
    for id_, engagement in stable.items():
        if query.selects(dict(engagement)) and id_ not in ids:
            return Finding(query.rule, f"{id_} for {query.text}", f"it is missing among {len(ids)}")
    for one in shown:
        if not query.selects(dict(one)):
            return Finding(query.rule, f"only what {query.text} selects", exchange.shown(one))
    return None
