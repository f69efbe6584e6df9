"""Transcripts, kept compressed up to a budget. Beyond it a digest, the lengths and the beginning remain."""

from __future__ import annotations

import hashlib
import threading
import zlib
from dataclasses import dataclass, field

EXCERPT_BYTES = 4096
DEFAULT_BUDGET = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Transcript:
    """A stored transcript.

    `characters` and `size` (bytes in UTF-8) are those of the submission, and so is `sha256`, of its UTF-8 form.
    `complete` says whether the whole text was kept.
    """

    characters: int
    size: int
    sha256: str
    complete: bool
    _compressed: bytes = field(repr=False)

    def text(self) -> str:
        """Return the whole text, or the first 4 KiB of it where the budget was used up."""
        return zlib.decompress(self._compressed).decode("utf-8", "ignore")


class TranscriptShelf:
    """Keeps transcripts whole until their compressed sizes add up to `budget` bytes."""

    def __init__(self, budget: int = DEFAULT_BUDGET) -> None:
        self._budget = budget
        self._used = 0
        self._lock = threading.Lock()

    def keep(self, text: str) -> Transcript:
        """Return the text in its stored form."""
        raw = text.encode()
        compressed = zlib.compress(raw, 1)
        with self._lock:
            complete = self._used + len(compressed) <= self._budget
            if complete:
                self._used += len(compressed)
        if not complete:
            compressed = zlib.compress(raw[:EXCERPT_BYTES], 1)
        return Transcript(len(text), len(raw), hashlib.sha256(raw).hexdigest(), complete, compressed)
