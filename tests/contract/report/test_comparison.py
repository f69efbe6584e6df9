"""What is new since an earlier run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from contract.report import comparison
from contract.run.results import Change
from tests.kit import runs


def test_only_what_differs_is_a_change(tmp_path: Path) -> None:
    """A report compared with itself has no change; a rule with another verdict, or without one before, is one."""
    before, after = runs.kept(), runs.realistic()
    path = tmp_path / "report.json"
    path.write_text(json.dumps(after.as_json()), encoding="utf-8")
    assert comparison.changes(comparison.read(path), after) == []
    path.write_text(json.dumps(before.as_json()), encoding="utf-8")
    found = comparison.changes({**comparison.read(path), "gone": "pass"}, after)
    assert Change("IDEM-2", "pass", "fail") in found
    assert all(change.rule in {result.rule.id for result in after.results} for change in found)
    assert comparison.changes({}, runs.run_of(after.results[:1])) == [Change("AUTH-1", None, "pass")]


def test_sentences_begin_with_what_is_broken() -> None:
    """Newly broken rules come first, then mended ones, then others; without a change there is a sentence too."""
    changes = [Change("URL-15", "untested", "pass"), Change("URL-3", "fail", "pass"), Change("IDEM-2", None, "error")]
    assert comparison.sentences(changes) == [
        "1 rule newly broken: IDEM-2 (error, before: not in the report).",
        "1 rule no longer broken: URL-3 (passed, before: failed).",
        "1 rule with another verdict: URL-15 (passed, before: untested).",
    ]
    assert len(comparison.sentences([])) == 1


@pytest.mark.parametrize(
    "text",
    [
        *("", "{}", "[]", '{"rules": [{"id": "A"}]}', '{"rules": [{"id": "A", "verdict": "\\u001b[31m"}]}'),
        "[" * 100_000,
    ],
    ids=range(6),
)
def test_another_file_is_no_report(tmp_path: Path, text: str) -> None:
    """Whatever is not a report.json of this kit is a ValueError."""
    (tmp_path / "r.json").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"report\.json|Expecting"):
        comparison.read(tmp_path / "r.json")
