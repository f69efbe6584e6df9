"""What a run sent before, as far as it takes to show a fault again: the requests of each key, and the last burst."""

from __future__ import annotations

import itertools
from collections import OrderedDict, deque
from collections.abc import Iterator
from dataclasses import dataclass, replace

from contract.exchange import Exchange, Response
from contract.script import Meanwhile

MOST_KEYS = 2000
MOST_STEPS = 500  # of one key, besides the first
LARGEST = 20_000  # bytes of a request that is remembered


@dataclass(frozen=True, slots=True)
class Sent:
    """An exchange that is remembered without the body of its answer. `made` is the engagement that it showed first.

    `number` counts the exchanges of a run in their order.
    """

    number: int
    exchange: Exchange
    made: str | None
    request_id: str | None


class History:
    """Remembers requests by their keys, so that what led to a fault can be sent again.

    Of many keys those that made nothing are dropped first. Of one key it keeps the first request and the latest.
    """

    def __init__(self) -> None:
        self._numbers = itertools.count()
        self._by_key: OrderedDict[str, list[Sent]] = OrderedDict()
        self._makers: OrderedDict[str, Sent] = OrderedDict()
        self._request_ids: OrderedDict[str, Sent] = OrderedDict()
        self._bursts: OrderedDict[int, list[Exchange]] = OrderedDict()
        self._made: deque[int] = deque(maxlen=MOST_KEYS)  # numbers of the exchanges that made an engagement

    def add(self, exchange: Exchange) -> None:
        """Remember an exchange; a large one is only counted."""
        request, number = exchange.request, next(self._numbers)
        if len(request.body.content) > LARGEST:
            return
        shown = exchange.response.id if request.submits else None
        made = shown if shown not in self._makers else None
        brief = replace(exchange, response=Response(exchange.response.status, {}, b""))
        step = Sent(number, brief, made, exchange.request_id)
        if made is not None:
            self._makers[made] = step
            self._made.append(number)
        if step.request_id is not None:
            self._request_ids.setdefault(step.request_id, step)
        same = self._by_key.setdefault(request.key or "", [])
        same.append(step)
        del same[1:-MOST_STEPS]
        if len(self._by_key) > MOST_KEYS:
            idle = (key for key, steps in self._by_key.items() if not any(step.made for step in steps))
            del self._by_key[next(idle, next(iter(self._by_key)))]
        if exchange.burst:
            self._bursts.setdefault(exchange.burst, []).append(brief)
        for known in (self._makers, self._request_ids, self._bursts):
            while len(known) > MOST_KEYS:
                known.popitem(last=False)

    def burst(self, exchange: Exchange) -> list[Exchange]:
        """Return what was sent in the same burst, this exchange included; nothing if it was sent alone."""
        together = self._bursts.get(exchange.burst, [])
        return together if len(together) > 1 else []

    def meanwhile(self, exchange: Exchange) -> Meanwhile:
        """Return what was sent under other keys since the engagement of this exchange's key was made."""
        who = exchange.request.credential
        same = [
            step for step in self._by_key.get(exchange.request.key or "", []) if step.exchange.request.credential == who
        ]
        made = next((step.number for step in same if step.made is not None), None)
        now = next((step.number for step in reversed(same) if step.exchange.request is exchange.request), None)
        if made is None or now is None or now <= made:
            return Meanwhile()
        own = {step.number for step in same if made < step.number < now}
        creations = sum(made < number < now and number not in own for number in self._made)
        return Meanwhile(creations, now - made - 1 - len(own) - creations)

    def before(self, exchange: Exchange, rule: str) -> tuple[Exchange, ...]:
        """Return what has to be sent before, in its order: who made what is shown, and the latest under this key."""
        steps: dict[int, Sent] = {}
        for step in self._needed(exchange, rule):
            if step.exchange.request is not exchange.request:
                steps[id(step)] = step
        return tuple(step.exchange for step in sorted(steps.values(), key=lambda step: step.number))

    def _needed(self, exchange: Exchange, rule: str) -> Iterator[Sent]:
        if (maker := self._makers.get(exchange.request.reads or exchange.response.id or "")) is not None:
            yield maker
        if rule == "ERR-6" and (first := self._request_ids.get(exchange.request_id or "")) is not None:
            yield first
        if exchange.request.expect not in {"created", "replayed"} or exchange.request.key is None:
            return
        same = self._by_key.get(exchange.request.key, [])
        places = [place for place, step in enumerate(same) if step.exchange.request is exchange.request]
        earlier = same[: places[-1]] if places else same
        makers = [step for step in earlier if step.made is not None][:1]
        yield from makers
        sent = [step.exchange.request.body.content for step in makers]
        yield from [step for step in earlier[-1:] if step.exchange.request.body.content not in sent]
