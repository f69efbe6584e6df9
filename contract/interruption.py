"""The signals that end a run: Ctrl-C, a job that CI cancels, a terminal that is closed.

A signal raises KeyboardInterrupt in the main thread. That alone is not sure: Python drops what is raised while the
garbage collector calls a function, and Hypothesis has it call one. So a signal is remembered, and a run asks before it
sends.
"""

from __future__ import annotations

import signal
from types import FrameType

INTERRUPTED = "interrupted"  # why a run ended
ENDS = [signal.SIGINT, signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else [])]

_came: list[int] = []  # a list, because a handler must not wait for a lock


def watch() -> None:
    """End what begins now at each of these signals that is not ignored, as SIGHUP is under nohup."""
    _came.clear()
    for number in ENDS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _end)


def check() -> None:
    """Raise KeyboardInterrupt if a signal has come since `watch`."""
    if _came:
        raise KeyboardInterrupt


def _end(number: int, _: FrameType | None) -> None:
    _came.append(number)
    raise KeyboardInterrupt
