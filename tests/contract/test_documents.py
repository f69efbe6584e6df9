"""What the documents say of the suite is so: the snippet runs, and the words of the tables are those of the reports."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from contract.report.words import VERDICT_WORDS
from contract.run.results import VERDICTS
from contract.spec.rules import LEVELS

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.long
def test_the_test_file_works_when_pasted(tmp_path: Path) -> None:
    """The file in docs/fuzzing.md passes in an empty folder, without a variable of the suite."""
    text = (DOCS / "fuzzing.md").read_text(encoding="utf-8")
    [snippet] = [block for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL) if "parametrize" in block]
    (tmp_path / "test_api.py").write_text(snippet, encoding="utf-8")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("CONTRACT_", "PYTEST_"))}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"]
    done = subprocess.run(command, cwd=tmp_path, env=clean, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_levels_and_verdicts_come_first() -> None:
    """docs/contract.md explains every level and every verdict, by both of its words, before it says how to run it."""
    before, _, _ = (DOCS / "contract.md").read_text(encoding="utf-8").partition("## Run it")
    assert all(f"| {level} |" in before for level in LEVELS)
    assert all(f"| {verdict} | {VERDICT_WORDS[verdict]} |" in before for verdict in VERDICTS)
