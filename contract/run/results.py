"""What a run found: a verdict for each rule, with evidence. The shape of report.json is made here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

from contract.spec.rules import Rule, catalogue

SCHEMA_VERSION = 1
# In the order in which a reader wants to see them.
VERDICTS = ("fail", "error", "untested", "deviates", "waived", "observed", "not_applicable", "pass")


@dataclass(frozen=True, slots=True)
class Failure:
    """One case that went wrong. `request` and `response` are for people: texts, shortened, without credentials.

    `curl` is a line that reproduces it when pasted; it names the credential by its environment variable.
    """

    expected: str
    actual: str
    request_id: str | None = None
    curl: str | None = None
    request: str | None = None
    response: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the member of `failures[]`."""
        return {
            "expected": self.expected,
            "actual": self.actual,
            "request_id": self.request_id,
            "curl": self.curl,
            "request": self.request,
            "response": self.response,
        }


@dataclass(slots=True)
class RuleResult:
    """The verdict on one rule. `cases` counts requests that bear on it, `seconds` what its tests took.

    `left_out` are the cases that were not sent because others would see what a faulty target makes of them, and those
    that something in front of the target did not let through. The rule passes on the others.
    """

    rule: Rule
    verdict: str = "untested"
    cases: int = 0
    seconds: float = 0.0
    reason: str | None = None
    observation: str | None = None
    failures: list[Failure] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Return the member of `rules[]`."""
        return {
            "id": self.rule.id,
            "level": self.rule.level,
            "title": self.rule.title,
            "verdict": self.verdict,
            "cases": self.cases,
            "seconds": round(self.seconds, 3),
            "reason": self.reason,
            "observation": self.observation,
            "left_out": self.left_out,
            "failures": [failure.as_json() for failure in self.failures],
        }


def merge(runs: Sequence[Run]) -> Run:
    """Return several runs against one target as one: of a rule the worst verdict and all failures count."""
    found: dict[str, RuleResult] = {}
    for result in (result for run in runs for result in run.results):
        other = found.setdefault(result.rule.id, result)
        if other is result:
            continue
        worst = min(other, result, key=lambda each: VERDICTS.index(each.verdict))
        found[result.rule.id] = replace(
            worst,
            cases=other.cases + result.cases,
            seconds=other.seconds + result.seconds,
            failures=[*other.failures, *result.failures],
        )
    return replace(
        runs[0],
        duration_seconds=sum(run.duration_seconds for run in runs),
        requests=sum(run.requests for run in runs),
        creations=sum(run.creations for run in runs),
        results=[found[rule] for rule in catalogue() if rule in found],
        cut_short="; ".join(dict.fromkeys(run.cut_short for run in runs if run.cut_short)) or None,
    )


@dataclass(frozen=True, slots=True)
class Change:
    """A rule whose verdict is not what it was in an earlier run; None stands for a rule that was not there."""

    rule: str
    before: str | None
    after: str | None


@dataclass(slots=True)
class Run:
    """A whole run, finished or cut short (`cut_short` then says why).

    `changes` are the differences from the run that it is compared with, and None if it is compared with none.
    """

    target: str
    profile: str
    seed: int
    started_at: datetime
    duration_seconds: float = 0.0
    requests: int = 0
    creations: int = 0
    results: list[RuleResult] = field(default_factory=list)
    cut_short: str | None = None
    changes: list[Change] | None = None

    @property
    def summary(self) -> dict[str, int]:
        """How many rules got each verdict; verdicts that nobody got are left out."""
        counts = Counter(result.verdict for result in self.results)
        return {verdict: counts[verdict] for verdict in VERDICTS if counts[verdict]}

    def as_json(self) -> dict[str, Any]:
        """Return report.json."""
        return {
            "schema_version": SCHEMA_VERSION,
            "target": self.target,
            "profile": self.profile,
            "started_at": self.started_at.isoformat(),
            "duration_seconds": round(self.duration_seconds, 3),
            "requests": self.requests,
            "creations": self.creations,
            "seed": self.seed,
            "cut_short": self.cut_short,
            "changes": None if self.changes is None else [asdict(change) for change in self.changes],
            "rules": [result.as_json() for result in self.results],
            "summary": self.summary,
        }
