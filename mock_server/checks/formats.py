"""Text formats of the contract. They are our own, because validators disagree on them and some crash. Rule: BODY-7."""

from __future__ import annotations

import re
from datetime import UTC, datetime

FIRST_YEAR, LAST_YEAR = 1970, 9000

_DATE_TIME = re.compile(r"(\d{4})-\d{2}-\d{2}[Tt](\d{2}):\d{2}:\d{2}(?:\.\d+)?(?:[Zz]|[+-](\d{2}):(\d{2}))", re.ASCII)
# Something, an at sign, a host: more can be known only by sending a letter. A quoted local part may hold anything
# (RFC 5321), so it is not checked further.
_EMAIL = re.compile(r'(?:"[^\x00-\x1f\x7f]+"|[^\s@"\x00-\x1f\x7f]+)@[^\s@\x00-\x1f\x7f]+')


def parse_date_time(text: str) -> datetime:
    """Return the instant of an RFC 3339 date-time, in UTC. Raises ValueError with what to do.

    An offset is required, and T and Z may be lower case. The year must be 1970 to 9000 and there is no second 60, so
    that every accepted instant has a form in UTC.
    """
    match = _DATE_TIME.fullmatch(text)
    if match is None:
        msg = "must be a date and time with an offset, such as 2026-03-02T09:30:00+01:00"
        raise ValueError(msg)
    year, hour, offset_hours, offset_minutes = match.groups()
    if not FIRST_YEAR <= int(year) <= LAST_YEAR:
        msg = f"must be in the years {FIRST_YEAR} to {LAST_YEAR}"
        raise ValueError(msg)
    if offset_hours is not None and (offset_hours > "23" or offset_minutes > "59"):
        msg = "has an offset that does not exist: it goes from -23:59 to +23:59"
        raise ValueError(msg)
    try:
        instant = datetime.fromisoformat(text.upper())
    except ValueError:
        instant = None
    if instant is None or hour > "23":  # newer versions of Python read 24:00 as midnight
        msg = "names a day or a time that does not exist"
        raise ValueError(msg)
    return instant.astimezone(UTC)


def check_email(text: str) -> None:
    """Raise ValueError unless the text looks like an e-mail address."""
    if _EMAIL.fullmatch(text) is None:
        msg = "must be an e-mail address, such as ada@example.com"
        raise ValueError(msg)
