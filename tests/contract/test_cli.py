"""The command, as a user runs it: exit codes, sentences, and what it leaves behind."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from contract import command
from contract.run.session import select
from contract.spec.rules import catalogue
from mock_server import Settings, running
from tests.defects import ALL, serve
from tests.kit.command import MEDIA, apart, at, contract, report


def test_without_configuration_it_tests_the_mock(tmp_path: Path) -> None:
    """`contract run` alone starts the mock and finds nothing wrong and nothing untested; every rule has a verdict."""
    done = apart(tmp_path, "run", code=0)
    verdicts = {rule["verdict"] for rule in report(tmp_path).values()}
    assert verdicts <= {"pass", "observed", "not_applicable"}
    assert "sk-apik_writer.local" not in done.stdout + done.stderr
    kept = [path for path in (tmp_path / "contract-report").iterdir() if path.name != "created.jsonl"]
    assert not any("sk-apik_writer.local" in path.read_text(encoding="utf-8") for path in kept)


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
        (
            {"CONTRACT_WRITER": "sk-apik_noscope.local", "CONTRACT_NOSCOPE": ""},
            "the credential writer lacks the scope engagements:write",
        ),
        ({"CONTRACT_READER": "Bearer sk-apik_writer.local"}, "the credentials writer and reader are the same"),
        ({"CONTRACT_READER": "wrong"}, "does not accept the credential reader: check CONTRACT_READER"),
        (
            {"CONTRACT_OTHER_WORKSPACE": "sk-apik_noscope.local", "CONTRACT_NOSCOPE": ""},
            "the credential other_workspace lacks the scope",
        ),
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


@pytest.mark.parametrize("command", [pytest.param("plan", marks=pytest.mark.long), "run"])
def test_a_budget_that_is_too_small_is_told_before_anything_is_sent(tmp_path: Path, command: str) -> None:
    """A plan that exceeds a budget is exit 2 and names the one that would do; nothing is sent or written."""
    limits = ("--rule", "IDEM-1", "--max-creations", "3")
    done = contract(tmp_path, command, *limits, code=2)
    (needed,) = re.findall(r"max_creations = 3 is too small for this run: (\d+) would do", done.stderr)
    assert list(tmp_path.iterdir()) == []
    limits = (*limits[:-1], needed)
    contract(tmp_path, "plan", *limits, code=0)
    contract(tmp_path, "run", *limits, code=0)


def test_a_plan_says_how_long_it_takes_at_least(tmp_path: Path) -> None:
    """At one request in ten seconds each but the first takes ten, and none of them is sent."""
    planned = contract(tmp_path, "plan", "--rule", "BODY-1", "--rate", "0.1/s", code=0).stdout
    (requests,), (minutes,) = re.findall(r"about (\d+) requests", planned), re.findall(r"at least (\d+) min", planned)
    assert abs(int(minutes) - (int(requests) - 1) / 6) <= 1


@pytest.mark.parametrize("option", [("--yes",), ("--report-dir", "there")], ids=["yes", "report-dir"])
def test_a_plan_takes_no_option_that_it_does_not_use(tmp_path: Path, option: tuple[str, ...]) -> None:
    """A plan asks nobody and writes nothing, so it has no option for either."""
    assert f"unrecognized arguments: {' '.join(option)}" in contract(tmp_path, "plan", *option, code=2).stderr


def test_a_file_that_the_environment_names_is_the_target(tmp_path: Path) -> None:
    """With CONTRACT_CONFIG alone that target is tested, and not the mock; a file that is not there is named with it."""
    (tmp_path / "contract.toml").write_text('base_url = "https://staging.example.invalid/api"\n', encoding="utf-8")
    done = contract(tmp_path, "run", environment={"CONTRACT_CONFIG": "contract.toml"}, code=2)
    assert "credentials.writer is missing" in done.stderr
    done = contract(tmp_path, "run", environment={"CONTRACT_CONFIG": "missing.toml"}, code=2)
    assert "CONTRACT_CONFIG: cannot read missing.toml" in done.stderr


def test_limits_hold_for_the_mock_as_well(tmp_path: Path) -> None:
    """A limit that cannot be read is refused whether or not a target is named."""
    assert "'fast' must be a rate" in contract(tmp_path, "run", "--rate", "fast", code=2).stderr


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["run", "--profile", "fast"], "--profile: 'fast' is none of safe, quick"),
        (["run", "--rule", "IDEM-99"], "--rule: IDEM-99 is no rule; did you mean"),
        (["run", "--rule", "url-1"], "--rule: url-1 is no rule; did you mean URL-1?"),
        (["run", "--rule", "nothing"], "--rule: nothing is no rule; see: contract rules"),
        (["run", "--shard", "5/4"], "--shard: '5/4' must be I/N"),
        (["run", "--shard", "²/²"], "--shard: '²/²' must be I/N"),
        (["run", "--seed", "²"], "--seed: '²' must be a whole number"),
        (["run", "--base-url", "https://staging.example.com/api"], "credentials.writer is missing"),
        (["run", "--config", "missing.toml"], "--config: cannot read missing.toml"),
    ],
)
def test_usage_errors_are_one_line(tmp_path: Path, arguments: list[str], sentence: str) -> None:
    """What cannot be understood is exit 2 with one line on standard error; nothing is sent or written."""
    done = contract(tmp_path, *arguments)
    assert done.returncode == 2
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
    lines = contract(tmp_path, "rules").stdout.splitlines()
    assert lines[0].startswith("AUTH-1    must")
    assert len(lines) == len({line.split()[0] for line in lines}) > 100


def test_a_reader_that_goes_away_is_no_traceback(tmp_path: Path) -> None:
    """`contract rules | true` says nothing on standard error."""
    command = f"{sys.executable} -m contract rules | true"
    done = subprocess.run(["sh", "-c", command], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True)
    assert done.stderr == ""


def test_what_is_not_configured_is_no_pass(tmp_path: Path) -> None:
    """Without a recording that redirects inside, URL-15 is untested and the run incomplete."""
    with running(Settings(port=0, log_level="error")) as server:
        environment = at(server)
        del environment["CONTRACT_MEDIA_REDIRECT_TO_PRIVATE"]
        contract(tmp_path, "run", "--rule", "URL-15", environment=environment, code=4)
    assert report(tmp_path)["URL-15"]["verdict"] == "untested"


def test_shards_cover_every_rule_once() -> None:
    """The shares of a split run are disjoint and complete."""
    shares = [select([], f"{index}/4") for index in range(1, 5)]
    assert sorted(rule for share in shares for rule in share) == sorted(catalogue())


@pytest.mark.long
def test_a_run_is_compared_with_an_earlier_one(tmp_path: Path) -> None:
    """`--compare` says what is new since a report; what is no report is exit 2 before anything is sent."""
    contract(tmp_path, "run", "--rule", "BODY-9", "--rule", "IDEM-1", "--report-dir", "before", code=0)
    defect = next(defect for defect in ALL if defect.name == "participants-text")
    arguments = ("run", "--rule", "BODY-9", "--rule", "IDEM-1", "--compare", "before/report.json")
    with serve(defect) as server:
        done = contract(tmp_path, *arguments, environment=at(server), code=1)
    assert "1 rule newly broken: BODY-9 (failed, before: passed)." in done.stdout
    assert "contract-report/report.html" in done.stdout.splitlines()[-1]
    document = json.loads((tmp_path / "contract-report" / "report.json").read_text(encoding="utf-8"))
    assert document["changes"] == [{"rule": "BODY-9", "before": "pass", "after": "fail"}]
    assert "1 rule newly broken" in (tmp_path / "contract-report" / "report.md").read_text(encoding="utf-8")
    done = contract(tmp_path, "run", "--compare", "before/junit.xml", "--report-dir", "none", code=2)
    assert "--compare: cannot use before/junit.xml" in done.stderr
    assert not (tmp_path / "none").exists()


@pytest.mark.long
def test_a_limit_is_named_by_the_case(tmp_path: Path) -> None:
    """Evidence says how long the text was that a target refused or accepted, and values are JSON."""
    for name, rule, words in (
        ("title-one-more", "LIMIT-1", "a title of 501 characters"),
        ("participants-text", "BODY-9", 'participants "Ada"'),
    ):
        with serve(next(defect for defect in ALL if defect.name == name)) as server:
            contract(tmp_path, "run", "--rule", rule, environment=at(server), code=1)
        assert words in str(report(tmp_path)[rule]["failures"])


@pytest.mark.long
@pytest.mark.parametrize("output", ["> /dev/full", ">&-", "<&- >&- 2>&-", "2>/dev/full >/dev/full", "| true"])
def test_a_run_outlives_whoever_reads_it(tmp_path: Path, output: str) -> None:
    """With a full disk behind standard output, or nobody, the run ends with its verdict and all reports."""
    command = f"({sys.executable} -m contract run --rule BODY-1 --rule URL-1; echo $? > code) {output}"
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("CONTRACT_", "PYTEST_"))}
    done = subprocess.run(["sh", "-c", command], cwd=tmp_path, env=clean, capture_output=True, timeout=120, check=False)
    assert (tmp_path / "code").read_text(encoding="utf-8") == "0\n"
    assert done.stderr == b""
    assert {result["verdict"] for result in report(tmp_path).values()} == {"pass"}
    assert (tmp_path / "contract-report" / "report.html").exists()


@pytest.mark.long
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_ends_a_run_with_reports(tmp_path: Path, number: signal.Signals) -> None:
    """A job that is cancelled, a closed terminal and Ctrl-C are exit 3, and what was found is in the reports."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("CONTRACT_", "PYTEST_"))}
    # A shell starts what runs in its background with SIGINT ignored, and so the tests, if they run there.
    heard = (
        f"import signal; signal.signal({number.value}, signal.SIG_DFL); import contract.command as c; exit(c.main())"
    )
    arguments = [sys.executable, "-c", heard, "run", "--rate", "50/s"]
    with subprocess.Popen(arguments, cwd=tmp_path, env=clean, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        assert " of " in run.stdout.readline()
        run.send_signal(number)
        said = run.stdout.read()
    assert run.returncode == 3
    assert "interrupted" in said
    verdicts = [result["verdict"] for result in report(tmp_path).values()]
    assert verdicts.count("untested") > 50
    assert verdicts.count("pass") > 5


LOST = """
import gc, pathlib, signal, sys, threading
from contract.command import main

def lose(phase, info):
    keys = pathlib.Path("contract-report/created.jsonl")
    if keys.exists() and keys.stat().st_size and threading.current_thread() is threading.main_thread():
        gc.callbacks.remove(lose)
        signal.raise_signal(signal.SIGTERM)

gc.callbacks.append(lose)
gc.set_threshold(100)  # soon: the threads of the mock allocate as well, and a collection is for whoever comes next
sys.exit(main())
"""


@pytest.mark.long
@pytest.mark.parametrize(
    "arguments", [["run", "--rate", "50/s"], ["fuzz", "--cases", "100000"], ["fuzz", "--engine", "schemathesis"]]
)
def test_a_signal_is_not_lost_in_the_garbage_collector(tmp_path: Path, arguments: list[str]) -> None:
    """Python drops what a signal raises while the collector calls a function, as Hypothesis has it do. The run ends."""
    command = [sys.executable, "-c", LOST, *arguments]
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("CONTRACT_", "PYTEST_"))}
    ended = subprocess.run(command, cwd=tmp_path, env=clean, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 3, ended.stdout
    found = json.loads((tmp_path / "contract-report" / "report.json").read_text(encoding="utf-8"))
    assert found["cut_short"] == "interrupted"


def test_a_mistake_of_the_program_does_not_end_as_a_broken_contract(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its traceback is shown, and the exit code is not 1."""

    def mistaken(_: str) -> object:
        raise ZeroDivisionError("a mistake")

    monkeypatch.setattr(command, "find_spec", mistaken)
    assert command.main() == 3
    said = capsys.readouterr().err
    assert "ZeroDivisionError: a mistake" in said
    assert "a mistake of the program" in said


def test_an_interruption_before_the_run_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ctrl-C while the packages are still loading is exit 3 and no traceback."""

    def interrupted(_: str) -> object:
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "find_spec", interrupted)
    assert command.main() == 3
    assert capsys.readouterr().err == "contract: interrupted\n"
