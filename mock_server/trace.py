"""What the steps of a request decided. Each step notes it here, and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from mock_server.checks.auth import Caller
from mock_server.checks.unknown import UnknownFields
from mock_server.checks.validation import Submission
from mock_server.problems import Problem
from mock_server.store import Engagement

PASSED, REFUSED, FAILED, INJECTED = "passed", "refused", "failed", "injected"
CREATED, FORGOTTEN, REPLAYED = "created", "forgotten", "replayed"
# The steps of a creation, in their order. A fault or a preference of the client adds a step of its own.
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


@dataclass(frozen=True, slots=True)
class Hold:
    """How long a fault held a request while the client waited, in seconds, and whether the client left meanwhile."""

    seconds: float
    client_left: bool = False


@dataclass(slots=True)
class Trace:
    """The steps of one request in the order in which they were taken. A step that is not here was not reached.

    The other fields are filled as the request goes on. `engagement` is the one in the answer, and `made` says whether
    it was created, forgotten (by a fault) or replayed. `waited` is true if the request waited for another submission
    of its key. `ignored` are unknown fields. `cut` is the kind of the fault that cuts the answer off, if one does.
    `hold` is there if a fault held the request. `plan` names the steps of the operation, `scopes` the scopes that the
    request needs, and `kept` the rules on reading that the answer depends on.
    """

    steps: list[Step] = field(default_factory=list)
    caller: Caller | None = None
    external_id: str | None = None
    submission: Submission | None = None
    ignored: UnknownFields | None = None
    engagement: Engagement | None = None
    made: str | None = None
    waited: bool = False
    cut: str | None = None
    hold: Hold | None = None
    plan: tuple[str, ...] = STEPS
    scopes: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()

    @property
    def silent(self) -> bool:
        """Whether a fault keeps the whole answer from being sent."""
        return self.cut not in {None, "truncate"}  # which lets half of it through

    def step(self, name: str, verdict: str = PASSED) -> Step:
        """Begin a step: `with trace.step("media") as step: …`. A problem raised inside makes it refused."""
        step = Step(name, verdict)
        self.steps.append(step)
        return step
