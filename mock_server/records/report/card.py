"""A report card, as text and as JSON: one verdict for each check."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from mock_server.problems import counted

CLEAN, FINDING, NOT_SEEN = "clean", "finding", "not_seen"
MARKS = {CLEAN: "✓", FINDING: "✕", NOT_SEEN: "·"}
SCHEMA_VERSION = 1
MOST_FINDINGS = 10  # of one check, in a text
MOST_IDS = 5  # of one finding, in a text


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that the client did wrong, in a sentence, and the ids of the requests that show it."""

    said: str
    requests: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one check found in `cases` places. Without a case there was nothing to judge, which is no pass.

    `advice` says what to do about findings, `unseen` how to let the check see something.
    """

    id: str
    title: str
    cases: int
    findings: tuple[Finding, ...]
    advice: str
    unseen: str

    @property
    def verdict(self) -> str:
        """One of clean, finding, not_seen."""
        if self.findings:
            return FINDING
        return CLEAN if self.cases else NOT_SEEN


@dataclass(frozen=True, slots=True)
class ReportCard:
    """The verdicts of all checks over a number of requests and of stored engagements."""

    requests: int
    engagements: int
    verdicts: tuple[Verdict, ...]

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings. A client without one has a clean card."""
        return tuple(finding for verdict in self.verdicts for finding in verdict.findings)

    def as_json(self) -> dict[str, Any]:
        """Return the card as JSON."""
        return {
            "schema_version": SCHEMA_VERSION,
            "requests": self.requests,
            "engagements": self.engagements,
            "findings": len(self.findings),
            "data": [{**asdict(verdict), "verdict": verdict.verdict} for verdict in self.verdicts],
        }

    @classmethod
    def read(cls, document: dict[str, Any]) -> ReportCard:
        """Return the card of such JSON. Raises ValueError if it is not one."""
        try:
            if document["schema_version"] == SCHEMA_VERSION:
                return cls(int(document["requests"]), int(document["engagements"]), tuple(map(_read, document["data"])))
        except (KeyError, TypeError):
            pass
        raise ValueError("it answers no report card of this version")

    def __str__(self) -> str:
        head = f"Report card: {counted(self.requests, 'request')}, {counted(self.engagements, 'engagement')} stored"
        return "\n".join([head, *(line for verdict in self.verdicts for line in _lines(verdict))])


def _read(row: dict[str, Any]) -> Verdict:
    findings = tuple(Finding(str(one["said"]), tuple(map(str, one["requests"]))) for one in row["findings"])
    texts = {name: str(row[name]) for name in ("id", "title", "advice", "unseen")}
    return Verdict(cases=int(row["cases"]), findings=findings, **texts)


def _lines(verdict: Verdict) -> Iterator[str]:
    count = {CLEAN: f"{verdict.cases} seen", NOT_SEEN: f"not seen: {verdict.unseen}"}
    yield f"{MARKS[verdict.verdict]} {verdict.title} ({count.get(verdict.verdict, f'{verdict.cases} seen')})"
    for finding in verdict.findings[:MOST_FINDINGS]:
        more = len(finding.requests) - MOST_IDS
        ids = ", ".join(finding.requests[:MOST_IDS]) + (f" and {more} more" if more > 0 else "")
        yield f"    {finding.said}  ({ids})"
    if (more := len(verdict.findings) - MOST_FINDINGS) > 0:
        yield f"    and {more} more like this"
    if verdict.findings:
        yield f"    What to do: {verdict.advice}"
