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
TIMES = {"first": "when first met", "now": "now"}
COLUMNS = [(profile, time) for profile in PROFILES for time in TIMES]
HEAD = """# What the suite finds on servers that it does not know

Each server is written in a real framework with a real database, from the reference page alone, and left as it came
out ([README.md](README.md)). Its faults were listed from its source and by an attack by hand before the suite had run
on it. A fault is *found* when a request of the suite hits it and a rule that names it fails. It is found *elsewhere*
when only other rules fail for it. It is *missed* when no request hits it, or when another fault hides it.

The suite learns from what it misses, so each stack has two verdicts. *When first met* is the suite as it was before
anybody had changed it for this stack: only that tells what to expect of a server that the suite does not know. *Now* is
the suite of today. Percentages are of the faults that were listed before the first run. A rule is *wrongly accused*
when it failed for none of the faults. `python -m tests.stacks table` writes this page.

The first runs on Express, Java and Go were told of fewer recordings: none with a type in capitals, no redirect to http.
So four faults could not be found then (`case-of-the-content-type` and `redirect-to-http`, two each).
"""


@dataclass(frozen=True, slots=True)
class Count:
    """The numbers of one stack. By profile and time: `found` faults, and `accused` rules that failed for none."""

    listed: int
    later: int
    found: dict[tuple[str, str], int]
    accused: dict[tuple[str, str], int]

    def __add__(self, other: Count) -> Count:
        both = [column for column in COLUMNS if column in self.found and column in other.found]
        return Count(
            self.listed + other.listed,
            self.later + other.later,
            {column: self.found[column] + other.found[column] for column in both},
            {column: self.accused[column] + other.accused[column] for column in both},
        )

    def row(self, name: str) -> str:
        """Return the row of the table."""
        shares = [f"{self.found[column]} ({self.found[column] / self.listed:.0%})" for column in self.found]
        shares += [""] * (len(COLUMNS) - len(shares))
        accused = [", ".join(f"{p} {self.accused[p, t]}" for p, t in self.accused if t == time) for time in TIMES]
        return f"| {' | '.join([name, str(self.listed), *shares, str(self.later), *accused])} |"


def write() -> None:
    """Write the page."""
    (HERE / "stacks.md").write_text(page(), encoding="utf-8")


def page() -> str:
    """Return the page: one row a stack with the totals, then each stack fault by fault."""
    return "\n".join(lines()) + "\n"


def lines() -> Iterator[str]:
    """Yield the lines of the page."""
    yield HEAD
    columns = ["stack", "faults listed before", *(f"{profile} finds, {TIMES[time]}" for profile, time in COLUMNS)]
    columns += ["listed after a run", *(f"rules wrongly accused, {time}" for time in TIMES.values())]
    yield f"| {' | '.join(columns)} |"
    yield "| --- |" + " ---: |" * (len(columns) - 1)
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
            yield f"\nWrongly accused {TIMES[wrong['when']]}: {wrong['rule']}. {wrong['what']}: {wrong['how']}."


def count(listed: list[Fault], kept: dict[str, Any]) -> Count:
    """Count the verdicts on a stack."""
    before = [fault.name for fault in listed if fault.found_by == "reading"]
    told = {(profile, time): kept[profile][time] for profile, time in COLUMNS if profile in kept}
    return Count(
        len(before),
        len(listed) - len(before),
        {column: sum(name in verdict["found"] for name in before) for column, verdict in told.items()},
        {column: len(verdict["unexplained"]) for column, verdict in told.items()},
    )


def one(listed: list[Fault], kept: dict[str, Any]) -> Iterator[str]:
    """Yield the table of one stack: the verdict of now, and behind it the first one where that was another."""
    if kept:
        first, now = (max(verdict[time]["date"] for verdict in kept.values()) for time in TIMES)
        yield f"First met on {first}; the verdict of now is of {now}.\n"
    yield "| fault | rules | " + " | ".join(PROFILES) + " |"
    yield "| --- | --- |" + " --- |" * len(PROFILES)
    for fault in listed:
        cells = [history(fault.name, kept[profile]) if profile in kept else "" for profile in PROFILES]
        by = "" if fault.found_by == "reading" else f" *(listed by {fault.found_by})*"
        yield f"| {fault.name}: {fault.what}{by} | {', '.join(fault.rules)} | {' | '.join(cells)} |"


def history(name: str, verdicts: dict[str, Any]) -> str:
    """Return the verdict on one fault, and the first one if that was of another kind."""
    first, now = word(name, verdicts["first"]), word(name, verdicts["now"])
    return now if first.split()[0] == now.split()[0] else f"{now} (at first {first})"


def word(name: str, verdict: dict[str, Any]) -> str:
    """Return one verdict on one fault in a word or two."""
    if name in verdict["found"]:
        return f"found by {', '.join(verdict['found'][name])}"
    if name in verdict["elsewhere"]:
        return f"elsewhere: {', '.join(verdict['elsewhere'][name])}"
    return "missed" if name in verdict["missed"] else "not listed"
