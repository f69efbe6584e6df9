"""The kill matrix: what the suite catches, by which rule, whom it accuses wrongly, and which servers it spares.

    python -m tests.defects.matrix [--every 4 [--offset N] | --whole | NAME …] [--with suite|fuzzer|hooks|schemathesis]
                                   [--profile quick] [--workers 2] [--directory kill-matrix]

Each defect gets a whole run of the suite. It is caught only by a rule that it names. A failed rule that the defect
neither names nor entails is accused wrongly. Every pairwise variant of the second implementation has to come out with
nothing. The exit code is 1 if a defect is not caught, if a variant is accused, or if more than 3 in 100 defects accuse
a rule wrongly.

Unless you ask for the whole, every fourth defect runs, and each day has another one: after four days all had
their turn. The run says which offset repeats it. A whole run also writes matrix.md, which you commit.

The same can be asked of the fuzzer's own engine, of Schemathesis with the kit's hooks, and, for comparison, of
Schemathesis as it comes, which names no rules: there, whatever it finds counts as caught.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime
from multiprocessing import get_context
from pathlib import Path

from tests import peer
from tests.defects import ALL, CONCERNS, UNSEEN, generated
from tests.defects.outcomes import (
    BROKEN,
    CAUGHT,
    SPARED,
    SURVIVED,
    WRONG_RULE,
    Row,
    Tool,
    judge,
    judge_generated,
    spare,
    spare_generated,
)  # fmt: skip

ACCUSING = 3  # defects in 100 that may accuse a rule wrongly
TOOLS: dict[str, Tool] = {
    "fuzzer": generated.by_fuzzer,
    "hooks": generated.with_hooks,
    "schemathesis": generated.stock,
}
RIGHT = "A defect counts as caught when a rule that it names fails."
MADE_BY = {
    "suite": f"Profile {{profile}}. {RIGHT}",
    "fuzzer": f"The fuzzer's own engine, {generated.CASES} cases. {RIGHT}",
    "hooks": f"Schemathesis with the kit's hooks, {generated.EXAMPLES} examples. {RIGHT}",
    "schemathesis": f"Schemathesis as it comes, {generated.EXAMPLES} examples. It names no rules: any failure counts.",
}
Task = tuple[str, int, str, str]  # defect or variant, its number, what looks for it, the profile


def _work(task: Task) -> Row:
    kind, number, by, profile = task
    logging.disable(logging.CRITICAL)  # broken servers have much to say
    tool = TOOLS.get(by)
    if kind == "defect":
        return judge_generated(ALL[number], tool) if tool else judge(ALL[number], profile)
    variant = peer.pairwise()[number]
    return spare_generated(variant, tool) if tool else spare(variant, profile)


def tasks(names: Sequence[str], every: int, offset: int, by: str, profile: str) -> list[Task]:
    """Return what is to be done: the defects of these names, or else each variant and every N-th defect."""
    if names:
        return [("defect", n, by, profile) for n, defect in enumerate(ALL) if defect.name in names]
    variants = [("variant", n, by, profile) for n in range(len(peer.pairwise()))]
    return variants + [("defect", n, by, profile) for n in range(offset % every, len(ALL), every)]


def rows(chosen: Sequence[Task], workers: int, show: Callable[[Row], None]) -> Iterator[Row]:
    """Yield a row for each task."""
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        for row in pool.map(_work, chosen):
            show(row)
            yield row


@dataclass(frozen=True)
class Matrix:
    """The rows of one run, and what they come to."""

    rows: Sequence[Row]

    @property
    def defects(self) -> list[Row]:
        """The rows of defects."""
        return [row for row in self.rows if row.rules]

    @property
    def variants(self) -> list[Row]:
        """The rows of conforming variants."""
        return [row for row in self.rows if not row.rules]

    @property
    def bad(self) -> list[Row]:
        """Defects that were not caught, and variants that were not spared."""
        return [row for row in self.rows if row.outcome not in {CAUGHT, SPARED}]

    @property
    def accusing(self) -> list[Row]:
        """Defects that made rules fail which they do not break."""
        return [row for row in self.defects if row.accused]

    @property
    def exit_code(self) -> int:
        """0 if each defect is caught, each variant spared, and few enough defects accuse a rule wrongly; else 1."""
        just = 100 * len(self.accusing) <= ACCUSING * len(self.defects)
        return 0 if just and not self.bad else 1

    def summary(self) -> str:
        """Return one line for people."""
        caught = sum(row.outcome == CAUGHT for row in self.defects)
        spared = sum(row.outcome == SPARED for row in self.variants)
        return (
            f"{caught} of {len(self.defects)} defects caught, {len(self.accusing)} accuse a rule wrongly; "
            f"{spared} of {len(self.variants)} variants spared"
        )


def markdown(matrix: Matrix, by: str, profile: str) -> str:
    """Return the tables for people: a line a concern, then the defects that have something to say."""
    lines = ["# Kill matrix", "", MADE_BY[by].format(profile=profile)]
    lines += ['"Also accused" counts the defects that make a rule fail which they do not break.', ""]
    lines += _concerns(matrix)
    alarms = sum(row.outcome != SPARED for row in matrix.variants)
    lines += ["", f"Conforming variants: {len(matrix.variants)}, false alarms: {alarms}."]
    lines += ["", "## Not caught", ""]
    lines += [f"- `{row.name}` ({', '.join(row.rules)}): {row.outcome}" for row in matrix.bad] or ["None."]
    lines += ["", "## Also accused", ""]
    lines += _accusing(matrix) or ["None."]
    lines += ["", "## Entailed", "", "Rules that a defect breaks besides those it is about.", ""]
    lines += [f"- `{d.name}`: {rule}, {reason}" for d in ALL for rule, reason in d.entails.items()]
    lines += ["", "## Cannot be seen from outside", ""]
    lines += [f"- `{name}`: {why}" for unseen in UNSEEN.values() for name, why in unseen.items()]
    return "\n".join(lines) + "\n"


def _concerns(matrix: Matrix) -> list[str]:
    by_name = {row.name: row for row in matrix.defects}
    lines = [
        "| concern | defects | caught | wrong rule | survived | broken run | also accused |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for concern, defects in CONCERNS.items():
        found = [by_name[defect.name] for defect in defects if defect.name in by_name]
        outcomes = [row.outcome for row in found]
        counts = [len(found), *map(outcomes.count, (CAUGHT, WRONG_RULE, SURVIVED, BROKEN))]
        counts.append(sum(bool(row.accused) for row in found))
        lines.append(f"| {concern} | {' | '.join(map(str, counts))} |")
    return lines


def _accusing(matrix: Matrix) -> list[str]:
    if not matrix.accusing:
        return []
    lines = ["| defect | caught by | entailed | also accused |", "| --- | --- | --- | --- |"]
    for row in matrix.accusing:
        cells = (", ".join(rules) for rules in (row.by, row.entailed, row.accused))
        lines.append(f"| `{row.name}` | {' | '.join(cells)} |")
    return lines


def show(row: Row) -> None:
    """Print a line of one defect or variant."""
    accused = f"  ALSO ACCUSED {', '.join(row.accused)}" if row.accused else ""
    found = ", ".join((*row.by, *row.entailed))
    print(f"{row.outcome:<12} {row.seconds:5.1f} s  {row.name[:100]}  {found}{accused}", flush=True)


def today() -> date:
    """Return the present day in UTC, which chooses the sample."""
    return datetime.now(UTC).date()


def sample(arguments: argparse.Namespace) -> tuple[int, int]:
    """Return which defects are meant: every N-th, beginning with the K-th. Says how to repeat what is no whole."""
    every = 1 if arguments.whole else arguments.every
    offset = today().toordinal() % every if arguments.offset is None else arguments.offset
    if every > 1 and not arguments.names:
        print(f"Every {every}th defect. To repeat this sample: --every {every} --offset {offset}", flush=True)
    return every, offset


def main(argv: Sequence[str] | None = None) -> int:
    """Make the matrix and return the exit code."""
    arguments = _arguments(argv)
    every, offset = sample(arguments)
    chosen = tasks(arguments.names, every, offset, arguments.by, arguments.profile)
    matrix = Matrix(list(rows(chosen, arguments.workers, show)))
    if every == 1 and not arguments.names:
        arguments.directory.mkdir(parents=True, exist_ok=True)
        (arguments.directory / "matrix.md").write_text(markdown(matrix, arguments.by, arguments.profile))
    print(matrix.summary())
    return matrix.exit_code


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = options("Which defects does the suite catch, and whom does it accuse wrongly?", "kill-matrix")
    parser.add_argument("--with", dest="by", choices=MADE_BY, default="suite", help="what looks for them (suite)")
    return parser.parse_args(argv)


def options(description: str, directory: str) -> argparse.ArgumentParser:
    """Return the options by which defects are chosen. Tables go to `directory` unless told otherwise."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("names", nargs="*", help="only these defects, and no variants")
    parser.add_argument("--profile", default="quick")
    parser.add_argument("--every", type=int, default=4, metavar="N", help="every N-th defect and all variants (4)")
    parser.add_argument("--offset", type=int, metavar="K", help="the first of them (another one each day)")
    parser.add_argument("--whole", action="store_true", help="every defect, and write the tables")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--directory", type=Path, default=Path(directory), help="where tables are written")
    return parser


if __name__ == "__main__":
    sys.exit(main())
