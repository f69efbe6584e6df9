"""Dates and e-mail addresses."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_server import Running
from mock_server.checks.formats import check_email, parse_date_time
from mock_server.clock import rfc3339
from tests.kit.checks import check_problem
from tests.kit.http import create


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("2026-03-02T09:30:00Z", "2026-03-02T09:30:00.000Z"),
        ("2026-03-02t09:30:00z", "2026-03-02T09:30:00.000Z"),
        ("2026-03-02T09:30:00+01:00", "2026-03-02T08:30:00.000Z"),
        ("2026-03-02T09:30:00-00:00", "2026-03-02T09:30:00.000Z"),
        ("2026-03-02T00:30:00+23:59", "2026-03-01T00:31:00.000Z"),
        ("2026-12-31T23:59:59-23:59", "2027-01-01T23:58:59.000Z"),
        ("2026-03-02T09:30:00.1Z", "2026-03-02T09:30:00.100Z"),
        ("2026-03-02T09:30:00.9999999999Z", "2026-03-02T09:30:00.999Z"),
        ("2024-02-29T00:00:00Z", "2024-02-29T00:00:00.000Z"),
        ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000Z"),
        ("1970-01-01T00:00:00+23:59", "1969-12-31T00:01:00.000Z"),
        ("9000-12-31T23:59:59-23:59", "9001-01-01T23:58:59.000Z"),
        ("2026-03-02T09:30:00." + "1" * 10_000 + "Z", "2026-03-02T09:30:00.111Z"),
    ],
    ids=range(13),
)
def test_an_instant_is_honoured_and_answered_in_utc(server: Running, text: str, shown: str) -> None:
    """start_at with any offset comes back as the same instant, in UTC with milliseconds."""
    answer = create(server, start_at=text)
    assert (answer.status, answer.json()["start_at"]) == (201, shown)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "now",
        "2026-03-02",
        "2026-03-02T09:30:00",
        "2026-03-02T09:30Z",
        "2026-03-02 09:30:00Z",
        "20260302T093000Z",
        "2026-W10-1T09:30:00Z",
        "2026-061T09:30:00Z",
        "2026-3-2T9:30:00Z",
        "2026-02-29T00:00:00Z",
        "2026-04-31T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2026-01-00T00:00:00Z",
        "2026-03-02T24:00:00Z",
        "2026-03-02T09:60:00Z",
        "2026-03-02T23:59:60Z",
        "2026-03-02T09:30:00.Z",
        "2026-03-02T09:30:00,5Z",
        "2026-03-02T09:30:00+1:00",
        "2026-03-02T09:30:00+0100",
        "2026-03-02T09:30:00+24:00",
        "2026-03-02T09:30:00+01:60",
        "2026-03-02T09:30:00 Z",
        " 2026-03-02T09:30:00Z",
        "2026-03-02T09:30:00Z\n",
        "2026-03-02T09:30:00Z\0",
        "２０２６-03-02T09:30:00Z",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "1969-12-31T23:59:59Z",
        "9001-01-01T00:00:00Z",
        "9999-12-31T23:59:59-23:59",
        "10000-01-01T00:00:00Z",
        "-2026-03-02T09:30:00Z",
        "1772443800",
    ],
)
def test_what_is_no_instant_is_refused(server: Running, text: str) -> None:
    """Text that is no RFC 3339 date-time with an offset, and days and hours that do not exist, get 422."""
    answer = create(server, start_at=text)
    check_problem(answer, 422)
    assert (answer.fields, answer.rules) == ({"/start_at": "date_time"}, {"/start_at": "BODY-7"})


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/St_Johns"])
def test_the_zone_of_the_machine_changes_nothing(monkeypatch: pytest.MonkeyPatch, zone: str) -> None:
    """An instant without an offset of its own is UTC, wherever the server runs."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", zone)
        time.tzset()
        parsed = parse_date_time("2026-03-02T09:30:00Z")
    time.tzset()
    assert (parsed, parsed.tzinfo) == (datetime(2026, 3, 2, 9, 30, tzinfo=UTC), UTC)


OFFSETS = st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(st.datetimes(datetime(1970, 1, 1), datetime(9000, 12, 31)), OFFSETS)  # noqa: DTZ001  zones are drawn apart
def test_parsing_undoes_writing(naive: datetime, zone: timezone) -> None:
    """Every instant of the years that are allowed is read as it was written, whatever its offset."""
    instant = naive.replace(tzinfo=zone)
    parsed = parse_date_time(instant.isoformat())
    assert (parsed, parsed.tzinfo) == (instant, UTC)
    assert rfc3339(parsed).endswith("Z")


@given(st.text(max_size=40) | st.from_regex(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d"))
def test_any_text_is_an_instant_or_refused(text: str) -> None:
    """No text makes the parser fail in any other way than by saying what is wrong."""
    try:
        outcome: object = parse_date_time(text).tzinfo
    except ValueError as refused:
        outcome = str(refused).split()[0]
    assert outcome in {UTC, "must", "has", "names"}


@pytest.mark.parametrize(
    "text",
    [
        "a@b",
        "ada@example.com",
        "Ada+x@sub.example.co.uk",
        "ädä@exämple.com",
        '"a b"@c',
        '"a@b"@c',
        "a@[127.0.0.1]",
        "a@b." + "c" * 500,
    ],
)
def test_addresses_are_accepted(text: str) -> None:
    """Something, an at sign and a host make an address."""
    check_email(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ada",
        "@",
        "a@",
        "@b",
        "a@b@c",
        "a b@c",
        "a@b c",
        " a@b",
        "a@b\n",
        "a@b\0",
        "a\0@b",
        '"a@b',
        '"a\n"@b',
        '""@b',
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    """Without an at sign, with white space or with two at signs it is none."""
    with pytest.raises(ValueError, match="must be an e-mail address"):
        check_email(text)
