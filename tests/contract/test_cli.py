"""The command, as a user runs it: exit codes, sentences, and what it leaves behind."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from contract.rules import catalogue
from contract.session import select
from mock_server import Running, Settings, running

MEDIA = {
    "CONTRACT_MEDIA_ACCEPTED": "https://media.mock.test/ok.mp3",
    "CONTRACT_MEDIA_REJECTED": "https://media.mock.test/a.html",
}


def contract(
    folder: Path, *arguments: str, environment: dict[str, str] | None = None, code: int | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the command in a folder without any setting of the environment but these."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("CONTRACT_", "PYTEST_"))}
    done = subprocess.run(
        [sys.executable, "-m", "contract", *arguments],
        cwd=folder,
        env={**clean, **(environment or {})},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    if code is not None:
        assert done.returncode == code, done.stdout + done.stderr
    return done


def at(server: Running, **changes: str) -> dict[str, str]:
    """Return the environment that names a running mock."""
    environment = {"CONTRACT_BASE_URL": server.base_url, **MEDIA}
    for name in ("writer", "reader", "private_reader", "other_workspace"):
        environment[f"CONTRACT_{name.upper()}"] = server.credentials[name]
    return {**environment, **changes}


def report(folder: Path) -> dict[str, dict[str, object]]:
    """Return the rules of report.json by id."""
    document = json.loads((folder / "contract-report" / "report.json").read_text(encoding="utf-8"))
    return {rule["id"]: rule for rule in document["rules"]}


def test_without_configuration_it_tests_the_mock(tmp_path: Path) -> None:
    """`contract run` alone starts the mock and finds nothing wrong and nothing untested; every rule has a verdict."""
    done = contract(tmp_path, "run", code=0)
    verdicts = {rule["verdict"] for rule in report(tmp_path).values()}
    assert verdicts <= {"pass", "observed", "not_applicable"}
    assert "sk-apik_writer.local" not in done.stdout + done.stderr
    kept = [path for path in (tmp_path / "contract-report").iterdir() if path.name != "created.jsonl"]
    assert not any("sk-apik_writer.local" in path.read_text(encoding="utf-8") for path in kept)


def test_a_plan_sends_nothing_and_is_nearly_right(tmp_path: Path) -> None:
    """`contract plan` says within a tenth what a run then sends and creates, and leaves no file."""
    with running(Settings(port=0, log_level="error")) as server:
        said = contract(tmp_path, "plan", environment=at(server), code=0).stdout
        assert len(server.mock.state.store) == 0
        assert list(tmp_path.iterdir()) == []
        contract(tmp_path, "run", environment=at(server), code=0)
    words = next(line for line in said.splitlines() if line.startswith("Sends")).split()
    done = json.loads((tmp_path / "contract-report" / "report.json").read_text(encoding="utf-8"))
    assert int(words[2]) == pytest.approx(done["requests"], rel=0.1)
    assert int(words[6]) == pytest.approx(done["creations"], rel=0.1)
    assert done["creations"] <= 100


def test_nothing_listens_there(tmp_path: Path) -> None:
    """An unreachable target is exit 3, with a sentence, and a report that says so."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: nobody else can be there
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/api"
        environment = {"CONTRACT_BASE_URL": url, "CONTRACT_WRITER": "w", **MEDIA}
        done = contract(tmp_path, "run", environment=environment, code=3)
    assert "nothing listens there" in done.stdout + done.stderr
    assert {rule["verdict"] for rule in report(tmp_path).values()} == {"untested"}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"CONTRACT_WRITER": "wrong"}, "does not accept the credential writer: check CONTRACT_WRITER"),
        ({"CONTRACT_WRITER": "sk-apik_reader.local"}, "the credential writer lacks the scope engagements:write"),
        ({"CONTRACT_READER": "wrong"}, "does not accept the credential reader: check CONTRACT_READER"),
        ({"CONTRACT_OTHER_WORKSPACE": "sk-apik_noscope.local"}, "the credential other_workspace lacks the scope"),
        ({"CONTRACT_MEDIA_ACCEPTED": "https://media.mock.test/404/a.mp3"}, "check media.accepted"),
    ],
)
def test_a_wrong_configuration_is_found_before_any_rule(tmp_path: Path, changes: dict[str, str], sentence: str) -> None:
    """Pre-flight says in one sentence what does not fit, and the run is exit 3."""
    with running(Settings(port=0, log_level="error")) as server:
        done = contract(tmp_path, "run", environment=at(server, **changes), code=3)
    assert sentence in " ".join((done.stdout + done.stderr).split())


def test_a_wrong_path_is_found_before_any_rule(tmp_path: Path) -> None:
    """A base URL without the API behind it is exit 3 and says how it should end."""
    with running(Settings(port=0, log_level="error")) as server:
        environment = at(server, CONTRACT_BASE_URL=server.base_url.removesuffix("/api"))
        done = contract(tmp_path, "run", environment=environment, code=3)
    assert "check base_url" in " ".join((done.stdout + done.stderr).split())


def test_what_is_not_configured_is_incomplete(tmp_path: Path) -> None:
    """Without a second workspace a MUST stays untested with its reason: exit 4, or 0 once it is waived."""
    with running(Settings(port=0, log_level="error")) as server:
        environment = at(server)
        del environment["CONTRACT_OTHER_WORKSPACE"]
        contract(tmp_path, "run", "--rule", "IDEM-4", "--rule", "IDEM-1", environment=environment, code=4)
        assert report(tmp_path)["IDEM-4"]["verdict"] == "untested"
        assert "CONTRACT_OTHER_WORKSPACE" in str(report(tmp_path)["IDEM-4"]["reason"])
        (tmp_path / "c.toml").write_text('[waived]\n"IDEM-4" = "one workspace"\n', encoding="utf-8")
        contract(
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


def test_a_budget_cuts_the_run_short(tmp_path: Path) -> None:
    """A budget that does not suffice ends the run with exit 3; the reports are there."""
    with running(Settings(port=0, log_level="error")) as server:
        contract(tmp_path, "run", "--max-requests", "30", environment=at(server), code=3)
    document = json.loads((tmp_path / "contract-report" / "report.json").read_text(encoding="utf-8"))
    assert document["requests"] == 30
    assert "max_requests" in document["cut_short"]


def test_safe_creates_nothing(tmp_path: Path) -> None:
    """The profile safe leaves a target as empty as it was."""
    with running(Settings(port=0, log_level="error")) as server:
        contract(tmp_path, "run", "--profile", "safe", environment=at(server), code=4)
        assert len(server.mock.state.store) == 0
    assert report(tmp_path)["URL-3"]["verdict"] == "pass"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["run", "--profile", "fast"], "--profile: 'fast' is none of safe, quick"),
        (["run", "--rule", "IDEM-99"], "--rule: IDEM-99 is no rule; did you mean"),
        (["run", "--shard", "5/4"], "--shard: '5/4' must be I/N"),
        (["run", "--base-url", "https://staging.example.com/api"], "credentials.writer is missing"),
        (["run", "--config", "missing.toml"], "--config: cannot read missing.toml"),
    ],
)
def test_usage_errors_are_one_line(tmp_path: Path, arguments: list[str], sentence: str) -> None:
    """What cannot be understood is exit 2 with one line on standard error; nothing is sent or written."""
    done = contract(tmp_path, *arguments, code=2)
    assert sentence in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_another_machine_is_asked_for_first(tmp_path: Path) -> None:
    """Without a yes nothing is sent to a host that is not this machine: the plan is shown and the exit code is 2."""
    environment = {"CONTRACT_BASE_URL": "https://staging.example.invalid/api", "CONTRACT_WRITER": "w", **MEDIA}
    done = contract(tmp_path, "run", environment=environment, code=2)
    assert "Sends" in done.stdout
    assert "add --yes" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_catalogue_is_a_line_a_rule(tmp_path: Path) -> None:
    """`contract rules` lists every rule with its level and title."""
    lines = contract(tmp_path, "rules", code=0).stdout.splitlines()
    assert lines[0].startswith("AUTH-1    must")
    assert len(lines) == len({line.split()[0] for line in lines}) > 100


def test_shards_cover_every_rule_once() -> None:
    """The shares of a split run are disjoint and complete."""
    shares = [select([], f"{index}/4") for index in range(1, 5)]
    assert sorted(rule for share in shares for rule in share) == sorted(catalogue())


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
