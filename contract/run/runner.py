"""Runs the suite inside this process, for real or as a rehearsal that sends nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Protocol

import pytest

import pytest_engagements as plugin
from contract.run.profile import Profile
from contract.run.results import RuleResult
from contract.run.session import GIVEN, Session, open_session
from contract.target.clock import PaperClock
from contract.target.config import Config
from contract.target.rehearsal import Rehearsal
from contract.target.values import ConfigError

# What the environment may say to pytest is meant for other test runs.
FOREIGN = ("PYTEST_ADDOPTS", "PYTEST_PLUGINS")


def rules_of(item: pytest.Item) -> Sequence[str]:
    """Return the rules that a test names."""
    return [rule for mark in item.iter_markers("contract_rule") for rule in mark.args]


class Progress(Protocol):
    """Shows how far a run has come."""

    def start(self, total: int) -> None:
        """Begin, with so many tests to come."""
        ...

    def advance(self, failed: Sequence[str]) -> None:
        """Count one test. These rules have failed so far."""
        ...

    def stop(self) -> None:
        """End."""
        ...


class _Reporter:
    """Tells a Progress what pytest does."""

    def __init__(self, progress: Progress, session: Session) -> None:
        self._progress = progress
        self._session = session

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self._progress.start(len(session.items))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call":
            self._progress.advance(self._session.failed)

    def pytest_sessionfinish(self) -> None:
        self._progress.stop()


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run would do on a target that answers as the contract says.

    `needed` is the smallest budget of creations that suffices: a submission that is to be refused needs room as well,
    since a faulty target may accept it. `seconds` is what the rate and the waits of the tests take, at least. `left` is
    how many requests more the next larger profile sends, by rule.
    """

    config: Config
    profile: Profile
    requests: int
    creations: int
    needed: int
    seconds: float
    results: Sequence[RuleResult]
    left: Mapping[str, int] = field(default_factory=dict)

    @property
    def too_large(self) -> str | None:
        """Which budget the run exceeds, and the one that would do; None if it fits."""
        for key, limit, needed in (
            ("max_requests", self.config.max_requests, self.requests),
            ("max_creations", self.config.max_creations, self.needed),
        ):
            if limit is not None and limit < needed:
                return f"limits.{key} = {limit} is too small for this run: {needed} would do"
        return None

    @property
    def _most(self) -> str:
        most = self.config.max_creations
        return ", and no budget ends that" if most is None else f", {most} at most"

    def as_text(self) -> str:
        """Return the plan for people."""
        untested = [result for result in self.results if result.verdict in {"untested", "waived"}]
        lines = [
            f"Target   {self.config.base_url}",
            f"Profile  {self.profile.name}, {len(self.results)} rules",
            f"Sends    about {self.requests} requests, creates about {self.creations} engagements",
            f"         on a target that keeps the contract; a broken one may create more{self._most}",
            f"Takes    at least {duration(self.seconds)}",
            f"Budget   {budget(self.config)}",
            "Values",
            *(f"  {key:<28} {source}" for key, source in self.config.sources.items()),
        ]
        if not self.config.sources:
            lines.append("  (the mock, started for the run)")
        if untested:
            lines.append("Untested, or not applicable if the target does not offer what they are about")
            lines += [f"  {result.rule.id:<9} {result.rule.level:<11} {result.reason}" for result in untested]
        if left := [result for result in self.results if result.left_out]:
            lines.append("Left out (limits.visible = true brings back what others would see)")
            lines += [f"  {result.rule.id:<9} {case}" for result in left for case in result.left_out]
        if self.left:
            lines.append(f"Left to --profile {self.profile.larger}")
            lines += [f"  {rule:<9} {count:,} more request{'s' * (count > 1)}" for rule, count in self.left.items()]
        return "\n".join(lines)


def execute(session: Session, progress: Progress) -> int:
    """Run the tests of a session and return pytest's exit code. What was found is in the session."""
    return run_suite(session, _Reporter(progress, session))


def rehearse(config: Config, profile: Profile, rules: Sequence[str]) -> Plan:
    """Run the tests against a target on paper and return what they would have sent."""
    unlimited = replace(config, max_requests=None, max_creations=None)
    clock = PaperClock()
    session = open_session(unlimited, profile, rules, transport=Rehearsal(), clock=clock)
    run_suite(session)
    run = session.run()
    needed = session.client.budget.needed
    return Plan(config, profile, run.requests, run.creations, needed, clock.waited, run.results)


def with_left(planned: Plan, rules: Sequence[str]) -> Plan:
    """Return the plan with what its profile leaves to the next larger one, if there is one."""
    if (name := planned.profile.larger) is None:
        return planned
    larger = rehearse(planned.config, replace(planned.profile, name=name), rules)
    pairs = zip(planned.results, larger.results, strict=True)
    more = {after.rule.id: after.cases - before.cases for before, after in pairs}
    return replace(planned, left={rule: count for rule, count in more.items() if count > 0})


def check_budgets(config: Config, profile: Profile, rules: Sequence[str]) -> Plan | None:
    """Return the plan of a run that has budgets. Raises ConfigError if it does not fit them."""
    if config.loopback and config.max_requests is None and config.max_creations is None:
        return None
    planned = rehearse(config, profile, rules)
    if planned.too_large is not None:
        raise ConfigError(planned.too_large)
    return planned


def run_suite(session: Session, *plugins: object) -> int:
    """Run the tests of a session in this process, with these plugins of pytest, and return pytest's exit code."""
    arguments = [
        str(plugin.SUITE),
        f"--rootdir={plugin.SUITE}",
        f"--config-file={plugin.SUITE / 'pytest.ini'}",
        *("-p", "no:cacheprovider", "-p", "no:terminal"),
        *("-p", "no:unraisableexception"),  # at the end it collects garbage five times: longer than a short run takes
    ]
    with _own_environment():
        manager = _Given(session)
        return int(pytest.main(arguments, plugins=[plugin, manager, *plugins]))


class _Given:
    """Registers the session under its name, so that the plugin opens no other."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def pytest_configure(self, config: pytest.Config) -> None:
        config.pluginmanager.register(self._session, GIVEN)


@contextmanager
def _own_environment() -> Iterator[None]:
    """Keep the user's pytest plugins and options out of the run."""
    before: Mapping[str, str] = dict(os.environ)
    for name in FOREIGN:
        os.environ.pop(name, None)
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    try:
        yield
    finally:
        for name in (*FOREIGN, "PYTEST_DISABLE_PLUGIN_AUTOLOAD"):
            os.environ.pop(name, None)
        os.environ.update(before)


def budget(config: Config) -> str:
    """Say how much a run may send and create, and how fast."""
    limits = (
        (config.rate, "{:g} requests/s"),
        (config.max_requests, "at most {} requests"),
        (config.max_creations, "at most {} engagements"),
    )
    said = ", ".join(text.format(value) for value, text in limits if value is not None)
    return said or ("none (the target is on this machine)" if config.loopback else "none")


def duration(seconds: float) -> str:
    """Say a time in seconds, or in minutes where there are some."""
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
