"""Waiting for a condition, and counting what a process holds."""

from __future__ import annotations

import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


def wait_until(condition: Callable[[], object], seconds: float = 10.0) -> None:
    """Poll until the condition holds. Fails when the time is up."""
    deadline, pause = time.monotonic() + seconds, threading.Event()
    while not condition():
        assert time.monotonic() < deadline, "it did not come true in time"
        pause.wait(0.005)


def descriptors() -> int:
    """Return how many files and sockets this process holds, and one for looking."""
    return len(os.listdir("/dev/fd"))  # noqa: PTH208  a number is enough


@contextmanager
def nothing_left() -> Iterator[None]:
    """Assert that the block leaves no descriptor, no thread of media and no temporary file."""
    before = descriptors()
    yield
    wait_until(lambda: not [thread for thread in threading.enumerate() if thread.name.startswith("media")])
    wait_until(lambda: descriptors() <= before)
    assert list(Path(tempfile.gettempdir()).iterdir()) == []
