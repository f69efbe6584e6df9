"""Text formats of the contract. They are our own, because validators disagree on them and some crash.

Rules: BODY-7, BODY-11, BODY-18.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

_CYCLE = 400  # years, after which the calendar repeats itself
_CYCLE_DAYS = timedelta(days=146_097)

# RFC 3339, and two near forms that common libraries write: no seconds, and an offset without a colon.
_ACCEPTED = re.compile(
    r"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)[Tt](?P<time>(?P<hour>\d\d):\d\d(?::\d\d(?:\.\d+)?)?)"
    r"(?:[Zz]|[+-](?P<offset_hours>\d\d):?(?P<offset_minutes>\d\d))",
    re.ASCII,
)
# Times that name the instant which follows: the end of a day, and a leap second.
_NAMES_THE_NEXT = re.compile(r"24:00(?::00(?:\.0+)?)?|(?:[01]\d|2[0-3]):[0-5]\d:60(?:\.\d+)?", re.ASCII)
# What somebody reads as a date all the same: a calendar, week or ordinal date, with or without a time behind it.
_OTHER = re.compile(
    r"\s*[+-]?(?:(?P<year>\d{4,6})-(?P<month>\d\d)(?:-(?P<day>\d\d))?|\d{4,6}-(?:W\d\d(?:-\d)?|\d{3})|\d{8}|\d{4}W\d{2,3})"
    r"(?:[Tt_\s]+(?P<hour>\d\d)[\d:.,]*(?:\s*(?:[A-Za-z]{1,5}|[+-][\d:]+))?)?(?:\s*\[[^\]]*\])*\s*",
    re.ASCII,
)
# Something, an at sign, a host: more can be known only by sending a letter. A quoted local part may hold anything
# (RFC 5321), so it is not checked further.
_EMAIL = re.compile(r'(?:"[^\x00-\x1f\x7f]+"|[^\s@"\x00-\x1f\x7f]+)@[^\s@\x00-\x1f\x7f]+')


class InstantError(ValueError):
    """The text is no date and time that the mock takes. `rule` is BODY-7 if no server may take it, else BODY-18."""

    def __init__(self, message: str, rule: str) -> None:
        super().__init__(message)
        self.rule = rule


def parse_date_time(text: str) -> datetime:
    """Return the instant of a date and time with an offset, in UTC. Raises InstantError with what to do.

    The form is that of RFC 3339 with T and Z in any case. The seconds, and the colon of the offset, may be left out.
    The year in UTC must be 1 to 9999.
    """
    match = _ACCEPTED.fullmatch(text)
    if match is None:
        raise _in_another_form(text)
    _check_day(match)
    if match["offset_hours"] is not None and (match["offset_hours"] > "23" or match["offset_minutes"] > "59"):
        raise _none("has an offset that does not exist: it goes from -23:59 to +23:59")
    if _NAMES_THE_NEXT.fullmatch(match["time"]):
        raise _other("names the hour 24 or the second 60: write the instant that follows")
    year = int(match["year"])
    # Python has no year 0. What begins in it can lie in the year 1 in UTC, so it is read in another cycle.
    readable = text if year else f"{_CYCLE:04}{text[4:]}"
    try:
        instant = datetime.fromisoformat(readable.upper())
    except ValueError:
        raise _none("names a day or a time that does not exist") from None
    try:
        return instant.astimezone(UTC) - (timedelta() if year else _CYCLE_DAYS)
    except OverflowError:
        raise _other("must be in the years 1 to 9999 in UTC") from None


def parse_clock_time(text: str) -> datetime:
    """Return an instant that the clock of the mock can stand at: of the years 1970 to 9000. Raises ValueError."""
    instant = parse_date_time(text)
    if not 1970 <= instant.year <= 9000:  # noqa: PLR2004  ids count from 1970, and a recording ends after it begins
        msg = "must be in the years 1970 to 9000"
        raise ValueError(msg)
    return instant


def _in_another_form(text: str) -> InstantError:
    """Say why a text that does not have the accepted form is refused: it is no date, or a date in another form."""
    advice = "must be a date and time with an offset, such as 2026-03-02T09:30:00+01:00"
    match = _OTHER.fullmatch(text)
    if match is None:
        return _none(advice)
    try:
        _check_day(match)
    except InstantError as error:
        return error
    return _other(advice)


def _check_day(match: re.Match[str]) -> None:
    """Raise InstantError if the day or the hour does not exist. A year outside 1 to 9999 is none of its business."""
    try:
        if match["month"]:
            date(int(match["year"]) % _CYCLE + _CYCLE, int(match["month"]), int(match["day"] or 1))
        exists = (match["hour"] or "0") <= "24"
    except ValueError:
        exists = False
    if not exists:
        raise _none("names a day or a time that does not exist")


def _none(message: str) -> InstantError:
    return InstantError(message, "BODY-7")


def _other(message: str) -> InstantError:
    return InstantError(message, "BODY-18")


def check_email(text: str) -> None:
    """Raise ValueError unless the text looks like an e-mail address."""
    if _EMAIL.fullmatch(text) is None:
        msg = "must be an e-mail address, such as ada@example.com"
        raise ValueError(msg)
