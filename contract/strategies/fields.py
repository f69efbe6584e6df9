"""Instants, participants and JSON values, each with its verdict. Rules: BODY-7 to BODY-11, BODY-16 to BODY-18."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from hypothesis import strategies as st

from contract.cases import bodies
from contract.cases.verdict import ACCEPTED, FREE, REFUSED, Judged
from contract.strategies.texts import prose

Values = st.SearchStrategy[Any]
_NO_TEXT: Values = st.one_of(st.integers(), st.booleans(), st.just([]), st.just({}), st.just(["Ada"]))
_NO_OBJECT: Values = st.one_of(st.integers(), st.booleans(), st.just("Ada"), st.just(["Ada"]))
_NO_LIST: Values = st.one_of(st.integers(), st.booleans(), st.just("Ada"), st.just({}), st.just({"name": "Ada"}))
_OFFSETS = st.integers(-12 * 4, 14 * 4).map(lambda quarters: timezone(timedelta(minutes=15 * quarters)))


@dataclass(frozen=True)
class Instant(Judged):
    """A value in the place of `start_at`; `meant` is the moment it stands for, in UTC, if it stands for one."""

    meant: datetime | None = None


@dataclass(frozen=True)
class Participants(Judged):
    """A value in the place of `participants`."""


@st.composite
def instants(draw: st.DrawFn) -> Instant:
    """Draw a date and time with an offset, which a conforming target honours. Rule: BODY-8."""
    naive = st.datetimes(datetime(2000, 1, 1), datetime(2099, 12, 31))  # noqa: DTZ001  the offset is drawn apart
    moment = draw(naive).replace(tzinfo=draw(_OFFSETS))
    places = draw(st.sampled_from(("seconds", "milliseconds", "microseconds")))
    text = moment.isoformat(timespec=places)
    if moment.tzinfo is not None and not moment.utcoffset() and draw(st.booleans()):
        text = text.replace("+00:00", "Z")
    return Instant(text, ACCEPTED, "BODY-8", "a date and time with an offset", moment.astimezone(UTC))


@st.composite
def impossible_instants(draw: st.DrawFn) -> Instant:
    """Draw a text of the right form that names no day or time, or a value that is no date at all. Rule: BODY-7."""
    kind = draw(st.sampled_from(("month", "day", "hour", "minute", "offset", "text", "type")))
    if kind == "type":
        value: Any = draw(_NO_TEXT)
    elif kind == "text":
        value = draw(st.sampled_from(("", "yesterday", "not a date", "01/02/2026", "2026-02-29T10:00:00Z")))
    else:
        parts = {"month": 1, "day": 1, "hour": 10, "minute": 0, "offset": 0}
        first_wrong = {"month": 13, "day": 32, "hour": 25, "minute": 60, "offset": 25}
        parts[kind] = draw(st.integers(first_wrong[kind], 99))
        value = "2026-{month:02}-{day:02}T{hour:02}:{minute:02}:00+{offset:02}:00".format(**parts)
    return Instant(value, REFUSED, "BODY-7", "no date and time")


def unusual_instants() -> st.SearchStrategy[Instant]:
    """Draw another form of ISO 8601, or one that few libraries read: the contract is silent. Rule: BODY-18."""
    return st.sampled_from(
        [Instant(text, FREE, "BODY-18", "another form of ISO 8601") for text in bodies.OTHER_INSTANTS]
    )


_EMAILS = st.from_regex(r"[a-z][a-z0-9._+-]{0,8}[a-z0-9]@[a-z]{1,8}\.example", fullmatch=True).filter(
    lambda text: ".." not in text
)
_PEOPLE = st.one_of(
    st.fixed_dictionaries({"name": prose(1)}),
    st.fixed_dictionaries({"email": _EMAILS}),
    st.fixed_dictionaries({"name": prose(1), "email": _EMAILS}),
)


def participants() -> st.SearchStrategy[Participants]:
    """Draw participants with a name, an e-mail address or both. Rule: BODY-10."""
    people = st.lists(_PEOPLE, max_size=4)
    return people.map(lambda value: Participants(value, ACCEPTED, "BODY-10", "participants"))


def wrong_participants() -> st.SearchStrategy[Participants]:
    """Draw what is no list of objects, or an object whose name or e-mail is no text. Rule: BODY-9."""
    person: st.SearchStrategy[Any] = st.one_of(
        _NO_OBJECT,
        _NO_TEXT.map(lambda name: {"name": name}),
        _NO_TEXT.map(lambda email: {"email": email}),
    )
    among = st.builds(lambda people, one: [*people, one], st.lists(_PEOPLE, max_size=2), person)
    values = st.one_of(_NO_LIST, among)
    return values.map(lambda value: Participants(value, REFUSED, "BODY-9", "no list of participants"))


def odd_participants() -> st.SearchStrategy[Participants]:
    """Draw participants that nobody can use, of which the contract says nothing. Rule: BODY-11."""
    odd = st.sampled_from(bodies.ODD_PEOPLE)
    return odd.map(lambda drawn: Participants([drawn[0]], FREE, "BODY-11", drawn[1]))


def json_values() -> st.SearchStrategy[Any]:
    """Draw any JSON value, for fields that nobody asked for. Rules: BODY-17, ERR-4."""
    leaves = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False))
    texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
    inner = st.one_of(leaves, texts)
    return st.recursive(
        inner, lambda item: st.one_of(st.lists(item, max_size=4), st.dictionaries(texts, item, max_size=4))
    )
