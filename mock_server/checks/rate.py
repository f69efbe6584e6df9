"""A rate limit as people write it: `100/minute`, `10 per 2 seconds`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mock_server.problems import counted

SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400, "month": 30 * 86_400, "year": 360 * 86_400}
MOST_REQUESTS = 1_000_000_000
LONGEST_WINDOW = 366 * 86_400  # seconds
_NOTATION = re.compile(
    rf"\s*([0-9]{{1,10}})\s*(?:/|per)(?:\s*([0-9]{{1,10}}))?\s*({'|'.join(SECONDS)})s?\s*", re.ASCII | re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `amount` requests in a window of so many units of time."""

    amount: int
    units: int
    unit: str

    @property
    def seconds(self) -> int:
        """How long a window is."""
        return self.units * SECONDS[self.unit]

    def __str__(self) -> str:
        """Write it so that `parse_rate` reads it: `10 per 2 second`."""
        return f"{self.amount} per {self.units} {self.unit}"

    @property
    def in_words(self) -> str:
        """Say it: `100 requests per minute`."""
        span = self.unit if self.units == 1 else counted(self.units, self.unit)
        return f"{counted(self.amount, 'request')} per {span}"


def parse_rate(text: str) -> Rate:
    """Read a rate limit. Raises ValueError, with what is accepted, if it is none or lets nothing through."""
    if found := _NOTATION.fullmatch(text):
        rate = Rate(int(found[1]), int(found[2] or 1), found[3].lower())
        if 1 <= rate.amount <= MOST_REQUESTS and 1 <= rate.seconds <= LONGEST_WINDOW:
            return rate
    raise ValueError("must be a rate limit such as 100/minute, 5/second or 1000 per hour")
