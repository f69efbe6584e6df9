"""What tests send with: it builds submissions, spends budgets and keeps the ledger. It judges nothing.

Everything a run creates carries its run id: keys and titles begin with it, workflows are off, and it is private.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from contract import interruption
from contract.between import page, retry_after
from contract.cases.credentials import API_KEY
from contract.exchange import LARGE, PATH, Body, Exchange, Request, Response
from contract.outcome import ANSWERED, CutShort, LeftOut, Untested, Violation
from contract.spec.statuses import BUSY, CONFLICT
from contract.target.budget import Budget
from contract.target.clock import Clock
from contract.target.config import Config
from contract.target.discretion import shows
from contract.target.ledger import Ledger
from contract.target.patience import Patience
from contract.target.redaction import Redactor, curl_options
from contract.target.transport import NoAnswer, Transport

BURST = 8  # parallel requests at most
ANCHOR_TRIES = 5  # accepted cases in a row that get no answer before the run is cut short, over half a minute
TRIES = 6
Document = dict[str, Any]


class Client:
    """Sends to one target, and tells of each answer (`heard`). Not for use from several threads.

    `run_id` marks what the run makes. With `refused_only` nothing is sent that may create.
    """

    def __init__(  # noqa: PLR0913  what a run consists of
        self,
        config: Config,
        transport: Transport,
        run_id: str,
        *,
        refused_only: bool = False,
        ledger: Ledger | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.config = config
        self.redact = Redactor.of(config)
        self._options = curl_options(config)
        self.run_id = run_id
        self.refused_only = refused_only
        self.clock = clock or Clock()
        self.patience = Patience(config.patience, self.clock)
        self.budget = Budget(config.max_requests, config.max_creations)
        self.bare = False  # whether API keys have to be sent without Bearer
        self.ids: dict[str, str | None] = {}  # id of an engagement: the key that made it
        self.engagements: dict[str, Document] = {}  # as they were first shown, by id
        self.base: Document = {
            "type": "CALL",
            "title": f"{run_id} contract test",
            "source_system": "contract-kit",
            "media_url": config.accepted[0],
            "run_workflows": False,
            "is_private": True,
        }
        self.trail: deque[Exchange] = deque(maxlen=0)  # the latest exchanges, for a run that tells how it got somewhere
        self.anchor: Exchange | None = None  # an engagement known to exist, to tell a dead target from a hostile case
        self._transport = transport
        self._ledger = ledger or Ledger(None)
        self._numbers = itertools.count(1)
        self._bursts = itertools.count(1)
        self._next_slot = 0.0

    @property
    def requests(self) -> int:
        """How many requests this run sent."""
        return self.budget.requests

    @property
    def creations(self) -> int:
        """How many engagements this run made, or may have made."""
        return self.budget.creations

    def forget(self) -> None:
        """Drop the engagements made so far, but not whose they are: for runs that go on and on."""
        self.budget.forget()
        self.engagements.clear()

    def key(self, suffix: str = "") -> str:
        """Return a key never used before, which begins with the run id."""
        return f"{self.run_id}:{next(self._numbers)}{suffix}"

    def submission(self, **changes: Any) -> Document:
        """Return a valid submission with a fresh key, and these fields changed."""
        return {**self.base, "external_id": self.key(), **changes}

    def request(
        self,
        document: Any,
        *,
        credential: str | None = "writer",
        expect: str = "created",
        escaped: bool = False,
        **changes: Any,
    ) -> Request:
        """Return the request that submits a document (or a Body). `changes` are other fields of Request."""
        body = document if isinstance(document, Body) else Body.of(document, escaped=escaped)
        headers: tuple[tuple[str, str], ...] = (("Content-Type", "application/json"),)
        if credential is not None:
            headers = (("Authorization", self.credential(credential)), *headers)
        key = body.document.get("external_id") if isinstance(body.document, dict) else None
        key = key if isinstance(key, str) else None
        return replace(Request(body, headers, credential, key, expect=expect), **changes)

    def credential(self, name: str) -> str:
        """Return the Authorization header of a configured credential. Raises Untested without one."""
        if name not in self.config.credentials:
            raise Untested(f"no credential {name} is configured (CONTRACT_{name.upper()})")
        credential = self.config.credentials[name]
        return credential.token if self.bare and credential.token.startswith(API_KEY) else credential.header

    def read(
        self, tail: str, credential: str | None = "private_reader", expect: str = "shown", **changes: Any
    ) -> Exchange:
        """Read from the engagements and return the exchange. `tail` is what follows their path."""
        headers = () if credential is None else (("Authorization", self.credential(credential)),)
        request = Request(Body(b""), headers, credential, method="GET", path=PATH + tail, expect=expect)
        return self.send(replace(request, **changes))

    def submit(self, document: Any, **options: Any) -> Exchange:
        """Send a submission and return the exchange. Options are those of `request`."""
        return self.send(self.request(document, **options))

    def send(self, request: Request) -> Exchange:
        """Send one request: within the budgets, patient with 429, once more when the connection breaks.

        Raises LeftOut if others would see what may come of it, Violation if it gets no answer twice while the target
        answers others, CutShort if the target answers nobody or a budget is used up, Untested if it stays busy.
        """
        self._admit(request)
        silences, lost = 0, False  # a lost answer may be that of a submission which is still in flight
        for attempt in itertools.count(1):
            self.spend(request)
            try:
                exchange = self._ask(request)
            except NoAnswer as reason:
                silences, lost = silences + 1, True
                if silences == 2:
                    self._outlast_silence(request, str(reason))
                    silences = 0
                continue
            if (why := self._not_the_target(exchange, lost=lost)) is None:
                return exchange
            lost = lost or exchange.response.status != BUSY
            if attempt >= TRIES or (attempt > 1 and page(request, exchange.response)):
                raise Untested(why)
            self._wait(exchange.response, why, attempt)
        raise AssertionError  # the loop above has no other end

    def _ask(self, request: Request) -> Exchange:
        """Send a request once and take note of the answer. Raises NoAnswer, and CutShort when it took too long."""
        started, begun = self.clock.time(), self.clock.monotonic()
        try:
            response = self._transport.send(request)
        except NoAnswer as reason:
            self.unanswered(request)
            self.patience.count(self.clock.monotonic() - begun, str(reason))
            raise
        exchange = self.exchange(request, response, started)
        self.heard(exchange)
        self.patience.answered(response, begun)
        return exchange

    def _not_the_target(self, exchange: Exchange, *, lost: bool) -> str | None:
        """Say why an answer decides nothing, so that it is asked for again; None if it does."""
        response = exchange.response
        if response.status == BUSY:
            return "the target answers 429, however long one waits: raise its limit or lower limits.rate"
        if response.unavailable:
            return f"{response.status} from something in front of the target"
        if response.status == CONFLICT and lost:
            return "409, as the target is still busy with the first attempt"
        return page(exchange.request, response)

    def _wait(self, response: Response, why: str, attempt: int) -> None:
        """Wait as long as an answer asks for, or else longer each time. A page of a firewall is not waited for."""
        asked = retry_after(response, self.clock.time())
        if asked is None:
            passing = response.unavailable or response.status in {BUSY, CONFLICT}
            asked = min(2.0 ** (attempt - 1), 16.0) if passing else 0.0
        self.patience.wait(asked, why)

    def race(self, racers: Sequence[Request]) -> list[Exchange]:
        """Send up to eight requests at the same moment; exempt from the rate, not from the budget.

        Returns the exchanges that the target was not too busy for; none if one of them shows nothing of the target,
        since that may be the one which created. Raises what `send` raises.
        """
        for racer in racers:
            self._admit(racer)
        racers = racers[:BURST]
        self.spend(*racers)
        started, begun = self.clock.time(), self.clock.monotonic()
        try:
            responses = self._transport.race(racers)
        except NoAnswer as reason:
            for racer in racers:
                self.unanswered(racer)
            self._outlast_silence(racers[0], f"{reason}, in a parallel burst")
            return []
        burst = next(self._bursts)
        exchanges = [self.exchange(*pair, started, burst) for pair in zip(racers, responses, strict=True)]
        for exchange in exchanges:
            self.heard(exchange)
        self.patience.answered(max(responses, key=lambda response: len(response.content)), begun)
        return self._conclusive(exchanges)

    def _conclusive(self, exchanges: Sequence[Exchange]) -> list[Exchange]:
        """Return the answers of a burst that decide something, after the wait that the others ask for."""
        reasons = {id(exchange): self._not_the_target(exchange, lost=False) for exchange in exchanges}
        odd = [exchange for exchange in exchanges if reasons[id(exchange)]]
        if odd:
            longest = max(odd, key=lambda exchange: retry_after(exchange.response, self.clock.time()) or 0.0)
            self._wait(longest.response, reasons[id(longest)] or "", 2)
        if any(exchange.response.status != BUSY for exchange in odd):
            return []
        return [exchange for exchange in exchanges if exchange not in odd]

    def _admit(self, request: Request) -> None:
        """See that a request may leave. Raises Untested, and LeftOut if others would see what may come of it."""
        if self.refused_only and request.expect in {"created", "replayed", "observed"}:
            raise Untested("the profile safe sends only what is refused")
        if request.submits and self.config.discreet and (reason := shows(request.body.content)) is not None:
            raise LeftOut(reason)

    def exchange(self, request: Request, response: Response, started: float, burst: int = 0) -> Exchange:
        """Return a request and its answer with what a report must not show of them."""
        return Exchange(request, response, self.config.base_url, started, self.redact, self._options, burst)

    def spend(self, *requests: Request) -> None:
        """Take requests that are sent at once out of the budgets, wait for their turn, and write their keys down.

        Raises CutShort if a budget has no room for them or the patience is used up, KeyboardInterrupt after a signal.
        """
        interruption.check()
        self.patience.goes_on()
        self.budget.reserve(requests)
        if self.config.rate:
            now = self.clock.monotonic()
            self.clock.sleep(max(0.0, self._next_slot - now))
            self._next_slot = max(now, self._next_slot) + 1 / self.config.rate
        for request in requests:
            if request.key is not None:
                self._ledger.write(request.key, request.credential)

    def outlast(self, exchange: Exchange, seconds: float) -> None:
        """Wait until an exchange lies so many seconds back: a wait that the run chose."""
        self.patience.goes_on()
        self.clock.sleep(max(0.0, exchange.started + seconds - self.clock.time()))

    def heard(self, exchange: Exchange) -> None:
        """Take note of an answer. A run that judges answers does it here, too."""
        small = len(exchange.response.content) <= LARGE
        self.trail.append(exchange if small else replace(exchange, response=replace(exchange.response, content=b"")))
        made = exchange.response.id if exchange.request.submits else None
        self.budget.answered(exchange.request, exchange.response, known=made in self.ids)
        if made is not None:
            self.ids.setdefault(made, exchange.request.key)
            self.engagements.setdefault(made, exchange.response.engagement if small else {})

    def unanswered(self, request: Request) -> None:
        """Take note of a request that got no answer."""
        self.budget.answered(request, None, known=False)

    def silent(self, exchange: Exchange, reason: str) -> None:
        """Take note of a request that got no answer twice, while others are answered."""

    def _outlast_silence(self, request: Request, reason: str) -> None:
        """Wait until the target answers again what it accepted before, and return if it was away.

        Raises Violation if it never was: then the silence is a fault of this case. Raises CutShort if it stays away.
        """
        if self.anchor is None:
            raise CutShort(f"the target stopped answering: {reason}")
        for failed in range(ANCHOR_TRIES):
            if self._answers(self.anchor.request):
                if failed:
                    return
                exchange = self.exchange(request, Response(0, {}, reason.encode()), self.clock.time())
                self.silent(exchange, reason)
                raise Violation(None, ANSWERED, f"no answer twice: {reason}", exchange)
            self.patience.wait(2.0**failed, reason)
        last = f"{request.method} {request.path} with a body of {len(request.body.content):,} bytes"
        raise CutShort(f"the target stopped answering after {last}: {reason}")

    def _answers(self, known: Request) -> bool:
        """Tell whether the target answers a submission that it accepted before."""
        self.spend(known)
        try:
            exchange = self._ask(known)
        except NoAnswer:
            return False
        return not exchange.response.unavailable
