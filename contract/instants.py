"""Dates and times as answers write them."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

LEAP_SECOND = re.compile(r"(?<=:59):60(?=[.Zz+-])")


def instant(value: Any) -> datetime | None:
    """Return the instant of an ISO 8601 text with an offset, or None. A leap second is the second after it."""
    if not isinstance(value, str):
        return None
    text = LEAP_SECOND.sub(":59", value)
    try:
        parsed = datetime.fromisoformat(text.upper() if text[-1:] == "z" else text)
    except ValueError:
        return None
    return parsed + timedelta(seconds=text != value) if parsed.tzinfo else None
