"""Signed links to recordings, which work for a short time by the clock of the mock. Rule: READ-14."""

from __future__ import annotations

import hmac
import io
import math
import wave
from functools import cache
from urllib.parse import urlencode

from mock_server.clock import Clock
from mock_server.problems import Problem

PATH = "/media/<engagement_id>"
LIFE = 300  # seconds that a link works at least, and that an engagement keeps one link
RATE = 8000  # samples a second
TONE = 440  # Hz


class LinkRefused(Problem):
    """The link has expired, or is not one that this server gave out."""

    status = 403
    slug = "link_refused"
    title = "Link refused"


class Links:
    """Makes links and checks them. Whoever does not have the `key` cannot make one."""

    def __init__(self, clock: Clock, key: bytes) -> None:
        self._clock = clock
        self._key = key

    def link(self, origin: str, engagement_id: str) -> str:
        """Return a link to the recording of an engagement. It is the same for five minutes, and works for five more."""
        expires = str((int(self._clock.timestamp()) // LIFE + 2) * LIFE)
        query = urlencode({"expires": expires, "signature": self._signature(engagement_id, expires)})
        return f"{origin}{PATH.replace('<engagement_id>', engagement_id)}?{query}"

    def check(self, engagement_id: str, expires: str, signature: str) -> None:
        """Raise LinkRefused unless this is a link that was given out and has not expired."""
        right = self._signature(engagement_id, expires)
        if not hmac.compare_digest(right.encode(), signature.encode()):
            raise LinkRefused(
                "The signature is not that of this link. Use the link as it was given out.", rule="READ-14"
            )
        if self._clock.timestamp() >= int(expires):
            raise LinkRefused("The link has expired. Ask for a new one with expand=media_url.", rule="READ-14")

    def _signature(self, engagement_id: str, expires: str) -> str:
        return hmac.digest(self._key, f"{expires} {engagement_id}".encode(), "sha256").hex()


@cache
def recording() -> bytes:
    """Return a second of a tone as a WAV file: what every link leads to, because the mock keeps no recordings."""
    samples = bytes(128 + round(60 * math.sin(2 * math.pi * TONE * place / RATE)) for place in range(RATE))
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(1)
        writer.setframerate(RATE)
        writer.writeframes(samples)
    return file.getvalue()
