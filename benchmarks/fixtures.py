"""Measure what the pytest fixtures cost: the first server of a session, and each test.

    python benchmarks/fixtures.py

The first server, with what it has to import, is measured in new interpreters (median of 11). They have imported pytest,
as every process has in which a fixture runs, and find the modules compiled, as pip leaves them. Exit code 1 if it takes
more than 400 ms, or a test more than 5 ms.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time

from load import verdict

from mock_server.testing import EngagementsServer, fresh_api

FIRST = """
import time
import pytest
began = time.perf_counter()
from mock_server.testing import EngagementsServer
with EngagementsServer() as server:
    server.base_url
    print(time.perf_counter() - began)
"""


def first_server() -> float:
    """Return how many seconds a new interpreter needs until the server listens."""
    compiling = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run([sys.executable, "-c", FIRST], check=True, capture_output=True, text=True, env=compiling)
    return float(done.stdout)


def each_test() -> float:
    """Return how many seconds a fresh workspace and its end take."""
    with EngagementsServer() as server:
        began = time.perf_counter()
        for _ in range(500):
            with fresh_api(server) as api:
                assert api.base_url
        return (time.perf_counter() - began) / 500


def main() -> int:
    """Measure both."""
    first_server()  # compiles what is not compiled yet
    first = statistics.median(first_server() for _ in range(11))
    held = verdict("first server", first * 1000, 400, "ms")
    return 0 if verdict("each test", each_test() * 1000, 5, "ms") and held else 1


if __name__ == "__main__":
    sys.exit(main())
