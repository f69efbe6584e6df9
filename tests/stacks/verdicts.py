"""The verdicts of the suite on the stacks, kept beside their lists of faults, and the table of them."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from tests.stacks import faults
from tests.stacks.stack import Stack


def show(stack: Stack, report: Path, *, mended: bool) -> int:
    """Print what the suite found of the list, and what it failed for besides. 0 if it found all, and only those."""
    listed = [] if mended else faults.read(stack.folder)
    verdict = faults.judge(listed, faults.failures(report))
    print(
        f"\n{stack.name}: {len(verdict.found)} of {len(listed)} faults found, {len(verdict.elsewhere)} by another rule,"
        f" {len(verdict.missed)} missed, {len(verdict.unexplained)} failures unexplained"
    )
    for fault in listed:
        if fault.name not in verdict.found:
            rules = verdict.elsewhere.get(fault.name, [])
            print(f"  {'elsewhere' if rules else 'missed':10}{fault.name} ({', '.join(fault.rules)}) {' '.join(rules)}")
    for failure in verdict.unexplained:
        print(f"  unexplained {failure.rule}: {failure.text[-400:]}")
    return int(bool(verdict.elsewhere or verdict.missed or verdict.unexplained))


def keep(stack: Stack, report: Path, profile: str) -> None:
    """Write the verdict to `verdicts.json` beside the list, in the place of the last one of this profile."""
    path = stack.folder / "verdicts.json"
    kept = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    verdict = asdict(faults.judge(faults.read(stack.folder), faults.failures(report)))
    verdict["unexplained"] = sorted({failure["rule"] for failure in verdict["unexplained"]})
    run = json.loads((report / "report.json").read_text(encoding="utf-8"))
    numbers = {name: run[name] for name in ("seed", "requests", "creations")}
    kept[profile] = {**numbers, **verdict}
    path.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n", encoding="utf-8")
