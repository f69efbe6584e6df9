"""The law of the suite: every test names its rules, and every rule has a test."""

import subprocess
import sys
from pathlib import Path

import pytest

from contract.spec.rules import catalogue

RUN = """
import sys
from pathlib import Path
import pytest
import pytest_engagements
pytest_engagements.SUITE = Path(sys.argv[1])
sys.exit(pytest.main([sys.argv[1], "-p", "no:cacheprovider", "-p", "no:cov"], plugins=[pytest_engagements]))
"""


def collect(folder: Path, text: str) -> subprocess.CompletedProcess[str]:
    """Run a suite of one file that stands in for the real one."""
    (folder / "test_it.py").write_text(text, encoding="utf-8")
    command = [sys.executable, "-c", RUN, str(folder)]
    environment = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("def test_nothing(): pass", "names no rule"),
        ("from contract.suite.marks import rule\n@rule('IDEM-99')\ndef test_it(): pass", "names IDEM-99, which"),
        ("from contract.suite.marks import rule\n@rule('IDEM-1')\ndef test_it(): pass", "no test for AUTH-1"),
    ],
)
def test_a_lawless_suite_does_not_start(tmp_path: Path, text: str, sentence: str) -> None:
    """A test without a rule, a rule that does not exist and a rule without a test end the run with exit code 2."""
    done = collect(tmp_path, text)
    assert done.returncode == 2, done.stdout + done.stderr
    assert sentence in done.stdout + done.stderr


def test_every_point_left_open_is_an_observation() -> None:
    """There are rules of each level, and each family of the contract has some."""
    levels = {rule.level for rule in catalogue().values()}
    families = {rule.family for rule in catalogue().values()}
    assert levels == {"must", "documented", "robust", "observe"}
    assert families == {"AUTH", "SCOPE", "IDEM", "URL", "LIMIT", "BODY", "RESP", "READ", "LIST", "HOOK", "ERR"}
