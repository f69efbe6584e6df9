"""The list of faults of a stack, and which of them a report of the suite shows."""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Fault:
    """One entry of `faults.toml`. `rules`: any of them names it; the first is the best. `how`: what shows it.

    `shows` is searched for in a failure (its rule, what was expected, what came, the request): a failure in which it is
    found comes from this fault. Without it, every failure of one of its rules does.
    """

    name: str
    what: str
    rules: list[str]
    how: str
    shows: str = ""
    found_by: str = "reading"


@dataclass(frozen=True, slots=True)
class Failure:
    """One failure of a report."""

    rule: str
    text: str

    def comes_from(self, fault: Fault) -> bool:
        """Tell whether this fault made it."""
        if fault.shows:
            return re.search(fault.shows, f"{self.rule} {self.text}", re.DOTALL) is not None
        return self.rule in fault.rules


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the suite said of a stack. `found` and `elsewhere` map a fault to the rules that failed for it.

    `elsewhere` are faults for which only other rules failed than those that name them. `unexplained` are failures that
    come from no listed fault: new faults, or wrong accusations.
    """

    found: dict[str, list[str]]
    elsewhere: dict[str, list[str]]
    missed: list[str]
    unexplained: list[Failure]


def read(folder: Path) -> list[Fault]:
    """Return the faults of the stack in this folder; none if there is no list yet."""
    path = folder / "faults.toml"
    if not path.exists():
        return []
    return [Fault(**entry) for entry in tomllib.loads(path.read_text(encoding="utf-8"))["faults"]]


def accusations(folder: Path) -> list[dict[str, str]]:
    """Return the wrong accusations that were checked by hand: `when`, `rule`, `what` and `how`."""
    content = tomllib.loads((folder / "faults.toml").read_text(encoding="utf-8"))
    return list(content.get("accusations", ()))


def failures(report: Path) -> list[Failure]:
    """Return every failure in a report. A rule that ended in an error counts as one."""
    rules = json.loads((report / "report.json").read_text(encoding="utf-8"))["rules"]
    shown = [
        Failure(rule["id"], f"expected {failure['expected']}\ngot {failure['actual']}\n{failure['curl']}")
        for rule in rules
        for failure in rule["failures"]
    ]
    return shown + [Failure(rule["id"], f"error: {rule['reason']}") for rule in rules if rule["verdict"] == "error"]


def judge(listed: list[Fault], failed: list[Failure]) -> Verdict:
    """Set the failures of a report against the list."""
    shown = {fault.name: {failure.rule for failure in failed if failure.comes_from(fault)} for fault in listed}
    right = {fault.name: sorted(shown[fault.name] & set(fault.rules)) for fault in listed}
    return Verdict(
        found={name: rules for name, rules in right.items() if rules},
        elsewhere={name: sorted(rules) for name, rules in shown.items() if rules and not right[name]},
        missed=[name for name, rules in shown.items() if not rules],
        unexplained=[failure for failure in failed if not any(failure.comes_from(fault) for fault in listed)],
    )
