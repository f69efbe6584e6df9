"""What the benchmarks share: servers in processes of their own, load on them, and what they weigh."""

from __future__ import annotations

import http.client
import json
import multiprocessing
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Self
from urllib.parse import urlsplit

HERE = Path(__file__).parent
CONNECTIONS = 8
CORES = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [0]
SERVER_CORE, CLIENT_CORE = CORES[0], CORES[-1]
HEADERS = {"Authorization": "Bearer sk-apik_writer.local", "Content-Type": "application/json"}
SUBMISSION = {
    "type": "CALL",
    "title": "Weekly review with Example Ltd",
    "source_system": "benchmarks",
    "external_id": "%s",
    "media_url": "https://recordings.example.com/2026/03/02/call.mp3?duration=1800",
    "run_workflows": False,
    "is_private": False,
    "start_at": "2026-03-02T09:30:00+01:00",
    "participants": [{"name": "Ada Example", "email": "ada@example.com"}, {"name": "Ben Example"}],
}
BODY = json.dumps(SUBMISSION)


@dataclass(frozen=True)
class Load:
    """One measurement: requests per second, the 99th percentile in milliseconds, requests, those that failed."""

    rate: float
    p99: float
    requests: int
    failed: int


def pin(core: int) -> Callable[[], None] | None:
    """Return what a new process calls to stay on one core, where the system can do so."""
    return (lambda: os.sched_setaffinity(0, {core})) if hasattr(os, "sched_setaffinity") else None


@contextmanager
def process(
    *command: str | Path,
    core: int = SERVER_CORE,
    stdout: int | IO[str] = subprocess.DEVNULL,
    stderr: int | None = None,
) -> Iterator[Any]:
    """Run a server on its core until the block ends, in a group of its own: npx has children that outlive it."""
    with subprocess.Popen(
        [str(part) for part in command],
        stdin=subprocess.PIPE,
        stdout=stdout,
        stderr=stderr,
        text=True,
        preexec_fn=pin(core),  # noqa: PLW1509  no thread has been started here
        start_new_session=True,
    ) as server:
        try:
            yield server
        finally:
            with suppress(ProcessLookupError):
                os.killpg(server.pid, signal.SIGKILL)


@contextmanager
def hosted(app: str) -> Iterator[tuple[Any, str]]:
    """Run host.py; yield its process and the URL of the operation."""
    with process(sys.executable, HERE / "host.py", app, stdout=subprocess.PIPE) as host:
        yield host, f"http://127.0.0.1:{int(host.stdout.readline())}/api/v2/engagements"


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody uses."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def first_answer(url: str, deadline: float = 60.0) -> float:
    """Wait until a create succeeds; return the seconds that took."""
    began = time.perf_counter()
    while time.perf_counter() - began < deadline:
        with suppress(OSError), Client(url) as client:
            client.create()
            return time.perf_counter() - began
        time.sleep(0.002)
    raise TimeoutError(f"no answer from {url}")


class Client:
    """One keep-alive connection. Raises OSError when the server cannot be reached."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._path = parts.path
        self._connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=30)
        self._run, self._count = uuid.uuid4().hex, 0

    def create(self, **more: object) -> None:
        """Create an engagement under a new key."""
        self._count += 1
        key = f"{self._run}:{self._count}"
        body = json.dumps(SUBMISSION | {"external_id": key} | more) if more else BODY % key
        self._connection.request("POST", self._path, body, HEADERS)
        answer = self._connection.getresponse()
        content = answer.read()
        if answer.status not in {200, 201}:  # 200: the bare route
            raise RuntimeError(f"{answer.status}: {content[:500]!r}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()


def measure(url: str, seconds: float, core: int = CLIENT_CORE) -> Load:
    """Create under keys of their own over eight connections, from another process on its own core."""
    if shutil.which("wrk") is None:
        return _without_wrk(url, seconds, core)
    options = ["-t1", f"-c{CONNECTIONS}", f"-d{seconds:.0f}s", "-s", str(HERE / "create.lua"), url]
    command = ["wrk", *options, "--", uuid.uuid4().hex, BODY]
    output = subprocess.run(command, capture_output=True, text=True, check=True, preexec_fn=pin(core)).stdout
    requests, microseconds, p99, failed = map(int, output.rpartition("RESULT ")[2].split())
    return Load(requests / microseconds * 1e6, p99 / 1000, requests, failed)


def _without_wrk(url: str, seconds: float, core: int) -> Load:
    with multiprocessing.Pool(CONNECTIONS, pin(core)) as pool:
        began = time.perf_counter()
        times = sorted(t for part in pool.starmap(_create_for, [(url, seconds)] * CONNECTIONS) for t in part)
        rate = len(times) / (time.perf_counter() - began)
    return Load(rate, times[int(len(times) * 0.99)] * 1000, len(times), 0)


def _create_for(url: str, seconds: float) -> list[float]:
    times = []
    end = time.perf_counter() + seconds
    with Client(url) as client:
        while (began := time.perf_counter()) < end:
            client.create()
            times.append(time.perf_counter() - began)
    return times


def cpu_seconds(group: int) -> float:
    """Return the processor time that the living processes of a group have used: what other load cannot distort."""
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = stat.read_text(encoding="utf-8", errors="replace").rpartition(") ")[2].split()
            if int(fields[2]) == group:
                ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def pss(pid: int) -> float:
    """Return the proportional set size of a process, in megabytes (10^6 bytes)."""
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:")) * 1024 / 1e6


def verdict(what: str, value: float, limit: float, unit: str, *, at_least: bool = False) -> bool:
    """Print a figure beside its limit; return whether it holds."""
    holds = value >= limit if at_least else value <= limit
    relation = "at least" if at_least else "at most"
    print(f"{what}: {value:.2f} {unit} ({relation} {limit:g}: {'holds' if holds else 'DOES NOT HOLD'})", flush=True)
    return holds
