"""How long is a recording? This end asks; the end that reads the bytes is `probe`, in a process that can be killed.

Rules: URL-18, URL-29.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from mock_server.media import Note
from mock_server.media.live.network import Deadline, TimedOut, cut
from mock_server.media.live.spool import Spool
from mock_server.media.refusals import MAX_SECONDS, beyond, not_a_recording, too_long
from mock_server.problems import InternalError

SCRIPT = Path(__file__).with_name("probe.py")
START_SECONDS = 30.0
MAX_REPLY = 4096  # bytes
ATTEMPTS = 2  # to measure one recording
DIED = "The program that measures recordings was ended while it measured. The server may need more memory."
FAILED = "The program that measures recordings failed. The trace of this request says why."


class Prober:
    """The process that measures recordings, and the conversation with it. Close it to end the process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._start()

    def measure(self, spool: Spool, deadline: Deadline, note: Note) -> float:
        """Return the length of the body in seconds. Raises Refused, TimedOut, Stopping or InternalError.

        A probe that dies is not the fault of the recording: the kernel may have wanted its memory. So the recording is
        measured once more.
        """
        for _ in range(ATTEMPTS):
            reply = self._ask(spool, deadline)
            deadline.left()
            if reply:
                found = _understood(reply)
                note(f"the probe says {found}")
                return _judged(found)
            note("the probe died")
        raise InternalError(DIED)

    def close(self) -> None:
        """End the process and every probe under way."""
        with self._lock:
            self._end()

    def _ask(self, spool: Spool, deadline: Deadline) -> bytes:
        """Return the reply of one probe: nothing if it died."""
        ours, theirs = socket.socketpair()
        with ours, deadline.halt.waking(partial(cut, ours)):
            with theirs:
                content = self._submit(theirs, spool, deadline)
            return _converse(ours, content, spool.size, deadline)

    def _submit(self, theirs: socket.socket, spool: Spool, deadline: Deadline) -> bytes:
        """Pass the far end of a conversation, and the file if there is one. Return the bytes to send otherwise."""
        content = spool.content()
        descriptors = [theirs.fileno()] if isinstance(content, bytes) else [theirs.fileno(), content]
        if not self._lock.acquire(timeout=deadline.left()):
            raise TimedOut
        try:
            try:
                self._pass(descriptors)
            except OSError:  # the process is gone
                deadline.left()  # a server that stops starts no other
                self._end()
                self._start()
                self._pass(descriptors)
        finally:
            self._lock.release()
        return content if isinstance(content, bytes) else b""

    def _pass(self, descriptors: list[int]) -> None:
        """Pass descriptors to the process and wait until it has them. Raises OSError if it is gone."""
        socket.send_fds(self._control, [b"."], descriptors)
        if not self._control.recv(1):
            raise BrokenPipeError

    def _start(self) -> None:
        """Start the process and wait until it has imported PyAV. Raises InternalError."""
        self._control, far_end = socket.socketpair()
        with far_end:
            self._process = subprocess.Popen(  # noqa: S603  our own script
                [sys.executable, "-P", SCRIPT, str(far_end.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[far_end.fileno()],
                start_new_session=True,  # Ctrl-C is for the server, and its group can be killed as a whole
            )
        self._control.settimeout(START_SECONDS)
        try:
            ready = self._control.recv(1)
        except TimeoutError:
            ready = b""
        if not ready:
            self._end()
            raise InternalError("The program that measures recordings does not start; its output says why.")

    def _end(self) -> None:
        if self._process.returncode is None:  # else it has been waited for, and its number may be that of another
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._control.close()


def _converse(ours: socket.socket, content: bytes, size: int, deadline: Deadline) -> bytes:
    """Ask, send the body, and return the reply: nothing from a probe that died. Raises TimedOut or Stopping."""
    seconds = deadline.left()
    reply = b""
    try:
        ours.settimeout(seconds)
        ours.sendall(json.dumps({"seconds": seconds, "size": size}).encode() + b"\n")
        if content:  # else the probe may have answered and gone by now, and even sending nothing fails
            ours.sendall(content)
        while len(reply) < MAX_REPLY and not reply.endswith(b"\n"):
            ours.settimeout(deadline.left())
            if not (piece := ours.recv(MAX_REPLY)):
                break
            reply += piece
    except OSError:
        deadline.left()  # what the probe did not answer in time is not what it could not read
    return reply


def _understood(reply: bytes) -> dict[str, Any]:
    """Return what the probe found. It has read a stranger's bytes, so its own are not trusted either."""
    try:
        found = json.loads(reply)
    except ValueError:
        return {"error": "no sense"}
    return found if isinstance(found, dict) else {"error": "no sense"}


def _judged(found: dict[str, Any]) -> float:
    """Return the length that the probe found. Raises Refused, or InternalError if the probe itself failed."""
    match found:
        case {"seconds": float(seconds)} if 0 < seconds <= MAX_SECONDS:
            return seconds
        case {"seconds": float(seconds)} if seconds > MAX_SECONDS:
            raise too_long()
        case {"blame": "memory"}:
            raise beyond("needs more than 1 GiB of memory to be measured", "serve a smaller recording")
        case {"blame": "program"}:
            raise InternalError(FAILED)
    raise not_a_recording()
