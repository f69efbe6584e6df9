"""Defects of the body: what is required, coercion, enumerations, dates, participants, and reading JSON."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from mock_server.problems import Malformed
from tests.defects.seams import (
    STAND_INS,
    Install,
    Json,
    converted,
    defect,
    excused,
    handled,
    parsed,
    read_as,
    refusal,
    refused,
    resubmitted,
)  # fmt: skip

REQUIRED = ("type", "title", "source_system", "external_id", "media_url", "run_workflows")
OPTIONAL = ("start_at", "is_private", "participants", "transcript_text")
TEXTS = ("title", "source_system", "external_id", "transcript_text")
KINDS = ("EMAIL", "TASK", "NOTE", "CALENDAR_EVENT", "DOCUMENT")


def optional(name: str) -> Install:
    """Fill a required member that is missing."""
    return read_as(lambda document: {} if name in document else {name: STAND_INS[name]()})


def nullable(name: str) -> Install:
    """Fill a required member that is null."""
    return converted(name, lambda value: STAND_INS[name]() if value is None else value)


def coerced(name: str, kinds: type | tuple[type, ...], convert: Callable[[Any], Any]) -> Install:
    """Convert a member of another JSON type."""
    return converted(name, lambda value: convert(value) if _is(value, kinds) else value)


def _is(value: Any, kinds: type | tuple[type, ...]) -> bool:
    """Tell booleans from numbers, which Python does not."""
    wanted = kinds if isinstance(kinds, tuple) else (kinds,)
    return type(value) in wanted


def looked_up(name: str, table: dict[Any, Any]) -> Install:
    """Take some values of a member for others."""
    return converted(name, lambda value: next((new for old, new in table.items() if _same(old, value)), value))


def _same(old: Any, value: Any) -> bool:
    return type(old) in {type(value), float} and type(value) in {type(old), int} and bool(old == value)


def needed(name: str) -> Install:
    """Refuse a body without an optional member."""
    return refused(name, lambda document: name not in document)


def unless_truthy(name: str) -> Install:
    """Look at a member only where a language takes it for true: a check that begins with the value."""
    return converted(name, lambda value: STAND_INS[name]() if value in (False, 0, "") else value)


def called(other: Callable[[str], str]) -> Install:
    """Take a member with another name for the one that is missing."""
    names = (*REQUIRED, *OPTIONAL)
    return read_as(lambda document: {
        name: document[other(name)] for name in names if name not in document and other(name) in document
    })  # fmt: skip


def _camel(name: str) -> str:
    head, *tail = name.split("_")
    return head + "".join(map(str.capitalize, tail))


def folded(document: Json) -> Json:
    """Let the last member count whose name is equal in lower case, as some parsers do."""
    return {name.lower(): value for name, value in document.items() if name.lower() in (*REQUIRED, *OPTIONAL)}


PRESENCE = (
    defect("names-capitalised", "BODY-1", "Title counts as title, and so on.", called(str.capitalize)),
    defect("names-upper-case", "BODY-1", "TITLE counts as title, and so on.", called(str.upper)),
    defect("names-camel-case", "BODY-1", "mediaUrl counts as media_url, and so on.", called(_camel)),
    defect("names-any-case", "BODY-1 RESP-4 BODY-12", "The case of names does not count, and the last one does.",
           read_as(folded)),
    *(defect(f"{name.replace('_', '-')}-optional", "BODY-1", f"A body without {name} is accepted.", optional(name))
      for name in REQUIRED),
    *(defect(f"{name.replace('_', '-')}-null", "BODY-2", f"null is accepted as {name}.", nullable(name),
             entails={"BODY-5": "null is no boolean"} if name == "run_workflows" else None)
      for name in REQUIRED),
    *(defect(f"{name.replace('_', '-')}-required", "BODY-13", f"A body without {name} is refused.", needed(name))
      for name in OPTIONAL),
)  # fmt: skip

COERCION = (
    *(defect(f"{name.replace('_', '-')}-from-number", "BODY-3", f"A number is accepted as {name}.",
             coerced(name, float, lambda value: f"{value:g}")) for name in TEXTS),
    defect("title-from-boolean", "BODY-3", "A boolean is accepted as title.", coerced("title", bool, str)),
    defect("title-from-list", "BODY-3", "A list is accepted as title.", coerced("title", list, json.dumps)),
    defect("title-from-object", "BODY-3", "An object is accepted as title.", coerced("title", dict, json.dumps)),
    defect("media-url-from-object", "BODY-3", "An object with a url is accepted as media_url.",
           coerced("media_url", dict, lambda value: value.get("url", value))),
    defect("transcript-from-list", "BODY-3", "A list of lines is accepted as transcript_text.",
           coerced("transcript_text", list, lambda lines: "\n".join(map(str, lines)))),
    defect("external-id-from-anything", "BODY-3", "Anything is accepted as external_id.",
           coerced("external_id", (float, bool, list, dict), json.dumps)),
    defect("workflows-from-text", "BODY-5", '"true" and "false" are accepted as run_workflows.',
           looked_up("run_workflows", {"true": True, "false": False})),
    defect("workflows-from-number", "BODY-5", "1 and 0 are accepted as run_workflows.",
           looked_up("run_workflows", {1.0: True, 0.0: False})),
    defect("workflows-from-yes", "BODY-5",
           "Any text is accepted as run_workflows.", coerced("run_workflows", str, bool)),
    defect("workflows-from-anything", "BODY-5 BODY-2", "Anything is accepted as run_workflows, by its truth.",
           converted("run_workflows", bool)),
    defect("workflows-false-missing", "BODY-5", "false is taken for a missing run_workflows.",
           refused("run_workflows", lambda document: document.get("run_workflows") is False)),
    defect("workflows-true-refused", "BODY-5", "true is refused as run_workflows.",
           refused("run_workflows", lambda document: document.get("run_workflows") is True)),
    defect("private-from-text", "BODY-6", '"true" and "false" are accepted as is_private.',
           looked_up("is_private", {"true": True, "false": False})),
    defect("private-from-number", "BODY-6", "1 and 0 are accepted as is_private.",
           looked_up("is_private", {1.0: True, 0.0: False})),
    defect("private-from-anything", "BODY-6", "Any text or number is accepted as is_private, by its truth.",
           coerced("is_private", (str, float), bool)),
    defect("type-lower-case", "BODY-4", "call and meeting are accepted.",
           looked_up("type", {"call": "CALL", "meeting": "MEETING"})),
    defect("type-any-case", "BODY-4", "The type is accepted in any case.", coerced("type", str, str.upper)),
    defect("type-trimmed", "BODY-4", "White space around the type is dropped.", coerced("type", str, str.strip)),
    *(defect(f"type-{kind.lower().replace('_', '-')}", "BODY-4",
             f"{kind} can be created.", excused("type", lambda value, kind=kind: value == kind))  # type: ignore[misc]
      for kind in KINDS),
    defect("type-any", "BODY-4", "Any text is accepted as type, and stored as a CALL.",
           coerced("type", str, lambda kind: kind if kind in {"CALL", "MEETING"} else "CALL")),
    defect("type-empty", "BODY-4", "An empty type is accepted.", looked_up("type", {"": "CALL"})),
    defect("type-from-list", "BODY-3 BODY-4", "A list of one type is accepted.",
           coerced("type", list, lambda kinds: kinds[0] if len(kinds) == 1 else kinds)),
    defect("type-ordinal", "BODY-3 BODY-4", "The place of a word in its list is accepted as type.",
           looked_up("type", {0.0: "CALL", 1.0: "MEETING"})),
    defect("type-ordinal-text", "BODY-4", "The place of a word in its list is accepted as type, as a text.",
           looked_up("type", {"0": "CALL", "1": "MEETING"})),
    *(defect(f"{name.replace('_', '-')}-from-nothing", rule, f"false, 0 and an empty text count as no {name}.",
             unless_truthy(name)) for name, rule in (("participants", "BODY-9"), ("start_at", "BODY-7"))),
    defect("transcript-from-nothing", "BODY-3", "false and 0 count as no transcript_text.",
           unless_truthy("transcript_text")),
    defect("meeting-refused", "BODY-12",
           "MEETING is refused.", refused("type", lambda body: body.get("type") == "MEETING")),
    defect("call-refused", "BODY-12", "CALL is refused.", refused("type", lambda body: body.get("type") == "CALL")),
    defect("meeting-becomes-call", "BODY-12", "Everything becomes a CALL.", resubmitted(lambda _: {"type": "CALL"})),
    defect("call-becomes-meeting", "BODY-12", "Everything becomes a MEETING.",
           resubmitted(lambda _: {"type": "MEETING"})),
)  # fmt: skip


def dated(convert: Callable[[str], str | None]) -> Install:
    """Take a date for another one before it is judged; None stands for leaving it as it is."""
    return coerced("start_at", str, lambda text: convert(text) or text)


def moved(change: Callable[[datetime], datetime]) -> Install:
    """Store another start than the one that was sent."""
    return resubmitted(lambda valid: {"start_at": change(valid.start_at)} if valid.start_at else {})


def zoned(change: Callable[[str, str, str], str]) -> Install:
    """Take the offset of a start (sign, hours, minutes) for another one."""
    return dated(lambda text: re.sub(r"([+-])(\d\d):(\d\d)$", lambda match: change(match[1], match[2], match[3]), text))


def _fraction_as_number(start: datetime) -> datetime:
    """Read .5 as five milliseconds."""
    digits = f"{start.microsecond:06}".rstrip("0") or "0"
    return start.replace(microsecond=min(int(digits[:3]), 999) * 1000)


def _now_unless_date(text: str) -> str | None:
    return None if re.match(r"\d{4}-\d\d-\d\dT", text) else datetime.now(UTC).isoformat()


def _rolled_over(text: str) -> str | None:
    """Count days and hours that do not exist on from those that do, as mktime does."""
    match = re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.\d+)?(Z|[+-]\d\d:\d\d)", text, re.ASCII)
    if match is None or match[1] < "1971":
        return None
    year, month, day, hour, minute, second = (int(match[place]) for place in range(1, 7))
    start = datetime(year + (month - 1) // 12, (month - 1) % 12 + 1, 1, tzinfo=UTC)
    rolled = start + timedelta(days=day - 1, hours=hour, minutes=minute, seconds=second)
    return rolled.strftime("%Y-%m-%dT%H:%M:%S") + match[7]


def _last_day(text: str) -> str | None:
    """Take the 29th to 31st of a month for the 28th."""
    return re.sub(r"^(\d{4}-\d\d-)(29|3[01])T", r"\g<1>28T", text) if "-02-" in text else None


def _digits(text: str) -> str | None:
    return datetime.fromtimestamp(int(text) % 4_000_000_000, UTC).isoformat() if re.fullmatch("[0-9]+", text) else None


def _padded(text: str) -> str | None:
    return re.sub(r"(?<=[-T:])(\d)(?=[-T:Z])", r"0\1", text)


def _by_words(text: str) -> str | None:
    """Read what the date parsers of some languages read."""
    if text.strip() in {"", "now", "+1 day", "yesterday"}:
        return datetime.now(UTC).isoformat()
    for form in ("%a, %d %b %Y %H:%M:%S GMT", "%B %d, %Y", "%Y/%m/%d %H:%M", "%d/%m/%Y", "%H:%M"):
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC, year=2026).isoformat()
        except ValueError:
            continue
    return None


DATES = (
    defect("start-digits", "BODY-7", "Any digits are accepted as start, as seconds since 1970.", dated(_digits)),
    defect("start-one-digit", "BODY-7", "Months, days and hours of one digit are accepted.", dated(_padded)),
    defect("start-words", "BODY-7", "What a lenient parser reads is accepted as start.", dated(_by_words)),
    defect("start-two-digit-year", "BODY-7", "A year of two digits is accepted.",
           dated(lambda text: re.sub(r"^(?=\d\d-)", "20", text))),
    defect("start-any-letter", "BODY-7", "Any letter may stand between day and time.",
           dated(lambda text: re.sub(r"^(\d{4}-\d\d-\d\d)[A-Z](?=\d)", r"\1T", text))),
    defect("start-other-digits", "BODY-7", "Digits of any script are accepted.",
           dated(lambda text: unicodedata.normalize("NFKC", text))),
    defect("start-up-to-nul", "BODY-7", "A start ends at its first NUL.", dated(lambda text: text.split("\0")[0])),
    defect("start-continued", "BODY-7", "What stands behind a start is ignored.",
           dated(lambda text: re.sub(r"(?<=\dZ)[^A-Z\s].*", "", text, flags=re.DOTALL))),
    defect("start-offset-minutes", "BODY-7", "Any minutes of an offset are accepted.",
           zoned(lambda sign, hours, minutes: f"{sign}{hours}:{min(int(minutes), 59):02}")),
    defect("start-offset-hours-24", "BODY-7", "An offset of 24 hours is accepted.",
           zoned(lambda sign, hours, minutes: f"{sign}{hours.replace('24', '23')}:{minutes}")),
    defect("start-after-24", "BODY-7", "The hour 24 goes on for an hour.",
           dated(lambda text: re.sub(r"T24:(?!00:00)", "T00:", text))),
    defect("start-garbage", "BODY-7", "A start that is no date is taken for now.", dated(_now_unless_date)),
    defect("start-empty", "BODY-7", "An empty start is taken for now.",
           looked_up("start_at", {"": "2026-01-01T00:00:00Z"})),
    defect("start-rolled-over", "BODY-7", "Days and hours that do not exist are counted on.", dated(_rolled_over)),
    defect("start-last-day", "BODY-7", "The 30th of February is its 28th.", dated(_last_day)),
    defect("start-hour-24", "BODY-7", "The hours 24 to 29 are taken for 23.",
           dated(lambda text: re.sub(r"T2[4-9]:", "T23:", text))),
    defect("start-from-number", "BODY-7", "Seconds since 1970 are accepted as start.",
           coerced("start_at", float, lambda value: datetime.fromtimestamp(min(abs(value), 4e9), UTC).isoformat())),
    defect("start-offset-ignored", "BODY-8", "The offset of the start is ignored.", zoned(lambda *_: "Z"),
           entails={"BODY-7": "an offset that does not exist is accepted"}),
    defect("start-offset-flipped", "BODY-8", "The sign of the offset is flipped.",
           zoned(lambda sign, hours, minutes: f"{'-' if sign == '+' else '+'}{hours}:{minutes}")),
    defect("start-offset-hours", "BODY-8", "The minutes of the offset are ignored.",
           zoned(lambda sign, hours, _: f"{sign}{hours}:00"), entails={"BODY-7": "60 minutes are accepted"}),
    defect("start-offset-west", "BODY-8", "Offsets to the west are taken for those to the east.",
           zoned(lambda _, hours, minutes: f"+{hours}:{minutes}")),
    defect("start-minute-60", "BODY-7", "The minute 60 is taken for 59.",
           dated(lambda text: re.sub(r"(T\d\d):60:", r"\1:59:", text))),
    defect("start-leap-1900", "BODY-7", "Every fourth year is a leap year.",
           dated(lambda text: re.sub(r"^(\d\d00-02-)29", r"\g<1>28", text))),
    defect("start-line-end", "BODY-7", "A line end behind a start is ignored.", dated(lambda text: text.rstrip("\n"))),
    defect("start-found", "BODY-7", "A start is looked for anywhere in a text.",
           dated(lambda text: re.sub(r"^\D+(?=\d{4}-)", "", text))),
    defect("start-slashes", "BODY-7", "Slashes may stand between year, month and day.",
           dated(lambda text: re.sub(r"^(\d{4})/(\d\d)/(\d\dT)", r"\1-\2-\3", text))),
    defect("start-any-zone", "BODY-7", "Any letters may stand for an offset.",
           dated(lambda text: re.sub(r"(?<=:\d\d)[A-Z]{2,}$", "Z", text))),
    defect("start-from-list", "BODY-7", "A list of numbers is accepted as start.",
           coerced("start_at", list, lambda value: "{:04}-{:02}-{:02}T{:02}:{:02}:00Z".format(*map(int, value))
                   if len(value) == 5 else value)),
    defect("start-zero-west", "BODY-8", "The sign of an offset of less than an hour does not count.",
           zoned(lambda sign, hours, minutes: f"{'+' if hours == '00' else sign}{hours}:{minutes}")),
    defect("start-no-quarters", "BODY-8", "A start whose offset has quarters of an hour is refused.",
           refused("start_at", lambda body: re.search(r"[+-]\d\d:[14]5$", str(body.get("start_at"))) is not None)),
    defect("start-fraction-refused", "BODY-8", "A start with a fraction of a second is refused.",
           refused("start_at", lambda body: re.search(r":\d\d\.", str(body.get("start_at"))) is not None)),
    defect("start-after-2038", "BODY-8", "A start that does not fit into 32 bits of seconds is refused.",
           refused("start_at", lambda body: "2037" < str(body.get("start_at"))[:4] < "A")),
    defect("start-since-1970", "BODY-8", "A start before 1970 is refused.",
           refused("start_at", lambda body: str(body.get("start_at")).startswith("19"))),
    defect("start-year-of-week", "BODY-8", "The year of a start is that of its week.",
           moved(lambda start: start.replace(year=start.isocalendar().year))),
    defect("start-twelve-hours", "BODY-8", "The hours of a start after noon are counted from noon.",
           moved(lambda start: start.replace(hour=start.hour % 12))),
    defect("start-offset-refused", "BODY-8", "A start with an offset other than Z is refused.",
           refused("start_at", lambda body: re.search(r"[+-]\d\d:\d\d$", str(body.get("start_at"))) is not None)),
    defect("start-without-seconds", "BODY-8", "The seconds of the start are dropped.",
           moved(lambda start: start.replace(second=0, microsecond=0))),
    defect("start-without-time", "BODY-8", "The time of the start is dropped.",
           moved(lambda start: start.replace(hour=0, minute=0, second=0, microsecond=0))),
    defect("start-ignored", "BODY-8",
           "The start is ignored: it is always now.", resubmitted(lambda _: {"start_at": None})),
    defect("start-zero-is-now", "BODY-8", "A start at the beginning of 1970 counts as none.",
           moved(lambda start: start if start.timestamp() else datetime.now(UTC))),
    defect("start-fraction-as-number", "BODY-8", "The digits behind the point of a second are read as milliseconds.",
           moved(_fraction_as_number)),
    defect("start-local-time", "BODY-8", "The start is stored in a local time and read as UTC.",
           moved(lambda start: start + timedelta(hours=2))),
)  # fmt: skip


def people(change: Callable[[Any], Any]) -> Install:
    """Change every member of a list of participants before it is judged."""
    return coerced("participants", list, lambda group: [change(person) for person in group])


def unwelcome(when: Callable[[list[Any]], bool]) -> Install:
    """Refuse some lists of participants."""
    return refused("participants", lambda body: isinstance(group := body.get("participants"), list) and when(group))


def _flat(group: list[Any]) -> list[Any]:
    return [each for person in group for each in (person if isinstance(person, list) else [person])]


def _named(person: Any) -> Any:
    return {"name": person} if isinstance(person, str) else person


def _texts(person: Any) -> Any:
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in person.items()} \
        if isinstance(person, dict) else person  # fmt: skip


def _all(name: str, group: list[Any]) -> list[str]:
    return [text for person in group if isinstance(person, dict) and isinstance(text := person.get(name), str)]


def _members(group: list[Any]) -> list[set[str]]:
    return [set(person) & {"name", "email"} for person in group if isinstance(person, dict)]


PARTICIPANTS = (
    defect("participants-object", "BODY-9", "One participant without a list is accepted.",
           coerced("participants", dict, lambda person: [person] if person else [])),
    defect("participants-text", "BODY-9", "A text is accepted as participants.",
           coerced("participants", str, lambda text: [{"name": text}] if text else [])),
    defect("participants-number", "BODY-9", "A number or a boolean is accepted as participants.",
           coerced("participants", (float, bool), lambda _: [])),
    defect("participants-of-texts", "BODY-9", "A list of names is accepted.", people(_named)),
    defect("participants-of-anything", "BODY-9", "What is no object in the list is dropped.",
           coerced("participants", list, lambda group: [person for person in group if isinstance(person, dict)])),
    defect("participants-of-lists", "BODY-9", "A list inside the list of participants is merged into it.",
           coerced("participants", list, _flat)),
    defect("participant-from-nothing", "BODY-9", "A name or an e-mail that is false, 0 or empty counts as none.",
           people(lambda person: {key: value for key, value in person.items() if value}
                  if isinstance(person, dict) and any(person.values()) else person)),
    defect("participant-name-number", "BODY-9", "A name or an e-mail that is no text is converted.",
           people(lambda person: {key: value if isinstance(value, str) else f"{value}@example.com"
                                  for key, value in person.items()} if isinstance(person, dict) else person)),
    defect("participant-needs-email", "BODY-10", "A participant with only a name is refused.",
           unwelcome(lambda group: {"name"} in _members(group))),
    defect("participant-needs-name", "BODY-10", "A participant with only an e-mail is refused.",
           unwelcome(lambda group: {"email"} in _members(group))),
    defect("participant-either", "BODY-10", "A participant with name and e-mail is refused.",
           unwelcome(lambda group: {"name", "email"} in _members(group))),
    defect("participants-not-empty", "BODY-10", "An empty list of participants is refused.",
           unwelcome(lambda group: not group)),
    defect("participants-fifty", "BODY-10", "More than fifty participants are refused.",
           unwelcome(lambda group: len(group) > 50)),
    defect("participants-unlike", "BODY-10", "Two participants with one e-mail are refused.",
           unwelcome(lambda group: len(emails := _all("email", group)) > len(set(emails)))),
    defect("participant-without-plus", "BODY-10", "An e-mail with a plus is refused.",
           unwelcome(lambda group: any("+" in email for email in _all("email", group)))),
    defect("participant-ascii-name", "BODY-10", "A name outside ASCII is refused.",
           unwelcome(lambda group: not all(name.isascii() for name in _all("name", group)))),
    defect("participant-short-name", "BODY-10", "A name of more than 100 characters is refused.",
           unwelcome(lambda group: any(len(name) > 100 for name in _all("name", group)))),
    defect("participant-zero", "BODY-10", 'The name "0" counts as none and is refused.',
           unwelcome(lambda group: "0" in _all("name", group))),
    defect("participants-as-json", "BODY-9", "A list written as JSON in a text is accepted.",
           coerced("participants", str, lambda text: _try(text.encode()) if text[:1] == "[" else text)),
    defect("participants-of-emails", "BODY-9", "A list of e-mail addresses is accepted.",
           people(lambda person: {"email": person} if isinstance(person, str) and "@" in person else person)),
    defect("participants-one", "BODY-10", "More than one participant is refused.",
           unwelcome(lambda group: len(group) > 1)),
)  # fmt: skip

Right = Callable[[bytes], Json]


def _unwrapped(raw: bytes, right: Right) -> Json:
    document = _try(raw)
    inner = document[0] if isinstance(document, list) and len(document) == 1 else None
    return right(json.dumps(inner).encode()) if isinstance(inner, dict) else right(raw)


def _of_data(raw: bytes, right: Right) -> Json:
    document = _try(raw)
    inner = document.get("data") if isinstance(document, dict) else None
    return right(json.dumps(inner).encode()) if isinstance(inner, dict) else right(raw)


def _decoded_twice(raw: bytes, right: Right) -> Json:
    document = _try(raw)
    return right(document.encode()) if isinstance(document, str) else right(raw)


def _try(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        return None


def repaired(*repairs: Callable[[bytes], bytes]) -> Install:
    """Try what cannot be read again, after a repair."""

    def read(raw: bytes, right: Right) -> Json:
        try:
            return right(raw)
        except Malformed:
            for repair in repairs:
                if isinstance(_try(fixed := repair(raw)), dict):
                    return right(fixed)
            raise

    return parsed(read)


def _form(raw: bytes) -> bytes:
    """Read what is no JSON as a list of a=b&c=d, as frameworks do that guess."""
    return b"{}" if not raw.strip() else raw


JSON = (
    defect("list-unwrapped", "BODY-14", "A list that holds one submission is accepted.", parsed(_unwrapped)),
    defect("data-unwrapped", "BODY-14 BODY-1", "A submission is also found in a member data.", parsed(_of_data)),
    defect("text-decoded-twice", "BODY-14", "JSON inside a JSON string is accepted.", parsed(_decoded_twice)),
    defect("json-completed", "BODY-15", "A body that breaks off is completed.",
           repaired(lambda raw: raw + b"}", lambda raw: raw + b'"}', lambda raw: raw[: raw.rfind(b",")] + b"}")),
    defect("json-trailing-comma", "BODY-15", "A trailing comma is accepted.",
           repaired(lambda raw: re.sub(rb",\s*([}\]])", rb"\1", raw))),
    defect("json-trailing-garbage", "BODY-15", "What stands behind the object is ignored.",
           repaired(lambda raw: raw[: raw.rfind(b"}") + 1], lambda raw: raw[: raw.find(b"}") + 1])),
    defect("json-nan", "BODY-15", "NaN and Infinity are accepted.",
           repaired(lambda raw: re.sub(rb"-?(NaN|Infinity)\b", b"0", raw))),
    defect("json-odd-escapes", "BODY-15", "An escape that does not exist stands for its letter.",
           repaired(lambda raw: raw.replace(b"\\x", b"x"))),
    defect("json-control-characters", "BODY-15", "Line ends and tabs may stand in a text as they are.",
           repaired(lambda raw: re.sub(rb"[\n\t]", b" ", raw))),
    defect("json-odd-numbers", "BODY-15", "Numbers may begin with a plus or a zero, or end with a dot.",
           repaired(lambda raw: re.sub(rb"(: )\+?0?(\d)\.?(?=\})", rb"\1\2", raw))),
    defect("json-words", "BODY-15", "True, None and undefined are accepted.",
           repaired(lambda raw: re.sub(rb"(: )(True|None|undefined)", rb"\1null", raw))),
    defect("json-comments", "BODY-15", "Comments are accepted.",
           repaired(lambda raw: re.sub(rb"/\*.*?\*/", b"", raw))),
    defect("chunks-refused", "BODY-13", "A body in chunks is not read.",
           handled(lambda _: lambda sent, app: refusal(400) if "HTTP_TRANSFER_ENCODING" in sent.environ
                   else sent.call(app))),
    defect("media-type-without-parameters", "BODY-13", "The media type of a body may have no parameters.",
           handled(lambda _: lambda sent, app: refusal(415) if ";" in sent.environ.get("CONTENT_TYPE", "")
                   else sent.call(app))),
    defect("media-type-capitals", "BODY-13", "The media type of a body is compared as it is written.",
           handled(lambda _: lambda sent, app: refusal(415) if sent.environ.get("CONTENT_TYPE", "")[:1] == "A"
                   else sent.call(app))),
    defect("json-any-blank", "BODY-15", "Any white space of Unicode may stand around the object.",
           repaired(lambda raw: raw.decode(errors="replace").strip().encode())),
    defect("json-escaped-names", "BODY-13", "Escapes in the names of members are not resolved.",
           parsed(lambda raw, right: right(re.sub(rb'"(\\u\w{4}[^"]*": )', rb'"x\1', raw)))),
    defect("json-without-blanks", "BODY-13", "A body that does not begin with a brace is refused.",
           parsed(lambda raw, right: right(b"" if raw[:1].isspace() else raw))),
    defect("json-single-quotes", "BODY-15", "Single quotes are accepted.",
           repaired(lambda raw: raw.replace(b"'", b'"'))),
)  # fmt: skip

DEFECTS = (*PRESENCE, *COERCION, *DATES, *PARTICIPANTS, *JSON)

UNSEEN: dict[str, str] = {
    "workflows-inverted": "whether workflows fire shows in no answer",
    "participants-lost": "participants are in no answer to a create",
    "type-task-listed": "what a listing shows is beyond this operation",
}
