"""Makes the evidence of a report out of a violation: without secrets first, and then short."""

from __future__ import annotations

from dataclasses import replace

from contract import script
from contract.exchange import Exchange
from contract.outcome import Violation
from contract.run.history import History
from contract.run.results import Failure

LONGEST = 400  # characters of what was expected, and of what came

FORGOTTEN = "IDEM-11"  # a target may forget a key by time, or by what comes after it
LONGEST_WAIT = 20.0  # seconds that a script waits for that


def evidence(violation: Violation, history: History | None = None) -> Failure:
    """Return what a report shows of a violation. Its texts hold no secret and are of bounded length.

    `history` knows what else has to be sent to see it again, unless the violation brings that along.
    """
    exchange = violation.exchange
    if exchange is None:
        return Failure(brief(violation.expected), brief(violation.actual))
    burst = history.burst(exchange) if history else []
    before = tuple(violation.before) or (history.before(exchange, violation.rule or "") if history else ())
    steps = (*before, exchange)
    meanwhile = None
    if before and history and violation.rule == FORGOTTEN:
        waits = min(exchange.started - before[0].started, LONGEST_WAIT)
        meanwhile = replace(history.meanwhile(exchange), seconds=waits)
    return Failure(
        expected=brief(exchange.redact(violation.expected)),
        actual=brief(exchange.redact(violation.actual)),
        request_id=None if exchange.request_id is None else brief(exchange.redact(exchange.request_id)),
        curl=script.race(burst) if burst else script.script(steps, meanwhile),
        request="\n\n".join(_step(number, step, len(steps)) for number, step in enumerate(steps, 1)),
        response=exchange.shown_response(),
    )


def brief(text: str) -> str:
    """Return a text that a report shows in one place, cut where it is long."""
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} … {len(text) - LONGEST:,} characters more"


def _step(number: int, exchange: Exchange, count: int) -> str:
    """Return a request for people; where there are several, with its number and what it was answered with."""
    if count == 1:
        return exchange.shown_request()
    return f"{number} of {count}, answered with {exchange.response.status}:\n{exchange.shown_request()}"
