"""`contract fuzz`: one target, one or both engines, the reports and exit codes of a run of the suite."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich.console import Console

from contract import report
from contract.fuzz.fuzz_run import FuzzRecorder
from contract.fuzz.own import Workload, fuzz
from contract.interruption import INTERRUPTED
from contract.outcome import CutShort
from contract.report.terminal import Progress
from contract.report.text import printable
from contract.run.preflight import PreflightFailed
from contract.run.profile import Profile
from contract.run.results import Run, merge
from contract.run.runner import budget
from contract.run.session import INCOMPLETE, NO_TARGET, NOTHING_ACCEPTED, OK, USAGE, VIOLATION, open_session
from contract.target.config import Config
from contract.target.embedded import Target
from contract.target.values import ConfigError

CASES = 1000  # fewer where a budget of requests would not suffice: a case takes one and a half on average
WORST = (USAGE, VIOLATION, NO_TARGET, INCOMPLETE, OK)  # exit codes, the first that any engine ends with


@dataclass(frozen=True, slots=True)
class Options:
    """What a run of the fuzzer was asked for. `corpus` is where failures are kept for the next run."""

    profile: Profile
    workload: Workload
    engines: tuple[str, ...]
    corpus: Path
    directory: Path

    @classmethod
    def of(cls, flags: Mapping[str, Any], config: Config, directory: Path) -> Options:
        """Return the options of these flags, with defaults that suit the target. Raises ConfigError."""
        text = flags["cases"]
        if text is not None and not (text.isascii() and text.isdigit() and int(text)):
            raise ConfigError(f"--cases: {text!r} must be a whole number above 0")
        cases = int(text) if text else CASES if config.max_requests is None else min(CASES, config.max_requests // 2)
        profile = replace(Profile.of(None, flags["seed"]), name="fuzz")
        engines = tuple(ENGINES) if flags["engine"] == "both" else (flags["engine"],)
        if unknown := [name for name in engines if name not in ENGINES]:
            raise ConfigError(f"--engine: {unknown[0]} is not installed here")
        corpus = Path(flags["corpus"]) if flags["corpus"] else directory / "corpus"
        return cls(profile, Workload.of(cases, profile.seed, flags["shard"]), engines, corpus, directory)

    def as_text(self, config: Config) -> str:
        """Return what the run would do, for people."""
        shard = f", shard {self.workload.shard} of {self.workload.shards}" if self.workload.shards > 1 else ""
        return "\n".join(
            (
                f"Target   {config.base_url}",
                f"Engines  {', '.join(self.engines)}, seed {self.workload.seed}{shard}",
                f"Sends    {self.workload.share} generated cases, about one and a half requests each",
                f"Budget   {budget(config)}",
            )
        )


def fuzz_target(target: Target, options: Options) -> int:
    """Run the engines against a target, one after the other, give one verdict, and return the worst exit code."""
    runs, codes = [], []
    for name in options.engines:
        run, code = ENGINES[name](target, options)
        runs.append(run)
        codes.append(code)
        if run.cut_short == INTERRUPTED:  # then no other engine begins
            break
    run = merge(runs)
    _show_lines(run)
    report.publish(run, Console(highlight=False), options.directory)
    return next(code for code in WORST if code in codes)


def own(target: Target, options: Options) -> tuple[Run, int]:
    """Run the state machine and return what was found and the exit code."""
    try:
        options.corpus.mkdir(parents=True, exist_ok=True)
        recorder = FuzzRecorder()
        session = open_session(target.config, options.profile, (), options.directory, recorder=recorder)
    except OSError as error:
        raise ConfigError(f"--report-dir or --corpus: cannot write to {error.filename}: {error.strerror}") from None
    console = Console(highlight=False)
    progress = Progress(console, plain=not console.is_terminal, noun="case")
    try:
        with session:
            session.begin()
            progress.start(options.workload.share)
            state = fuzz(session, options.workload, options.corpus, target.reset, progress)
            session.stopped = state.stopped or (None if state.accepted else NOTHING_ACCEPTED)
    except (PreflightFailed, CutShort):
        pass  # the session knows
    except KeyboardInterrupt:
        session.stopped = INTERRUPTED
    finally:
        progress.stop()
    session.rules = [rule for rule, found in recorder.findings.items() if found.cases or found.failed]
    run = session.run()
    return run, session.exit_code(run)


def schemathesis(target: Target, options: Options) -> tuple[Run, int]:
    """Run Schemathesis with the kit's hooks and return what was found and the exit code."""
    from contract.schemathesis.run import generate  # not at the top: Schemathesis takes a second

    return generate(
        target.config,
        seed=options.workload.seed,
        max_examples=options.workload.cases,
        shard=(options.workload.shard, options.workload.shards),
        report_dir=options.directory,
        options=("--generation-database", str(options.corpus / "schemathesis")),
    )


Engine = Callable[[Target, Options], tuple[Run, int]]
ENGINES: dict[str, Engine] = {"own": own, "schemathesis": schemathesis}


def _show_lines(run: Run) -> None:
    """Print each smallest case as lines for a shell."""
    for result in run.results:
        for failure in result.failures[:1] if result.verdict == "fail" else ():
            print(f"{result.rule.id}, to send it again:\n{printable(failure.curl or '')}\n")
