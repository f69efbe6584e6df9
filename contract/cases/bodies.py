"""Bodies: of every field what must be refused, what must be accepted, and what the contract leaves open.

Fields, limits and rules come from `openapi.yaml`: a field that is added there is in these tables. What is written
here are the values that are worth trying in the place of a text, a boolean, a list, a word of a list of words.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

from contract.cases.lengths import at_limits, over_limits
from contract.cases.submission import Submission, Table, by_rule, said
from contract.cases.verdict import ACCEPTED, FREE, REFUSED, UNREADABLE
from contract.exchange import Body
from contract.spec import document as spec
from contract.spec.fields import Field, body_rules, fields, optional

PERSON = {"name": "Ada Example", "email": "ada@example.com"}
# People as they are, whom a narrow pattern, a short column or a list without repeats refuses.
PEOPLE = (
    *({"name": "Zoë Ångström-O'Neil, Jr."}, {"name": "你好 😀"}, {"name": "0"}, {"name": "n" * 120}),
    *({"email": "Ada.O-Neil+crm@Example.com"}, {"name": "Ada Example", "email": "ada@example.com"}),
    *({"name": f"Guest {number}"} for number in range(1, 61)),
)
# Among each: what counts as nothing in the languages that servers are written in, where a check begins with the value.
_FLAGS: tuple[Any, ...] = ("true", "false", "yes", "no", "on", "", "TRUE", "1", "0", 1, 0, 2, 1.0, [], {}, [True])
_LISTS: tuple[Any, ...] = ("Ada", "", "[]", {}, {"name": "Ada"}, {"0": {"name": "Ada"}}, 5, 0, True, False)
_TEXTS: tuple[Any, ...] = (5, 0, True, False, 1.5, [], {})
# Other words where a list of words is given: kinds of engagements that this operation does not create.
_OTHER_WORDS = {"type": ("EMAIL", "TASK", "NOTE", "CALENDAR_EVENT", "DOCUMENT", "PHONE", "VIDEO")}
_FORMATS: dict[str, tuple[str, ...]] = {
    "date-time": (
        *("yesterday", "", "not a date", "2026-13-01T00:00:00Z", "2026-00-10T00:00:00Z", "2026-02-30T10:00:00Z"),
        *("2026-02-29T10:00:00Z", "2026-04-31T10:00:00Z", "2026-01-32T10:00:00Z", "2026-01-00T10:00:00Z"),
        *("2026-01-01T25:00:00Z", "2026-01-01T10:60:00Z", "1900-02-29T10:00:00Z", "2026-01-01T10:00:00+99:99"),
        "01/02/2026",
        # One step beyond what there is, and what a calendar of a language counts on.
        *("2026-03-02T09:30:00+00:60", "2026-03-02T09:30:00+24:00", "2026-03-02T24:30:00Z", "2026-03-02T09:30:61Z"),
        # What lenient parsers read: another letter or digit, other widths, something behind it.
        *("2026-03-02X09:30:00Z", "2026-03-02T9:30:00Z", "2026-1-1T0:0:0Z", "26-01-01T00:00:00Z"),
        *("２０２６-03-02T09:30:00Z", "2026-03-02T09:30:00Z\0", "2026-03-02T09:30:00Z; and more"),
        *("2026-03-02T09:30:00Z\n", "2026/03/02T09:30:00Z", "2026-03-02T09:30:00PQR", "on 2026-03-02T09:30:00Z"),
        # Numbers and words that a language makes a date of.
        *("0", "99", "1700000000", "1772444400", "1772444400000", "@1700000000", "09:30", " ", "now", "+1 day"),
        *("Mon, 02 Mar 2026 09:30:00 GMT", "March 2, 2026", "recording 2026", "2026/03/02 09:30"),
    )
}
_ITEMS: dict[str, tuple[Any, ...]] = {
    "participants": (
        *(["Ada"], ["ada@example.com"], [1], [None], [["Ada"]], [True]),
        *(
            [{"email": ["ada@example.com"]}],
            [{"name": 5}],
            [{"name": "Ada", "email": 5}],
            [{"name": "Ada"}, {"name": ["Ada"]}],
        ),
        *([{"name": "Ada"}, "Grace"], [[]], [[{"name": "Ada"}]], [False], [""], [{"name": False}], [{"email": 0}]),
        *([{"name": "Ada", "email": False}], [{"name": "Ada", "email": []}], [{"name": {}, "email": "a@example.com"}]),
    ),
    "start_at": ([2026, 3, 2, 9, 30], {"date": "2026-03-02 09:30:00", "timezone": "UTC"}),
}


@functools.cache
def usual(name: str) -> Any:
    """Return a plain valid value of a field, another one than a plain submission has."""
    field = fields()[name]
    if field.values:
        return field.values[-1]
    if field.kind == "boolean":
        return False
    examples = spec.document()["paths"]["/v2/engagements"]["post"]["requestBody"]["content"]["application/json"]
    return next(
        (shown["value"][name] for shown in examples["examples"].values() if name in shown["value"]), f"a {name}"
    )


@functools.cache
def full() -> dict[str, Any]:
    """Return a value of the kind of engagement and of every optional field."""
    return {name: usual(name) for name in ("type", *optional())}


@functools.cache
def refused() -> Table:
    """Return what must be refused, by rule: each has one thing wrong."""
    return by_rule(case for field in fields().values() for case in (*_absent(field), *_wrong(field)))


def _absent(field: Field) -> Iterator[Submission]:
    if field.required:
        yield Submission({}, REFUSED, body_rules()["required"], f"no {field.name}", field.name)
        yield Submission({field.name: None}, REFUSED, field.null, f"{field.name} null")
        for other in other_names(field.name):
            why = f"{other} and no {field.name}"
            yield Submission({}, REFUSED, body_rules()["required"], why, field.name, instead=other)
        inherited = {"__proto__": {field.name: usual(field.name)}}
        yield Submission(inherited, REFUSED, body_rules()["required"], f"{field.name} in __proto__ alone", field.name)


def other_names(name: str) -> tuple[str, ...]:
    """Return names that a lenient parser takes for that of a field: in other case, and without underscores."""
    head, *tail = name.split("_")
    camel = (head + "".join(map(str.capitalize, tail)), "-".join((head, *tail))) if tail else ()
    return (name.capitalize(), name.upper(), *camel)


def _wrong(field: Field) -> Iterator[Submission]:
    """Yield values of another type, outside the list of words, of no valid form, too short or too long."""
    whole = {"text": usual(field.name), "toString": "x"}  # a member that a language may call
    values = {"string": (*_TEXTS, [usual(field.name)], whole), "boolean": _FLAGS}
    wrong = [("type", value) for value in values.get(field.kind, _LISTS)]
    wrong += [("type", value) for value in _ITEMS.get(field.name, ())]
    wrong += [("type", place) for place, _ in enumerate(field.values, 1)]
    wrong += [("enum", word) for word in misspelled(field)]
    wrong += [("format", text) for text in _FORMATS.get(field.format or "", ())]
    for keyword, value in wrong:
        yield Submission({field.name: value}, REFUSED, field.rules[keyword], said(field.name, value))
    yield from over_limits(field)


def misspelled(field: Field) -> tuple[str, ...]:
    """Return texts that are nearly a word of the list of a field, and words that belong to another one."""
    if not field.values:
        return ()
    near = [
        text
        for word in field.values
        for text in (word.swapcase(), word.capitalize(), f" {word}", f"{word} ", f"{word}S", word[:-1])
    ]
    first, last = field.values[0], field.values[-1]
    near += [f"{first}\n", f"{first}\0", "".join(chr(ord(letter) + 0xFEE0) for letter in first), last.replace("I", "ı")]
    near += [str(place) for place in range(len(field.values) + 1)]
    near += ["", ",".join(field.values), "constructor", "__proto__", *_OTHER_WORDS.get(field.name, ())]
    return tuple(dict.fromkeys(text for text in near if text not in field.values))


@functools.cache
def accepted() -> Table:
    """Return valid values of every field but the key and the recording, by the rule that a refusal breaks."""
    return by_rule(
        case
        for field in fields().values()
        if field.name not in {"external_id", "media_url"}
        for case in (*(_valid(field, value) for value in _values(field)), *at_limits(field))
    )


@functools.cache
def at_limit(rule: str) -> tuple[Submission, ...]:
    """Return the texts at the limit of a rule."""
    return by_rule(case for field in fields().values() for case in at_limits(field))[rule]


@functools.cache
def flags_and_words() -> Table:
    """Return the valid values of fields of which there are only a few, by the rule that a refusal breaks."""
    few = [field for field in fields().values() if field.kind == "boolean" or field.values]
    return by_rule(_valid(field, value) for field in few for value in _values(field))


def _valid(field: Field, value: Any) -> Submission:
    return Submission({field.name: value}, ACCEPTED, field.valid, said(field.name, value))


def _values(field: Field) -> tuple[Any, ...]:
    if field.kind == "boolean":
        return (True, False)
    people: tuple[Any, ...] = (
        [PERSON, {"name": "Grace"}],
        [PERSON],
        [{"name": "Ada"}],
        [{"email": "ada@example.com"}],
        [PERSON, *PEOPLE],
        [],
    )
    return field.values or (people if field.name == "participants" else (usual(field.name),))


# Each holds several things that a careless conversion gets wrong: an offset of less than an hour or with quarters, a
# fraction, the afternoon, the last days of a year, a leap day, a year before 1970, before the Gregorian calendar or
# after 2038.
INSTANTS = (
    ("1970-01-01T01:00:00+01:00", "1970-01-01T00:00:00+00:00"),  # what many languages count from: nothing to some
    ("2024-12-30T22:15:30.75-00:45", "2024-12-30T23:00:30.750+00:00"),
    ("1969-07-20T20:17:40.25+05:45", "1969-07-20T14:32:40.250+00:00"),
    ("2048-07-10T22:15:30.123456+14:00", "2048-07-10T08:15:30.123456+00:00"),
    ("2024-03-10T09:30:00Z", "2024-03-10T09:30:00+00:00"),
    ("2023-12-31T23:30:00.250-01:00", "2024-01-01T00:30:00.250+00:00"),
    ("2000-02-29T12:00:00-12:00", "2000-03-01T00:00:00+00:00"),
    ("1500-03-01T12:00:00Z", "1500-03-01T12:00:00+00:00"),
)
OTHER_INSTANTS = (
    *("2026-03-02", "2026-03-02T09:30:00", "2026-03-02T09:30Z", "20260302T093000Z", "2026-03-02T09:30:00+01"),
    *("2026-W10-1T09:30:00Z", "2026-03-02t09:30:00z", "2016-12-31T23:59:60Z", "2026-03-02T24:00:00Z"),
    "0001-01-01T00:00:00+14:00",
    *("9999-12-31T23:59:59-14:00", "0000-01-01T00:00:00Z", "2026-03-02T09:30:00.123456789Z"),
)
ODD_PEOPLE: tuple[tuple[dict[str, str], str], ...] = (
    ({}, "a participant without name and e-mail"),
    ({"name": ""}, "an empty name"),
    ({"email": "ada.example.com"}, "an e-mail without an at sign"),
    ({"email": ""}, "an empty e-mail"),
    ({"colour": "blue"}, "a participant of whom only the colour is known"),
)


IGNORED = "BODY-17"  # an unknown field is refused or ignored: it never changes what is made of the others
# Fields of other names, and members of an answer with values that none may have: who copies one into the answer breaks
# the rule of that member.
UNKNOWN_FIELDS = Submission(
    {
        "Title": "another",
        "TITLE": "yet another",
        "id": "1",
        "object": "call",
        "engagement_type": "X",
        "processing_status": "DONE",
        "is_internal": "x",
        "owner_user_id": "usr_another",  # of the right form: a target may copy none that is not
        "host_user_id": "1",
        "created_at": "2999-01-01T00:00:00Z",
        "duration_seconds": -1,
        "workspace_id": "1",  # a target that takes it stores the engagement where nobody finds it
    },
    *(FREE, IGNORED, "unknown fields that are named like members of an answer, or like known ones in other case"),
)


@functools.cache
def free() -> Table:
    """Return what the contract leaves open, by the rule that reports it."""
    people = [Submission({"participants": [person]}, FREE, "BODY-11", why) for person, why in ODD_PEOPLE]
    nulls = [Submission({name: None}, FREE, fields()[name].null, f"{name} null") for name in optional()]
    starts = [Submission({"start_at": text}, FREE, "BODY-18", text) for text in OTHER_INSTANTS]
    nul = Submission({"title": "a\0b"}, FREE, "BODY-22", "a NUL")
    return by_rule([*people, *nulls, *starts, UNKNOWN_FIELDS, nul])


# Values of a member that are no JSON and that parsers of some languages read all the same.
NO_VALUES = (
    *(b"NaN", b"Infinity", b"-Infinity", b"01", b"+1", b".5", b"1.", b"0x1", b"True", b"None", b"undefined", b""),
    *(b'"\\x"', b'"\\u12"', b'"a\nb"', b'"a\tb"', b'"a\0b"', b'"a" // a comment', b"[1,]", b"'a'", b"`a`"),
)
NO_OBJECTS = tuple(
    Submission({}, REFUSED, body_rules()["type"], f"the body {text}", body=Body(text.encode()))
    for text in ("[]", '"text"', "1", "true", "null", "[{}]", "{}")
)
NO_JSON = tuple(
    Submission({}, UNREADABLE, "BODY-15", why, body=Body(content))
    for why, content in (
        ("no body at all", b""),
        ("truncated JSON", b'{"type": "CALL", "title": "t'),
        ("an open brace", b"{"),
        ("single quotes", b"{'type': 'CALL'}"),
        ("a form", b"type=CALL&title=t"),
        ("XML", b"<engagement/>"),
    )
)


def in_other_forms(whole: bytes, text: str) -> Table:
    """Return a valid submission inside a list or a text, cut, continued, or written as other languages would."""
    named = b", ".join(b'"%s": %s' % (name, whole) for name in (b"engagement", b"data", b"body"))
    wrapped = (b"[" + whole + b"]", text.encode(), b"{" + named + b"}")
    pieces = [whole[:-1], whole[:-20], whole + b"}", whole + whole, whole + b"\ntrailing", whole[:-1] + b",}"]
    pieces += [whole.replace(b'"', b"'"), whole.replace(b'"type"', b"type", 1)]
    pieces += [b"/* a comment */ " + whole, "\u00a0".encode() + whole]
    pieces += [whole[:-1] + b', "x": ' + value + b"}" for value in NO_VALUES]
    inside, no_json = "a submission inside something else", "a submission that is no JSON"
    return by_rule(
        (
            *(Submission({}, REFUSED, body_rules()["type"], inside, body=Body(content)) for content in wrapped),
            *(Submission({}, UNREADABLE, "BODY-15", no_json, body=Body(piece)) for piece in pieces),
        )
    )
