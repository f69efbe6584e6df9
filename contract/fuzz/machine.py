"""The state machine: a model of the target that is a dict, and steps whose answers it predicts.

The model says which engagement a key of a workspace has. It makes no difference whether a target looks the key up
before or after it judges the recording: a repeat with a defect may be answered with the stored engagement or refused.
"""

from __future__ import annotations

import json
from dataclasses import replace

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, consumes, initialize, multiple, precondition, rule

from contract.cases import bodies, hostile
from contract.cases.credentials import API_KEY
from contract.cases.encodings import MEDIA_TYPES
from contract.cases.scenarios import SCENARIOS, Scenario
from contract.exchange import Body, Exchange
from contract.fuzz.draws import drawn, several
from contract.fuzz.forms import sending
from contract.fuzz.predicting import OTHER, WRITER, Place, Places, Predicting, Refusals, outcome, rules_of
from contract.judge.answers import answer
from contract.judge.refusal import judge_forbidden, rule_of_free_key
from contract.judge.replay import SAME, rule_of_repeat
from contract.outcome import Violation
from contract.run import blame
from contract.run.groups import flat
from contract.run.scenarios import play
from contract.run.steps import (
    check_ignored,
    check_race,
    check_repeat,
    created,
    created_near,
    labelled,
    replayed,
    turned_away,
)
from contract.spec.statuses import BUSY, LENGTH_REQUIRED
from contract.strategies import (
    Encoding,
    NearKeys,
    Submission,
    WrongCredential,
    near_keys,
    wrong_credentials,
)
from contract.target.client import BURST


class EngagementMachine(Predicting):
    """Steps against one target; each is one case. Every violation ends the example with a `Violation`."""

    stored: Bundle[Place] = Bundle("stored")
    refused: Bundle[Exchange] = Bundle("refused")

    @initialize(target=stored)
    def begin(self) -> Places:
        """Begin with an engagement to repeat: one of the example's own, or the run's when the budget is used up."""
        if not self.fuzz_run.may_create and self.client.anchor is not None:
            return multiple(self.remember(self.client.anchor))
        with self.judging(SAME) as made:
            made.append(self.remember(created(self.client, self.client.submission(), "BODY-13")))
        return multiple(*made)

    @rule()
    def a_pause(self) -> None:
        """Do nothing: the simplest step, which Hypothesis can put in the place of any other and then leave out."""

    @precondition(Predicting.may_create)
    @rule(target=stored, submission=drawn("valid"), encoding=drawn("encodings"))
    def create(self, submission: Submission, encoding: Encoding) -> Places:
        """Create with a valid submission of a new key, in whatever form it is sent."""
        with self.judging(SAME, *rules_of(submission)) as made:
            made.append(self.create_one(submission, self.client.key(), encoding))
        return multiple(*made)

    @rule(target=refused, submissions=several("bodies"), encoding=drawn("encodings"))
    def refuse_bodies(self, submissions: list[Submission], encoding: Encoding) -> Refusals:
        """Refuse each submission with one defect."""
        return self.refuse(submissions, encoding)

    @rule(target=refused, number=st.integers(0, 999))
    def refuse_what_is_damaged(self, number: int) -> Refusals:
        """Refuse a valid submission inside something else, and one that is no JSON."""
        whole = Body.of(self.client.submission()).content
        cases = [case for _, case in flat(bodies.in_other_forms(whole, json.dumps(whole.decode())))]
        return self.refuse([cases[number % len(cases)]], Encoding())

    @precondition(Predicting.may_create)
    @rule(name=st.sampled_from(list(hostile.BODIES)))
    def survive(self, name: str) -> None:
        """Send what breaks careless servers: that the answer is below 500 is checked on each answer."""
        with self.judging("ERR-4"):
            self.client.submit(Body(hostile.BODIES[name](Body.of(self.client.submission()).content)), expect="observed")

    @precondition(Predicting.may_create)
    @rule(media_type=st.sampled_from(MEDIA_TYPES))
    def submit_as_another_type(self, media_type: str | None) -> None:
        """Submit under a content type that the contract leaves open, or under none."""
        with self.judging("BODY-20"):
            labelled(self.client, media_type)

    @rule(target=refused, submissions=several("media"), encoding=drawn("encodings"))
    def refuse_media(self, submissions: list[Submission], encoding: Encoding) -> Refusals:
        """Refuse each recording that is no recording or not on a public host."""
        return self.refuse(submissions, encoding)

    @rule(target=refused, submissions=drawn("sweeps"))
    def sweep_a_network(self, submissions: list[Submission]) -> Refusals:
        """Refuse addresses all over a private network."""
        return self.refuse(submissions, Encoding())

    @precondition(Predicting.may_create)
    @rule(target=stored, refusal=consumes(refused), submission=drawn("valid"))
    def create_after_refusal(self, refusal: Exchange, submission: Submission) -> Places:
        """Create under a key that was refused: it is free, and what was refused left nothing behind."""
        with self.judging(rule_of_free_key(refusal)) as made:
            other = replace(submission, value={"title": f"{self.client.run_id} later", **submission.value})
            made.append(self.create_one(other, refusal.request.key or "", after=refusal))
        return multiple(*made)

    @precondition(Predicting.may_create)
    @rule(submission=drawn("free"))
    def submit_freely(self, submission: Submission) -> None:
        """Submit what the contract leaves open: any answer is right that is well-formed."""
        self.observe(submission)

    def observe(self, submission: Submission) -> None:
        """Submit what the contract leaves open, and see that what is ignored changes nothing."""
        with self.judging(submission.rule):
            exchange = self.client.submit(submission.document(self.client.base, self.client.key()), expect="observed")
            if submission.rule == bodies.IGNORED:
                check_ignored(self.client, exchange)

    @rule(place=stored, submission=drawn("valid"), encoding=drawn("encodings"))
    def replay(self, place: Place, submission: Submission, encoding: Encoding) -> None:
        """Repeat: the stored engagement comes back unchanged, whatever the other fields say."""
        first = self.model[place]
        document = {**first.document, **submission.value}
        with self.judging(rule_of_repeat(first.document, document)):
            replayed(self.client, first, encoding.body(document), **sending(self.client, encoding, place[0]))
            self.fuzz_run.accepted += 1

    @rule(place=stored, submission=drawn("broken"))
    def replay_with_a_defect(self, place: Place, submission: Submission) -> None:
        """Repeat with a defect: refused or answered with the stored engagement, which never changes."""
        with self.judging("IDEM-2"):
            body = self.body(submission, place[1], Encoding(), self.model[place])
            exchange = self.client.submit(body, expect="replayed", credential=place[0])
            if exchange.response.ok:
                check_repeat(self.client, exchange, self.model[place], "IDEM-2")
            elif blame.conclusive(exchange).response.status < 400:
                raise Violation(submission.rule, "a refusal, or a repeat", answer(exchange), exchange)

    @precondition(lambda self: self.client.config.credentials[WRITER].token.startswith(API_KEY))
    @rule(place=stored)
    def replay_with_a_bare_key(self, place: Place) -> None:
        """Repeat with an API key alone in the header, without the word Bearer: it is the same caller."""
        with self.judging("AUTH-5"):
            token = self.client.config.credentials[place[0]].token
            headers = (("Authorization", token), ("Content-Type", "application/json"))
            first = self.model[place]
            exchange = self.client.submit(first.request.body, expect="replayed", credential=place[0], headers=headers)
            check_repeat(self.client, exchange, first, "AUTH-5")

    @rule(target=refused, name=drawn("readers"), submission=drawn("valid"))
    def forbid(self, name: str, submission: Submission) -> Refusals:
        """Submit without the scope: nothing is created, and the key stays free."""
        broken = "SCOPE-1" if name == "reader" else "SCOPE-3"
        with self.judging(broken, "SCOPE-2") as made:
            document = submission.document(self.client.base, self.client.key())
            exchange = self.client.submit(document, expect="forbidden", credential=name)
            if (finding := judge_forbidden(exchange, broken)) is not None:
                raise Violation(*finding, exchange)
            made.append(exchange)
        return multiple(*made)

    @rule(target=refused, credential=wrong_credentials())
    def deny(self, credential: WrongCredential) -> Refusals:
        """Submit with a credential that is not exactly right: 401, and the key stays free."""
        with self.judging(credential.rule) as made:
            made.append(turned_away(self.client, credential, self.client.key()))
        return multiple(*made)

    @precondition(lambda self: OTHER in self.client.config.credentials and self.may_create())
    @rule(target=stored, place=stored)
    def create_elsewhere(self, place: Place) -> Places:
        """Submit a key in the other workspace: another engagement."""
        there = (WRITER if place[0] == OTHER else OTHER, place[1])
        if self.client.anchor is self.model[place]:  # pre-flight has created it there already
            return multiple()
        with self.judging("IDEM-4") as made:
            document = self.model[place].document
            if there in self.model:
                replayed(self.client, self.model[there], document, "IDEM-4", credential=there[0])
            else:
                made.append(self.remember(created(self.client, document, "IDEM-4", credential=there[0])))
        return multiple(*made)

    @precondition(Predicting.may_create)
    @rule(target=stored, pair=near_keys())
    def create_near(self, pair: NearKeys) -> Places:
        """Create under two keys that are nearly equal."""
        with self.judging(pair.rule) as made:
            unique = self.client.key()
            documents = [
                {**self.client.base, "external_id": shape.key(unique), "title": f"{self.client.run_id} {number}"}
                for number, shape in enumerate((pair.first, pair.second), 1)
            ]
            for document in documents:
                near = [key for _, key in made]
                made.append(self.remember(created_near(self.client, document, pair.rule, near)))
        return multiple(*made)

    @precondition(Predicting.may_create)
    @rule(target=stored, count=st.integers(2, BURST))
    def burst(self, count: int) -> Places:
        """Submit a new key several times at once: one engagement."""
        with self.judging("IDEM-10") as made:
            known, key = dict(self.client.engagements), self.client.key()
            titles = [f"{self.client.run_id} racer {number}" for number in range(count)]
            racers = [self.client.submission(external_id=key, title=title) for title in titles]
            exchanges = self.client.race([self.client.request(racer) for racer in racers])
            heard = [exchange for exchange in exchanges if exchange.response.status != BUSY]
            if len(heard) > 1:
                made.append(self.remember(check_race(self.client, heard, known)))
        return multiple(*made)

    @precondition(Predicting.may_create)
    @rule(
        submission=st.one_of(drawn("valid"), drawn("free"), drawn("broken")),
        one=drawn("encodings"),
        other=drawn("encodings"),
    )
    def encode_twice(self, submission: Submission, one: Encoding, other: Encoding) -> None:
        """Submit twice: order of fields, white space, escapes and connection change nothing."""
        with self.judging(*rules_of(submission)):
            if submission.verdict.kind == "accepted":
                for encoding in (one, other):
                    self.create_one(submission, self.client.key(), encoding)
                return
            exchanges = [self.submit(submission, encoding) for encoding in (one, other)]
            outcomes = [outcome(exchange) for exchange in exchanges]
            if outcomes[0] != outcomes[1] and not any(map(self._undecided, exchanges)):
                expected = f"the same as for {one}, {outcomes[0]}"
                violation = Violation(submission.rule, expected, f"{outcomes[1]} for {other}", exchanges[1])
                violation.before = exchanges[:1]
                raise violation

    def _undecided(self, exchange: Exchange) -> bool:
        response = exchange.response
        return response.inconclusive or response.status == LENGTH_REQUIRED or self.client.shows_another(exchange)

    @precondition(lambda self: OTHER in self.client.config.credentials and self.may_create())
    @rule(target=stored, scenario=st.sampled_from(SCENARIOS))
    def play_a_scenario(self, scenario: Scenario) -> Places:
        """Play a scenario of several requests, as the suite does."""
        with self.judging(scenario.rule) as made:
            made += [self.remember(exchange) for exchange in play(self.client, scenario)]
        return multiple(*made)

    @precondition(Predicting.may_create)
    @rule(submission=drawn("valid"), one=drawn("encodings"), other=drawn("encodings"))
    def commute(self, submission: Submission, one: Encoding, other: Encoding) -> None:
        """Submit twice under one key, in either order: the first creates, the second is a repeat."""
        with self.judging(SAME):
            outcomes = []
            for first, second in ((one, other), (other, one)):
                place = self.create_one(submission, self.client.key(), first)
                document = submission.document(self.client.base, place[1])
                last = replayed(
                    self.client,
                    self.model[place],
                    second.body(document),
                    "IDEM-1",
                    **sending(self.client, second, WRITER),
                )
                outcomes.append(outcome(self.model[place]))
            if outcomes[0] != outcomes[1]:
                raise Violation("IDEM-1", f"the same in either order, {outcomes[0]}", str(outcomes[1]), last)
