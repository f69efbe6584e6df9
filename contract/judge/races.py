"""The judgement on parallel first submissions of one key. Rules: IDEM-10, IDEM-13."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from contract.exchange import Exchange
from contract.judge.answers import answer
from contract.judge.creation import WHOLE_KEY
from contract.judge.finding import Finding
from contract.judge.replay import differences

RACE, SEEN = "IDEM-10", "IDEM-13"


def judge_race(
    exchanges: Sequence[Exchange], known: Mapping[str, Mapping[str, Any]]
) -> tuple[Finding, Exchange] | None:
    """Say what is wrong with one burst of first submissions, and which exchange shows it.

    There is one id, and all but one are 200 or 409. `known` are the engagements of before, by id.
    """
    statuses = sorted(exchange.response.status for exchange in exchanges)
    winners = [exchange for exchange in exchanges if exchange.response.ok]
    # Before those with 409, which wait for it: what is sent may be to blame for it, and not the race.
    refused = [exchange for exchange in exchanges if not exchange.response.ok and exchange.response.status != 409]
    if not winners:
        return Finding(RACE, "one of the parallel submissions to create", f"{statuses}"), (*refused, *exchanges)[0]
    if refused:
        return Finding(RACE, "200 or 409 for the others", answer(refused[0])), refused[0]
    ids = {exchange.response.id for exchange in winners} - {None}
    if len(ids) == 1 and ids <= known.keys():
        before = known[winners[0].response.id or ""]
        broken = "RESP-3" if differences(before, winners[0].response.engagement) else WHOLE_KEY
        return Finding(broken, "a new engagement for a new key", f"{statuses}, id {ids}"), winners[-1]
    if len(ids) > 1 or sum(status not in {200, 409} for status in statuses) > 1:
        return Finding(RACE, "one engagement for parallel submissions", f"{statuses}, ids {ids}"), winners[-1]
    if len({exchange.response.engagement.get("title") for exchange in winners} - {None}) > 1:
        return Finding(RACE, "the same engagement for all", "different titles under one id"), winners[-1]
    return None


def behaviour(exchanges: Sequence[Exchange]) -> str:
    """Say what a target does with a submission whose key is in flight."""
    refused = any(exchange.response.status == 409 for exchange in exchanges)
    return "409 while the first submission is in flight" if refused else "the others wait and get 200"
