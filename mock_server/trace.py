"""The one place where the steps of a request say what they decided, and about what."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from mock_server.checks.auth import Caller
from mock_server.checks.validation import Submission
from mock_server.problems import Problem
from mock_server.store import Engagement

PASSED, REFUSED, FAILED, INJECTED = "passed", "refused", "failed", "injected"
CREATED, FORGOTTEN, REPLAYED = "created", "forgotten", "replayed"
# The steps of a creation, in their order. Faults and a preference of the client come on top.
STEPS = ("authenticate", "scope", "rate_limit", "parse", "validate", "idempotency", "media", "store")


@dataclass(slots=True)
class Step:
    """One decision: `verdict` is passed, refused, failed or injected; `notes` say what was measured, in order."""

    name: str
    verdict: str = PASSED
    problem: Problem | None = None
    notes: str = ""

    def note(self, text: str) -> None:
        """Add what was measured or found."""
        self.notes = f"{self.notes}; {text}" if self.notes else text

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if isinstance(error, Problem):
            self.problem = error
            self.verdict = INJECTED if self.verdict == INJECTED else REFUSED
        elif error is not None:
            self.verdict = FAILED


@dataclass(slots=True)
class Trace:
    """The steps of one request in the order they were taken. Steps that are not in it were not reached.

    The other fields are what the request turned out to be about, as far as it got. `engagement` is the one in its
    answer, and `made` says whether that was created, forgotten (by a fault) or replayed; `waited` says that it waited
    for another submission of its key, `silent` that a fault keeps the answer from being sent.
    """

    steps: list[Step] = field(default_factory=list)
    caller: Caller | None = None
    external_id: str | None = None
    submission: Submission | None = None
    engagement: Engagement | None = None
    made: str | None = None
    waited: bool = False
    silent: bool = False

    def step(self, name: str, verdict: str = PASSED) -> Step:
        """Begin a step: `with trace.step("media") as step: …`. A problem raised inside makes it refused."""
        step = Step(name, verdict)
        self.steps.append(step)
        return step
