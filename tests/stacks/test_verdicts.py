"""How a report of the suite is set against the list of faults of a stack. No service is needed."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.stacks import faults, stack, table, verdicts
from tests.stacks.faults import Failure, Fault, judge

DATE = Fault("start-at-number", "a number is a date", ["BODY-7"], "5", shows=r"start_at -?\d")
DIGITS = Fault("start-at-digits", "digits are a date", ["BODY-7", "BODY-18"], '"5"', shows=r'start_at "\d')
KEY = Fault("no-raw-key", "the word Bearer is wanted", ["AUTH-5"], "a raw key")
ROOT = Path(__file__).parents[2]


def report(folder: Path, *rules: dict[str, Any], **entries: Any) -> Path:
    """Write a report of the suite with these rules."""
    filled = [{"verdict": "fail", "reason": None, "failures": [], **rule} for rule in rules]
    known = {"seed": 1, "requests": 9, "creations": 3, "started_at": "2026-01-02T03:04:05+00:00", "cut_short": None}
    (folder / "report.json").write_text(json.dumps({**known, **entries, "rules": filled}), encoding="utf-8")
    return folder


def failure(rule: str, actual: str) -> dict[str, Any]:
    """Return a rule of a report with one failure."""
    return {"id": rule, "failures": [{"expected": "a refusal", "actual": actual, "curl": "curl"}]}


def test_a_failure_belongs_to_the_fault_that_it_shows() -> None:
    """Of two faults of one rule, only the one whose pattern is in the failure is found; the other one is missed."""
    verdict = judge([DATE, DIGITS], [Failure("BODY-7", 'start_at "1700000000": got 201')])
    assert (verdict.found, verdict.missed, verdict.unexplained) == ({"start-at-digits": ["BODY-7"]}, [DATE.name], [])


def test_a_pattern_may_name_the_rule() -> None:
    """The rule of a failure is searched together with its text."""
    named = Fault("nul", "a NUL fails", ["ERR-4"], "NUL", shows="^ERR-4 .*NUL")
    assert judge([named], [Failure("ERR-4", "a title\nwith NUL")]).found
    assert not judge([named], [Failure("BODY-22", "a title\nwith NUL")]).found


def test_without_a_pattern_the_rule_decides() -> None:
    """A fault without a pattern is found by any failure of its rules, and by no other."""
    assert judge([KEY], [Failure("AUTH-5", "got 401")]).found == {"no-raw-key": ["AUTH-5"]}
    assert judge([KEY], [Failure("AUTH-1", "got 401")]).missed == ["no-raw-key"]


def test_another_rule_is_elsewhere() -> None:
    """A fault that only a rule shows which does not name it is neither found nor missed, and explains the failure."""
    verdict = judge([DATE], [Failure("ERR-4", "start_at 5: got 500")])
    assert (verdict.found, verdict.elsewhere, verdict.missed) == ({}, {"start-at-number": ["ERR-4"]}, [])
    assert verdict.unexplained == []


def test_the_right_rule_counts_beside_a_wrong_one() -> None:
    """A fault that a right and a wrong rule show is found, by the right one."""
    failed = [Failure("ERR-4", "start_at 5: got 500"), Failure("BODY-7", "start_at 5: got 500")]
    assert judge([DATE], failed).found == {"start-at-number": ["BODY-7"]}


def test_what_no_fault_shows_is_unexplained() -> None:
    """A failure that comes from no fault of the list is kept with its text."""
    stranger = Failure("IDEM-1", "another id")
    assert judge([DATE, KEY], [stranger]).unexplained == [stranger]


def test_errors_count_as_failures(tmp_path: Path) -> None:
    """A rule that ended in an error is a failure, and one that passed is none."""
    error = {"id": "URL-1", "verdict": "error", "reason": "no answer"}
    written = report(tmp_path, failure("BODY-7", "got 201"), error, {"id": "AUTH-1", "verdict": "pass"})
    assert [failed.rule for failed in faults.failures(written)] == ["BODY-7", "URL-1"]


@pytest.mark.parametrize(("code", "cut_short"), [(2, None), (3, None), (1, "the target is gone"), (0, "Ctrl-C")])
def test_a_run_that_asked_too_little_gives_no_verdict(tmp_path: Path, code: int, cut_short: str | None) -> None:
    """A run that did not come to its end would show misses that are none."""
    assert verdicts.unusable(report(tmp_path, cut_short=cut_short), code)
    assert verdicts.unusable(report(tmp_path), 1) is None


def copied(folder: Path) -> stack.Stack:
    """Return a stack whose folder is this one, with a list of two faults."""
    entries = [
        f"[[faults]]\nname='{f.name}'\nwhat='{f.what}'\nrules={f.rules}\nhow='x'\nshows='{f.shows}'"
        for f in (DATE, KEY)
    ]
    (folder / "faults.toml").write_text("\n".join(entries), encoding="utf-8")
    return stack.Stack(name=str(folder), about="a copy", processes={})


def test_the_first_verdict_stays(tmp_path: Path) -> None:
    """Keeping a later verdict changes that of now, and leaves the first one of the profile."""
    chosen = copied(tmp_path)
    verdicts.keep(chosen, report(tmp_path, failure("AUTH-5", "got 401")), "quick")
    better = report(tmp_path, failure("AUTH-5", "got 401"), failure("BODY-7", "start_at 5"), started_at="2026-02-03")
    verdicts.keep(chosen, better, "quick")
    kept = verdicts.kept(chosen)["quick"]
    assert [(kept[time]["date"], sorted(kept[time]["found"])) for time in ("first", "now")] == [
        ("2026-01-02", ["no-raw-key"]),
        ("2026-02-03", ["no-raw-key", "start-at-number"]),
    ]
    assert table.history("start-at-number", kept) == "found by BODY-7 (at first missed)"


def test_a_worse_verdict_is_told(tmp_path: Path) -> None:
    """`run` ends with 1 when a fault is missed that was found, or a rule accused that was not; else with 0."""
    chosen = copied(tmp_path)
    key, date = failure("AUTH-5", "got 401"), failure("BODY-7", "start_at 5")
    verdicts.keep(chosen, report(tmp_path, key), "quick")
    assert verdicts.show(chosen, report(tmp_path, key, date), "quick") == 0
    assert verdicts.show(chosen, report(tmp_path, date), "quick") == 1
    assert verdicts.show(chosen, report(tmp_path, key, failure("IDEM-1", "another id")), "quick") == 1


@pytest.mark.parametrize("name", stack.names())
def test_lists(name: str) -> None:
    """Names are unique, rules are of the catalogue, and one without a pattern shares its rules with no other."""
    listed = faults.read(stack.load(name).folder)
    rules = yaml.load((ROOT / "openapi.yaml").read_text(encoding="utf-8"), yaml.CSafeLoader)["x-rules"]
    assert {rule for fault in listed for rule in fault.rules} <= {rule["id"] for rule in rules}
    assert len({fault.name for fault in listed}) == len(listed)
    named = Counter(rule for fault in listed for rule in fault.rules)
    assert [fault.name for fault in listed if not fault.shows and any(named[rule] > 1 for rule in fault.rules)] == []


@pytest.mark.parametrize("name", stack.names())
def test_kept_verdicts(name: str) -> None:
    """Every verdict that was kept says something of each fault that was listed before, and of no other name."""
    chosen = stack.load(name)
    names = {fault.name: fault.found_by for fault in faults.read(chosen.folder)}
    for profile in verdicts.kept(chosen).values():
        for verdict in profile.values():
            told = {*verdict["found"], *verdict["elsewhere"], *verdict["missed"]}
            assert {name for name, by in names.items() if by == "reading"} <= told <= set(names)


@pytest.mark.parametrize("name", stack.names())
def test_patches_apply(name: str) -> None:
    """What mended.patch takes out, and the lines around it, are in the stack, at the lines that it says."""
    folder, file = stack.load(name).folder, ""
    rest: list[str] = []
    for line in (folder / "mended.patch").read_text(encoding="utf-8").splitlines():
        if line.startswith("--- "):
            file = line.removeprefix("--- a/")
        elif hunk := re.match(r"@@ -(\d+)", line):
            source = folder / file
            lines = source.read_text(encoding="utf-8").splitlines() if source.exists() else []
            rest = lines[max(int(hunk[1]) - 1, 0) :]
        elif line[:1] in {" ", "-"}:
            assert (file, line[1:]) == (file, rest.pop(0))


def test_the_page_is_up_to_date() -> None:
    """stacks.md is what `table` writes."""
    assert (table.HERE / "stacks.md").read_text(encoding="utf-8") == table.page()
