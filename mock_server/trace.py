"""The one place where the steps of a request say what they decided."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from mock_server.problems import Problem

PASSED, REFUSED, FAILED = "passed", "refused", "failed"


@dataclass(slots=True)
class Step:
    """One decision: `verdict` is passed, refused or failed; `notes` hold what was measured, in order."""

    name: str
    verdict: str = PASSED
    problem: Problem | None = None
    notes: list[str] = field(default_factory=list)

    def note(self, text: str) -> None:
        """Add what was measured or found."""
        self.notes.append(text)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if isinstance(error, Problem):
            self.verdict, self.problem = REFUSED, error
        elif error is not None:
            self.verdict = FAILED


@dataclass(slots=True)
class Trace:
    """The steps of one request in the order they were taken. Steps that are not in it were not reached."""

    steps: list[Step] = field(default_factory=list)

    def step(self, name: str) -> Step:
        """Begin a step: `with trace.step("media") as step: …`. A problem raised inside makes it refused."""
        step = Step(name)
        self.steps.append(step)
        return step
