"""Runs the state machine: in batches of bounded memory, repeatable by its seed, failures of earlier runs first."""

from __future__ import annotations

import gc
import hashlib
import itertools
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random

from hypothesis import HealthCheck, Phase, Verbosity, seed, settings
from hypothesis.configuration import set_hypothesis_home_dir
from hypothesis.database import DirectoryBasedExampleDatabase, ExampleDatabase
from hypothesis.errors import Flaky, HypothesisException, Unsatisfiable
from hypothesis.stateful import run_state_machine_as_test

from contract.fuzz.draws import Draws
from contract.fuzz.forms import taken
from contract.fuzz.fuzz_run import STEPS_KEPT, Ended, FuzzProgress, FuzzRecorder, FuzzRun
from contract.fuzz.machine import EngagementMachine
from contract.fuzz.plainly import plainly
from contract.fuzz.table import send, table
from contract.outcome import CutShort, Violation
from contract.run.session import Session, share

BATCH = 500  # cases, after which memory is given back
STEPS = 12  # of an example
CASES = 25  # of an example, about: some steps are several
FEWEST = 4  # examples of a batch; the first of each is the empty one
TURNS = 3  # of one case of the table, at most
MOST_SEARCHES = 25  # for a minimal case, in a run


@dataclass(frozen=True, slots=True)
class Workload:
    """How much one worker does: the cases of all shards, the seed, and which shard of how many this is."""

    cases: int
    seed: int
    shard: int = 1
    shards: int = 1

    @classmethod
    def of(cls, cases: int, seed: int, shard: str | None) -> Workload:
        """Return the workload of the shard `I/N`. Raises ConfigError."""
        return cls(cases, seed, *share(shard or "1/1"))

    @property
    def share(self) -> int:
        """The cases of this shard; those of all shards add up."""
        return self.cases * self.shard // self.shards - self.cases * (self.shard - 1) // self.shards

    def derived(self, batch: int) -> int:
        """Return the seed of one batch of this shard."""
        text = f"{self.seed}/{self.shard}/{self.shards}/{batch}"
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8])


class Corpus(DirectoryBasedExampleDatabase):
    """Failures, kept for the next run. While `keeps`, none is dropped, though it may not fail in this run any more."""

    keeps = False

    def delete(self, key: bytes, value: bytes) -> None:
        """Drop an example that does not fail any more."""
        if not self.keeps:
            super().delete(key, value)


def fuzz(
    session: Session,
    workload: Workload,
    corpus: Path | None = None,
    between: Callable[[], object] = lambda: None,
    progress: FuzzProgress | None = None,
) -> FuzzRun:
    """Fuzz the target of a session that has begun, and record the minimal case of each rule that is broken.

    The session needs a FuzzRecorder. `between` is called after each batch, `progress` has begun. Raises what is a
    mistake of this program.
    """
    recorder = session.recorder
    assert isinstance(recorder, FuzzRecorder)  # noqa: S101  both are made by whoever calls
    session.client.trail = deque(maxlen=STEPS_KEPT)
    state = FuzzRun(session.client, recorder, workload.share, progress=progress)
    try:
        draws = Draws.of(session.config, session.client.run_id, taken(session.client))
    except CutShort as reason:
        state.stopped = str(reason)
        return state
    with _stored(corpus) as database:
        for failure in failures_of_the_table(state, draws, workload):
            _record(state, plainly(session.client, recorder, failure), None)
        replay, searches = True, 0
        for batch in itertools.count():
            before = state.done
            found = _batch(state, draws, _settings(state, database, replay=replay), workload.derived(batch))
            if found is not None:
                _record(state, plainly(session.client, recorder, found), database)
                searches += 1
            replay = found is not None  # the corpus may hold more
            session.client.forget()
            between()
            gc.collect()  # examples end in exceptions, whose cycles hold their megabytes
            ended = found is None and not before < state.done < state.cases
            if state.stopped or ended or searches >= MOST_SEARCHES:
                break
    for rule, violation in state.others.items():
        if rule not in recorder.known:  # met on the way to another one, and not again
            recorder.fail(rule, violation)
    return state


def failures_of_the_table(state: FuzzRun, draws: Draws, workload: Workload) -> Iterator[Violation]:
    """Send the table in an order of the seed's, with half of the cases at most, and yield what fails."""
    cases = table(state.client)
    machine = EngagementMachine(state, draws)
    order = Random(workload.derived(-1))  # noqa: S311  an order, and no secret
    for case in order.sample(cases, min(len(cases), state.cases // 2)):
        for _ in range(TURNS):  # it may break another rule as well, which shows once the first is known
            with _hunt(state), suppress(Violation):  # the state has it
                send(machine, case)
            if state.found is not None:
                yield state.found
            if state.found is None or state.stopped:
                break
        if state.stopped:
            return


def _batch(state: FuzzRun, draws: Draws, chosen: settings, number: int) -> Violation | None:
    """Run one batch and return the smallest violation, if there is any."""

    def machine() -> EngagementMachine:
        return EngagementMachine(state, draws)

    with _hunt(state):
        try:
            run_state_machine_as_test(seed(number)(machine), settings=chosen)  # type: ignore[arg-type]
        except (Unsatisfiable, Flaky):
            pass  # no example came to an end, and the steps have said why; or the target answers otherwise each time
        except (Violation, HypothesisException, BaseExceptionGroup):
            if state.found is None:  # else a target that answers otherwise the second time is no less wrong
                raise
    return state.found


@contextmanager
def _hunt(state: FuzzRun) -> Iterator[None]:
    """Look for a violation of a rule that is not known yet, until there is one or nothing more is to be sent."""
    state.found, state.shrinking = None, 0
    state.recorder.hunting = True
    try:
        yield
    except Ended:
        pass
    finally:
        state.recorder.hunting = False


def _record(state: FuzzRun, found: Violation, database: ExampleDatabase | None) -> None:
    rule = found.rule or ""
    state.recorder.fail(rule, found)
    state.recorder.known.add(rule)
    if isinstance(database, Corpus):
        database.keeps = True


def _settings(state: FuzzRun, database: ExampleDatabase | None, *, replay: bool) -> settings:
    """Return settings of our own: with CI set, Hypothesis would load a profile that draws the same in every run."""
    examples = min(BATCH, state.cases - state.done) // CASES
    return settings(
        max_examples=max(FEWEST, examples),
        stateful_step_count=STEPS,
        derandomize=False,
        database=database,
        deadline=None,
        phases=(Phase.reuse, Phase.generate, Phase.shrink)[0 if replay else 1 :],
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
        print_blob=False,
        verbosity=Verbosity.quiet,
        backend="hypothesis",
    )


@contextmanager
def _stored(corpus: Path | None) -> Iterator[ExampleDatabase | None]:
    """Have Hypothesis keep its files in the corpus, if there is one, and yield the examples there."""
    if corpus is None:
        yield None
        return
    set_hypothesis_home_dir(corpus)
    try:
        yield Corpus(corpus / "examples")
    finally:
        set_hypothesis_home_dir(None)
