"""The kill matrix' other tools: the fuzzer's own engine, and Schemathesis with the kit's hooks and as it comes.

Each run is one call in this process, with few cases: a few seconds a server.
"""

from __future__ import annotations

import contextlib
import io
import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from schemathesis.cli import schemathesis as command

from contract.fuzz.fuzz_run import FuzzRecorder
from contract.fuzz.own import Workload, fuzz
from contract.outcome import CutShort
from contract.run.preflight import PreflightFailed
from contract.run.profile import Profile
from contract.run.results import Run
from contract.run.session import Session, open_session
from contract.spec import document as spec
from contract.target.config import Config

EXAMPLES = 60  # of Schemathesis
CASES = 400  # of the fuzzer's own engine
SEED = 1


@dataclass(frozen=True, slots=True)
class Found:
    """What a tool found in a server, and whether it could run at all.

    `failed` are the rules, or the kinds of failure, each with what was said first.
    """

    failed: Mapping[str, str]
    requests: int
    broken: bool


def failures(run: Run) -> dict[str, str]:
    """Return the failed rules of a run, each with its first failure in words."""
    failed = {result.rule.id: result.failures[0] for result in run.results if result.verdict == "fail"}
    return {rule: f"expected {failure.expected}; {failure.actual}" for rule, failure in failed.items()}


def is_broken(session: Session) -> bool:
    """Tell whether a run could not be made, or not to its end."""
    return bool(session.preflight_failed or session.stopped)


def by_fuzzer(config: Config) -> Found:
    """Run the fuzzer's own engine; what it finds are rules."""
    try:
        with open_session(config, Profile("fuzz", SEED), recorder=FuzzRecorder()) as session:
            session.begin()
            fuzz(session, Workload(CASES, SEED))
    except (PreflightFailed, CutShort):
        pass  # the session knows
    return Found(failures(session.run()), session.client.requests, broken=is_broken(session))


def with_hooks(config: Config) -> Found:
    """Run Schemathesis with the hooks and checks of the kit; what it finds are rules."""
    from contract.schemathesis.run import generate  # not at the top: it registers them for the whole process

    with tempfile.TemporaryDirectory() as directory, contextlib.redirect_stdout(io.StringIO()):
        where, options = Path(directory), ("--no-shrink",)
        found, code = generate(config, seed=SEED, max_examples=EXAMPLES, report_dir=where, options=options)
    failed = failures(found)
    return Found(failed, found.requests, broken=code != 0 and not failed)


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
    failed = {f"{failure['code']} {failure['title']}": "" for failure in report["failures"]}
    requests = report.get("test_cases", {}).get("generated", 0)
    return Found(failed, requests, broken=report["exit_code"] != 0 and not failed)
