"""The kill matrix' other tools: the fuzzer's own engine, and Schemathesis with the kit's hooks and as it comes.

Each run is one call in this process, with few cases: a few seconds a server.
"""

from __future__ import annotations

import contextlib
import io
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

from schemathesis.cli import schemathesis as command

from contract.fuzz.fuzz_run import FuzzRecorder
from contract.fuzz.own import Budget, fuzz
from contract.outcome import CutShort
from contract.run.preflight import PreflightFailed
from contract.run.profile import Profile
from contract.run.session import open_session
from contract.spec import document as spec
from contract.target.config import Config

EXAMPLES = 60  # of Schemathesis
CASES = 400  # of the fuzzer's own engine
SEED = 1


@dataclass(frozen=True, slots=True)
class Found:
    """What a tool said of a server: what it found (rules, or kinds of failure), and whether it could run at all."""

    failed: tuple[str, ...]
    requests: int
    broken: bool


def by_fuzzer(config: Config) -> Found:
    """Run the fuzzer's own engine; what it finds are rules."""
    session = open_session(config, Profile("fuzz", SEED), recorder=FuzzRecorder())
    try:
        session.begin()
        fuzz(session, Budget(CASES, SEED))
    except (PreflightFailed, CutShort):
        pass  # the session knows
    failed = tuple(rule for rule, found in session.recorder.findings.items() if found.failed)
    return Found(failed, session.client.requests, broken=bool(session.preflight_failed or session.stopped))


def with_hooks(config: Config) -> Found:
    """Run Schemathesis with the hooks and checks of the kit; what it finds are rules."""
    from contract.schemathesis.run import run  # not at the top: it registers them for the whole process

    with tempfile.TemporaryDirectory() as directory, contextlib.redirect_stdout(io.StringIO()):
        code = run(config, seed=SEED, max_examples=EXAMPLES, report_dir=Path(directory), options=("--no-shrink",))
        report = json.loads(Path(directory, "report.json").read_text())
    failed = tuple(rule["id"] for rule in report["rules"] if rule["verdict"] == "fail")
    return Found(failed, report["requests"], broken=code != 0 and not failed)


def stock(config: Config) -> Found:
    """Run Schemathesis as it comes; what it finds are kinds of failures."""
    with tempfile.TemporaryDirectory() as directory, contextlib.redirect_stdout(io.StringIO()):
        path = Path(directory, "report.json")
        arguments = ["--config-file", str(Path(__file__).with_name("stock.toml")), "run", str(spec.path())]
        arguments += ["--url", config.base_url, "--max-examples", str(EXAMPLES), "--seed", str(SEED), "--no-shrink"]
        arguments += ["--header", f"Authorization: {config.credentials['writer'].header}"]
        arguments += ["--continue-on-failure", "--report-json-path", str(path)]
        with contextlib.suppress(SystemExit):
            command.main(arguments)
        report = json.loads(path.read_text()) if path.exists() else {"failures": [], "exit_code": 2}
    failed = tuple(f"{failure['code']} {failure['title']}" for failure in report["failures"])
    requests = report.get("test_cases", {}).get("generated", 0)
    return Found(failed, requests, broken=report["exit_code"] != 0 and not failed)
