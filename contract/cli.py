"""The command `contract`.

Exit codes, the first that applies: 2 usage or configuration, 3 the target is unreachable or pre-flight failed, 1 a
violation or a stale or expired deviation, 3 the run was cut short, 4 incomplete, 0.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from difflib import get_close_matches
from importlib.metadata import version
from pathlib import Path

from rich.console import Console

from contract import report
from contract.report import comparison, terminal
from contract.report.output import outliving
from contract.run.profile import PROFILES, Profile
from contract.run.runner import check_budgets, execute, rehearse, with_left
from contract.run.session import OK, REPORT_DIR, USAGE, open_session, select
from contract.spec.rules import catalogue
from contract.target.config import load, names_target, with_limits
from contract.target.embedded import Target, resettable
from contract.target.redaction import Redactor
from contract.target.values import ConfigError

CREDENTIALS = "Credentials are never flags: set CONTRACT_WRITER and the others, or use --config."
NOBODY_READS = 128 + signal.SIGPIPE  # what a shell makes of a command that ends this way
Subparsers = argparse._SubParsersAction  # noqa: SLF001  the type of what add_subparsers returns has no other name


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    arguments = _parser().parse_args(argv)
    try:
        if arguments.command in REPORTING:
            with outliving(sys.stdout, sys.stderr):
                return REPORTING[arguments.command](arguments)
        code = {"plan": plan, "rules": rules, "explain": explain}[arguments.command](arguments)
        print(end="", flush=True)
    except BrokenPipeError:  # nobody reads any more, as in `contract rules | head -1`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return NOBODY_READS
    except ConfigError as error:
        print(f"contract: {error}", file=sys.stderr)
        return USAGE
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="contract", description="Contract tests of the operation Create engagement.")
    parser.add_argument("--version", action="version", version=f"engagement-contract-kit/{_version()}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_suite(commands)
    _add_fuzz(commands)
    commands.add_parser("rules", help="list the rules, a line each")
    command = commands.add_parser("explain", help="say what a rule means, and what the suite sends for it")
    command.add_argument("rule", metavar="RULE", help="such as URL-15; contract rules lists them")
    return parser


def _add_suite(commands: Subparsers[argparse.ArgumentParser]) -> None:
    for name, text in (
        ("run", "test a target, or the mock if none is configured"),
        ("plan", "say what a run would send and create, and what would stay untested; send nothing"),
    ):
        command = _add(commands, name, text)
        command.add_argument("--profile", metavar="NAME", help=f"{', '.join(PROFILES)} (quick)")
        command.add_argument(
            "--rule", metavar="ID", action="append", default=[], help="only this rule; may be repeated"
        )
        command.add_argument("--shard", metavar="I/N", help="test the I-th of N shares of the rules")
        if name == "run":
            command.add_argument("--compare", metavar="FILE", help="say what is new since this report.json")
            command.add_argument("--verbose", action="store_true", help="show all points where the contract is silent")


def _add_fuzz(commands: Subparsers[argparse.ArgumentParser]) -> None:
    command = _add(commands, "fuzz", "send generated cases, and report the smallest that breaks each rule")
    command.add_argument(
        "--cases",
        metavar="N",
        help="how many cases to generate, of one request or several, in all shards together (1000)",
    )
    command.add_argument(
        "--corpus", metavar="DIR", help="failures of earlier runs, sent first (corpus in the report directory)"
    )
    command.add_argument("--shard", metavar="I/N", help="send the I-th of N shares of the cases")
    command.add_argument(
        "--engine", choices=("own", "schemathesis", "both"), default="both", help="what generates the cases (both)"
    )


def _add(commands: Subparsers[argparse.ArgumentParser], name: str, text: str) -> argparse.ArgumentParser:
    """Add a command with the options that say what its target is and how to treat it. A plan has no reports."""
    command = commands.add_parser(name, help=text, description=text, epilog=CREDENTIALS)
    command.add_argument("--config", metavar="FILE", help="the target, in TOML")
    command.add_argument("--base-url", metavar="URL", help="the root of the API, such as https://host/api")
    if name != "plan":
        command.add_argument("--report-dir", metavar="DIR", help=f"where reports go ({REPORT_DIR})")
        command.add_argument("--yes", action="store_true", help="send to a target on another machine without asking")
    command.add_argument("--seed", metavar="N", help="repeat a run's choices")
    command.add_argument("--rate", metavar="RATE", help="send no faster than this, such as 5/s")
    command.add_argument("--max-requests", metavar="N", help="send at most N requests")
    command.add_argument("--max-creations", metavar="N", help="create at most N engagements")
    return command


def run(arguments: argparse.Namespace) -> int:
    """Test the target and write the reports."""
    profile, chosen = _selection(arguments)
    before = _earlier(arguments.compare)
    console = Console(highlight=False)
    with _target(arguments) as target:
        config = target.config
        planned = check_budgets(config, profile, chosen)
        if planned is not None and not config.loopback:
            _consent(arguments, planned.as_text())
        directory = Path(arguments.report_dir or REPORT_DIR)
        try:
            session = open_session(config, profile, chosen, directory)
        except OSError as error:
            raise ConfigError(f"--report-dir: cannot write to {directory}: {error.strerror}") from None
        progress = terminal.Progress(console, plain=not console.is_terminal or "CI" in os.environ)
        with session:
            code = execute(session, progress)
    if code == USAGE:
        return code
    found = session.run()
    found.changes = None if before is None else comparison.changes(before, found)
    report.publish(found, console, directory, everything=arguments.verbose)
    return session.exit_code(found)


def _earlier(path: str | None) -> dict[str, str] | None:
    """Return the verdicts of an earlier run, by rule, if one is named. Raises ConfigError."""
    try:
        return None if path is None else comparison.read(Path(path))
    except (OSError, ValueError) as error:
        raise ConfigError(f"--compare: cannot use {path}: {getattr(error, 'strerror', None) or error}") from None


def plan(arguments: argparse.Namespace) -> int:
    """Say what a run would do."""
    profile, chosen = _selection(arguments)
    with _target(arguments) as target:
        planned = with_left(rehearse(target.config, profile, chosen), chosen)
        print(planned.as_text())
        if planned.too_large is not None:
            raise ConfigError(planned.too_large)
    return OK


def fuzz(arguments: argparse.Namespace) -> int:
    """Fuzz the target and write the reports."""
    from contract.fuzz_command import Options, fuzz_target  # not at the top: Hypothesis takes half a second

    directory = Path(arguments.report_dir or REPORT_DIR)
    with _target(arguments) as target:
        options = Options.of(vars(arguments), target.config, directory)
        if not target.config.loopback:
            _consent(arguments, options.as_text(target.config))
        return fuzz_target(target, options)


REPORTING = {"run": run, "fuzz": fuzz}  # they end with reports and an exit code, whoever reads what they print


def rules(_: argparse.Namespace) -> int:
    """List the catalogue."""
    for rule in catalogue().values():
        print(f"{rule.id:<9} {rule.level:<11} {rule.title}")
    return OK


def explain(arguments: argparse.Namespace) -> int:
    """Explain one rule."""
    from contract import explain as explanation  # not at the top: pytest takes a while

    if (rule := explanation.by_id(arguments.rule)) is None:
        near = get_close_matches(arguments.rule.upper(), catalogue(), n=1)
        hint = f"did you mean {near[0]}?" if near else "see: contract rules"
        raise ConfigError(f"{arguments.rule} is no rule; {hint}")
    print(explanation.explain(rule))
    return OK


def _selection(arguments: argparse.Namespace) -> tuple[Profile, list[str]]:
    return Profile.of(arguments.profile, arguments.seed), select(arguments.rule, arguments.shard)


@contextmanager
def _target(arguments: argparse.Namespace) -> Iterator[Target]:
    """Yield the configured target, or the mock, served for as long as the block lasts. Only the mock can be reset."""
    flags: Mapping[str, str | None] = vars(arguments)
    if names_target(flags, os.environ):
        config = load(flags, os.environ)
        if warning := Redactor.of(config).warning:
            print(f"contract: {warning}", file=sys.stderr)
        yield Target(config)
    else:
        with resettable() as served:
            yield replace(served, config=with_limits(served.config, flags, os.environ))


def _consent(arguments: argparse.Namespace, planned: str) -> None:
    """Show the plan and go on after a yes. Raises ConfigError without one."""
    print(planned)
    if arguments.yes:
        return
    if not sys.stdin.isatty():
        raise ConfigError("this target is on another machine: add --yes to send to it")
    if input("Send this? [y/N] ").strip().lower() not in {"y", "yes"}:
        raise ConfigError("not sent")


def _version() -> str:
    return version("engagement-contract-kit")
