"""Targets that mean no good, on real sockets: a run against each ends, in little memory, and leaks nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from mock_server import Settings, running
from tests.kit.command import at
from tests.kit.gateways import standing
from tests.kit.hostile_targets import ALL, Deep, Fat, Later, LongIds, SlowBody, SlowHead, Turning

MOST_MEMORY = 500 << 10  # KiB
DEADLINE = 240.0  # seconds, for a busy machine; patience and time-out are a few
RULES = ("AUTH-6", "ERR-1", "ERR-7", "RESP-1", "RESP-11", "IDEM-2", "IDEM-10")
MIDDLE = 30  # requests, about half of what these rules take
# Runs a command and says at the end how much memory it took. It is a process of its own because it is small: what a
# parent holds when it starts a child counts for the child.
MEASURED = """
import resource, subprocess, sys
code = subprocess.run(sys.argv[1:], check=False).returncode
print("memory", resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(code)
"""


@pytest.mark.parametrize(
    ("kind", "after"),
    [*((kind, MIDDLE) for kind in ALL), (SlowHead, 0), (Later, 0), (Deep, 0)],
    ids=lambda value: value.__name__ if isinstance(value, type) else f"after {value}",
)
def test_a_run_against_a_hostile_target_ends(kind: type[Turning], after: int, tmp_path: Path) -> None:
    """It ends by itself with exit 1 or 3 and a sentence, in less than 500 MB, and shows no credential anywhere."""
    ends_well(kind, after, RULES, tmp_path)


@pytest.mark.parametrize("kind", [Fat, SlowBody])
def test_a_whole_run_against_a_hostile_target_ends(kind: type[Turning], tmp_path: Path) -> None:
    """The same for a run of all rules where each answer is huge or trickles in: within its patience, and in memory."""
    ends_well(kind, MIDDLE, (), tmp_path)


@pytest.mark.parametrize("kind", [Fat, LongIds])
def test_the_fuzzer_ends_against_a_hostile_target(kind: type[Turning], tmp_path: Path) -> None:
    """The same for the fuzzer, which remembers more of what it heard."""
    ends_well(kind, MIDDLE, (), tmp_path, command=("fuzz", "--engine=own", "--cases=300", "--seed=1"))


def ends_well(
    kind: type[Turning], after: int, rules: Sequence[str], folder: Path, command: Sequence[str] = ("run",)
) -> None:
    """Run these rules, or all, against a target that turns after so many requests, and look at what came of it."""
    with running(Settings(port=0, log_level="error")) as server:
        target = kind(server.base_url, after)
        with standing(target) as address:
            changes = {"CONTRACT_BASE_URL": f"http://{address}/api", "CONTRACT_PATIENCE": "3", "CONTRACT_TIMEOUT": "1"}
            done = measured(folder, [*command, *(f"--rule={rule}" for rule in rules)], at(server, **changes))
        secrets = [credential.encode() for credential in server.credentials.values()]
    said = done.stdout.decode() + done.stderr.decode()
    assert done.returncode in {1, 3}, said
    assert any(what in said for what in ("The contract is broken", "The run was cut short", "Nothing was tested"))
    assert "Traceback" not in said
    assert int(said.partition("memory ")[2].split()[0]) < MOST_MEMORY
    written = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    assert len(written) >= 4
    assert not [secret for secret in secrets for text in (*written, done.stdout, done.stderr) if secret in text]


def measured(folder: Path, arguments: Sequence[str], environment: dict[str, str]) -> subprocess.CompletedProcess[bytes]:
    """Run the command in a folder, and say how much memory it took."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("CONTRACT_", "PYTEST_"))}
    return subprocess.run(
        [sys.executable, "-c", MEASURED, sys.executable, "-m", "contract", *arguments],
        cwd=folder,
        env=clean | environment,
        capture_output=True,
        stdin=subprocess.DEVNULL,
        timeout=DEADLINE,
        check=False,
    )
