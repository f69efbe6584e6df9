"""The verdict of the suite on a stack, beside the list of its faults."""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass
from pathlib import Path

from tests.stacks.stack import Stack


@dataclass(frozen=True, slots=True)
class Fault:
    """One entry of `faults.toml`. `rules`: any of them names it; the first is the best. `how`: what shows it."""

    name: str
    what: str
    rules: list[str]
    how: str
    found_by: str = "reading"


def faults(stack: Stack) -> list[Fault]:
    """Read the list of faults of a stack; none if there is no list yet."""
    path = stack.folder / "faults.toml"
    if not path.exists():
        return []
    return [Fault(**entry) for entry in tomllib.loads(path.read_text(encoding="utf-8")).get("faults", [])]


def failed(report: Path) -> list[str]:
    """Return the rules that failed in a report."""
    content = json.loads((report / "report.json").read_text(encoding="utf-8"))
    return [rule["id"] for rule in content["rules"] if rule["verdict"] in {"fail", "error"}]


def show(stack: Stack, report: Path, *, mended: bool) -> int:
    """Print which faults were found, which were missed, and which rules failed for no listed fault. 0: as listed."""
    broken, listed = failed(report), [] if mended else faults(stack)
    found = [fault for fault in listed if set(fault.rules) & set(broken)]
    missed = [fault for fault in listed if fault not in found]
    expected = {rule for fault in listed for rule in fault.rules}
    unexpected = [rule for rule in broken if rule not in expected]
    print(f"\n{stack.name}: {len(found)} of {len(listed)} faults found, {len(unexpected)} other rules failed")
    for fault in missed:
        print(f"  missed  {fault.name}: {fault.what} ({', '.join(fault.rules)})")
    for rule in unexpected:
        print(f"  other   {rule}")
    return int(bool(missed or unexpected))
