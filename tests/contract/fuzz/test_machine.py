"""The state machine: it leaves conforming servers alone, finds what is planted, and keeps within its budgets."""

import re
from pathlib import Path

import pytest

from contract.cases.submission import Submission
from contract.cases.verdict import REFUSED
from contract.fuzz.draws import Draws
from contract.fuzz.forms import taken
from contract.fuzz.fuzz_run import FuzzRecorder, FuzzRun
from contract.fuzz.machine import EngagementMachine
from contract.fuzz.own import Workload, failures_of_the_table
from contract.outcome import Violation
from contract.strategies import Encoding
from tests.kit.fuzzing import Started, failed, fuzz, sent
from tests.peer import Variant


def test_nothing_is_found_in_the_mock(start: Started) -> None:
    """Some hundred cases against the mock find nothing, and are about many rules."""
    session = start()
    state = fuzz(session, 200)
    assert failed(session) == {}
    assert state.done >= 200
    exercised = {rule for rule, found in session.recorder.findings.items() if found.passed}
    assert len(exercised) > 25


@pytest.mark.parametrize("order", ["before_url", "after_fetch"])
def test_neither_order_is_accused(start: Started, order: str) -> None:
    """Nothing is found in a server that looks the key up before it judges the recording, nor in one that judges it."""
    session = start(Variant(key_lookup=order))
    fuzz(session, 100)
    assert failed(session) == {}


def test_a_planted_defect_is_shown_and_replayed_first(
    start: Started, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is found comes out as one line for a shell, and again in a run on its corpus that would not find it."""
    monkeypatch.setattr("contract.fuzz.fuzz_run.SHRINKING", 100)
    first = start("forbidden-404")
    assert any(fuzz(first, 60, seed, tmp_path) and failed(first) for seed in range(1, 30))
    (failure,) = failed(first)["SCOPE-2"]
    assert failure.curl.count("curl ") == 1
    assert re.search(r"Bearer \$CONTRACT_(PRIVATE_)?READER", failure.curl)
    assert "sk-apik" not in failure.curl

    def finds(seed: int, corpus: Path | None = None) -> bool:
        session = start("forbidden-404")
        fuzz(session, 1, seed, corpus)
        return "SCOPE-2" in failed(session)

    unlucky = next(seed for seed in range(1, 50) if not finds(seed))
    assert finds(unlucky, tmp_path)


def test_shards_share_the_cases_and_differ() -> None:
    """The shares of all shards add up, and each has seeds of its own."""
    shards = [Workload.of(1001, 7, f"{index}/4") for index in range(1, 5)]
    assert sum(shard.share for shard in shards) == 1001
    assert len({shard.derived(batch) for shard in shards for batch in range(5)}) == 20


def test_another_machine_is_spared(start: Started) -> None:
    """On another machine creations stay within their budget, and all that is created is private and runs nothing."""
    session = start(base_url="https://staging.example.com/api", max_creations=12)
    state = fuzz(session, 150)
    assert (failed(session), state.stopped) == ({}, None)
    assert state.done >= 150
    assert session.client.creations <= 12
    bodies = [request.body.document for request in sent(session) if request.expect == "created"]
    assert all(body["is_private"] is True and body["run_workflows"] is False for body in bodies)


def test_a_budget_of_requests_ends_the_run(start: Started) -> None:
    """When the budget of requests is used up the run ends and says so."""
    session = start(max_requests=60)
    state = fuzz(session, 1000)
    assert "max_requests" in str(state.stopped)
    assert session.client.requests == 60


def test_only_a_valid_key_is_tried_again(start: Started) -> None:
    """A submission that was refused for its key says nothing of that key: it stays refused."""
    session = start()
    assert isinstance(session.recorder, FuzzRecorder)
    state = FuzzRun(session.client, session.recorder, 10)
    machine = EngagementMachine(state, Draws.of(session.config, session.client.run_id))
    broken = {"external_id": "LIMIT-6", "title": "LIMIT-2"}
    cases = [Submission({name: ""}, REFUSED, rule, "x") for name, rule in broken.items()]
    (kept,) = machine.refuse(cases, Encoding()).values
    assert kept.document["title"] == ""


def test_what_is_asked_after_a_violation_did_not_lead_to_it(start: Started) -> None:
    """The lines that show it are the earlier requests of its key or engagement, and itself."""
    session = start()
    client, recorder = session.client, session.recorder
    assert isinstance(recorder, FuzzRecorder)
    document = client.submission()
    trail = [client.submit(document, expect="replayed") for _ in range(3)]
    violation = Violation("IDEM-1", "x", "y", trail[1])
    FuzzRun(client, recorder, 10).note(violation, trail)
    assert violation.before == (trail[0],)


def test_a_case_that_breaks_two_rules_shows_both(start: Started, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong type makes the server fail: that is ERR-4, and as no refusal it breaks the rule about types as well."""
    session = start("fails-on-wrong-title")
    recorder = session.recorder
    assert isinstance(recorder, FuzzRecorder)
    case = Submission({"title": 5}, REFUSED, "BODY-3", "a number")
    monkeypatch.setattr("contract.fuzz.own.table", lambda _: (case,))
    draws = Draws.of(session.config, session.client.run_id, taken(session.client))
    found = []
    for failure in failures_of_the_table(FuzzRun(session.client, recorder, 10), draws, Workload(10, 1)):
        found.append(failure.rule)
        recorder.known.add(failure.rule or "")
    assert found == ["ERR-4", "BODY-3"]
