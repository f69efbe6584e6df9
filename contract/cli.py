"""The command `contract`.

Exit codes, the first that applies: 2 usage or configuration, 3 the target is unreachable or pre-flight failed, 1 a
violation or a stale or expired deviation, 3 the run was cut short, 4 incomplete, 0.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

from rich.console import Console

from contract import report
from contract.config import Config, ConfigError, load, names_target
from contract.embedded import embedded
from contract.profile import PROFILES, Profile
from contract.report import terminal
from contract.rules import catalogue
from contract.runner import Plan, execute, rehearse
from contract.session import OK, REPORT_DIR, USAGE, open_session, select


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    arguments = _parser().parse_args(argv)
    try:
        return {"run": run, "plan": plan, "rules": rules}[arguments.command](arguments)
    except ConfigError as error:
        print(f"contract: {error}", file=sys.stderr)
        return USAGE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="contract", description="Contract tests of the operation Create engagement.")
    parser.add_argument("--version", action="version", version=f"engagement-contract-kit/{_version()}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, text in (
        ("run", "test a target, or the mock if none is configured"),
        ("plan", "say what a run would send and create, and what would stay untested; send nothing"),
    ):
        command = commands.add_parser(name, help=text, description=text, epilog="Credentials are never flags.")
        command.add_argument("--config", metavar="FILE", help="the target, in TOML")
        command.add_argument("--base-url", metavar="URL", help="the root of the API, such as https://host/api")
        command.add_argument("--profile", metavar="NAME", help=f"{', '.join(PROFILES)} (quick)")
        command.add_argument(
            "--rule", metavar="ID", action="append", default=[], help="only this rule; may be repeated"
        )
        command.add_argument("--report-dir", metavar="DIR", help=f"where reports go ({REPORT_DIR})")
        command.add_argument("--seed", metavar="N", help="repeat a run's choices")
        command.add_argument("--rate", metavar="RATE", help="requests at most, such as 5/s")
        command.add_argument("--max-requests", metavar="N", help="end the run after so many requests")
        command.add_argument("--max-creations", metavar="N", help="end the run after so many engagements")
        command.add_argument("--shard", metavar="I/N", help="test the I-th of N shares of the rules")
        command.add_argument("--yes", action="store_true", help="send to a target on another machine without asking")
    commands.add_parser("rules", help="list the rules, a line each")
    return parser


def run(arguments: argparse.Namespace) -> int:
    """Test the target and write the reports."""
    profile, chosen = _selection(arguments)
    console = Console(highlight=False)
    with _target(arguments) as config:
        if not config.loopback:
            _consent(arguments, rehearse(config, profile, chosen))
        directory = Path(arguments.report_dir or REPORT_DIR)
        try:
            session = open_session(config, profile, chosen, directory)
        except OSError as error:
            raise ConfigError(f"--report-dir: cannot write to {directory}: {error.strerror}") from None
        progress = terminal.Progress(console, plain=not console.is_terminal or "CI" in os.environ)
        code = execute(session, progress)
    if code == USAGE:
        return code
    found = session.run()
    terminal.summary(found, console)
    try:
        report.write(found, directory)
    except OSError as error:
        print(f"contract: the reports could not be written: {error}", file=sys.stderr)
    return session.exit_code(found)


def plan(arguments: argparse.Namespace) -> int:
    """Say what a run would do."""
    profile, chosen = _selection(arguments)
    with _target(arguments) as config:
        print(rehearse(config, profile, chosen).as_text())
    return OK


def rules(_: argparse.Namespace) -> int:
    """List the catalogue."""
    for rule in catalogue().values():
        print(f"{rule.id:<9} {rule.level:<11} {rule.title}")
    return OK


def _selection(arguments: argparse.Namespace) -> tuple[Profile, list[str]]:
    return Profile.of(arguments.profile, arguments.seed), select(arguments.rule, arguments.shard)


@contextmanager
def _target(arguments: argparse.Namespace) -> Iterator[Config]:
    """Yield the configured target, or the mock, served for as long as the block lasts."""
    flags: Mapping[str, str | None] = vars(arguments)
    if names_target(flags, os.environ):
        yield load(flags, os.environ)
    else:
        with embedded() as config:
            yield config


def _consent(arguments: argparse.Namespace, planned: Plan) -> None:
    """Show the plan and go on after a yes. Raises ConfigError without one."""
    print(planned.as_text())
    if arguments.yes:
        return
    if not sys.stdin.isatty():
        raise ConfigError("this target is on another machine: add --yes to send to it")
    if input("Send this? [y/N] ").strip().lower() not in {"y", "yes"}:
        raise ConfigError("not sent")


def _version() -> str:
    return version("engagement-contract-kit")
