"""Plays the scenarios of the table against a target. Used by the suite and by the state machine."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from contract.cases.keys import LONGEST, Shape
from contract.cases.scenarios import CREATED, FORBIDDEN, KNOWN, LONG, NOBODY, REFUSAL, UNAUTHORIZED, Scenario, Step
from contract.cases.submission import Submission
from contract.exchange import Exchange, Request
from contract.judge.answers import answer
from contract.judge.refusal import FREE_AGAIN, judge_forbidden
from contract.judge.replay import WORKSPACE
from contract.outcome import See, Untested, Violation
from contract.run.client import RecordingClient
from contract.run.groups import used_up
from contract.run.steps import check_first, check_repeat, created, example, refused, replayed

NO_CREDENTIAL = "AUTH-2"
BURSTS = 3  # that are tried until the target answers a whole one


@dataclass(slots=True)
class _Play:
    """One scenario on its way: its keys, what is stored under each, and what was refused last under each."""

    client: RecordingClient
    scenario: Scenario
    keys: dict[str, str] = field(default_factory=dict)
    stored: dict[tuple[str, str], Exchange] = field(default_factory=dict)
    refused: dict[str, Exchange] = field(default_factory=dict)
    last: dict[str, Any] = field(default_factory=dict)  # what the step before sent

    def document(self, step: Step, number: int) -> dict[str, Any]:
        """Return what a step sends, and keep it."""
        if not step.again:
            self.last = self._document(step, number)
        return self.last

    def _document(self, step: Step, number: int) -> dict[str, Any]:
        changes = self.client.allowed(step.case.value) if step.case is not None else {}
        if step.key == KNOWN:
            first = example(self.client, "plain")
            self.stored.setdefault((step.who, KNOWN), first)
            return {**first.document, **changes}
        shape = Shape(length=LONGEST) if step.key == LONG else Shape()
        key = self.keys.setdefault(step.key, shape.key(self.client.key()))
        return {**self.client.base, "title": f"{self.client.run_id} step {number}", "external_id": key, **changes}


def play(client: RecordingClient, scenario: Scenario) -> list[Exchange]:
    """Play a scenario and return what it created. Raises Violation, See or Untested."""
    for who in {step.who for step in scenario.steps} - {NOBODY}:
        client.credential(who)
    game = _Play(client, scenario)
    if scenario.at_once:
        _at_once(game)
    else:
        for number, step in enumerate(scenario.steps, 1):
            _take(game, step, number)
    return [exchange for (_, key), exchange in game.stored.items() if key != KNOWN]


def _take(game: _Play, step: Step, number: int) -> None:
    client = game.client
    document = game.document(step, number)
    if step.outcome == CREATED:
        game.stored[step.who, step.key] = _create(game, step, document)
    elif step.outcome == REFUSAL and step.case is not None:
        game.refused[step.key] = _refuse(game, step, step.case)
    elif step.outcome in {FORBIDDEN, UNAUTHORIZED}:
        game.refused[step.key] = _turned_away(game, step, document)
    else:
        first = game.stored.get((step.who, step.key)) or example(client, "plain")
        if step.case is None:
            document = first.document
        rule = WORKSPACE if game.scenario.rule == WORKSPACE else None
        replayed(client, first, document, rule, credential=step.who)


def _refuse(game: _Play, step: Step, case: Submission) -> Exchange:
    """Send what is refused. Raises See if it is not, or if an earlier refusal of its key left something behind."""
    client, rule = game.client, game.scenario.rule
    try:
        return refused(client, case, game.keys[step.key], credential=step.who)
    except Violation as violation:
        accepted = violation.exchange is not None and violation.exchange.response.ok
        if _met_another(game, step, case, violation.exchange):
            raise Violation(rule, violation.expected, violation.actual, violation.exchange) from None
        if step.key in game.refused and (accepted or used_up(client, case, violation, credential=step.who)):
            raise See(FREE_AGAIN) from None
        raise _to_blame(game, violation.rule or rule, violation) from None


def _met_another(game: _Play, step: Step, case: Submission, exchange: Exchange | None) -> bool:
    """Tell whether a refusal met what another step made: its engagement comes back, or it holds the key."""
    if exchange is not None and exchange.response.ok:
        return exchange.response.id in {first.response.id for first in game.stored.values()}
    others = any(key == step.key and who != step.who for who, key in game.stored)
    return others and _refused_twice(game.client, case, step.who)


def _refused_twice(client: RecordingClient, case: Submission, who: str) -> bool:
    """Tell whether a case is refused as it should be, twice under one key that nobody else has used."""
    key = client.key()
    try:
        for _ in range(2):
            refused(client, case, key, credential=who)
    except (Violation, Untested):
        return False
    return True


def _create(game: _Play, step: Step, document: dict[str, Any]) -> Exchange:
    """Create. Raises See if what was refused before used the key up in its own workspace, too."""
    client, rule, after = game.client, game.scenario.rule, game.refused.get(step.key)
    try:
        return created(client, document, rule, after=after, credential=step.who)
    except Violation as violation:
        if violation.rule != WORKSPACE or after is None:
            raise
        try:
            created(client, document, FREE_AGAIN, credential=after.request.credential)
        except Violation as fault:
            client.recorder.fail(FREE_AGAIN, fault)
            raise See(FREE_AGAIN) from None
        raise


def _turned_away(game: _Play, step: Step, document: dict[str, Any]) -> Exchange:
    """Send without a credential, or without the scope, and see it refused."""
    client = game.client
    credential = None if step.who == NOBODY else step.who
    exchange = client.submit(document, credential=credential, expect=step.outcome)
    if step.outcome == FORBIDDEN:
        finding = judge_forbidden(exchange, "SCOPE-1" if step.who == "reader" else "SCOPE-3")
        if finding is not None and exchange.response.ok:
            raise _to_blame(game, finding.rule, Violation(*finding, exchange))
    elif exchange.response.ok or (exchange.response.status >= 500 and not exchange.response.inconclusive):
        raise _to_blame(game, NO_CREDENTIAL, Violation(NO_CREDENTIAL, "401", answer(exchange), exchange))
    return exchange


def _to_blame(game: _Play, broken: str, violation: Violation) -> Exception:
    """Return the violation if it is of the scenario's own rule; else record it, and say where to look."""
    if broken == game.scenario.rule:
        return violation
    game.client.recorder.fail(broken, violation)
    return See(broken)


def _at_once(game: _Play) -> None:
    """Send all steps at the same moment; each creates, and gets what it sent."""
    client, steps = game.client, game.scenario.steps
    known = dict(client.engagements)
    exchanges = _whole_burst(game)
    # First those that got what they sent: where a key is shared, the others got the engagement of one of these.
    pairs = sorted(zip(steps, exchanges, strict=True), key=lambda pair: not _has_its_title(pair[1]))
    for step, exchange in pairs:
        check_first(client, exchange, known, game.scenario.rule)
        game.stored[step.who, step.key] = exchange
        if exchange.response.id is not None:
            known[exchange.response.id] = exchange.response.engagement
    for step, exchange in zip(steps, exchanges, strict=True):
        repeat = client.submit(exchange.request.body, credential=step.who, expect="replayed")
        check_repeat(client, repeat, exchange, game.scenario.rule)


def _whole_burst(game: _Play) -> list[Exchange]:
    """Return the answers to all steps at once. Raises Untested if none of some bursts is answered whole."""
    client = game.client
    for _ in range(BURSTS):
        game.keys.clear()  # a burst that was answered in part may have created
        requests: list[Request] = [
            client.request(game.document(step, number), credential=step.who)
            for number, step in enumerate(game.scenario.steps, 1)
        ]
        exchanges = client.race(requests)
        if len(exchanges) == len(requests):
            return exchanges
    raise Untested("the target does not answer the whole of a burst")


def _has_its_title(exchange: Exchange) -> bool:
    return bool(exchange.response.engagement.get("title") == exchange.document.get("title"))
