"""The state of one run of the fuzzer that outlives its examples: what was found, and how far it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Protocol

from contract.exchange import Exchange
from contract.outcome import Violation
from contract.run.client import RecordingClient
from contract.run.recorder import Recorder
from contract.run.runner import Progress
from contract.spec.rules import catalogue
from contract.target.client import BURST

STEPS_KEPT = 64  # exchanges of an example that are remembered; minimal ones have a few
SHRINKING = 1000  # cases at most that are spent on making one violation smaller; they are not those of the budget


TOLD = 200  # of these cases, until the next line says that they go on


class FuzzProgress(Progress, Protocol):
    """Shows how far a run of the fuzzer has come, and what it says of it."""

    def say(self, sentence: str) -> None:
        """Show a sentence."""
        ...


class Ended(BaseException):
    """Nothing more is to be sent. It goes right through Hypothesis, which handles exceptions and nothing above."""


class FuzzRecorder(Recorder):
    """A recorder that raises: a violation ends its example, so that Hypothesis can look for a smaller one.

    `known` are rules whose minimal case has been found already; their violations are only counted.
    """

    def __init__(self) -> None:
        super().__init__()
        self.known: set[str] = set()
        self.hunting = False

    def fail(self, rule: str, violation: Violation) -> None:
        """Raise the violation of a rule that can be broken, unless that is known. Raises Violation."""
        if self.hunting and rule not in self.known and not catalogue()[rule].observed:
            violation.rule = rule
            raise violation
        if self.hunting and rule in self.known:
            self.findings[rule].failed += 1
        else:
            super().fail(rule, violation)


@dataclass(slots=True)
class FuzzRun:
    """`done` and `accepted` count cases; `found` is the smallest violation so far; `stopped` says why it ends early.

    `others` are violations of further rules, met while `found` was made smaller, by rule.
    """

    client: RecordingClient
    recorder: FuzzRecorder
    cases: int
    done: int = 0
    accepted: int = 0
    found: Violation | None = None
    shrinking: int = 0  # cases that went into the search for a smaller violation
    others: dict[str, Violation] = field(default_factory=dict)
    stopped: str | None = None
    progress: FuzzProgress | None = None

    @property
    def may_create(self) -> bool:
        """Whether the budget allows what a step of the machine can create: on a faulty target a whole burst."""
        limit = self.client.config.max_creations
        return limit is None or self.client.creations + BURST <= limit

    @property
    def over(self) -> bool:
        """Whether nothing more is to be sent: a budget is used up, or enough went into making a violation smaller."""
        return self.stopped is not None or (self.found is not None and self.shrinking >= SHRINKING)

    def count(self) -> None:
        """Count one case: of the budget, or of those that make a violation smaller."""
        if self.found is None:
            self.done += 1
            if self.progress is not None and self.done <= self.cases:
                self.progress.advance(sorted(self.recorder.known))
            return
        self.shrinking += 1
        if self.progress is not None and self.shrinking % TOLD == 1:
            self.progress.say(f"{self.found.rule} fails. A smaller case is looked for: case {self.shrinking}.")

    def note(self, violation: Violation, trail: Sequence[Exchange]) -> bool:
        """Keep a violation with the exchanges that led to it, and tell whether it is the one that is looked for.

        Hypothesis tries smaller cases: the last is the best. One of another rule must not take the place of the first.
        """
        violation.before = violation.before or self._before(violation.exchange, trail)
        if self.found is not None and self.found.rule != violation.rule:
            self.others.setdefault(violation.rule or "", violation)
            return False
        self.found = violation
        return True

    def _before(self, last: Exchange | None, trail: Sequence[Exchange]) -> tuple[Exchange, ...]:
        """Return what was sent before and has to do with the last exchange: the same key, or the same engagement."""
        if last is None:
            return ()
        known = (*(() if self.client.anchor is None else (self.client.anchor,)), *trail)
        earlier = takewhile(lambda step: step is not last, known)  # what came after it looked for who is to blame
        return tuple(step for step in earlier if _related(step, last))


def _related(step: Exchange, last: Exchange) -> bool:
    same_key = last.request.key is not None and step.request.key == last.request.key
    return same_key or (last.response.id is not None and step.response.id == last.response.id)
