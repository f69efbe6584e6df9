"""The body of one recording: in memory while it is small, then in a file that has no name to be left behind."""

from __future__ import annotations

import io
import tempfile
from types import TracebackType
from typing import IO, Self

from mock_server.problems import InternalError


class Spool:
    """Takes bytes until it is closed, `in_memory` of them without a file. `size` counts them."""

    def __init__(self, in_memory: int) -> None:
        self._in_memory = in_memory
        self._file: IO[bytes] = io.BytesIO()
        self.size = 0

    def write(self, piece: bytes) -> None:
        """Add bytes. Raises InternalError when the disk is full: that is our trouble, not the sender's."""
        try:
            if self.size <= self._in_memory < self.size + len(piece):
                self._roll_over()
            self._file.write(piece)
        except OSError as error:
            raise no_room(error) from None
        self.size += len(piece)

    def content(self) -> bytes | int:
        """Return the bytes, or beyond memory a descriptor of the file that holds them. Raises InternalError."""
        if isinstance(self._file, io.BytesIO):
            return self._file.getvalue()
        try:
            self._file.flush()
        except OSError as error:
            raise no_room(error) from None
        return self._file.fileno()

    def _roll_over(self) -> None:
        file = tempfile.TemporaryFile(prefix="mock-server-")  # noqa: SIM115  closed with the spool
        memory, self._file = self._file, file
        with memory:
            file.write(memory.getvalue() if isinstance(memory, io.BytesIO) else b"")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._file.close()


def no_room(error: OSError) -> InternalError:
    """Return the problem of a server that cannot keep a body while it measures it."""
    return InternalError(f"The recording cannot be stored while it is measured ({error.strerror}): free disk space.")
