"""Runs Schemathesis inside this process against a configured target, with this kit's hooks, checks and exit codes.

In this process, because the configuration then stays an object: no credential passes through an argument or a file.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console
from schemathesis.cli import schemathesis as command

from contract import report
from contract.generated.recorder import GeneratedRecorder
from contract.generated.targets import adopt, targets
from contract.interruption import INTERRUPTED
from contract.outcome import CutShort
from contract.run.preflight import PreflightFailed
from contract.run.profile import Profile
from contract.run.results import Run
from contract.run.session import NO_TARGET, NOTHING_ACCEPTED, OK, USAGE, VIOLATION, Session, open_session
from contract.spec import document as spec
from contract.target.config import Config

ENDED_BY_SIGNAL = 130  # the exit code of Schemathesis. Its 1 and 2, a failure and its own usage, are ours


def run(config: Config, *, report_dir: Path | None = None, **settings: Any) -> int:
    """Do what `generate` does, show and write what was found, and return the exit code."""
    found, code = generate(config, report_dir=report_dir, **settings)
    report.publish(found, Console(highlight=False), report_dir)
    return code


def generate(  # noqa: PLR0913  what a run consists of
    config: Config,
    *,
    seed: int,
    max_examples: int,
    shard: tuple[int, int] = (1, 1),
    report_dir: Path | None = None,
    options: tuple[str, ...] = (),
) -> tuple[Run, int]:
    """Generate about `max_examples` submissions, judge them, and return what was found and the exit code.

    Shard (i, n) makes its share of the examples from a seed of its own, and the first one the cases that are the same
    for every seed. `options` go to `schemathesis run` as they are. The code is 3 if the target cannot be tested, if the
    run was cut short or if nothing was accepted, 1 if anything was found, 2 if Schemathesis refused its options, or 0.
    """
    profile = Profile("schemathesis", seed)
    index, count = shard
    arguments = [
        *("--config-file", str(spec.beside("schemathesis.toml")), "run", str(spec.path()), "--url", config.base_url),
        *("--seed", str(seed + index - 1), "--max-examples", str(max(1, max_examples // count))),
        *("--phases", "examples,coverage,fuzzing" if index == 1 else "fuzzing"),
        *_transport(config),
        *options,
    ]
    with open_session(config, profile, report_dir=report_dir, recorder=GeneratedRecorder()) as session:
        return _finish(session, _judged(session, arguments))


def _judged(session: Session, arguments: list[str]) -> int:
    """Run the command with the hooks judging for this session. Return its exit code; the session knows why it ended."""
    try:
        targets.given = target = adopt(session)
        code = _call(arguments)
    except (PreflightFailed, CutShort):
        return NO_TARGET
    except KeyboardInterrupt:  # before Schemathesis has begun
        session.stopped = INTERRUPTED
        return NO_TARGET
    finally:
        targets.given = None
    if code == ENDED_BY_SIGNAL:
        session.stopped = session.stopped or INTERRUPTED
    if not target.accepted and code != USAGE:
        session.stopped = session.stopped or NOTHING_ACCEPTED
    return code


def _call(arguments: list[str]) -> int:
    """Run the command and return its exit code."""
    try:
        command.main(arguments, prog_name="schemathesis", standalone_mode=True)
    except SystemExit as end:
        return int(end.code or OK)


def _transport(config: Config) -> list[str]:
    """Return the options by which Schemathesis reaches the target as the kit's own client does."""
    options = ["--request-timeout", f"{config.timeout:g}"]
    options += ["--tls-verify", str(config.ca_file)] if config.ca_file else []
    return options + (["--proxy", config.proxy] if config.proxy else [])


def _finish(session: Session, code: int) -> tuple[Run, int]:
    """Return what was judged, and the exit code of Schemathesis in the terms of this kit."""
    found = session.run()
    found = replace(found, results=[result for result in found.results if result.verdict != "untested"])
    if session.preflight_failed:
        return found, NO_TARGET
    if "fail" in found.summary:
        return found, VIOLATION
    return found, NO_TARGET if session.stopped else code
