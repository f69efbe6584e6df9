"""`python -m tests.stacks table`: writes stacks.md from the lists of faults and the verdicts that were kept."""

from __future__ import annotations

import operator
from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any

from tests.stacks import faults, stack, verdicts
from tests.stacks.faults import Fault

HERE = Path(__file__).parent
PROFILES = ("quick", "standard")
HEAD = """# What the suite finds on servers that it does not know

Each server is written in a real framework with a real database, from the reference page alone, and left as it came
out ([README.md](README.md)). Its faults were listed from its source and by an attack by hand before the suite had run
on it. A fault is *found* when a request of the suite hits it and a rule that names it fails, *elsewhere* when only
other rules fail for it, and *missed* when no request hits it, or another fault hides it. `python -m tests.stacks table`
writes this page.
"""


@dataclass(frozen=True, slots=True)
class Count:
    """The numbers of one stack; by profile: `found` faults of the list, `accused` rules that failed for none."""

    listed: int
    later: int
    found: dict[str, int]
    accused: dict[str, int]

    def __add__(self, other: Count) -> Count:
        both = [profile for profile in PROFILES if profile in self.found and profile in other.found]
        return Count(
            self.listed + other.listed,
            self.later + other.later,
            {profile: self.found[profile] + other.found[profile] for profile in both},
            {profile: self.accused[profile] + other.accused[profile] for profile in both},
        )

    def row(self, name: str) -> str:
        """Return the row of the table."""
        cells = [name, str(self.listed)]
        for profile in PROFILES:
            number = self.found.get(profile)
            cells.append("" if number is None else f"{number} ({number / self.listed:.0%})")
        cells += [str(self.later), ", ".join(f"{profile} {number}" for profile, number in self.accused.items())]
        return f"| {' | '.join(cells)} |"


def write() -> None:
    """Write the page."""
    (HERE / "stacks.md").write_text("\n".join(lines()) + "\n", encoding="utf-8")


def lines() -> Iterator[str]:
    """Yield the page: one row a stack with the totals, then each stack fault by fault."""
    yield HEAD
    columns = ["stack", "faults listed before", *(f"{profile} finds" for profile in PROFILES)]
    yield f"| {' | '.join([*columns, 'listed after a run', 'rules wrongly accused'])} |"
    yield "| --- |" + " ---: |" * (len(columns) + 1)
    stacks = [stack.load(name) for name in stack.names()]
    everything = [(chosen, faults.read(chosen.folder), verdicts.kept(chosen)) for chosen in stacks]
    counts = [count(listed, kept) for _, listed, kept in everything]
    for (chosen, *_), number in zip(everything, counts, strict=True):
        yield number.row(chosen.about)
    yield reduce(operator.add, counts).row("**all**")
    for chosen, listed, kept in everything:
        yield f"\n## {chosen.name}: {chosen.about}\n"
        yield from one(listed, kept)
        for wrong in faults.accusations(chosen.folder):
            yield f"\nWrongly accused: {wrong['rule']}. {wrong['what']}: {wrong['how']}."


def count(listed: list[Fault], kept: dict[str, Any]) -> Count:
    """Count the verdicts on a stack."""
    before = [fault.name for fault in listed if fault.found_by == "reading"]
    return Count(
        len(before),
        len(listed) - len(before),
        {profile: sum(name in verdict["found"] for name in before) for profile, verdict in kept.items()},
        {profile: len(verdict["unexplained"]) for profile, verdict in kept.items()},
    )


def one(listed: list[Fault], kept: dict[str, Any]) -> Iterator[str]:
    """Yield the table of one stack."""
    yield "| fault | rules | " + " | ".join(PROFILES) + " |"
    yield "| --- | --- |" + " --- |" * len(PROFILES)
    for fault in listed:
        words = [word(fault.name, kept.get(profile)) for profile in PROFILES]
        by = "" if fault.found_by == "reading" else f" *(listed by {fault.found_by})*"
        yield f"| {fault.name}: {fault.what}{by} | {', '.join(fault.rules)} | {' | '.join(words)} |"


def word(name: str, verdict: dict[str, Any] | None) -> str:
    """Return the verdict on one fault in a word or two."""
    if verdict is None:
        return ""
    if name in verdict["found"]:
        return f"found by {', '.join(verdict['found'][name])}"
    return f"elsewhere: {', '.join(verdict['elsewhere'][name])}" if name in verdict["elsewhere"] else "missed"
