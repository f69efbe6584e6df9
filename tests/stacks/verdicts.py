"""The verdicts of the suite on the stacks, kept beside their lists of faults, and the table of them."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.stacks import faults
from tests.stacks.stack import Stack

KEPT = "verdicts.json"
JUDGED = (0, 1, 4)  # what `contract run` ends with when it came as far as the rules


def unusable(report: Path, code: int) -> str | None:
    """Return why a run says nothing about the faults, or None: what was not asked would look like a miss."""
    if code not in JUDGED:
        return f"the suite ended with {code}"
    reason = json.loads((report / "report.json").read_text(encoding="utf-8"))["cut_short"]
    return f"the run was cut short: {reason}" if reason else None


def show(stack: Stack, report: Path, profile: str) -> int:
    """Print what the suite found of the list, and what failed for none of it.

    Return 1 if that is worse than the verdict that was kept: a fault is missed that was found, or a rule is accused
    that was not.
    """
    listed = faults.read(stack.folder)
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
    before = kept(stack).get(profile, {}).get("now", {})
    lost = set(before.get("found", ())) - set(verdict.found)
    accused = {failure.rule for failure in verdict.unexplained} - set(before.get("unexplained", ()))
    return int(bool(lost or accused))


def kept(stack: Stack) -> dict[str, Any]:
    """Return the verdicts that were kept, by profile: `first`, when the suite met the stack, and `now`."""
    path = stack.folder / KEPT
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else {}


def keep(stack: Stack, report: Path, profile: str) -> None:
    """Write the verdict to `verdicts.json` beside the list. The first one of this profile stays there for good."""
    verdict = asdict(faults.judge(faults.read(stack.folder), faults.failures(report)))
    verdict["unexplained"] = sorted({failure["rule"] for failure in verdict["unexplained"]})
    run = json.loads((report / "report.json").read_text(encoding="utf-8"))
    verdict |= {name: run[name] for name in ("seed", "requests", "creations")} | {"date": run["started_at"][:10]}
    before = kept(stack)
    everything = {**before, profile: {"first": before.get(profile, {}).get("first", verdict), "now": verdict}}
    (stack.folder / KEPT).write_text(json.dumps(everything, indent=1, sort_keys=True) + "\n", encoding="utf-8")
