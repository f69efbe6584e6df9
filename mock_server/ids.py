"""Ids as the API writes them: a prefix and a ULID (`ngmt_01JB…`), from one seeded source."""

from __future__ import annotations

import hashlib
import random
from datetime import datetime

from ulid import ULID

from mock_server.clock import Clock


class Ids:
    """Makes new ids from the clock and a seeded random source: one seed and one clock give one sequence."""

    def __init__(self, clock: Clock, seed: int | None = None) -> None:
        self._clock = clock
        self._random = random.Random(seed)  # noqa: S311  repeatable on purpose: an id is no secret

    def new(self, prefix: str, at: datetime | None = None) -> str:
        """Return an id that nobody has yet, such as `ngmt_01JB5Z0Q4T3V2K8M6N9P7R5S4W`."""
        milliseconds = int((at or self._clock.now()).timestamp() * 1000)
        ulid = milliseconds << 80 | self._random.getrandbits(80)
        return f"{prefix}_{ULID(ulid.to_bytes(16))}"


def derived(prefix: str, *parts: str) -> str:
    """Return the id that always belongs to these parts, such as a user's id from their e-mail address."""
    digest = hashlib.sha256("\0".join((prefix, *parts)).encode()).digest()
    return f"{prefix}_{ULID(bytes(2) + digest[:14])}"
