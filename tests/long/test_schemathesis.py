"""Schemathesis with the kit's hooks: from the command line, from pytest, through WSGI, and as a run of the kit."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import find

from contract.generated.recorder import GeneratedRecorder
from contract.generated.session import Case, Operation, Target
from contract.generated.targets import adopt, targets
from contract.run.profile import Profile
from contract.run.session import NO_TARGET, OK, VIOLATION, open_session
from contract.schemathesis.run import run
from contract.spec import document as spec
from contract.target.config import Config, Credential
from contract.target.embedded import embedded
from contract.target.reading import CREDENTIALS
from mock_server import Settings, create_app, running
from tests import peer
from tests.defects import ALL, serve
from tests.kit.busy import busy
from tests.kit.http import WRITER
from tests.kit.submissions import submission

ROOT = Path(__file__).parents[2]
DEFECTS = {defect.name: defect for defect in ALL}
EXAMPLES = ("--phases", "examples")


@pytest.fixture(scope="module")
def config() -> Iterator[Config]:
    """Serve the mock and return it as a target."""
    with embedded() as config:
        yield config


@pytest.fixture(scope="module")
def target(config: Config) -> Iterator[Target]:
    """Yield the mock as Schemathesis sees it."""
    with open_session(config, Profile("schemathesis", 1), recorder=GeneratedRecorder()) as session:
        yield adopt(session)


@pytest.fixture
def elsewhere(config: Config) -> Iterator[Target]:
    """Yield the mock as what it would be on another machine."""
    with open_session(config, Profile("schemathesis", 1), recorder=GeneratedRecorder()) as session:
        target = adopt(session)
        target.client.config = replace(config, base_url="https://staging.example.com/api", rate=None)
        yield target


@pytest.fixture(scope="module")
def operation() -> Operation:
    """Return the operation that Schemathesis tests."""
    return schemathesis.openapi.from_path(spec.path())["/v2/engagements"]["POST"]


def case(operation: Operation, **changes: Any) -> Case:
    """Return a case with a valid submission but for these fields."""
    made: Case = operation.Case(body=submission(**changes), media_type="application/json")
    return made


def command(url: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run Schemathesis as a user does, in the checkout, with these variables alone."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("CONTRACT_", "SCHEMATHESIS_"))}
    return subprocess.run(
        [str(Path(sys.executable).with_name("schemathesis")), "run", "openapi.yaml", "--url", url, *arguments],
        cwd=ROOT,
        env={**clean, "SCHEMATHESIS_HOOKS": "contract.schemathesis", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


# From the command line


def test_command_line(config: Config) -> None:
    """The command finds nothing wrong with the mock, and accepted submissions create."""
    before = creations(config)
    done = command(config.base_url, "--phases", "examples,fuzzing", "--max-examples", "5", CONTRACT_WRITER=WRITER)
    assert done.returncode == 0, done.stdout
    assert "No issues found" in done.stdout
    assert creations(config) > before + 3


def test_command_line_fails_loudly(config: Config) -> None:
    """A wrong credential ends the command before anything is generated, with a sentence that does not repeat it."""
    done = command(config.base_url, CONTRACT_WRITER="sk-apik_nobody.nothing")
    assert done.returncode != 0
    assert "does not accept the credential writer: check CONTRACT_WRITER" in " ".join(done.stdout.split())
    assert "Examples" not in done.stdout
    assert "nobody" not in done.stdout


def creations(config: Config) -> int:
    """Return how many engagements the mock has."""
    answer = requests.get(config.base_url.removesuffix("/api") + "/__admin/engagements", timeout=10)
    return len(answer.json()["data"])


# From pytest, over HTTP and through WSGI

USERS_TESTS = """
import os

import schemathesis
import contract.schemathesis
from contract.spec import document as spec

settings = schemathesis.Config.from_path(spec.beside("schemathesis.toml"))
schema = schemathesis.openapi.from_path(spec.path(), config=settings)
schema.config.update(base_url=os.environ["TARGET"])
schema.config.generation.update(max_examples=3)
schema.config.phases.coverage.enabled = False


@schema.parametrize()
def test_api(case):
    case.call_and_validate()
"""


@pytest.mark.parametrize(("writer", "code"), [(WRITER, 0), ("sk-apik_nobody.nothing", 1)])
def test_from_pytest(
    writer: str, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Tests that a user parametrises pass and create; with a wrong credential they fail, and say why."""
    with embedded() as config:  # of its own: who was once refused at a URL is not asked again
        monkeypatch.setenv("TARGET", config.base_url)
        monkeypatch.setenv("CONTRACT_WRITER", writer)
        file = tmp_path / f"test_{code}.py"
        file.write_text(USERS_TESTS)
        quiet = ("-q", "--no-header", "-p", "no:cacheprovider", "-p", "no:xdist", "-c", os.devnull)
        assert pytest.main([*quiet, f"--rootdir={tmp_path}", str(file)]) == code
        assert (creations(config) > 3) == (code == 0)
    assert code == 0 or "does not accept the credential writer" in capfd.readouterr().out


application = create_app(Settings())
settings = schemathesis.Config.from_path(spec.beside("schemathesis.toml"))
through_wsgi = schemathesis.openapi.from_wsgi("/__admin/openapi.yaml", application, config=settings)
through_wsgi.config.generation.update(max_examples=3)
through_wsgi.config.phases.coverage.enabled = False


@pytest.fixture
def credential(monkeypatch: pytest.MonkeyPatch) -> None:
    """Name the credential that may write."""
    monkeypatch.setenv("CONTRACT_WRITER", WRITER)


@through_wsgi.parametrize()
@pytest.mark.usefixtures("credential")
def test_through_wsgi(case: Case) -> None:
    """Every case passes the kit's checks against an application that is called without a socket."""
    case.call_and_validate()
    assert targets.of(case.operation).accepted


# As a run of the kit


def test_run_spares_the_mock(config: Config, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A run against the mock finds nothing, in every phase, and its report claims only what was tested."""
    assert run(config, seed=1, max_examples=10, report_dir=tmp_path) == OK
    report = json.loads((tmp_path / "report.json").read_text())
    assert set(report["summary"]) == {"pass"}
    passed = {rule["id"] for rule in report["rules"]}
    assert {"IDEM-1", "IDEM-9", "URL-3", "LIMIT-5", "LIMIT-8", "SCOPE-1", "AUTH-2", "BODY-1"} <= passed
    assert "IDEM-10" not in passed  # no parallel submissions were sent
    assert WRITER not in capsys.readouterr().out


@pytest.mark.parametrize("order", ["before_url", "after_fetch"])
def test_run_spares_conforming_servers(order: str) -> None:
    """A server that looks the key up before it judges the URL is not accused, nor is one that judges first."""
    variant = peer.Variant(key_lookup=order, first_status=202, odd_participants="accepted", dates="iso8601")
    with peer.serve(variant) as server:
        credentials = {name: Credential(name, server.credentials[name]) for name in CREDENTIALS}
        config = Config(server.base_url, credentials, **peer.MEDIA)
        assert run(config, seed=1, max_examples=5, options=("--phases", "examples,fuzzing")) == OK


@pytest.mark.parametrize(
    ("defect", "rule"),
    [
        ("repeat-of-the-latest", "IDEM-1"),
        ("scheme-http", "URL-1"),
        ("transcript-one-more", "LIMIT-7"),
        ("no-authentication", "AUTH-2"),
        ("expanded-signals", "RESP-6"),
        ("error-html", "ERR-1"),
    ],
)
def test_run_finds(defect: str, rule: str, config: Config, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A defect of each kind is found by its rule, with which the failure begins, and a curl line shows it."""
    with serve(DEFECTS[defect]) as server:
        code = run(
            replace(config, base_url=server.base_url), seed=1, max_examples=1, report_dir=tmp_path, options=EXAMPLES
        )
    assert code == VIOLATION
    failed = {found["id"]: found for found in json.loads((tmp_path / "report.json").read_text())["rules"]}
    assert failed[rule]["verdict"] == "fail"
    assert failed[rule]["failures"][0]["curl"].count("curl ") >= 1
    assert "content-length" not in failed[rule]["failures"][0]["curl"].lower()  # another key has another length
    assert f"\n    {rule}: expected " in capsys.readouterr().out


def test_a_failure_of_the_server_is_no_wrong_refusal(config: Config, tmp_path: Path) -> None:
    """A generated submission may be odd in several ways. If the server fails on one of them, ERR-4 alone is broken."""
    with serve(DEFECTS["fails-on-nul"]) as server:
        code = run(replace(config, base_url=server.base_url), seed=1, max_examples=60, report_dir=tmp_path)
    rules = json.loads((tmp_path / "report.json").read_text())["rules"]
    assert code == VIOLATION
    assert [found["id"] for found in rules if found["verdict"] == "fail"] == ["ERR-4"]


def test_run_shows_no_credential(config: Config, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where a server repeats the credential, that is found, and neither the output nor the reports repeat it."""
    fuzzed = ("--phases", "fuzzing", "--no-shrink")
    with serve(DEFECTS["echo-422"]) as server:
        code = run(
            replace(config, base_url=server.base_url), seed=1, max_examples=10, report_dir=tmp_path, options=fuzzed
        )
    said = capsys.readouterr().out + "".join(path.read_text() for path in tmp_path.iterdir())
    assert code == VIOLATION
    assert "AUTH-6: expected" in said
    assert WRITER not in said


def test_run_keeps_the_budgets(config: Config) -> None:
    """Once the creations are used up a run goes on with repeats; once the requests are, it is cut short."""
    with running() as server:
        limited = replace(config, base_url=server.base_url, max_creations=12)
        assert run(limited, seed=1, max_examples=15, options=("--phases", "examples,fuzzing")) == OK
        assert 9 < creations(limited) <= 12
        assert run(replace(limited, max_requests=12), seed=1, max_examples=1, options=EXAMPLES) == NO_TARGET


def test_run_needs_a_target(config: Config, capsys: pytest.CaptureFixture[str]) -> None:
    """A target that does not answer, and a credential that is not accepted, are said in a sentence."""
    assert run(replace(config, base_url="http://127.0.0.1:1/api"), seed=1, max_examples=1) == NO_TARGET
    assert "cannot be reached" in capsys.readouterr().out
    stranger = {"writer": Credential("writer", "sk-apik_nobody.nothing")}
    assert run(replace(config, credentials=stranger), seed=1, max_examples=1) == NO_TARGET
    assert "check CONTRACT_WRITER" in capsys.readouterr().out


@pytest.mark.parametrize(("left", "sentence"), [(0, "answers 429"), (1, "no submission was accepted")])
def test_run_needs_a_target_that_accepts(
    config: Config, capsys: pytest.CaptureFixture[str], left: int, sentence: str
) -> None:
    """A target that is too busy before the first case, or for all of them, fails the run with a sentence."""
    with busy(left) as server:
        assert run(replace(config, base_url=server.base_url), seed=1, max_examples=1, options=EXAMPLES) == NO_TARGET
    assert sentence in " ".join(capsys.readouterr().out.split())


def test_command_line_needs_a_target_that_accepts() -> None:
    """Schemathesis' own command fails too when nothing is accepted, and says what to check."""
    with busy(2) as server:
        done = command(server.base_url, *EXAMPLES, CONTRACT_WRITER=WRITER)
    assert done.returncode == 1
    assert "nothing was accepted by http://127.0.0.1" in " ".join(done.stdout.split())


# What is sent


def test_keys_become_unique(target: Target, operation: Operation) -> None:
    """A valid key becomes another one at each request, with the run's mark, of the same length, and its own number."""
    drawn = "dialer:" + "😀" * 400
    sent = []
    for _ in range(2):
        target.prepare(made := case(operation, external_id=drawn))
        sent.append(made.body["external_id"])
    assert sent[0] != sent[1]
    assert all(key.startswith(target.client.run_id) and len(key) == len(drawn) for key in sent)
    assert "😀" * 300 in sent[0]


@pytest.mark.parametrize("key", ["", "k" * 501, 5, None, ["k"]])
def test_what_is_invalid_is_not_repaired(target: Target, operation: Operation, key: object) -> None:
    """A key, or a URL, that breaks a rule is sent as it was generated."""
    url = "http://media.example.com/a.mp3"
    target.prepare(made := case(operation, external_id=key, media_url=url))
    assert made.body["external_id"] == key
    assert made.body["media_url"] == url


def test_public_urls_become_those_of_recordings(target: Target, operation: Operation) -> None:
    """A public URL becomes that of a configured recording, a hostile one stays."""
    target.prepare(made := case(operation))
    assert made.body["media_url"] in target.client.config.accepted
    hostile = find(target.hostile_urls(), lambda url: url.startswith("https://10."))
    target.prepare(made := case(operation, media_url=hostile))
    assert made.body["media_url"] == hostile


def test_other_machines_are_treated_with_care(target: Target, elsewhere: Target, operation: Operation) -> None:
    """On another machine nothing fires workflows, is public or mails anybody; on this one nothing is changed."""
    target.prepare(made := case(operation, run_workflows=True, is_private=False))
    assert (made.body["run_workflows"], made.body["is_private"]) == (True, False)
    for changes in ({"run_workflows": True}, {"is_private": False}):
        elsewhere.prepare(made := case(operation, title="", **changes))
        assert (made.body["title"], made.body["run_workflows"], made.body["is_private"]) == ("", False, True)
    elsewhere.client.config = replace(elsewhere.client.config, visible=True)
    elsewhere.prepare(made := case(operation, is_private=0))
    assert made.body["is_private"] == 0


@pytest.mark.parametrize(
    "body",
    [
        submission(run_workflows="yes", is_private=True),
        submission(is_private=0),
        submission(is_private=True, participants=[{"email": "ada@example.org"}]),
        [submission(is_private=True), submission()],
        "text",
        None,
        schemathesis.core.NOT_SET,
    ],
    ids=range(7),
)
def test_what_others_would_see_becomes_a_repeat(elsewhere: Target, operation: Operation, body: object) -> None:
    """A case that a faulty target might make public, fire or mail about is sent as a repeat of what is known."""
    elsewhere.prepare(made := operation.Case(body=body, media_type="text/plain"))
    assert elsewhere.client.anchor is not None
    assert (made.body, made.media_type) == (elsewhere.client.anchor.document, "application/json")
