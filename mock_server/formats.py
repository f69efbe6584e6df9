"""Text formats of the contract, as our own functions: validators disagree on them, and some crash. Rule: BODY-7."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

FIRST_YEAR, LAST_YEAR = 1970, 9000

_DATE_TIME = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})[Tt](\d{2}):(\d{2}):(\d{2})(?:\.(\d+))?(?:[Zz]|([+-])(\d{2}):(\d{2}))", re.ASCII
)
# Something, an at sign, a host. More than that only a letter to the address can tell. A quoted local part may hold
# anything (RFC 5321), so only the unquoted one is looked at.
_EMAIL = re.compile(r'(?:"[^\x00-\x1f\x7f]+"|[^\s@"\x00-\x1f\x7f]+)@[^\s@\x00-\x1f\x7f]+')


def parse_date_time(text: str) -> datetime:
    """Return the instant of an RFC 3339 date-time, in UTC. Raises ValueError with what to do.

    An offset is required; T and Z may be lower case; the year is 1970 to 9000 and there is no second 60, so that
    every accepted instant can be moved to UTC and shown.
    """
    match = _DATE_TIME.fullmatch(text)
    if match is None:
        msg = "must be a date and time with an offset, such as 2026-03-02T09:30:00+01:00"
        raise ValueError(msg)
    *fields, fraction, sign, offset_hours, offset_minutes = match.groups()
    year, month, day, hour, minute, second = map(int, fields)
    if not FIRST_YEAR <= year <= LAST_YEAR:
        msg = f"must be in the years {FIRST_YEAR} to {LAST_YEAR}"
        raise ValueError(msg)
    zone: timezone = UTC
    if sign is not None:
        hours, minutes = int(offset_hours), int(offset_minutes)
        if hours > 23 or minutes > 59:  # noqa: PLR2004  the clock's own limits
            msg = "has an offset that does not exist: it goes from -23:59 to +23:59"
            raise ValueError(msg)
        offset = timedelta(hours=hours, minutes=minutes)
        zone = timezone(-offset if sign == "-" else offset)
    microsecond = int((fraction or "").ljust(6, "0")[:6])
    try:
        return datetime(year, month, day, hour, minute, second, microsecond, zone).astimezone(UTC)
    except ValueError:
        msg = "names a day or a time that does not exist"
        raise ValueError(msg) from None


def check_email(text: str) -> None:
    """Raise ValueError unless the text looks like an e-mail address."""
    if _EMAIL.fullmatch(text) is None:
        msg = "must be an e-mail address, such as ada@example.com"
        raise ValueError(msg)
