"""Measure a full create beside a bare Flask route on the same server, and beside Prism on the same operation.

    python benchmarks/throughput.py [--rounds 5] [--seconds 4] [--no-prism]

Requests per second over eight keep-alive connections, every body under a key of its own. The servers stand side by
side and take turns; each has one core, the load the other; medians are compared. Processor time per request says the
same where other work disturbs the rates. Exit code 1 if a ratio does not hold. The load is wrk, where it is installed.
Prism is measured where npx is, twice: as it starts by itself, with a log of each request, beside `mock-server` as that
starts by itself; and silent, beside the mock without a log, for which nothing is demanded.

The interpreter counts: one from a distribution, built with profile-guided optimization, takes a tenth less over a
create than one that pyenv built.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import dataclass

from load import HERE, Load, cpu_seconds, first_answer, free_port, hosted, measure, process, verdict

PRISM = "@stoplight/prism-cli@5"
PAIRS = (("create", "bare Flask route", 0.6), ("mock-server", "Prism", 2.0), ("create", "Prism, silent", None))


@dataclass(frozen=True)
class Turn:
    """One server's turn: the load, and the server's microseconds of processor time per request."""

    load: Load
    cpu: float


def start(stack: ExitStack, *, prism: bool) -> dict[str, tuple[int, str]]:
    """Start all servers; return process group and URL by name."""
    servers = {}
    for name, app in (("create", "mock"), ("bare Flask route", "flask")):
        host, url = stack.enter_context(hosted("cheroot", app))
        servers[name] = host.pid, url
    port = free_port()
    command = (sys.executable, "-m", "mock_server", "--port", str(port))
    mock = stack.enter_context(process(*command, stderr=subprocess.DEVNULL))
    servers["mock-server"] = mock.pid, f"http://127.0.0.1:{port}/api/v2/engagements"
    if prism:
        for name, level in (("Prism", "info"), ("Prism, silent", "silent")):
            port = free_port()
            options = ("mock", "--host", "127.0.0.1", "--port", str(port), "--verboseLevel", level)
            node = stack.enter_context(process("npx", "--yes", PRISM, *options, HERE.parent / "openapi.yaml"))
            servers[name] = node.pid, f"http://127.0.0.1:{port}/v2/engagements"
    for _, url in servers.values():
        first_answer(url)
        measure(url, 2)  # warm
    return servers


def run(servers: dict[str, tuple[int, str]], rounds: int, seconds: int) -> dict[str, list[Turn]]:
    """Let the servers take turns."""
    turns: dict[str, list[Turn]] = {name: [] for name in servers}
    for _ in range(rounds):
        for name, (group, url) in servers.items():
            before = cpu_seconds(group)
            load = measure(url, seconds)
            turns[name].append(Turn(load, (cpu_seconds(group) - before) / load.requests * 1e6))
    return turns


def show(turns: dict[str, list[Turn]]) -> None:
    """Print the table."""
    print(f"{'':18}{'requests/s':>11}{'p99 ms':>8}{'CPU us/request':>16}{'failed':>8}   rounds")
    for name, own in turns.items():
        rate, cpu = rate_of(own), cpu_of(own)
        p99, failed = statistics.median(turn.load.p99 for turn in own), sum(turn.load.failed for turn in own)
        rounds = " ".join(f"{turn.load.rate:.0f}" for turn in own)
        print(f"{name:18}{rate:>11.0f}{p99:>8.1f}{cpu:>16.0f}{failed:>8}   {rounds}")


def rate_of(turns: list[Turn]) -> float:
    """Return the median of requests per second."""
    return statistics.median(turn.load.rate for turn in turns)


def cpu_of(turns: list[Turn]) -> float:
    """Return the median of microseconds of processor time per request."""
    return statistics.median(turn.cpu for turn in turns)


def main() -> int:
    """Measure and compare."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--no-prism", action="store_true")
    arguments = parser.parse_args()
    with ExitStack() as stack:
        servers = start(stack, prism=not arguments.no_prism and shutil.which("npx") is not None)
        turns = run(servers, arguments.rounds, arguments.seconds)
    show(turns)
    holds = not any(turn.load.failed for own in turns.values() for turn in own)
    for name, other, limit in PAIRS:
        if name in turns and other in turns:
            ours, theirs = turns[name], turns[other]
            what, ratio = f"{name} / {other}", rate_of(ours) / rate_of(theirs)
            if limit is None:
                print(f"{what}: {ratio:.2f} times")
            else:
                holds &= verdict(what, ratio, limit, "times", at_least=True)
            print(f"  by processor time per request: {cpu_of(theirs) / cpu_of(ours):.2f} times")
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
