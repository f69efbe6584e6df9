"""The kill matrix' other tools: Schemathesis as it comes with `openapi.yaml`, and Schemathesis with the kit's hooks.

Each run is one call in this process, with few examples and without shrinking: a few seconds a server.
"""

from __future__ import annotations

import contextlib
import io
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

from schemathesis.cli import schemathesis as command

from contract.spec import document as spec
from contract.target.config import Config

EXAMPLES = 60
SEED = 1


@dataclass(frozen=True, slots=True)
class Found:
    """What a tool said of a server: what it found (rules, or kinds of failure), and whether it could run at all."""

    failed: tuple[str, ...]
    requests: int
    broken: bool


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
