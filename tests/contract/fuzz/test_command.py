"""`contract fuzz` as a user runs it: exit codes, what is printed, and what it leaves behind."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from contract.cli import main
from mock_server import Running
from tests.defects import ALL, serve
from tests.kit.busy import busy
from tests.kit.waiting import wait_until

MEDIA = {
    "CONTRACT_MEDIA_ACCEPTED": "https://media.mock.test/ok.mp3",
    "CONTRACT_MEDIA_REJECTED": "https://media.mock.test/a.html",
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Run in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def point(monkeypatch: pytest.MonkeyPatch, server: Running, **changes: str) -> None:
    """Configure a running mock as the target."""
    environment = {"CONTRACT_BASE_URL": server.base_url, "CONTRACT_WRITER": server.credentials["writer"], **MEDIA}
    for name, value in {**environment, **changes}.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def broken() -> Iterator[Running]:
    """Serve a mock that counts source_system as a part of the key."""
    with serve(next(defect for defect in ALL if defect.name == "key-with-source-system")) as server:
        yield server


def test_without_configuration_it_fuzzes_the_mock(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`contract fuzz` alone starts the mock, finds nothing, and writes the reports of a run and no other file."""
    assert main(["fuzz", "--engine", "own", "--cases", "40", "--seed", "1"]) == 0
    said = capsys.readouterr().out
    assert "The contract is kept" in said
    assert said.count(" of 40 cases, no rule failed") == 10
    kept = {path.name for path in (folder / "contract-report").iterdir()}
    assert kept == {"corpus", "created.jsonl", "junit.xml", "report.html", "report.json", "report.md"}
    assert [path.name for path in folder.iterdir()] == ["contract-report"]


@pytest.mark.long
def test_a_job_that_is_cancelled_leaves_its_reports(folder: Path) -> None:
    """SIGTERM ends a run as Ctrl-C does: exit 3, with all reports, and the second engine does not begin."""
    arguments = (sys.executable, "-m", "contract", "fuzz", "--cases", "100000")
    keys = folder / "contract-report" / "created.jsonl"
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as running:
        wait_until(lambda: keys.exists() and keys.stat().st_size > 10_000, 60)
        running.terminate()
        said, _ = running.communicate(timeout=60)
    assert running.returncode == 3, said
    assert {"junit.xml", "report.html", "report.json", "report.md"} <= {path.name for path in keys.parent.iterdir()}
    assert json.loads((keys.parent / "report.json").read_text(encoding="utf-8"))["cut_short"] == "interrupted"
    assert "Schemathesis" not in said


def test_a_violation_is_exit_1_with_a_line_to_send_it_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], broken: Running
) -> None:
    """The rule, the smallest case and a curl line are printed and reported; the credential is not."""
    point(monkeypatch, broken)
    monkeypatch.setattr("contract.fuzz.fuzz_run.SHRINKING", 100)
    assert main(["fuzz", "--engine", "own", "--cases", "400", "--seed", "1"]) == 1
    said = capsys.readouterr().out
    assert "A smaller case is looked for" in said
    assert re.search("^IDEM-[23], to send it again:", said, re.MULTILINE)
    assert "curl -sS -i" in said
    report = json.loads((folder / "contract-report" / "report.json").read_text(encoding="utf-8"))
    failures = [
        failure for rule in report["rules"] if rule["id"] in ("IDEM-2", "IDEM-3") for failure in rule["failures"]
    ]
    assert all(failure["curl"].count("curl ") > 1 for failure in failures)  # the first one, and what repeats it
    texts = [path.read_text(encoding="utf-8") for path in (folder / "contract-report").iterdir() if path.is_file()]
    leaks = [
        text[max(0, at - 200) : at + 60] for text in (said, *texts) if (at := text.find("sk-apik_writer.local")) > -1
    ]
    assert leaks == []


def test_a_wrong_credential_is_exit_3(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], server: Running
) -> None:
    """A credential that the target does not know ends the run before any case, with a sentence that says what to do."""
    point(monkeypatch, server, CONTRACT_WRITER="sk-apik_unknown.none")
    assert main(["fuzz", "--engine", "own", "--cases", "40"]) == 3
    assert "check CONTRACT_WRITER" in " ".join(capsys.readouterr().out.split())
    assert (folder / "contract-report" / "report.json").is_file()


def test_an_unreachable_target_is_exit_3(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], server: Running
) -> None:
    """A target that nothing listens at is exit 3, and the report says so."""
    point(monkeypatch, server, CONTRACT_BASE_URL="http://127.0.0.1:1/api")
    assert main(["fuzz", "--engine", "own", "--cases", "40"]) == 3
    assert "cannot be reached" in " ".join(capsys.readouterr().out.split())
    assert (folder / "contract-report" / "report.json").is_file()


def test_another_machine_is_asked_for_first(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], server: Running
) -> None:
    """Without a yes nothing is sent to another machine: what would be is shown, and the exit code is 2."""
    point(monkeypatch, server, CONTRACT_BASE_URL="https://staging.example.invalid/api")
    assert main(["fuzz", "--engine", "own", "--cases", "40"]) == 2
    said = capsys.readouterr()
    assert "40 generated cases" in said.out
    assert "add --yes" in said.err
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--corpus", "/dev/null/corpus"], "--corpus: cannot write to /dev/null/corpus: Not a directory"),
        (["--cases", "none"], "--cases: 'none' must be a whole number above 0"),
        (["--cases", "²"], "--cases: '²' must be a whole number above 0"),
        (["--shard", "3/2"], "--shard: '3/2' must be I/N"),
        (["--seed", "x"], "--seed: 'x' must be a whole number"),
    ],
)
def test_usage_errors_are_one_line(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str
) -> None:
    """What cannot be understood is exit 2 with one line, and nothing is sent or written."""
    assert main(["fuzz", "--engine", "own", *arguments]) == 2
    said = capsys.readouterr().err
    assert sentence in said
    assert len(said.splitlines()) == 1
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("left", "sentence"),
    [(1, "the target answers 429, however long one waits"), (2, "no submission was accepted, so no refusal means")],
)
def test_a_target_that_accepts_nothing_is_exit_3(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], left: int, sentence: str
) -> None:
    """A target that is too busy before the first case, or for all of them, fails the run with a sentence."""
    with busy(left) as server:
        point(monkeypatch, server)
        assert main(["fuzz", "--engine", "own", "--cases", "10"]) == 3
    assert sentence in " ".join(capsys.readouterr().out.split())
    assert (folder / "contract-report" / "report.json").is_file()


@pytest.mark.long
def test_both_engines_give_one_verdict(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where Schemathesis runs inside there is one summary, one report with the evidence of both, one exit code."""
    monkeypatch.setattr("contract.fuzz.fuzz_run.SHRINKING", 50)
    with serve(next(defect for defect in ALL if defect.name == "scheme-http")) as server:
        point(monkeypatch, server)
        assert main(["fuzz", "--cases", "60", "--seed", "1"]) == 1
    said = capsys.readouterr().out
    assert said.count("The contract is broken") == 1
    assert "kept" not in said
    assert said.rstrip().splitlines()[-1].startswith("Reports: ")
    assert "http://media.mock.test" in said[said.index("Reproduce with:") :].splitlines()[2]
    report = json.loads((folder / "contract-report" / "report.json").read_text(encoding="utf-8"))
    assert {rule["id"] for rule in report["rules"] if rule["verdict"] == "fail"} == {"URL-1"}
    assert not (folder / "contract-report" / "schemathesis").exists()
