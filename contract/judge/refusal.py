"""The judgement on answers to what must be refused."""

from __future__ import annotations

from contract.cases.verdict import Judged
from contract.exchange import Exchange
from contract.judge.answers import answer, named_fields
from contract.judge.finding import Finding

NAMES_THE_FIELD, FREE_AGAIN, FORBIDDEN_LEAVES_NOTHING = "ERR-5", "IDEM-9", "SCOPE-5"


def judge_refusal(exchange: Exchange, case: Judged) -> Finding | None:
    """Say what is wrong unless this is a refusal of the case, with one of its statuses."""
    status = exchange.response.status
    if status in case.verdict.statuses or exchange.response.inconclusive:
        return None
    return Finding(case.rule, f"{case.why}: {case.statuses}", answer(exchange))


def judge_named(exchange: Exchange, field: str | None) -> Finding | None:
    """Say what is wrong if a refusal names fields, and not the one that was broken."""
    named = named_fields(exchange)
    if field is None or not named or field in named:
        return None
    return Finding(NAMES_THE_FIELD, f"an error that names {field}", ", ".join(sorted(named)))


def judge_forbidden(exchange: Exchange, rule: str) -> Finding | None:
    """Say what is wrong unless a credential without the scope got 403; `rule` is broken if it got more."""
    status = exchange.response.status
    if exchange.response.ok:
        return Finding(rule, "a refusal without engagements:write", answer(exchange))
    if status == 403 or exchange.response.inconclusive:
        return None
    return Finding("SCOPE-2", "403", answer(exchange))


def rule_of_free_key(refusal: Exchange) -> str:
    """Return the rule that says that the key of a refusal is free, and that nothing was left behind under it."""
    return FORBIDDEN_LEAVES_NOTHING if refusal.response.status == 403 else FREE_AGAIN
