"""The clock as JSON."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from mock_server.admin.fields import Fields
from mock_server.checks.formats import parse_clock_time
from mock_server.clock import Clock, rfc3339

_DURATION = re.compile(
    r"P(?!$)(?:(\d{1,5})W)?(?:(\d{1,6})D)?(?:T(?!$)(?:(\d{1,7})H)?(?:(\d{1,8})M)?(?:(\d{1,9}(?:\.\d{1,6})?)S)?)?",
    re.ASCII,
)


def parse_duration(text: str) -> timedelta:
    """Read a duration of ISO 8601 in weeks, days, hours, minutes and seconds: `PT1H30M`. Raises ValueError."""
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ValueError("must be a duration such as PT90S, PT1H30M or P2D")
    weeks, days, hours, minutes, seconds = (float(part or 0) for part in match.groups())
    return timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)


def show_clock(clock: Clock) -> dict[str, Any]:
    """Return `{now, frozen, offset_seconds}`."""
    offset, frozen = clock.setting()
    return {"now": rfc3339(clock.now()), "frozen": frozen is not None, "offset_seconds": offset.total_seconds()}


def set_clock(clock: Clock, fields: Fields) -> None:
    """Freeze the clock (at an instant, or `true` for the present one), advance it or reset it. Raises Invalid."""
    names = [name for name in ("freeze", "advance", "reset") if fields.has(name)]
    if len(names) != 1 and not fields.errors:
        fields.fail("", "value", "must hold exactly one of freeze, advance, reset")
    at = None if fields.members.get("freeze") is True else fields.parsed("freeze", None, parse_clock_time)
    by = fields.parsed("advance", timedelta(), parse_duration)
    if fields.has("reset") and fields.members["reset"] is not True:
        fields.fail("reset", "value", "must be true")
    fields.finish()
    match names[0]:
        case "freeze":
            clock.freeze(at)
        case "advance":
            try:
                clock.advance(by)
            except (ValueError, OverflowError):
                fields.fail("advance", "value", "must not lead beyond the year 9000")
                fields.finish()
        case _:
            clock.reset()
