"""The judgement on parallel first submissions of one key. Rules: IDEM-10, IDEM-13."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from contract.exchange import Exchange
from contract.judge.replay import answer, check_created, check_replay
from contract.run.recorder import Violation
from contract.target.client import Client


def judge_race(client: Client, key: str, exchanges: Sequence[Exchange], known: Collection[str]) -> None:
    """Check one burst of first submissions of `key`.

    There is one id, at most one 201, the others are 200 or 409, and a later repeat agrees. `known` are the ids that
    the run knew before. Raises Violation. Rule: IDEM-10.
    """
    statuses = sorted(exchange.response.status for exchange in exchanges)
    winners = [exchange for exchange in exchanges if exchange.response.ok]
    if not winners:
        raise Violation("IDEM-10", "one of the parallel submissions to create", f"{statuses}", exchanges[0])
    for exchange in exchanges:
        if not exchange.response.ok and exchange.response.status != 409:
            raise Violation("IDEM-10", "200 or 409 for the others", answer(exchange), exchange)
    ids = {exchange.response.id for exchange in winners}
    if len(ids) > 1 or statuses.count(201) > 1 or ids & set(known):
        raise Violation("IDEM-10", "one engagement for parallel submissions", f"{statuses}, ids {ids}", winners[-1])
    if len({exchange.response.engagement.get("title") for exchange in winners}) > 1:
        raise Violation("IDEM-10", "the same engagement for all", "different titles under one id", winners[-1])
    for first in winners:
        if first.response.status == 201:
            check_created(client, first)
    repeat = client.submit(client.submission(external_id=key), expect="replayed")
    check_replay(repeat, winners[0], "IDEM-10")
    waited = "409 while the first submission is in flight" if 409 in statuses else "the others wait and get 200"
    client.recorder.observe("IDEM-13", waited)
