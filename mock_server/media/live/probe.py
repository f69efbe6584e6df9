"""How long is this body? A script that `duration` runs in a process of its own, and that imports only PyAV.

FFmpeg reads bytes a stranger chose, so nothing it does may matter. This process imports PyAV once, then forks a child
for each body, and never touches one itself. The child can open no file and no socket, has limited memory, and is
killed by the kernel when its time is up. It may open no format that names other files (playlists, SDP).
"""

from __future__ import annotations

import importlib
import io
import json
import os
import pkgutil
import resource
import signal
import socket
import sys
from typing import IO, Any

import av
from av.container import InputContainer
from av.stream import Disposition

FORMATS = "aac,aiff,amr,amrnb,amrwb,asf,au,avi,flac,gsm,matroska,mov,mp3,mpeg,mpegts,ogg,w64,wav"  # names of demuxers
DEMUXER_OPTIONS = {"format_whitelist": FORMATS, "protocol_whitelist": ""}
# Before 19 PyAV reads titles and the like as it opens, and fails where they are not UTF-8 unless it is told not to.
LENIENT: dict[str, Any] = {"metadata_errors": "ignore"} if int(av.__version__.partition(".")[0]) < 19 else {}  # noqa: PLR2004
# Their headers hold no length, or one that cannot be relied on.
WALKED = frozenset({"aac", "amr", "amrnb", "amrwb", "avi", "gsm", "mp3", "mpeg", "mpegts", "wav"})
MAX_SECONDS = 24 * 3600  # of a header that is believed without a look at the packets
BITRATES = range(2_000, 20_000_000)  # bits per second of a header that is believed without a look at the packets
MIN_BITRATE = 100  # a body that claims to be longer than that many bits per second would allow is no recording
MEMORY = 1024 * 1024 * 1024  # bytes of address space
# What PyAV raises on bytes that it does not understand. Anything else is the fault of this program.
UNREADABLE = (av.FFmpegError, ValueError)
SPEAKING = ("audio", "video")
READY = b"r"  # says this program when it has started, and of each body that it takes


class NotARecording(Exception):  # noqa: N818
    """The body has no length that makes sense."""


def judge(file: IO[bytes], size: int) -> dict[str, Any]:
    """Return what `measure` finds, or `error` with what is to `blame`: body, memory or program."""
    try:
        return measure(file, size)
    except Exception as error:  # noqa: BLE001  it must be told, whatever it is
        if isinstance(error, MemoryError):  # PyAV's own is one too
            blame = "memory"
        else:
            blame = "body" if isinstance(error, (NotARecording, *UNREADABLE)) else "program"
        return {"error": f"{type(error).__name__}: {error}", "blame": blame}


def measure(file: IO[bytes], size: int) -> dict[str, Any]:
    """Return `seconds`, `format` and `by` (header or packets) of a body of `size` bytes.

    Raises NotARecording, MemoryError, or one of UNREADABLE.
    """
    with av.open(file, mode="r", options=DEMUXER_OPTIONS, buffer_size=1 << 18, **LENIENT) as container:
        if not isinstance(container, InputContainer) or not _streams(container):
            raise NotARecording("no sound and no picture")
        name, by = container.format.name, "header"
        seconds = (container.duration or 0) / av.time_base
        if WALKED & set(name.split(",")) or not 0 < seconds <= MAX_SECONDS or int(size * 8 / seconds) not in BITRATES:
            seconds, by = walk(container), "packets"
    if not 0 < seconds < float("inf") or size * 8 < seconds * MIN_BITRATE:
        raise NotARecording(f"{seconds} seconds in {size} bytes of {name}")
    return {"seconds": seconds, "format": name, "by": by}


def walk(container: InputContainer) -> float:
    """Return the seconds between the first and the last packet's end."""
    first, last, untimed = float("inf"), float("-inf"), 0.0
    for packet in container.demux(_streams(container)):
        if not packet.size or packet.time_base is None:
            continue
        unit = float(packet.time_base)
        length = (packet.duration or 0) * unit
        if (start := packet.pts if packet.pts is not None else packet.dts) is None:
            untimed += length
        else:
            first, last = min(first, start * unit), max(last, start * unit + length)
    return last - first if last > first else untimed


def _streams(container: InputContainer) -> list[Any]:
    """Return the streams that take time: not the cover of an album."""
    return [s for s in container.streams if s.type in SPEAKING and not s.disposition & Disposition.attached_pic]


def confine() -> None:
    """Give up every means to do harm: descriptors, memory, files, core dumps."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":  # elsewhere the kernel does not keep it
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def answer(reply: socket.socket, body: int | None) -> None:
    """Probe one body and reply in one line of JSON: what `judge` says.

    The question is one line too: `seconds` that the probe may take, and the `size` of the body. That follows unless
    it is in the file `body`.
    """
    with reply.makefile("rb") as stream:
        question = json.loads(stream.readline())
        signal.setitimer(signal.ITIMER_REAL, question["seconds"])
        size = question["size"]
        file = io.BytesIO(stream.read(size)) if body is None else open(body, "rb", buffering=0)  # noqa: SIM115, PTH123
    confine()
    with file:
        file.seek(0)
        found = judge(file, size)
    reply.sendall(json.dumps(found).encode() + b"\n")


def import_all() -> None:
    """Import what PyAV would import when it meets a stream: a child can open no file, not even its code."""
    for module in pkgutil.walk_packages(av.__path__, "av."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)


def serve(control: socket.socket) -> None:
    """Fork a child for each body that is passed, until the server closes its end."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # children that end are gone
    import_all()
    control.sendall(READY)
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, 1, 2)
        if not message:
            return
        control.sendall(READY)
        if os.fork() == 0:
            control.close()
            reply, *body = descriptors
            try:
                answer(socket.socket(fileno=reply), body[0] if body else None)
            finally:
                os._exit(0)
        for descriptor in descriptors:
            os.close(descriptor)


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
