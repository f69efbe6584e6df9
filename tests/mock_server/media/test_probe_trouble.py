"""A probe that cannot work: a good recording is measured again, and nobody blames it for our trouble."""

from __future__ import annotations

import io
import os
import signal
import struct
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import av
import pytest

from mock_server.media.live import duration, probe
from mock_server.media.live.duration import Prober
from mock_server.media.live.network import Deadline, Halt, Stopping
from mock_server.media.live.spool import Spool
from mock_server.media.policy import Refused
from mock_server.problems import InternalError
from tests.kit import recordings
from tests.kit.waiting import wait_until

LONG = recordings.GSM_FRAME * 100_000  # as many packets: long enough to be killed while they are counted
LENGTH = 2_000.0  # seconds


@pytest.fixture
def prober() -> Iterator[Prober]:
    """Return a process that measures, of the test's own."""
    with closing(Prober()) as prober:
        yield prober


def measured(prober: Prober, content: bytes, notes: list[str], halt: Halt | None = None) -> float:
    """Return the length of a body in seconds."""
    with Spool(1 << 23) as spool:
        spool.write(content)
        return prober.measure(spool, Deadline(30.0, halt or Halt()), notes.append)


def probes(prober: Prober) -> list[int]:
    """Return the processes that measure one body each, now."""
    with suppress(OSError):
        pid = prober._process.pid
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()]
    return []


@contextmanager
def killing(victims: Callable[[], list[int]], times: int) -> Iterator[list[int]]:
    """Kill that many victims as they appear, as a system without memory does. Yields those that are dead."""
    dead: list[int] = []
    over = threading.Event()

    def kill() -> None:
        while len(dead) < times and not over.is_set():
            for pid in victims():
                if pid not in dead and len(dead) < times:
                    with suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
                        dead.append(pid)

    thread = threading.Thread(target=kill)
    thread.start()
    try:
        yield dead
    finally:
        over.set()
        thread.join()


def test_a_probe_that_is_killed(prober: Prober) -> None:
    """A recording whose probe was killed is measured again, and its length is right."""
    notes: list[str] = []
    with killing(lambda: probes(prober), 1) as dead:
        assert measured(prober, LONG, notes) == pytest.approx(LENGTH, abs=1)
    assert (len(dead), notes[0]) == (1, "the probe died")


def test_a_probe_that_is_always_killed(prober: Prober) -> None:
    """When the second probe is killed too, the server says that it is its own trouble."""
    with killing(lambda: probes(prober), 9) as dead, pytest.raises(InternalError):
        measured(prober, LONG, [])
    assert len(dead) == 2


def test_everything_is_killed(prober: Prober) -> None:
    """When the process that starts the probes is killed with its probe, both begin again."""
    notes: list[str] = []
    first = prober._process

    def all_of_them() -> list[int]:
        return [first.pid, *found] if (found := probes(prober)) and prober._process is first else []

    with killing(all_of_them, 2):
        assert measured(prober, LONG, notes) == pytest.approx(LENGTH, abs=1)
    assert prober._process is not first


def test_many_measure_while_the_process_is_killed(prober: Prober) -> None:
    """Those who measure at the same time start one process in the place of the dead one, and all get their length."""
    wav = recordings.sample("wav-pcm", 1.0)
    for _ in range(3):
        dead = prober._process
        dead.kill()
        dead.wait()
        with ThreadPoolExecutor(8) as pool:
            lengths = list(pool.map(lambda _: measured(prober, wav, []), range(8)))
        assert lengths == pytest.approx([1.0] * 8, abs=0.1)


def test_a_server_that_stops_starts_no_process(prober: Prober) -> None:
    """A recording that waits to be measured when the server stops starts nothing that would stay."""
    halt = Halt()
    prober._process.kill()
    prober._process.wait()
    first = prober._process
    prober._lock.acquire()
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(measured, prober, LONG, [], halt)
        wait_until(lambda: halt._wakers)
        halt.stop()
        prober._lock.release()
        assert isinstance(waiting.exception(timeout=5), Stopping)
    assert prober._process is first


class Broken(io.BytesIO):
    """A body that cannot be read, for a reason of the machine."""

    def __init__(self, reason: Exception) -> None:
        super().__init__(b"ID3" + bytes(1000))
        self.reason = reason

    def read(self, _: int | None = -1) -> bytes:
        """Fail."""
        raise self.reason


@pytest.mark.parametrize(
    ("reason", "blame"),
    [
        (OSError("no descriptors"), "program"),
        (ImportError("no such module"), "program"),
        (RuntimeError("a defect"), "program"),
        (MemoryError(), "memory"),
    ],
)
def test_whose_fault_it_is(reason: Exception, blame: str) -> None:
    """What the probe cannot do is not laid to the body."""
    assert probe.judge(Broken(reason), 1000)["blame"] == blame


@pytest.mark.parametrize("content", [b"", b"<html>", b"\xff" * 1000, recordings.sample("mp3-cbr", 1.0)[:40]])
def test_whose_fault_it_is_not(content: bytes) -> None:
    """Bytes that hold no recording are the body's."""
    assert probe.judge(io.BytesIO(content), len(content))["blame"] == "body"


@pytest.mark.parametrize("found", [{"error": "x", "blame": "program"}, {"error": "x", "blame": "memory"}])
def test_what_is_said_of_our_trouble(found: dict[str, str]) -> None:
    """A program that failed is an internal error, too little memory a limit; neither says that it is no recording."""
    with pytest.raises((InternalError, Refused)) as caught:
        duration._judged(found)
    assert getattr(caught.value, "code", None) != "not_a_recording"


def test_a_recording_of_more_than_a_day(prober: Prober) -> None:
    """A recording that is too long is refused for its length."""
    long = bytearray(recordings.sample("m4a").replace(b"edts", b"free"))  # the edit list would cut it short
    timescale = long.index(b"mdhd") + 16
    long[timescale : timescale + 4] = struct.pack(">I", 5)  # of 16,000 samples a second
    padding = struct.pack(">I4s", 2_000_008, b"free") + bytes(2_000_000)
    with pytest.raises(Refused) as refused:
        measured(prober, bytes(long) + padding, [])
    assert (refused.value.rule, refused.value.code) == ("URL-29", "too_long")


def test_errors_of_the_library_are_known() -> None:
    """What PyAV raises for lack of memory is a MemoryError, and so never taken for a fault of the body."""
    assert issubclass(av.error.MemoryError, MemoryError)
