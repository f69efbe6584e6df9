"""What the documents say of the suite is so: the snippet runs, and the words of the tables are those of the reports."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from contract.report.words import VERDICT_WORDS
from contract.run.results import VERDICTS
from contract.spec.rules import LEVELS, catalogue
from contract.target.reading import CREDENTIALS
from mock_server import Running, Settings, running
from tests.kit.command import at, contract, report

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
README = (ROOT / "README.md").read_text(encoding="utf-8")
CONTRACT = (DOCS / "contract.md").read_text(encoding="utf-8")
TESTING = (DOCS / "testing.md").read_text(encoding="utf-8")
# Each value that a run can do without, with the rules that then stay untested.
UNTESTED = {
    f"CONTRACT_{'MEDIA_' * (name not in CREDENTIALS)}{name.upper()}": re.findall(r"[A-Z]+-\d+", rules)
    for name, rules in re.findall(r"^\| `(\w+)` \| ([A-Z]+-\d+.*)$", CONTRACT, re.MULTILINE)
}


def variables(text: str) -> set[str]:
    """Return the variables of a target that a part of a document names."""
    return set(re.findall(r"CONTRACT_[A-Z_]*[A-Z]", text))


def at_mock(server: Running, names: Iterable[str]) -> dict[str, str]:
    """Return the environment that names a running mock by these variables alone."""
    whole = at(server)
    return {name: whole[name] for name in names}


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
    before, _, _ = CONTRACT.partition("## Run it")
    assert all(f"| {level} |" in before for level in LEVELS)
    assert all(f"| {verdict} | {VERDICT_WORDS[verdict]} |" in before for verdict in VERDICTS)


@pytest.mark.long
def test_the_variables_of_the_examples_are_enough(tmp_path: Path) -> None:
    """With those of the README, as with those of each recipe for CI, every rule of the level must can be tested."""
    table, github = TESTING.partition("| GitHub | GitLab |")[2].split("### GitHub Actions")
    named = [variables(README), variables(table), variables(github.partition("### GitLab")[0])]
    assert named[0] == named[1] == named[2] >= UNTESTED.keys()
    needing = [rule for rules in UNTESTED.values() for rule in rules]
    with running(Settings(port=0, log_level="error")) as server:
        environment = at_mock(server, named[0])
        contract(tmp_path, "run", *(f"--rule={rule}" for rule in needing), environment=environment, code=0)


@pytest.mark.long
@pytest.mark.parametrize("missing", UNTESTED)
def test_what_stays_untested_without_a_value(tmp_path: Path, missing: str) -> None:
    """The table of docs/contract.md has the rules of the level must that need this value, and no other such rule."""
    with running(Settings(port=0, log_level="error")) as server:
        environment = at_mock(server, variables(README) - {missing})
        musts = [f"--rule={rule.id}" for rule in catalogue().values() if rule.level == "must"]
        contract(tmp_path, "run", *musts, environment=environment, code=4)
    untested = {rule for rule, result in report(tmp_path).items() if result["verdict"] == "untested"}
    assert untested == set(UNTESTED[missing])
