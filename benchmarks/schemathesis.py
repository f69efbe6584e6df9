"""Measure Schemathesis with the kit's hooks beside Schemathesis without them, in one run against the mock.

    python benchmarks/schemathesis.py [--cases 2000] [--rounds 1] [--seed 1]     (Linux)

Both send the same number of fuzzed cases with the settings of schemathesis.toml; the one without hooks sends nothing
else, the other also what its checks need. Prints the cases a second of both and their ratio, which has to be 0.7 at
least, and the largest resident size of each client. The run with hooks must find nothing: no 5xx and no violation.
Exit code 1 if one of these does not hold.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from load import verdict

from mock_server import running

ROOT = Path(__file__).parent.parent
COMMAND = Path(sys.executable).with_name("schemathesis")
LEAST = 0.7
MOST_MEGABYTES = 1500


@dataclass(frozen=True)
class Measured:
    """One run: how many cases a second, the largest resident size in MB, and what it found."""

    rate: float
    megabytes: float
    failures: list[str]
    code: int


def measure(url: str, cases: int, seed: int, *options: str, hooks: bool, **environment: str) -> Measured:
    """Run Schemathesis in a folder of its own and return what it measured of itself."""
    with tempfile.TemporaryDirectory() as folder:
        settings, report = Path(folder, "schemathesis.toml"), Path(folder, "report.json")
        lines = (ROOT / "schemathesis.toml").read_text().splitlines()
        settings.write_text("\n".join(line for line in lines if hooks or not line.startswith("hooks")))
        client = subprocess.Popen(
            [COMMAND, "--config-file", settings, "run", ROOT / "openapi.yaml", "--url", url, "--phases", "fuzzing",
             "--max-examples", str(cases), "--seed", str(seed), "--report-json-path", report, *options],
            env={**os.environ, "HYPOTHESIS_STORAGE_DIRECTORY": str(ROOT / ".hypothesis"), **environment},
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
        _, status, used = os.wait4(client.pid, 0)
        client.returncode = os.waitstatus_to_exitcode(status)
        found = json.loads(report.read_text())
    rate = found["test_cases"]["generated"] / found["running_time"]
    failures = [f"{failure['code']} {failure['title']}" for failure in found["failures"]]
    return Measured(rate, used.ru_maxrss / 1024, failures, client.returncode)


def main() -> int:
    """Measure both and return the exit code."""
    parser = argparse.ArgumentParser(description="Schemathesis with and without the kit's hooks.")
    parser.add_argument("--cases", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    good = True
    for number in range(arguments.rounds):
        seed = arguments.seed + number
        with running() as server:
            writer, reader = server.credentials["writer"], server.credentials["reader"]
            header = ("--header", f"Authorization: Bearer {writer}")
            stock = measure(server.base_url, arguments.cases, seed, *header, hooks=False)
            variables = {"CONTRACT_WRITER": writer, "CONTRACT_READER": reader}
            hooked = measure(server.base_url, arguments.cases, seed, hooks=True, **variables)
        for name, run in (("without hooks", stock), ("with hooks", hooked)):
            print(f"{name}: {run.rate:.1f} cases/s, {run.megabytes:.0f} MB, exit {run.code} {', '.join(run.failures)}")
        good &= verdict("with / without hooks", hooked.rate / stock.rate, LEAST, "times", at_least=True)
        good &= verdict("client with hooks", hooked.megabytes, MOST_MEGABYTES, "MB")
        good &= hooked.code == 0
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
