"""The keys of a run on the disk, so that what it made can be found whatever becomes of it."""

from __future__ import annotations

import json
import time
from pathlib import Path

from contract.outcome import Untested


class Ledger:
    """An append-only list of every key a run may create, written before the request is sent."""

    def __init__(self, path: Path | None) -> None:
        self._path = path

    def write(self, key: str, credential: str | None) -> None:
        """Add a key, and see it on its way to the disk. Raises Untested if it cannot be kept: then nothing is sent."""
        if self._path is None:
            return
        entry = {"external_id": key, "credential": credential, "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
        # Half a surrogate pair, which UTF-8 cannot hold, is written as JSON escapes it.
        try:
            with self._path.open("a", encoding="utf-8", errors="backslashreplace") as file:
                file.write(json.dumps(entry, ensure_ascii=False) + "\n")
        except OSError as error:
            raise Untested(f"nothing is sent, as its key cannot be kept in {self._path}: {error.strerror}") from None
