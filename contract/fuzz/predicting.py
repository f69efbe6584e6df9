"""What the steps of the state machine share: the model, and how an answer is judged by it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from hypothesis.stateful import MultipleResults, RuleBasedStateMachine, multiple

from contract.exchange import Body, Exchange
from contract.fuzz.draws import Draws
from contract.fuzz.forms import sending
from contract.fuzz.fuzz_run import Ended, FuzzRun
from contract.judge.invariants import rule_of_failure
from contract.judge.refusal import rule_of_free_key
from contract.outcome import CutShort, NotApplicable, TooLarge, Untested, Violation
from contract.run.steps import created, refused
from contract.spec.fields import fields
from contract.strategies import Encoding, Submission

Place = tuple[str, str]  # the credential that creates in a workspace, and a key
Places = MultipleResults[Place]
Refusals = MultipleResults[Exchange]
WRITER, OTHER = "writer", "other_workspace"


class Predicting(RuleBasedStateMachine):
    """A machine without steps. `model` holds the first answer of each place; every violation ends the example."""

    def __init__(self, fuzz_run: FuzzRun, draws: Draws) -> None:
        super().__init__()
        self.fuzz_run = fuzz_run
        self.draws = draws
        self.client = fuzz_run.client
        self.client.trail.clear()
        self.model: dict[Place, Exchange] = {}

    def may_create(self) -> bool:
        """Whether an engagement may be made: within the budget, and on another machine one an example."""
        thrifty = not self.client.config.loopback
        return self.fuzz_run.may_create and not (thrifty and len(self.model) > 1)

    @contextmanager
    def judging(self, *rules: str) -> Iterator[list[Any]]:
        """Count one case of these rules and decide what its end means for the example. Yields what it makes."""
        if self.fuzz_run.over:
            raise Ended
        self.fuzz_run.count()
        try:
            with self.client.recorder.testing(rules):
                try:
                    yield []
                except TooLarge as reason:  # a proxy took it: that says nothing of the target
                    raise NotApplicable(str(reason)) from None
                except Violation as violation:
                    violation.rule = violation.rule or _rule_of_silence(violation)
                    raise
        except (Untested, NotApplicable):
            pass
        except CutShort as reason:
            self.fuzz_run.stopped = str(reason)
            raise Ended from None
        except Violation as violation:
            violation.rule = violation.rule or rules[0]
            known = violation.rule in self.fuzz_run.recorder.known
            if not known and self.fuzz_run.note(violation, self.client.trail):
                raise

    def refuse(self, submissions: list[Submission], encoding: Encoding) -> Refusals:
        """Submit what must be refused, and return the refusals: their keys have to be free still."""
        refusals: list[Exchange] = []
        for submission in submissions:
            with self.judging(submission.rule):
                key = self.client.key()
                body = self.body(submission, key, encoding)
                refusal = refused(self.client, submission, key, body=body, **sending(self.client, encoding, WRITER))
                refusals += [refusal] if refusal.request.key == key else []  # not where the key is what is wrong
        return multiple(*refusals)

    def create_one(
        self, submission: Submission, key: str, encoding: Encoding | None = None, after: Exchange | None = None
    ) -> Place:
        """Submit what must create, `after` a refusal under the same key, and remember it."""
        encoding = encoding or Encoding()
        body = self.body(submission, key, encoding)
        rule = None if after is None else rule_of_free_key(after)
        return self.remember(created(self.client, body, rule, after=after, **sending(self.client, encoding, WRITER)))

    def body(self, submission: Submission, key: str, encoding: Encoding, first: Exchange | None = None) -> Body:
        """Return a submission under this key in whatever form it is sent, made from a plain one or from the first."""
        if submission.body is not None:
            return submission.body
        return encoding.body(submission.document(self.client.base if first is None else first.document, key))

    def remember(self, first: Exchange) -> Place:
        """Enter an engagement into the model."""
        place = (first.request.credential or WRITER, first.request.key or "")
        self.model[place] = first
        self.fuzz_run.accepted += 1
        return place

    def submit(self, submission: Submission, encoding: Encoding) -> Exchange:
        """Submit under a new key, whatever comes of it."""
        body = self.body(submission, self.client.key(), encoding)
        return self.client.submit(body, expect="observed", **sending(self.client, encoding, WRITER))


def rules_of(submission: Submission) -> tuple[str, ...]:
    """Return the rules that a submission is about: of a valid one, those of its fields."""
    if submission.verdict.kind != "accepted":
        return (submission.rule,)
    return tuple(fields()[name].valid for name in submission.value if name in fields()) or (submission.rule,)


def outcome(exchange: Exchange) -> tuple[Any, ...]:
    """Return what became of a submission: refused, or what was created, without ids, times and keys."""
    if not exchange.response.ok:
        return ("refused",)
    said = exchange.response.engagement
    return ("accepted", *(said.get(name) for name in ("title", "engagement_type", "is_private")))


def _rule_of_silence(violation: Violation) -> str | None:
    """Return the rule of a request that gets no answer, whatever the case is about; None if there was one."""
    exchange = violation.exchange
    return None if exchange is None or exchange.response.status else rule_of_failure(exchange.request)
