"""What the steps of the state machine share: the model, and how an answer is judged by it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from hypothesis import reject
from hypothesis.stateful import MultipleResults, RuleBasedStateMachine, multiple

from contract.exchange import Exchange
from contract.fuzz.draws import Draws
from contract.fuzz.hunt import Ended, Hunt
from contract.judge.invariants import instant
from contract.judge.replay import Case, TooLarge, created, named_fields, refused
from contract.run.recorder import CutShort, NotApplicable, Untested, Violation
from contract.strategies import Encoding, Submission

Place = tuple[str, str]  # the credential that creates in a workspace, and a key
Places = MultipleResults[Place]
Keys = MultipleResults[str]
WRITER, OTHER = "writer", "other_workspace"
# The rule that is broken when a valid value of a field is refused, or a changed one changes a repeat.
RULES = {
    "type": "BODY-12",
    "title": "LIMIT-1",
    "source_system": "LIMIT-3",
    "media_url": "URL-17",
    "run_workflows": "BODY-5",
    "start_at": "BODY-8",
    "is_private": "BODY-6",
    "participants": "BODY-10",
    "transcript_text": "LIMIT-7",
}


class Predicting(RuleBasedStateMachine):
    """A machine without steps. `model` holds the first answer of each place; every violation ends the example."""

    def __init__(self, hunt: Hunt, draws: Draws) -> None:
        super().__init__()
        self.hunt = hunt
        self.draws = draws
        self.client = hunt.client
        self.client.trail.clear()
        self.model: dict[Place, Exchange] = {}

    def may_create(self) -> bool:
        """Whether an engagement may be made: within the budget, and on another machine one an example."""
        thrifty = not self.client.config.loopback
        return self.hunt.may_create and not (thrifty and len(self.model) > 1)

    @contextmanager
    def judging(self, *rules: str) -> Iterator[list[Any]]:
        """Count one case of these rules and decide what its end means for the example. Yields what it makes."""
        if self.hunt.over:
            raise Ended
        self.hunt.done += 1
        try:
            with self.client.recorder.testing(rules):
                try:
                    yield []
                except TooLarge as reason:  # a proxy took it: that says nothing of the target
                    raise NotApplicable(str(reason)) from None
        except (Untested, NotApplicable):
            pass
        except CutShort as reason:
            self.hunt.stopped = str(reason)
            raise Ended from None
        except Violation as violation:
            violation.rule = violation.rule or rules[0]
            if violation.rule in self.hunt.recorder.known:
                reject()
            self.hunt.note(violation, self.client.trail)
            raise

    def refuse(self, submissions: list[Submission], encoding: Encoding) -> Keys:
        """Submit what must be refused, and return the keys: they have to be free still."""
        keys = []
        for submission in submissions:
            with self.judging(submission.rule):
                key = self.client.key()
                body = encoding.body(submission.document(self.client.base, key))
                case = Case(submission.why, submission.value, submission.without, body, submission.verdict.statuses)
                refused(self.client, case, submission.rule, key, **self.sending(encoding, WRITER))
                keys.append(key)
        return multiple(*keys)

    def create_one(self, submission: Submission, key: str, encoding: Encoding | None = None) -> Place:
        """Submit what must create, check what the answer says of it, and remember it."""
        encoding = encoding or Encoding()
        body = encoding.body(submission.document(self.client.base, key))
        try:
            first = created(self.client, body, **self.sending(encoding, WRITER))
        except Violation as violation:
            violation.rule = violation.rule or _blamed(submission, violation.exchange)
            raise
        _check_start(first)
        return self.remember(first)

    def remember(self, first: Exchange) -> Place:
        """Enter an engagement into the model."""
        place = (first.request.credential or WRITER, first.request.key or "")
        self.model[place] = first
        self.hunt.accepted += 1
        return place

    def submit(self, submission: Submission, encoding: Encoding) -> Exchange:
        """Submit under a new key, whatever comes of it."""
        body = encoding.body(submission.document(self.client.base, self.client.key()))
        return self.client.submit(body, expect="observed", **self.sending(encoding, WRITER))

    def sending(self, encoding: Encoding, credential: str) -> dict[str, Any]:
        """Return the options of the client that send a body in this way."""
        options: dict[str, Any] = {"credential": credential, "chunked": encoding.chunked}
        if encoding.alone:
            headers = (("Authorization", self.client.credential(credential)), ("Content-Type", "application/json"))
            options["headers"] = (*headers, ("Connection", "close"))
        return options


def rules_of(submission: Submission) -> tuple[str, ...]:
    """Return the rules that a submission is about: of a valid one, those of its fields."""
    if submission.verdict.kind != "accepted":
        return (submission.rule,)
    return tuple(RULES[field] for field in submission.value if field in RULES) or (submission.rule,)


def _blamed(submission: Submission, exchange: Exchange | None) -> str:
    """Return the rule that is broken when a valid submission creates nothing, by the field that the answer names."""
    if exchange is not None and exchange.response.ok:  # it got that of another key
        return "IDEM-7"
    named = named_fields(exchange) if exchange is not None else set()
    fields = [field for field in submission.value if field in named] or list(submission.value)
    return RULES.get(fields[0], "BODY-13") if fields else "BODY-13"


def outcome(exchange: Exchange) -> tuple[Any, ...]:
    """Return what became of a submission, without what differs between any two: ids, times and keys."""
    response = exchange.response
    if not response.ok:
        return (response.status, *sorted(named_fields(exchange)))
    said = response.engagement
    return (response.status, *(said.get(name) for name in ("title", "engagement_type", "is_private")))


def _check_start(first: Exchange) -> None:
    """Raise Violation unless the start in an answer is the instant that was sent. Rule: BODY-8."""
    sent, said = instant(first.document.get("start_at")), instant(first.response.engagement.get("start_at"))
    if sent and said and abs((said - sent).total_seconds()) >= 1:
        raise Violation("BODY-8", f"start_at {sent.isoformat()}", f"{said.isoformat()}", first)
