"""Measure a full create beside a bare Flask route on the same server, and beside Prism and WireMock.

    python benchmarks/throughput.py [--rounds 5] [--seconds 4] [--no-others]

Requests per second over eight keep-alive connections, every body under a key of its own. The servers stand side by
side and take turns; each has one core, the load the other; medians are compared. Processor time per request says the
same where other work disturbs the rates. The load is wrk, where it is installed.

Prism and WireMock come from npm and are measured where npx is (WireMock needs Java). `mock-server` and Prism log each
request as they start; `create`, WireMock and "Prism, silent" do not. WireMock answers a constant, as the bare route
does: it matches the path and the credential, and checks no rule.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from load import HEADERS, HERE, Load, cpu_seconds, first_answer, free_port, hosted, measure, process

PRISM, WIREMOCK = "@stoplight/prism-cli@5", "wiremock@3"
PAIRS = (
    ("create", "bare Flask route"),
    ("mock-server", "Prism"),
    ("create", "Prism, silent"),
    ("create", "WireMock"),
)
STUB = {
    "request": {
        "method": "POST",
        "urlPath": "/v2/engagements",
        "headers": {"Authorization": {"equalTo": HEADERS["Authorization"]}},
    },
    "response": {
        "status": 201,
        "headers": {"Content-Type": "application/json"},
        "jsonBody": {"object": "engagement", "id": "ngmt_1", "title": "A call", "engagement_type": "CALL"},
    },
}


@dataclass(frozen=True)
class Turn:
    """One server's turn: the load, and the server's microseconds of processor time per request."""

    load: Load
    cpu: float


def start(stack: ExitStack, *, others: bool) -> dict[str, tuple[int, str]]:
    """Start all servers; return process group and URL by name."""
    servers = {}
    for name, app in (("create", "mock"), ("bare Flask route", "flask")):
        host, url = stack.enter_context(hosted(app))
        servers[name] = host.pid, url
    port = free_port()
    command = (sys.executable, "-m", "mock_server", "--port", str(port))
    mock = stack.enter_context(process(*command, stderr=subprocess.DEVNULL))
    servers["mock-server"] = mock.pid, f"http://127.0.0.1:{port}/api/v2/engagements"
    if others:
        servers |= {name: _npx(stack, *command) for name, command in _others(stack).items()}
    for _, url in servers.values():
        first_answer(url)
        measure(url, 2)  # warm
    return servers


def _others(stack: ExitStack) -> dict[str, tuple[str | Path, ...]]:
    """Return the commands of the other servers, without their ports."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    (folder / "mappings").mkdir()
    (folder / "mappings" / "create.json").write_text(json.dumps(STUB), encoding="utf-8")
    prism = (PRISM, "mock", "--host", "127.0.0.1", HERE.parent / "openapi.yaml", "--verboseLevel")
    wiremock = (WIREMOCK, "--bind-address", "127.0.0.1", "--root-dir", folder, "--no-request-journal")
    return {"Prism": (*prism, "info"), "Prism, silent": (*prism, "silent"), "WireMock": wiremock}


def _npx(stack: ExitStack, *command: str | Path) -> tuple[int, str]:
    port = free_port()
    node = stack.enter_context(process("npx", "--yes", *command, "--port", str(port)))
    return node.pid, f"http://127.0.0.1:{port}/v2/engagements"


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
    parser.add_argument("--no-others", action="store_true")
    arguments = parser.parse_args()
    with ExitStack() as stack:
        servers = start(stack, others=not arguments.no_others and shutil.which("npx") is not None)
        turns = run(servers, arguments.rounds, arguments.seconds)
    show(turns)
    for name, other in PAIRS:
        if other in turns:
            ours, theirs = turns[name], turns[other]
            rate, cpu = rate_of(ours) / rate_of(theirs), cpu_of(theirs) / cpu_of(ours)
            print(f"{name} / {other}: {rate:.2f} times; by processor time per request {cpu:.2f} times")
    return 1 if any(turn.load.failed for own in turns.values() for turn in own) else 0


if __name__ == "__main__":
    sys.exit(main())
