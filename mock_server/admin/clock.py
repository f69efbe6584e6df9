"""The clock as JSON."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, PlainValidator, model_validator

from mock_server.admin.orders import invalid
from mock_server.checks.formats import parse_clock_time
from mock_server.clock import Clock, rfc3339
from mock_server.reading import Accepts, Mistake, Model


def _freeze(value: object) -> datetime | None:
    if isinstance(value, str):
        return parse_clock_time(value)
    if value is not True:
        raise ValueError("must be an instant, or true for the present one")
    return None


def _true(value: bool) -> bool:  # noqa: FBT001  a validator
    if not value:
        raise ValueError("must be true")
    return value


class ClockOrder(Model):
    """One change of the clock. It stops at an instant (None is the present one), or moves on, or is set back."""

    freeze: Annotated[datetime | None, PlainValidator(_freeze)] = None
    advance: Annotated[
        timedelta, Field(ge=timedelta(), strict=False), Accepts("a duration such as PT90S, PT1H30M or P2D")
    ] = timedelta()
    reset: Annotated[bool, AfterValidator(_true)] = False

    @model_validator(mode="after")
    def _one(self) -> Self:
        if len(self.model_fields_set) != 1:
            raise ValueError("must hold exactly one of freeze, advance, reset")
        return self


def show_clock(clock: Clock) -> dict[str, Any]:
    """Return `{now, frozen, offset_seconds}`."""
    now, offset, frozen = clock.reading()
    return {"now": rfc3339(now), "frozen": frozen is not None, "offset_seconds": offset.total_seconds()}


def set_clock(clock: Clock, order: ClockOrder) -> None:
    """Freeze the clock, advance it or reset it. Raises Invalid."""
    if order.reset:
        clock.reset()
    elif "freeze" in order.model_fields_set:
        clock.freeze(order.freeze)
    else:
        try:
            clock.advance(order.advance)
        except (ValueError, OverflowError):
            raise invalid([Mistake(("advance",), "value", "must not lead beyond the year 9000")]) from None
