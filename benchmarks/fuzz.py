"""Measure the fuzzer against the mock over HTTP: how fast it is, that it finds nothing, and that memory stays bounded.

    python benchmarks/fuzz.py [--cases 10000]     (Linux)

`contract fuzz --engine own` serves the mock in its own process, so its memory is that of both. 10,000 cases must take
at most three minutes, end with exit code 0, and the most memory of the last quarter of the time must be at most 1.3
times that of the second (the first warms caches). Memory is PSS, with one arena of malloc: the mock has a hundred
threads, and bodies of a megabyte leave each arena in pieces, which says nothing of what is held. Exit code 1 if a limit
does not hold.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from load import pss, verdict

SECONDS, GROWTH = 180.0, 1.3


def main() -> int:
    """Run the fuzzer once and return the exit code."""
    parser = argparse.ArgumentParser(description="Speed and memory of the fuzzer.")
    parser.add_argument("--cases", type=int, default=10_000)
    cases = parser.parse_args().cases
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "contract", "fuzz", "--engine", "own", "--seed", "1", "--cases", str(cases)]
        environment = {**os.environ, "MALLOC_ARENA_MAX": "1"}
        began = time.perf_counter()
        weights: list[float] = []
        with subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL) as fuzzer:
            while fuzzer.poll() is None:
                with suppress(OSError, StopIteration):  # it may just have ended
                    weights.append(pss(fuzzer.pid))
                time.sleep(0.5)
        seconds = time.perf_counter() - began
        document = json.loads(Path(folder, "contract-report", "report.json").read_text(encoding="utf-8"))
    quarter = max(1, len(weights) // 4)
    second, last = max(weights[quarter : 2 * quarter]), max(weights[-quarter:])
    print(f"{cases} cases, {document['requests']} requests, {document['creations']} engagements: {document['summary']}")
    print(f"{cases / seconds:.0f} cases/s; PSS {second:.0f} MB in the second quarter, {last:.0f} MB in the last")
    held = [
        fuzzer.returncode == 0,
        verdict("seconds", seconds, SECONDS * cases / 10_000, "s"),
        verdict("memory, last quarter / second", last / second, GROWTH, "times"),
    ]
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
