"""What is new in a run, compared with the report of an earlier one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from contract.report.text import plural
from contract.report.words import VERDICT_WORDS
from contract.run.results import VERDICTS, Change, Run

_BROKEN = ("fail", "error")


def read(path: Path) -> dict[str, str]:
    """Return the verdicts of report.json by rule. Raises OSError, or ValueError for what is no such report."""
    text = path.read_text(encoding="utf-8")
    try:
        verdicts = {str(rule["id"]): rule["verdict"] for rule in json.loads(text)["rules"]}
    except (KeyError, TypeError, RecursionError):
        raise ValueError("not a report.json of this kit") from None
    if not all(verdict in VERDICTS for verdict in verdicts.values()):
        raise ValueError("not a report.json of this kit")
    return verdicts


def changes(before: Mapping[str, str], run: Run) -> list[Change]:
    """Return the rules whose verdict differs, in the order of the contract; rules that a run left out are no news."""
    after = {result.rule.id: result.verdict for result in run.results}
    return [Change(rule, before.get(rule), verdict) for rule, verdict in after.items() if before.get(rule) != verdict]


def sentences(found: list[Change]) -> list[str]:
    """Say the changes for people: what is newly broken first, then what is mended, then the rest."""
    worse = [change for change in found if change.after in _BROKEN and change.before not in _BROKEN]
    better = [change for change in found if change.before in _BROKEN and change.after not in _BROKEN]
    rest = [change for change in found if change not in worse and change not in better]
    said = [
        f"{plural(len(some), 'rule')} {what}: {', '.join(map(_shown, some))}."
        for some, what in ((worse, "newly broken"), (better, "no longer broken"), (rest, "with another verdict"))
        if some
    ]
    return said or ["Every rule has the verdict that it had before."]


def _shown(change: Change) -> str:
    before, after = (
        VERDICT_WORDS[verdict] if verdict else "not in the report" for verdict in (change.before, change.after)
    )
    return f"{change.rule} ({after}, before: {before})"
