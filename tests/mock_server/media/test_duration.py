"""How long recordings are: every format, bodies that lie, bodies that attack, and noise."""

from __future__ import annotations

import faulthandler
import io
import os
import random
import struct
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import av
import pytest

from mock_server.media.live import probe
from mock_server.media.live.duration import Prober
from mock_server.media.live.network import Deadline, Halt, TimedOut
from mock_server.media.live.spool import Spool
from mock_server.media.policy import Refused
from tests.kit import recordings
from tests.kit.origin import body
from tests.kit.waiting import wait_until

SHORT = 1.0  # seconds
MUTANTS = 200
Measure = Callable[..., float]


@pytest.fixture(scope="module")
def prober() -> Iterator[Prober]:
    """Return the process that measures."""
    with closing(Prober()) as prober:
        yield prober


@pytest.fixture
def notes() -> list[str]:
    """Return what the prober says for the trace."""
    return []


@pytest.fixture
def measure(prober: Prober, notes: list[str]) -> Measure:
    """Return a function from a body to its length in seconds."""

    def measure(content: bytes, seconds: float = 10.0, in_memory: int = 1 << 23) -> float:
        with Spool(in_memory) as spool:
            spool.write(content)
            return prober.measure(spool, Deadline(seconds, Halt()), notes.append)

    return measure


@pytest.mark.parametrize("name", recordings.FORMATS)
def test_format(name: str, measure: Measure) -> None:
    """A recording of every format is measured to within half a second."""
    assert measure(recordings.sample(name)) == pytest.approx(recordings.SECONDS, abs=0.5)


def test_file(measure: Measure) -> None:
    """A body that was spooled to disk has the length it has in memory."""
    content = recordings.sample("mp4-film")
    assert measure(content, in_memory=1000) == measure(content)


HOSTILE = ("hls", "hls_file", "sdp", "srt", "png", "ftyp_only", "html")


@pytest.mark.parametrize("name", HOSTILE)
def test_no_recording(name: str, measure: Measure) -> None:
    """Playlists, session descriptions, subtitles, images and halves are refused, and refused at once."""
    started = time.monotonic()
    with pytest.raises(Refused) as refused:
        measure(body(name))
    assert (refused.value.rule, refused.value.code) == ("URL-29", "not_a_recording")
    assert time.monotonic() - started < 5


NAMING_FILES = (b"concat:/etc/passwd|/etc/hosts\n", b"ffconcat version 1.0\nfile /etc/passwd\n", b"<MPD/>")


@pytest.mark.parametrize("content", NAMING_FILES)
def test_no_other_files(content: bytes, measure: Measure, notes: list[str]) -> None:
    """Formats that name other files are not even tried."""
    with pytest.raises(Refused):
        measure(content)
    assert "seconds" not in notes[0]


def test_truncated_index_at_the_end(measure: Measure) -> None:
    """A recording whose index stands at its end and was cut off is refused, not shortened."""
    with pytest.raises(Refused):
        measure(recordings.sample("m4a")[:-5000])


def _patched(content: bytes, mark: bytes, offset: int, value: bytes) -> bytes:
    place = content.index(mark) + offset
    return content[:place] + value + content[place + len(value) :]


LIARS = {
    "mp4 of 30 hours": lambda: _patched(
        _patched(recordings.sample("m4a"), b"mvhd", 20, struct.pack(">I", 108_000_000)),
        b"mdhd",
        20,
        struct.pack(">I", 1_728_000_000),
    ),
    "wav of 18 hours": lambda: _patched(recordings.sample("wav-pcm"), b"data", 4, b"\xf0\xff\xff\xff"),
    "mp3 of 3 years": lambda: body("xing_lie"),
    "flac of a day": lambda: _patched(recordings.sample("flac"), b"fLaC", 22, b"\x50\x00\x00\x00"),
    "au of a day": lambda: _patched(recordings.sample("au"), b".snd", 8, b"\xff\xff\xff\xff"),
}


@pytest.mark.parametrize("name", LIARS)
def test_liar(name: str, measure: Measure) -> None:
    """A header that lies about the length is not believed: the packets are counted."""
    seconds = 3.0 if "mp3" in name else recordings.SECONDS
    assert measure(LIARS[name]()) == pytest.approx(seconds, abs=0.5)


def test_title_in_another_encoding(measure: Measure) -> None:
    """What a recording says of itself need not be UTF-8."""
    title = b"INFOINAM" + struct.pack("<I", 4) + b"\xff\xfe\xe9\0"
    chunks = recordings.sample("wav-pcm")[12:] + b"LIST" + struct.pack("<I", len(title)) + title
    content = b"RIFF" + struct.pack("<I", len(chunks) + 4) + b"WAVE" + chunks
    assert measure(content) == pytest.approx(recordings.SECONDS, abs=0.5)


@pytest.mark.parametrize("name", recordings.FORMATS)
def test_noise(name: str) -> None:
    """A damaged recording is refused or has a length between 0 and a day, within two seconds, and never a crash.

    Here in this very process, where a crash could not be missed; the next test takes the long way.
    """
    whole, chance = recordings.sample(name, SHORT), random.Random(name)
    lengths = [length_in_time(mutant(whole, chance)) for _ in range(MUTANTS)]
    assert [seconds for seconds in lengths if seconds is not None and not 0 < seconds <= 24 * 3600] == []


def length_in_time(content: bytes) -> float | None:
    """Return the length of a body, or None if it is refused. After two seconds everything ends here, with a trace."""
    faulthandler.dump_traceback_later(2, exit=True)
    try:
        seconds: float = probe.measure(io.BytesIO(content), len(content))["seconds"]
    except (probe.NotARecording, av.FFmpegError, ValueError, MemoryError):
        return None
    finally:
        faulthandler.cancel_dump_traceback_later()
    return seconds


@pytest.mark.parametrize("name", recordings.FORMATS)
def test_noise_for_the_process(name: str, measure: Measure, notes: list[str]) -> None:
    """The process that measures judges damaged recordings by itself: it needs no file that it may not open."""
    whole, chance = recordings.sample(name, SHORT), random.Random(name)
    for _ in range(5):
        with suppress(Refused):
            assert 0 < measure(mutant(whole, chance)) <= 24 * 3600
    assert [note for note in notes if "killed" in note or "Too many open files" in note] == []


def mutant(content: bytes, chance: random.Random) -> bytes:
    """Return the bytes with some changed, cut out, doubled or cut off; mostly near the head, where the lengths are."""
    damaged = bytearray(content)
    for _ in range(chance.choice((1, 2, 5, 20))):
        place = chance.randrange(chance.choice((64, 512, len(damaged) + 1)) % (len(damaged) + 1) + 1)
        match chance.randrange(5):
            case 0:
                damaged[place : place + 1] = bytes([chance.randrange(256)])
            case 1:
                damaged[place : place + 4] = chance.choice((b"\xff" * 4, bytes(4), b"\x7f\xff\xff\xff", b"\x80\0\0\0"))
            case 2:
                del damaged[place : place + chance.randrange(100)]
            case 3:
                damaged[place:place] = damaged[place : place + chance.randrange(100)]
            case _:
                del damaged[max(place, len(damaged) // 2) :]
    return bytes(damaged)


def test_time(measure: Measure, prober: Prober) -> None:
    """A body that takes longer than the time that is left is given up at that moment, and its process is killed."""
    content = recordings.GSM_FRAME * 1_500_000  # as many packets, which take many seconds
    started = time.monotonic()
    with pytest.raises(TimedOut):
        measure(content, seconds=0.5)
    assert time.monotonic() - started < 5
    wait_until(lambda: children(prober._process.pid) == [], 5)


def children(pid: int) -> list[int]:
    """Return the other members of the group that a process leads, from /proc, or from `ps` where there is none."""
    if Path("/proc/self/stat").exists():
        stats = [text.rpartition(")") for stat in Path("/proc").glob("[0-9]*/stat") if (text := read(stat))]
        members = [(int(head.split()[0]), int(tail.split()[2])) for head, _, tail in stats]
    else:
        listed = subprocess.run(["ps", "-A", "-o", "pid=,pgid="], check=True, capture_output=True, text=True).stdout
        members = [(int(line.split()[0]), int(line.split()[1])) for line in listed.splitlines()]
    return [member for member, group in members if group == pid != member]


def read(path: Path) -> str:
    """Return the text of a file that may be gone."""
    with suppress(OSError):
        return path.read_text(encoding="utf-8", errors="replace")
    return ""


def test_process_is_replaced(measure: Measure, prober: Prober) -> None:
    """When the process that measures was killed, the next recording starts another one."""
    prober._process.kill()
    prober._process.wait()
    assert measure(recordings.sample("wav-pcm", SHORT)) == pytest.approx(SHORT, abs=0.1)


def test_it_ends() -> None:
    """Closing ends the process."""
    prober = Prober()
    prober.close()
    assert prober._process.poll() is not None


def test_it_ends_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that has ended gets no signal: its number may be that of another one by now."""
    killed, kill = list[int](), os.killpg

    def noting(group: int, number: int) -> None:
        killed.append(group)
        kill(group, number)

    monkeypatch.setattr(os, "killpg", noting)
    prober = Prober()
    prober.close()
    prober.close()
    assert killed == [prober._process.pid]
