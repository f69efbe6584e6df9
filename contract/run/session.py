"""One run of the suite: what it tests, with what, and how it ends."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from contract.outcome import CutShort
from contract.run.client import RecordingClient
from contract.run.preflight import PreflightFailed, preflight
from contract.run.profile import Profile
from contract.run.recorder import Recorder, today
from contract.run.results import Run
from contract.spec.rules import catalogue
from contract.target.clock import Clock
from contract.target.config import Config
from contract.target.ledger import Ledger
from contract.target.reading import known_rule
from contract.target.receiver import Receiver, Webhooks
from contract.target.transport import HttpTransport, Transport
from contract.target.values import ConfigError, whole_number

OK, VIOLATION, USAGE, NO_TARGET, INCOMPLETE = 0, 1, 2, 3, 4
NOTHING_ACCEPTED = "no submission was accepted, so no refusal means anything"
REPORT_DIR = "contract-report"
GIVEN = "contract-session"  # the name under which a runner registers a session of its own with pytest


@dataclass(slots=True, eq=False)  # a run is itself alone; pytest 8 hashes its plugins
class Session:
    """The state of one run. `rules` are those to be tested; `stopped` says why it ended before its end.

    Its `with` block ends with its connections and its receiver of webhooks. What was found stays.
    """

    config: Config
    profile: Profile
    rules: Sequence[str]
    recorder: Recorder
    client: RecordingClient
    report_dir: Path | None
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    started: float = field(default_factory=time.monotonic)
    stopped: str | None = None
    preflight_failed: str | None = None
    resources: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.resources.close()

    def begin(self) -> None:
        """Look before testing. Raises PreflightFailed, and keeps its sentence for the report."""
        try:
            preflight(self.client)
        except PreflightFailed as reason:
            self.preflight_failed = str(reason)
            raise
        except CutShort as reason:
            self.stopped = str(reason)
            raise

    @property
    def failed(self) -> list[str]:
        """The rules under test that have failed so far, but for those that are known to."""
        found = self.recorder.findings.items()
        return [
            rule
            for rule, record in found
            if record.failed
            and rule in self.rules
            and not catalogue()[rule].observed
            and rule not in self.config.deviations
        ]

    def run(self) -> Run:
        """Return what was found so far: nothing, if the pre-flight failed, as that may be the configuration's fault."""
        recorder = Recorder() if self.preflight_failed else self.recorder
        ended = self.client.redact(self.preflight_failed or self.stopped or "") or None
        return Run(
            target=self.config.base_url,
            profile=self.profile.name,
            seed=self.profile.seed,
            started_at=self.started_at,
            duration_seconds=time.monotonic() - self.started,
            requests=self.client.requests,
            creations=self.client.creations,
            results=recorder.results(self.config, self.rules, ended),
            cut_short=ended,
        )

    def exit_code(self, run: Run) -> int:
        """Return the exit code of the run: the first of the documented ones that applies."""
        verdicts = run.summary
        expired = any(d.expires is not None and d.expires < today() for d in self.config.deviations.values())
        if self.preflight_failed:
            return NO_TARGET
        if "fail" in verdicts or expired:
            return VIOLATION
        if self.stopped:
            return NO_TARGET
        tested = sum(count for verdict, count in verdicts.items() if verdict not in {"untested", "waived", "error"})
        missing = [r for r in run.results if r.rule.level == "must" and r.verdict in {"untested", "error"}]
        return INCOMPLETE if missing or not tested else OK


def open_session(  # noqa: PLR0913  what a run consists of
    config: Config,
    profile: Profile,
    rules: Sequence[str] = (),
    report_dir: Path | None = None,
    transport: Transport | None = None,
    *,
    recorder: Recorder | None = None,
    clock: Clock | None = None,
) -> Session:
    """Return a session ready to begin. Without rules it tests all of them; with a transport it sends there.

    `clock` is the time it goes by: that of this machine unless given.
    """
    recorder = recorder or Recorder()
    ledger = Ledger(None)
    if report_dir is not None:
        report_dir.mkdir(parents=True, exist_ok=True)
        keys = report_dir / "created.jsonl"
        keys.touch()  # what cannot be written is told now, before anything is sent
        ledger = Ledger(keys)
    resources = ExitStack()
    sends = transport or resources.enter_context(HttpTransport(config))
    client = RecordingClient(config, sends, recorder, profile, ledger=ledger, clock=clock)
    recorder.redact = client.redact
    if config.webhooks is not None and transport is None:
        client.receiver = resources.enter_context(closing(_listen(config.webhooks)))
    chosen = tuple(rules) or tuple(catalogue())
    return Session(config, profile, chosen, recorder, client, report_dir, resources=resources)


def _listen(webhooks: Webhooks) -> Receiver:
    """Return a receiver. Raises ConfigError if it cannot listen there."""
    try:
        return Receiver(webhooks)
    except OSError as error:
        where = f"{webhooks.host}:{webhooks.port}"
        raise ConfigError(f"webhooks.listen: cannot listen at {where}: {error.strerror or error}") from None


def select(rules: Sequence[str], shard: str | None = None) -> list[str]:
    """Return the named rules, or all, and of them the share I of N for a shard `I/N`. Raises ConfigError."""
    for rule in rules:
        known_rule(rule, "--rule")
    chosen = [rule for rule in catalogue() if not rules or rule in rules]
    index, count = (1, 1) if shard is None else share(shard)
    return chosen[index - 1 :: count]


def share(shard: str) -> tuple[int, int]:
    """Read `I/N`, the I-th of N shares. Raises ConfigError."""
    index, count = (whole_number(text) for text in (*shard.split("/", 1), "")[:2])
    if index is None or count is None or not 1 <= index <= count:
        raise ConfigError(f"--shard: {shard!r} must be I/N with I from 1 to N, such as 1/4")
    return index, count
