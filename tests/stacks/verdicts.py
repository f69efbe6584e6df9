"""The verdicts of the suite on the stacks, kept beside their lists of faults, and the table of them."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.stacks import faults
from tests.stacks.stack import Stack

KEPT = "verdicts.json"


def show(stack: Stack, report: Path, profile: str, *, mended: bool) -> int:
    """Print what the suite found of the list, and what failed for none of it.

    Return 1 if that is worse than the verdict that was kept: a fault is missed that was found, or a rule is accused
    that was not. A mended copy has no faults, so any failure is worse.
    """
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
    before = {} if mended else kept(stack).get(profile, {})
    lost = set(before.get("found", ())) - set(verdict.found)
    accused = {failure.rule for failure in verdict.unexplained} - set(before.get("unexplained", ()))
    return int(bool(lost or accused))


def kept(stack: Stack) -> dict[str, Any]:
    """Return the verdicts that were kept, by profile."""
    path = stack.folder / KEPT
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else {}


def keep(stack: Stack, report: Path, profile: str) -> None:
    """Write the verdict to `verdicts.json` beside the list, in the place of the last one of this profile."""
    verdict = asdict(faults.judge(faults.read(stack.folder), faults.failures(report)))
    verdict["unexplained"] = sorted({failure["rule"] for failure in verdict["unexplained"]})
    run = json.loads((report / "report.json").read_text(encoding="utf-8"))
    numbers = {name: run[name] for name in ("seed", "requests", "creations")}
    everything = {**kept(stack), profile: {**numbers, **verdict}}
    (stack.folder / KEPT).write_text(json.dumps(everything, indent=1, sort_keys=True) + "\n", encoding="utf-8")
