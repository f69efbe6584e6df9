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
from tests.kit.control import Client
from tests.kit.http import create

ACCEPTED = {
    "2026-03-02T09:30:00Z": "2026-03-02T09:30:00.000Z",
    "2026-03-02t09:30:00z": "2026-03-02T09:30:00.000Z",
    "2026-03-02T09:30:00+01:00": "2026-03-02T08:30:00.000Z",
    "2026-03-02T09:30:00-00:00": "2026-03-02T09:30:00.000Z",
    "2026-03-02T00:30:00+23:59": "2026-03-01T00:31:00.000Z",
    "2026-12-31T23:59:59-23:59": "2027-01-01T23:58:59.000Z",
    "2026-03-02T09:30:00.1Z": "2026-03-02T09:30:00.100Z",
    "2026-03-02T09:30:00.9999999999Z": "2026-03-02T09:30:00.999Z",
    "2026-03-02T09:30:00." + "1" * 10_000 + "Z": "2026-03-02T09:30:00.111Z",
    "2024-02-29T00:00:00Z": "2024-02-29T00:00:00.000Z",
    # the near forms
    "2026-03-02T09:30Z": "2026-03-02T09:30:00.000Z",
    "2026-03-02t09:30z": "2026-03-02T09:30:00.000Z",
    "2026-03-02T09:30:00+0000": "2026-03-02T09:30:00.000Z",
    "2026-03-02T09:30:00.25-0530": "2026-03-02T15:00:00.250Z",
    "2026-03-02T09:30+01:00": "2026-03-02T08:30:00.000Z",
    "2026-03-02T09:30+0100": "2026-03-02T08:30:00.000Z",
    # the years 1 to 9999 in UTC
    "1969-12-31T23:59:59Z": "1969-12-31T23:59:59.000Z",
    "1583-01-01T00:00Z": "1583-01-01T00:00:00.000Z",
    "0987-06-05T04:03:02.001Z": "0987-06-05T04:03:02.001Z",
    "0001-01-01T00:00:00Z": "0001-01-01T00:00:00.000Z",
    "0000-12-31T23:30:00-01:00": "0001-01-01T00:30:00.000Z",
    "0001-01-01T01:00:00+01:00": "0001-01-01T00:00:00.000Z",
    "9001-01-01T00:00:00Z": "9001-01-01T00:00:00.000Z",
    "9999-12-31T23:58:29Z": "9999-12-31T23:58:29.000Z",
}


@pytest.mark.parametrize(("text", "shown"), ACCEPTED.items(), ids=range(len(ACCEPTED)))
def test_an_instant_is_honoured_and_answered_in_utc(server: Running, text: str, shown: str) -> None:
    """start_at with any offset comes back as the same instant, in UTC with milliseconds and four digits of the year."""
    answer = create(server, start_at=text)
    assert (answer.status, answer.json()["start_at"], answer.json()["engagement_at"]) == (201, shown, shown)


NO_DATE = [
    *(
        "",
        "x",
        "now",
        "2026",
        "1772443800",
        "01/02/2026",
        "2. März 2026",
        "2026-3-2T9:30:00Z",
        "２０２６-03-02T09:30:00Z",
    ),
    *("2026-03-02T09:30:00Z\0", "2026-03-02T09:30:00Z or so"),
    # a day, an hour or an offset that does not exist, in any form
    *("2026-02-29T00:00:00Z", "2026-04-31T00:00:00Z", "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z"),
    *("2026-01-00T00:00:00Z", "2026-03-02T25:00:00Z", "2026-03-02T24:30:00Z", "2026-03-02T09:60:00Z"),
    *("2026-03-02T23:59:61Z", "2026-03-02T09:30:00+24:00", "2026-03-02T09:30:00+01:60", "2026-03-02T09:30:00-9900"),
    *("2026-03-02T24:00:30Z", "2026-03-02T24:00:00.5Z", "2026-03-02T24:00:60Z", "2026-03-02T24:01:60Z"),
    *("2026-03-02T09:75:60Z", "2026-03-02T24:00:00+99:00", "2016-12-31T23:59:60+01:60"),
    *("2026-02-30", "2026-02-30T09:30", "2026-02-29T23:59:60Z", "0000-02-30T00:00:00Z", "2026-03-02T31:00"),
]
OTHER_FORM = [
    *("2026-03-02", "2026-03", "2026-03-02T09:30:00", "2026-03-02T09:30", "2026-03-02 09:30:00Z", "20260302"),
    *("20260302T093000Z", "2026-W10-1T09:30:00Z", "2026-W10", "2026W101", "2026-061T09:30:00Z", "2026-061"),
    *("2026-03-02T09:30:00[Europe/Paris]", "2026-03-02T09:30:00+01:00[Europe/Paris]", "2026-03-02T09:30:00 UTC"),
    *("2026-03-02T24:00:00Z", "2026-03-02T24:00Z", "2026-03-02T24:00:00.000Z", "2026-03-02T24:00-01:00"),
    *("2016-12-31T23:59:60Z", "2026-03-02T09:30:60.5+01:00"),
    *("2026-03-02T09:30:00.Z", "2026-03-02T09:30:00,5Z", "2026-03-02T09:30.5Z", "2026-03-02T09Z"),
    *("2026-03-02T09:30:00+1:00", "2026-03-02T09:30:00+01", "2026-03-02T09:30:00 Z", "2026-03-02T09:30:00+01:00:30"),
    *(" 2026-03-02T09:30:00Z", "2026-03-02T09:30:00Z\n"),
    # outside the years 1 to 9999 in UTC
    *("0000-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "0000-12-31T23:59:59Z", "9999-12-31T23:59:59-23:59"),
    *("10000-01-01T00:00:00Z", "-2026-03-02T09:30:00Z", "+12026-03-02T09:30:00Z"),
]


@pytest.mark.parametrize(
    ("text", "rule"), [*((text, "BODY-7") for text in NO_DATE), *((text, "BODY-18") for text in OTHER_FORM)]
)
def test_what_is_no_instant_is_refused(server: Running, text: str, rule: str) -> None:
    """What is no date, or none that exists, breaks the must rule; a date in another form only that about forms."""
    answer = create(server, start_at=text)
    check_problem(answer, 422)
    assert (answer.fields, answer.rules) == ({"/start_at": "date_time"}, {"/start_at": rule})


@pytest.mark.parametrize(
    ("start", "seconds"),
    [("9999-12-31T23:59:00Z", 60), ("9999-12-31T22:59:00-01:00", 60), ("9999-12-31T00:00:00Z", 86_400)],
)
def test_a_start_whose_end_cannot_be_written_is_refused(client: Client, start: str, seconds: int) -> None:
    """How long the recording is shows after it was fetched: the refusal comes then, and the key stays free."""
    late = {"start_at": start, "media_url": f"https://media.mock.test/ok.mp3?duration={seconds}", "external_id": "late"}
    answer = client.post(**late)
    check_problem(answer, 422)
    assert (answer.fields, answer.rules) == ({"/start_at": "date_time"}, {"/start_at": "BODY-18"})
    assert next(step["step"] for step in client.last()["trace"] if step["verdict"] == "refused") == "media"
    shorter = client.post(**late | {"media_url": f"https://media.mock.test/ok.mp3?duration={seconds - 1}"})
    assert (shorter.status, shorter.json()["end_at"][:4]) == (201, "9999")


@pytest.mark.parametrize("year", [1, 33, 987, 1969, 9001, 9999])
def test_the_clock_of_the_mock_stands_where_ids_can_be_made(client: Client, year: int) -> None:
    """The clock can be set to fewer years than a call can begin in, and says which."""
    answer = client.admin("PUT", "/clock", {"freeze": f"{year:04}-03-02T09:30:00Z"})
    assert "1970 to 9000" in check_problem(answer, 422)["errors"][0]["message"]
    assert client.post().status == 201


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


@given(st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30)), OFFSETS)  # noqa: DTZ001  zones are drawn apart
def test_parsing_undoes_writing(naive: datetime, zone: timezone) -> None:
    """Every instant of the years that are allowed is read as it was written, whatever its offset."""
    instant = naive.replace(tzinfo=zone)
    text = instant.isoformat()
    parsed = parse_date_time(text)
    assert (parsed, parsed.tzinfo) == (instant, UTC)
    assert parse_date_time(f"{text[:-3]}{text[-2:]}") == instant
    assert parse_date_time(rfc3339(parsed)) == parsed.replace(microsecond=parsed.microsecond // 1000 * 1000)


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
