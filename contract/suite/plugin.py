"""Accompanies a run of the suite inside pytest, and enforces that every test of it names its rule."""

from __future__ import annotations

import os
from collections.abc import Generator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest
from _pytest._code.code import ReprFileLocation, TerminalRepr  # what pytest asks a longrepr to be
from _pytest._io import TerminalWriter

from contract import report
from contract.interruption import INTERRUPTED
from contract.outcome import CutShort, NotApplicable, Untested, Violation
from contract.report.headline import headline
from contract.report.text import one_line, printable, visible
from contract.run.client import RecordingClient
from contract.run.evidence import evidence
from contract.run.preflight import PreflightFailed
from contract.run.profile import Profile
from contract.run.results import Failure, Run
from contract.run.runner import check_budgets, rules_of
from contract.run.session import GIVEN, NO_TARGET, USAGE, Session, open_session, select
from contract.spec.rules import Rule, catalogue
from contract.target.config import load, names_target, with_limits
from contract.target.embedded import embedded
from contract.target.values import ConfigError
from pytest_engagements import OPTIONS, SUITE

CLIENT = pytest.StashKey[RecordingClient]()


def select_tests(config: pytest.Config, suite: Sequence[pytest.Item]) -> list[pytest.Item]:
    """Open the session and return the tests it selects, in their order."""
    _enforce(suite, whole=len({item.path for item in suite}) == len(list(SUITE.glob("test_*.py"))))
    session = _open(config, [rule for item in suite for rule in rules_of(item)])
    kept = [item for item in suite if any(rule in session.rules for rule in rules_of(item))]
    session.recorder.expect([rules_of(item) for item in kept])
    return sorted(kept, key=_turn)


def _turn(item: pytest.Item) -> int:
    """Return when a test runs: what a target may not survive comes after the others, and what looks back at the end."""
    turns = ("contract_large", "contract_at_the_end")
    return max((number for number, mark in enumerate(turns, 1) if item.get_closest_marker(mark)), default=0)


def _enforce(suite: Sequence[pytest.Item], *, whole: bool) -> None:
    tested: set[str] = set()
    for item in suite:
        if not (rules := rules_of(item)):
            pytest.exit(f"{item.nodeid} names no rule: every test of the suite says which rule it tests", USAGE)
        for rule in rules:
            if rule not in catalogue():
                pytest.exit(f"{item.nodeid} names {rule}, which openapi.yaml does not have", USAGE)
        tested.update(rules)
    if whole and (missing := [rule for rule in catalogue() if rule not in tested]):
        pytest.exit(f"no test for {', '.join(missing)}: every rule needs one", USAGE)


def _open(config: pytest.Config, collected: Sequence[str]) -> Session:
    """Return the session a runner brought along, or the one that the options of pytest describe.

    `collected` are the rules of the tests that pytest has chosen.
    """
    resources = ExitStack()
    session = config.pluginmanager.get_plugin(GIVEN)
    if session is None:
        try:
            session = _from_options(config, collected, resources)
        except ConfigError as error:
            pytest.exit(f"contract: {error}", USAGE)
    config.stash[CLIENT] = session.client
    config.pluginmanager.register(SuitePlugin(session, resources))
    return session


def _from_options(config: pytest.Config, collected: Sequence[str], resources: ExitStack) -> Session:
    flags = {name: config.getoption(f"contract_{name}") for name in OPTIONS}
    profile = Profile.of(flags["profile"], flags["seed"])
    rules = select(config.getoption("contract_rule"), flags["shard"])
    if not names_target(flags, os.environ):
        target = with_limits(resources.enter_context(embedded()), flags, os.environ)
    else:
        target = load(flags, os.environ)
        if not target.loopback and not config.getoption("contract_yes"):
            raise ConfigError(f"{target.base_url} is not on this machine: add --contract-yes to send to it")
    if not config.option.collectonly:
        check_budgets(target, profile, [rule for rule in rules if rule in collected])
    directory = Path(flags["report_dir"]) if flags["report_dir"] else None
    return resources.enter_context(open_session(target, profile, rules, directory))


class BrokenRule(TerminalRepr):
    """A broken rule in the output of pytest: its id and title, the case, and lines that send it again."""

    def __init__(self, item: pytest.Item, rule: Rule, shown: Failure) -> None:
        path, line, _ = item.location
        said = f"{rule.id}: expected {shown.expected}, got {shown.actual}"
        self.reprcrash = ReprFileLocation(path, (line or 0) + 1, one_line(said, 600))
        self._lines = [
            f"{rule.id} ({rule.level}): {rule.title}",
            f"expected {one_line(shown.expected, 600)}",
            f"     got {one_line(shown.actual, 600)}",
            *(["To send it again:", *printable(shown.curl).splitlines()] if shown.curl else []),
        ]

    def toterminal(self, tw: TerminalWriter) -> None:
        """Write the lines."""
        for line in self._lines:
            tw.line(line)


class SuitePlugin:
    """Accompanies one run of the suite: pre-flight before it, a verdict for each test, the exit code after it."""

    def __init__(self, session: Session, resources: ExitStack) -> None:
        self._session = session
        self._resources = resources
        self.found: Run | None = None
        self._unwritten: OSError | None = None  # why there are no reports

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, object, object]:
        """Look at the target before any rule is tested."""
        if not session.config.option.collectonly:
            try:
                self._session.begin()
            except (PreflightFailed, CutShort) as reason:
                pytest.exit(f"contract: {self._session.client.redact(str(reason))}", NO_TARGET)
        return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, object, object]:
        """Record what a test of the suite finds out."""
        if SUITE not in item.path.parents:
            return (yield)
        try:
            with self._session.recorder.testing(rules_of(item)):
                self._session.client.need(*(name for mark in item.iter_markers("contract_needs") for name in mark.args))
                return (yield)
        except (Untested, NotApplicable) as reason:
            pytest.skip(self._session.client.redact(str(reason)))
        except CutShort as reason:
            self._session.stopped = str(reason)
            pytest.exit(f"contract: the run was cut short: {self._session.client.redact(str(reason))}", NO_TARGET)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Have pytest say which rule is broken and why, and not where the suite noticed."""
        made = yield
        if call.excinfo is not None and isinstance(violation := call.excinfo.value, Violation) and made.failed:
            violation.rule = violation.rule or rules_of(item)[0]
            made.longrepr = BrokenRule(item, catalogue()[violation.rule], evidence(violation))
        return made

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say which rules failed, what the run comes to, and where the reports are. A rule may fail in any test."""
        if self.found is None:
            return
        terminalreporter.section("contract")
        for result in self.found.results:
            if result.verdict in ("fail", "error"):
                first = result.failures[0] if result.failures else None
                why = f"expected {first.expected}, got {first.actual}" if first else result.reason or ""
                terminalreporter.write_line(f"{result.rule.id} {result.rule.title}: {one_line(why, 600)}")
        terminalreporter.write_line(visible(headline(self.found).sentence))
        if self._unwritten is not None:
            terminalreporter.write_line(f"contract: {self._unwritten}")
        elif self._session.report_dir is not None:
            terminalreporter.write_line(f"Reports: {self._session.report_dir / 'report.html'}")

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Remember an interruption. `pytest.exit` comes here too, and has said why already."""
        if excinfo.errisinstance(KeyboardInterrupt):
            self._session.stopped = INTERRUPTED

    def pytest_internalerror(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Keep what is a mistake of this program for the report; pytest prints the rest."""
        self._session.stopped = f"a mistake of this program: {excinfo.exconly()}"

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write the reports, whatever happened, and end with the documented exit code."""
        self._resources.close()
        if not session.config.option.collectonly:
            self.found = run = self._session.run()
            if self._session.report_dir is not None:
                try:
                    report.write(run, self._session.report_dir)
                except OSError as problem:  # the verdict stands without them
                    self._unwritten = problem
            session.exitstatus = self._session.exit_code(run)
