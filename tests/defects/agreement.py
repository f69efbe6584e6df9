"""Whether the suite, the fuzzer and Schemathesis with the hooks name the same rule for the same defect.

    python -m tests.defects.agreement [--every 4 [--offset N] | --whole | NAME …] [--directory kill-matrix/engines]

Each defect gets a run of each engine. They agree if the rules that they name for a defect have one in common, and none
names a rule that the defect neither names nor entails. An engine that does not find a defect says nothing of it.

A table of all that was run is written to agreement.md. The exit code is 1 if the engines disagree anywhere.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tests.defects.matrix import options, rows, sample, show, tasks
from tests.defects.outcomes import Row

ENGINES = ("suite", "fuzzer", "hooks")
AGREED, ALONE, UNSEEN, DIFFERENT, ACCUSED = "agreed", "found by one", "not found", "different", "accused"


@dataclass(frozen=True)
class Opinions:
    """What each engine said of one defect."""

    rows: Mapping[str, Row]

    @property
    def name(self) -> str:
        """The defect."""
        return next(iter(self.rows.values())).name

    @property
    def verdict(self) -> str:
        """Whether they agree, and if not, why not."""
        found = [{*row.by, *row.entailed} for row in self.rows.values() if row.by or row.entailed]
        if any(row.accused for row in self.rows.values()):
            return ACCUSED
        if len(found) < 2:
            return ALONE if found else UNSEEN
        return AGREED if set.intersection(*found) else DIFFERENT


def ask(numbers: Iterable[str], every: int, offset: int, profile: str, workers: int) -> list[Opinions]:
    """Run the engines one after the other on the same defects, and return what they say of each."""
    said: dict[str, dict[str, Row]] = {}
    names = list(numbers)
    for engine in ENGINES:
        chosen = [task for task in tasks(names, every, offset, engine, profile) if task[0] == "defect"]
        print(f"{engine}, {len(chosen)} defects", flush=True)
        for row in rows(chosen, workers, show):
            said.setdefault(row.name, {})[engine] = row
    return [Opinions(by_engine) for by_engine in said.values()]


def markdown(opinions: Sequence[Opinions]) -> str:
    """Return the table for people. A rule that the defect neither names nor entails is bold."""
    lines = ["# What the three engines say", "", summary(opinions), ""]
    lines += [f"| defect | names | {' | '.join(ENGINES)} | |", f"| --- | --- |{' --- |' * len(ENGINES)} --- |"]
    for each in opinions:
        cells = [_cell(each.rows[engine]) if engine in each.rows else "" for engine in ENGINES]
        names = ", ".join(next(iter(each.rows.values())).rules)
        lines.append(f"| `{each.name}` | {names} | {' | '.join(cells)} | {each.verdict} |")
    return "\n".join(lines) + "\n"


def summary(opinions: Sequence[Opinions]) -> str:
    """Return one line for people."""
    verdicts = [each.verdict for each in opinions]
    several = len(verdicts) - verdicts.count(ALONE) - verdicts.count(UNSEEN)
    accused = {engine: sum(bool(each.rows[engine].accused) for each in opinions) for engine in ENGINES}
    return (
        f"{len(opinions)} defects. More than one engine finds {several}; they name the same rule of"
        f" {verdicts.count(AGREED)}. Another rule is accused by the "
        + ", the ".join(f"{engine} {count} times" for engine, count in accused.items())
        + "."
    )


def _cell(row: Row) -> str:
    return ", ".join((*row.by, *row.entailed, *(f"**{rule}**" for rule in row.accused)))


def main(argv: Sequence[str] | None = None) -> int:
    """Ask the engines, write the table, and return the exit code."""
    arguments = options(__doc__ or "", "kill-matrix/engines").parse_args(argv)
    every, offset = sample(arguments)
    opinions = ask(arguments.names, every, offset, arguments.profile, arguments.workers)
    arguments.directory.mkdir(parents=True, exist_ok=True)
    (arguments.directory / "agreement.md").write_text(markdown(opinions))
    print(summary(opinions))
    return int(any(each.verdict in {DIFFERENT, ACCUSED} for each in opinions))


if __name__ == "__main__":
    sys.exit(main())
