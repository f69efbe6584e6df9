"""Transcripts, kept compressed. When they use up a budget, only digest, lengths and beginning of new ones are kept."""

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

    `characters`, `size` (bytes in UTF-8) and `sha256` (of the UTF-8 form) are those of the submitted text. `complete`
    says whether the whole text was kept.
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
        """Tell whether `text` is what was submitted, even if only its beginning was kept."""
        return len(text) == self.characters and hashlib.sha256(text.encode()).hexdigest() == self.sha256

    def text(self) -> str:
        """Return the text, or its first 4 KiB if it is not complete."""
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
        """Return a transcript from a snapshot: its facts, and the text that was kept of it."""
        return self.keep(text) if kept.complete else replace(kept, _compressed=zlib.compress(text.encode(), 1))

    def drop(self, transcript: Transcript | None) -> None:
        """Return to the budget what a transcript took of it, if there is one."""
        if transcript is not None and transcript.complete:
            with self._lock:
                self._used -= transcript.stored_size
