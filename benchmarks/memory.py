"""Measure what the mock weighs, whether it slows down, and how soon it answers.

    python benchmarks/memory.py [engagements] [transcripts] [idle]     (all three without a word; Linux)

- engagements: 100,000 creates over one connection. The last 1,000 must take no longer than the first 1,000 (margin 1.5,
  after 1,000 to warm up), and the server must stay under 300 MB.
- transcripts: 2,000 different ones of 900,000 characters; the server must stay under 500 MB, measured at its largest.
- idle: a fresh virtual environment with the base installation (it needs the package index). The first create must be
  answered within a second of starting the command (median of 7), and the idle server must stay under 80 MB.

Memory is PSS, a process's own pages and its share of others. Exit code 1 if a limit does not hold.
"""

from __future__ import annotations

import argparse
import random
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from load import HERE, Client, first_answer, free_port, process, pss, verdict

INTERPRETER = Path(sys.executable)
CHARACTERS = 900_000


@contextmanager
def mock(command: Path) -> Iterator[tuple[Any, str, float]]:
    """Run `mock-server`; yield its process, the URL of the operation and the seconds until the first answer."""
    port = free_port()
    with process(command, "--port", str(port), "--log-level", "warning") as server:
        url = f"http://127.0.0.1:{port}/api/v2/engagements"
        yield server, url, first_answer(url)


def thousand(client: Client) -> float:
    """Create a thousand engagements; return the seconds that took."""
    began = time.perf_counter()
    for _ in range(1000):
        client.create()
    return time.perf_counter() - began


def engagements() -> bool:
    """Create 100,000 of them."""
    with mock(INTERPRETER.with_name("mock-server")) as (server, url, _), Client(url) as client:
        thousand(client)  # warm
        times = [thousand(client) for _ in range(100)]
        weight = pss(server.pid)
    print(f"1,000 creates: first {times[0]:.2f} s, last {times[-1]:.2f} s, median {statistics.median(times):.2f} s")
    slower = verdict("last 1,000 creates / first 1,000", times[-1] / times[0], 1.5, "times")
    return verdict("PSS with 101,000 engagements", weight, 300, "MB") and slower


def texts(count: int) -> Iterator[str]:
    """Yield different transcripts of random words, a few of them outside ASCII."""
    chance = random.Random(7)
    letters = "abcdefghijklmnopqrstuvwxyz"
    words = ["".join(chance.choices(letters, k=chance.randint(2, 10))) for _ in range(20_000)] + ["größer", "née"] * 200
    pool = " ".join(chance.choices(words, k=600_000))
    for _ in range(count):
        places = (chance.randrange(len(pool) - 5000) for _ in range(CHARACTERS // 5000))
        yield "".join(pool[place : place + 5000] for place in places)


def transcripts() -> bool:
    """Create 2,000 of them."""
    heaviest = 0.0
    with mock(INTERPRETER.with_name("mock-server")) as (server, url, _), Client(url) as client:
        for text in texts(2000):
            client.create(transcript_text=text)
            heaviest = max(heaviest, pss(server.pid))
    return verdict(f"PSS with 2,000 transcripts of {CHARACTERS:,} characters", heaviest, 500, "MB")


def idle() -> bool:
    """Install into a fresh environment and start seven times."""
    times, weights = [], []
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        programs = Path(folder, "bin")
        subprocess.run([programs / "pip", "install", "--quiet", HERE.parent], check=True)
        for _ in range(7):
            with mock(programs / "mock-server") as (server, _, seconds):
                times.append(seconds)
                weights.append(pss(server.pid))
    print("first answers: " + " ".join(f"{seconds:.2f}" for seconds in times) + " s")
    soon = verdict("first answer after the start", statistics.median(times), 1, "s")
    return verdict("idle PSS", max(weights), 80, "MB") and soon


PARTS = {"engagements": engagements, "transcripts": transcripts, "idle": idle}


def main() -> int:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser()
    parser.add_argument("part", nargs="*", choices=[*PARTS, []])
    wanted = parser.parse_args().part or list(PARTS)
    results = [PARTS[part]() for part in wanted]  # all are measured, even after one that does not hold
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
