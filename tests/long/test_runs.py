"""Whole runs of the suite by the command: what a plan says of one, and what is left out of one."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mock_server import Settings, running
from tests.kit.command import apart, at, report


def test_a_plan_sends_nothing_and_is_nearly_right(tmp_path: Path) -> None:
    """`contract plan` says within a tenth what a run then sends and creates, and leaves no file."""
    with running(Settings(port=0, log_level="error")) as server:
        said = apart(tmp_path, "plan", environment=at(server), code=0).stdout
        assert len(server.mock.state.store) == 0
        assert list(tmp_path.iterdir()) == []
        apart(tmp_path, "run", environment=at(server), code=0)
    words = next(line for line in said.splitlines() if line.startswith("Sends")).split()
    done = json.loads((tmp_path / "contract-report" / "report.json").read_text(encoding="utf-8"))
    assert int(words[2]) == pytest.approx(done["requests"], rel=0.1)
    assert int(words[6]) == pytest.approx(done["creations"], rel=0.1)
    assert done["creations"] <= 120


def test_safe_creates_nothing(tmp_path: Path) -> None:
    """The profile safe leaves a target as empty as it was."""
    with running(Settings(port=0, log_level="error")) as server:
        apart(tmp_path, "run", "--profile", "safe", environment=at(server), code=4)
        assert len(server.mock.state.store) == 0
    assert report(tmp_path)["URL-3"]["verdict"] == "pass"


def test_pytest_runs_the_suite_too(tmp_path: Path) -> None:
    """`pytest --pyargs contract.suite` runs the same tests and ends with the same exit codes."""
    with running(Settings(port=0, log_level="error")) as server:
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--pyargs", "contract.suite"]
        options = [f"--contract-base-url={server.base_url}", "--contract-rule=IDEM-1", "--contract-report-dir=out"]
        clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
        done = subprocess.run(
            [*command, *options], cwd=tmp_path, env={**clean, **at(server)}, capture_output=True, text=True, check=False
        )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout
    assert (tmp_path / "out" / "report.json").is_file()


def test_what_is_not_configured_is_incomplete(tmp_path: Path) -> None:
    """Without a second workspace a MUST stays untested with its reason: exit 4, or 0 once it is waived."""
    with running(Settings(port=0, log_level="error")) as server:
        environment = at(server)
        del environment["CONTRACT_OTHER_WORKSPACE"]
        apart(tmp_path, "run", "--rule", "IDEM-4", "--rule", "IDEM-1", environment=environment, code=4)
        assert report(tmp_path)["IDEM-4"]["verdict"] == "untested"
        assert "CONTRACT_OTHER_WORKSPACE" in str(report(tmp_path)["IDEM-4"]["reason"])
        (tmp_path / "c.toml").write_text('[waived]\n"IDEM-4" = "one workspace"\n', encoding="utf-8")
        apart(
            tmp_path,
            "run",
            "--config",
            "c.toml",
            "--rule",
            "IDEM-4",
            "--rule",
            "IDEM-1",
            environment=environment,
            code=0,
        )
    assert report(tmp_path)["IDEM-4"]["verdict"] == "waived"
