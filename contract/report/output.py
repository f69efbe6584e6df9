"""Standard output and standard error of a run, which outlive whoever reads them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, TextIO, cast


class Output:
    """A stream that drops what nobody takes any more: the disk is full, or the reader has gone.

    The reports of a run and its exit code do not depend on that.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write a text, or drop it."""
        try:
            return self._stream.write(text)
        except OSError:
            self._drop()
            return len(text)

    def flush(self) -> None:
        """Write what is in the buffer, or drop it."""
        try:
            self._stream.flush()
        except OSError:
            self._drop()

    def _drop(self) -> None:
        """Lead the stream to nowhere: what its buffer holds would fail again, at the end of the process too."""
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self._stream.fileno())
        os.close(nowhere)
        self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def outliving(out: TextIO | None, errors: TextIO | None) -> Iterator[None]:
    """Let the block write to these streams, as long as they take it. None is one that was closed from the start."""
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        streams = [cast("TextIO", Output(stream or nowhere)) for stream in (out, errors)]
        with redirect_stdout(streams[0]), redirect_stderr(streams[1]):
            yield
            streams[0].flush()
