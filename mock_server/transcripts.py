"""Transcripts, kept compressed up to a budget. Beyond it a digest, the lengths and the beginning remain."""

from __future__ import annotations

import hashlib
import threading
import zlib
from dataclasses import dataclass, field, replace

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

    @property
    def stored_size(self) -> int:
        """How many bytes it takes."""
        return len(self._compressed)

    def is_of(self, text: str) -> bool:
        """Tell whether this is the whole of `text`, stored or not."""
        return len(text) == self.characters and hashlib.sha256(text.encode()).hexdigest() == self.sha256

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

    def restore(self, kept: Transcript, text: str) -> Transcript:
        """Return a transcript with the facts of another one and this text: the whole, or what was kept of it."""
        return self.keep(text) if kept.complete else replace(kept, _compressed=zlib.compress(text.encode(), 1))

    def drop(self, transcript: Transcript) -> None:
        """Give back what a transcript took of the budget."""
        if transcript.complete:
            with self._lock:
                self._used -= transcript.stored_size
