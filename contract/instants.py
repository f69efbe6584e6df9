"""Dates and times as answers write them."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

LEAP_SECOND = re.compile(r"(?<=:59):60(?=[.Zz+-])")
# Years that a datetime cannot hold: that before the year 1, which RFC 3339 has, and ISO 8601's years of six digits.
OTHER_YEAR = re.compile(r"^(0000|[+-]\d{6})(?=-\d\d-\d\d[Tt])", re.ASCII)
LEAP_YEAR = "2000"


def instant(value: Any) -> datetime | None:
    """Return the instant of an ISO 8601 text with an offset, or None. A leap second is the second after it."""
    if (parsed := _parsed(value)) is None:
        return None
    try:
        return parsed + timedelta(seconds=LEAP_SECOND.search(value) is not None)
    except OverflowError:
        return None


def is_instant(value: Any) -> bool:
    """Tell whether this is an ISO 8601 text with an offset, also where a datetime cannot hold its year.

    A start before the year 1 or after 9999 is one of which the contract says nothing, and so is how it is shown.
    """
    return isinstance(value, str) and _parsed(OTHER_YEAR.sub(LEAP_YEAR, value)) is not None


def _parsed(value: Any) -> datetime | None:
    """Return the date and time of a text with an offset, a leap second as the one before it; else None."""
    if not isinstance(value, str):
        return None
    text = LEAP_SECOND.sub(":59", value)
    try:
        parsed = datetime.fromisoformat(text.upper() if text[-1:] == "z" else text)
    except ValueError:
        return None
    return parsed if parsed.tzinfo else None
