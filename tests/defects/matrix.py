"""The kill matrix: what the suite catches, by which rule, and that it leaves conforming servers alone.

    python -m tests.defects.matrix [--with suite|hooks|schemathesis] [--profile quick] [--workers 2]
                                   [--every 1] [--directory kill-matrix] [NAME …]

Each defect is run with the rules it names first, until one of them fails, and with the whole suite if none does. A
defect is caught only by a rule it names; a run that could not be made is no kill. Every pairwise variant of the second
implementation has to come out with nothing. Writes matrix.json and matrix.md, unless only some defects are named; the
exit code is 1 for a survivor, a wrong rule or a false alarm.

For comparison the same can be asked of Schemathesis with the kit's hooks, and of Schemathesis as it comes, which names
no rules: there, whatever it finds counts as caught.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from functools import cache
from multiprocessing import get_context
from pathlib import Path

import pytest

from contract.run.profile import Profile
from contract.run.runner import run_suite
from contract.run.session import Session, open_session
from contract.target.config import CREDENTIALS, Config, Credential
from contract.target.embedded import embedded
from tests import peer
from tests.defects import ALL, CONCERNS, UNSEEN, Defect, generated, serve

CAUGHT, WRONG_RULE, SURVIVED, BROKEN = "caught", "wrong rule", "survived", "broken run"


Task = tuple[str, int, str, str]  # defect or variant, its number, what looks for it, the profile
Tool = Callable[[Config], generated.Found]
TOOLS: dict[str, Tool] = {"hooks": generated.with_hooks, "schemathesis": generated.stock}
RIGHT = "A defect counts as caught when a rule that it names fails."
MADE_BY = {
    "suite": f"Profile {{profile}}. {RIGHT}",
    "hooks": f"Schemathesis with the kit's hooks, {generated.EXAMPLES} examples. {RIGHT}",
    "schemathesis": f"Schemathesis as it comes, {generated.EXAMPLES} examples. It names no rules: any failure counts.",
}


@dataclass(frozen=True, slots=True)
class Row:
    """What became of one defect, or of one variant (then `rules` is empty). `seconds` is to the first failing check."""

    name: str
    rules: tuple[str, ...]
    outcome: str
    by: tuple[str, ...]
    seconds: float
    requests: int


class UntilKilled:
    """Ends a run of pytest as soon as one of these rules has failed."""

    def __init__(self, session: Session, rules: Sequence[str]) -> None:
        self._session = session
        self._rules = rules

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logfinish(self) -> None:
        """Look after each test."""
        if any(self._session.recorder.findings[rule].failed for rule in self._rules):
            self._pytest.shouldstop = "caught"

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Remember what can be stopped."""
        self._pytest = session


def judge(defect: Defect, profile: str) -> Row:
    """Run the suite against one defect: the named rules, then all."""
    started = time.monotonic()
    failed: tuple[str, ...] = ()
    requests = 0
    for rules in (defect.rules, ()):
        with serve(defect) as server:
            session = open_session(replace(_config(), base_url=server.base_url), Profile(profile), rules)
            run_suite(session, UntilKilled(session, defect.rules))
        requests += session.client.requests
        failed = _failed(session)
        if set(failed) & set(defect.rules):
            return Row(defect.name, defect.rules, CAUGHT, failed, time.monotonic() - started, requests)
    broken = session.preflight_failed or session.stopped
    outcome = WRONG_RULE if failed else BROKEN if broken else SURVIVED
    return Row(defect.name, defect.rules, outcome, failed, time.monotonic() - started, requests)


def judge_generated(defect: Defect, tool: Tool) -> Row:
    """Run another tool against one defect."""
    started = time.monotonic()
    with serve(defect) as server:
        found = tool(replace(_config(), base_url=server.base_url))
    right = set(found.failed) & set(defect.rules) if tool is generated.with_hooks else found.failed
    outcome = CAUGHT if right else WRONG_RULE if found.failed else BROKEN if found.broken else SURVIVED
    return Row(defect.name, defect.rules, outcome, found.failed, time.monotonic() - started, found.requests)


def spare_generated(variant: peer.Variant, tool: Tool) -> Row:
    """Run another tool against one conforming variant."""
    started = time.monotonic()
    with peer.serve(variant) as server:
        found = tool(_peer_config(server))
    outcome = "false alarm" if found.failed else BROKEN if found.broken else "spared"
    return Row(str(variant), (), outcome, found.failed, time.monotonic() - started, found.requests)


def spare(variant: peer.Variant, profile: str) -> Row:
    """Run the whole suite against one conforming variant."""
    started = time.monotonic()
    with peer.serve(variant) as server:
        session = open_session(_peer_config(server), Profile(profile))
        run_suite(session)
    failed = _failed(session)
    code = session.exit_code(session.run())
    outcome = "spared" if code == 0 else f"false alarm, exit {code}"
    return Row(str(variant), (), outcome, failed, time.monotonic() - started, session.client.requests)


def _failed(session: Session) -> tuple[str, ...]:
    return tuple(result.rule.id for result in session.run().results if result.verdict == "fail")


@cache
def _config() -> Config:
    """Return what the suite needs to know of the mock, whatever is wrong with it."""
    with embedded() as config:
        return replace(config, timeout=6.0)


def _peer_config(server: peer.Serving) -> Config:
    credentials = {name: Credential(name, server.credentials[name]) for name in CREDENTIALS}
    return Config(server.base_url, credentials, **peer.MEDIA)


def _work(task: Task) -> Row:
    kind, number, by, profile = task
    logging.disable(logging.CRITICAL)  # broken servers have much to say
    if (tool := TOOLS.get(by)) is not None:
        return (
            judge_generated(ALL[number], tool) if kind == "defect" else spare_generated(peer.pairwise()[number], tool)
        )
    return judge(ALL[number], profile) if kind == "defect" else spare(peer.pairwise()[number], profile)


def tasks(names: Sequence[str], every: int, by: str, profile: str) -> list[Task]:
    """Return what is to be done: the defects of these names, or else every N-th one and each variant."""
    if names:
        return [("defect", n, by, profile) for n, defect in enumerate(ALL) if defect.name in names]
    variants = [("variant", n, by, profile) for n in range(len(peer.pairwise()))]
    return variants + [("defect", n, by, profile) for n in range(0, len(ALL), every)]


def rows(chosen: Sequence[Task], workers: int, show: Callable[[Row], None]) -> Iterator[Row]:
    """Yield a row for each task."""
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        for row in pool.map(_work, chosen):
            show(row)
            yield row


def markdown(found: Sequence[Row], by: str, profile: str) -> str:
    """Return the table for people: a line a concern, then what was not caught."""
    by_name = {row.name: row for row in found}
    lines = [
        "# Kill matrix",
        "",
        MADE_BY[by].format(profile=profile),
        "",
        "| concern | defects | caught | wrong rule | survived | broken run |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for concern, defects in CONCERNS.items():
        outcomes = [by_name[defect.name].outcome for defect in defects if defect.name in by_name]
        counts = " | ".join(str(outcomes.count(outcome)) for outcome in (CAUGHT, WRONG_RULE, SURVIVED, BROKEN))
        lines.append(f"| {concern} | {len(outcomes)} | {counts} |")
    variants = [row for row in found if not row.rules]
    lines += [
        "",
        f"Conforming variants: {len(variants)}, false alarms: {sum(row.outcome != 'spared' for row in variants)}.",
    ]
    lines += ["", "## Not caught", ""]
    lines += [f"- `{row.name}` ({', '.join(row.rules)}): {row.outcome} {', '.join(row.by)}" for row in _bad(found)] or [
        "None."
    ]
    lines += ["", "## Cannot be seen from outside", ""]
    lines += [f"- `{name}`: {why}" for unseen in UNSEEN.values() for name, why in unseen.items()]
    return "\n".join(lines) + "\n"


def _bad(found: Sequence[Row]) -> list[Row]:
    return [row for row in found if row.outcome not in {CAUGHT, "spared"}]


def main(argv: Sequence[str] | None = None) -> int:
    """Make the matrix and return the exit code."""
    parser = argparse.ArgumentParser(description="Which defects does the suite catch?")
    parser.add_argument("names", nargs="*", help="only these defects, and no variants")
    parser.add_argument("--with", dest="by", choices=MADE_BY, default="suite", help="what looks for them (suite)")
    parser.add_argument("--profile", default="quick")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="a sample: every N-th defect, all variants")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--directory", type=Path, default=Path("kill-matrix"))
    arguments = parser.parse_args(argv)

    def show(row: Row) -> None:
        print(f"{row.outcome:<12} {row.seconds:5.1f} s  {row.name[:100]}  {', '.join(row.by)}", flush=True)

    chosen = tasks(arguments.names, arguments.every, arguments.by, arguments.profile)
    found = list(rows(chosen, arguments.workers, show))
    if not arguments.names:
        arguments.directory.mkdir(parents=True, exist_ok=True)
        (arguments.directory / "matrix.json").write_text(json.dumps([asdict(row) for row in found], indent=1))
        (arguments.directory / "matrix.md").write_text(markdown(found, arguments.by, arguments.profile))
    bad = _bad(found)
    print(f"{len(found) - len(bad)} passed, {len(bad)} failed")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
