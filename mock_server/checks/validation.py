"""From a JSON object to a Submission, or 422 with every broken field. The schema is the one in openapi.yaml.

Rules: LIMIT-1 to LIMIT-11, BODY-1 to BODY-14, BODY-16 to BODY-18, BODY-21, URL-1, URL-2, URL-19 to URL-23. Which rule
a keyword of the schema enforces stands beside it (`x-rules`). The codes of errors are listed in docs/errors.md.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

import jsonschema_rs

from mock_server import spec
from mock_server.checks.body import json_type
from mock_server.checks.formats import InstantError, check_email, parse_date_time
from mock_server.checks.unknown import UnknownFieldFinder, UnknownFields
from mock_server.media import policy
from mock_server.problems import FieldError, Invalid, counted

MAX_ERRORS = 100  # in one answer, so that a hostile body cannot make it huge
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Participant:
    """A person who took part: a name, an e-mail address or both."""

    name: str | None
    email: str | None


@dataclass(frozen=True, slots=True)
class Submission:
    """A valid body. `start_at` is in UTC; `transcript` is the text, at most 950,000 bytes in UTF-8."""

    type: str
    title: str
    source_system: str
    external_id: str
    media_url: policy.MediaUrl
    run_workflows: bool
    start_at: datetime | None
    is_private: bool | None
    participants: tuple[Participant, ...]
    transcript: str | None


class SchemaJudge:
    """The compiled schema of an object with scalar fields, and the rule that each of its keywords enforces."""

    def __init__(self, schema: spec.JsonObject) -> None:
        self.schema = schema
        self.properties: spec.JsonObject = schema["properties"]
        # Lists are judged elsewhere, member by member, because the library needs a minute to report a million bad ones.
        flat = {name: {key: s[key] for key in s if key != "items"} for name, s in self.properties.items()}
        self._validator = jsonschema_rs.Draft202012Validator({**schema, "properties": flat}, validate_formats=False)

    def errors(self, value: object, pointer: str = "") -> Iterator[FieldError]:
        """Yield what breaks the schema in `value`, which stands at `pointer`. Unknown members are ignored."""
        probe = _probe(value)
        if isinstance(value, dict):
            probe = {name: _probe(value[name]) for name in self.properties if name in value}
            yield from self._surrogates(value, probe, pointer)
        if not self._validator.is_valid(probe):
            for error in self._validator.iter_errors(probe):
                if error.schema_path[-1] == "enum" and not isinstance(error.instance, str):
                    continue  # its type is wrong, and that is said already
                yield self._named(error, probe, pointer)

    @staticmethod
    def _surrogates(value: dict[str, Any], probe: dict[str, object], pointer: str) -> Iterator[FieldError]:
        for name, seen in probe.items():
            if (text := value[name]) is not seen and isinstance(text, str) and text != seen:
                message = "holds half of a surrogate pair, which has no UTF-8 form: send whole characters"
                yield FieldError(f"{pointer}/{name}", "not_unicode", message, "BODY-21")

    def _named(self, error: jsonschema_rs.ValidationError, probe: Any, pointer: str) -> FieldError:
        """Return an error of the library in the words of the contract."""
        keyword = str(error.schema_path[-1])
        if keyword == "required":
            name = error.kind.as_dict()["property"]
            expected = self.properties[name]["type"]
            message = f"is missing: add it, as {_with_article(expected)}"
            return FieldError(f"{pointer}/{name}", "required", message, self.schema["x-rules"]["required"])
        if not error.instance_path:
            return FieldError(pointer, "type", _type_message(self.schema, probe), self.schema["x-rules"][keyword])
        name = str(error.instance_path[0])
        schema, value = self.properties[name], probe[name]
        if value is None:
            return self._null(f"{pointer}/{name}", schema, needed=name in self.schema.get("required", ()))
        return FieldError(f"{pointer}/{name}", *_worded(keyword, schema, value), schema["x-rules"][keyword])

    @staticmethod
    def _null(pointer: str, schema: spec.JsonObject, *, needed: bool) -> FieldError:
        rules = spec.schema("CreateEngagement")["x-rules"]
        advice = f"is null: send {_with_article(schema['type'])}" + ("" if needed else " or leave it out")
        return FieldError(pointer, "null", advice, rules["requiredNull" if needed else "optionalNull"])


class Validator:
    """Judges bodies. Safe to use from many threads.

    `ports` are those that a media URL may use. `unknown_fields` says what becomes of them: ignore, or refuse.
    """

    def __init__(self, ports: Collection[int] = (policy.DEFAULT_PORT,), unknown_fields: str = "ignore") -> None:
        self._ports = ports
        self._finder = UnknownFieldFinder()
        self._refuses_unknown = unknown_fields == "refuse"
        self._body = SchemaJudge(spec.schema("CreateEngagement"))
        self._participant = SchemaJudge(spec.schema("Participant"))
        self._any_required = frozenset(self._participant.schema["x-anyRequired"])
        self._whole = _whole(self._body.schema, self._participant.schema)
        self._order = {name: place for place, name in enumerate(self._body.properties)}

    def ignored(self, document: dict[str, Any]) -> UnknownFields:
        """Return the unknown fields of a body that are ignored: none if they are refused."""
        return UnknownFields() if self._refuses_unknown else self._finder.first(document)

    def validate(self, document: dict[str, Any]) -> Submission:
        """Return the submission. Raises Invalid with all broken fields, in the order of the contract."""
        fits = self._fits(document)
        errors = list(self._own_errors(document, fits=fits))
        broken = {error.field for error in errors}
        media_url = start_at = None
        if "media_url" in document and "/media_url" not in broken:
            try:
                media_url = policy.parse(document["media_url"], self._ports)
            except policy.Refused as refused:
                errors.append(field_error(refused))
        if "start_at" in document and "/start_at" not in broken:
            try:
                start_at = parse_date_time(document["start_at"])
            except InstantError as error:
                errors.append(FieldError("/start_at", "date_time", str(error), error.rule))
        room = MAX_ERRORS - len(errors)
        others = list(islice(self._other_errors(document, fits=fits), room + 1))
        errors += others[:room]
        if errors or media_url is None:
            errors.sort(key=lambda error: self._order.get(error.field.split("/")[1], len(self._order)))
            raise Invalid(errors, more=len(others) > room)
        return _submission(document, media_url, start_at)

    def _fits(self, document: dict[str, Any]) -> bool:
        """Tell whether a body obeys the schemas, as most do. To find the errors of one takes ten times as long."""
        try:
            return self._whole.is_valid(document)
        except ValueError:  # half a surrogate pair
            return False

    def _own_errors(self, document: dict[str, Any], *, fits: bool) -> Iterator[FieldError]:
        """Yield the errors of the fields themselves. They are so few that all have room in the answer."""
        if not fits:
            yield from self._body.errors(document)
        if isinstance(transcript := document.get("transcript_text"), str):
            yield from self._transcript(transcript)

    def _other_errors(self, document: dict[str, Any], *, fits: bool) -> Iterator[FieldError]:
        """Yield the errors of which there can be any number: unknown fields, if they are refused, and participants."""
        if self._refuses_unknown:
            for field in self._finder.all(document):
                advice = f"did you mean {field.meant}?" if field.meant else "leave it out"
                yield FieldError(field.pointer, "unknown", f"is not a field of the contract: {advice}", "BODY-17")
        yield from self._people_errors(document, fits=fits)

    def _people_errors(self, document: dict[str, Any], *, fits: bool) -> Iterator[FieldError]:
        if isinstance(participants := document.get("participants"), list):
            for place, person in enumerate(participants):
                pointer = f"/participants/{place}"
                errors = [] if fits else list(self._participant.errors(person, pointer))
                yield from errors
                if isinstance(person, dict):
                    yield from self._nobody(person, pointer)
                    if "email" in person and all(error.field != f"{pointer}/email" for error in errors):
                        yield from _email_errors(person["email"], pointer)

    def _nobody(self, person: dict[str, Any], pointer: str) -> Iterator[FieldError]:
        """Yield an error if a participant has none of the members of which one is needed."""
        if self._any_required.isdisjoint(person):
            rule = self._participant.schema["x-rules"]["x-anyRequired"]
            yield FieldError(pointer, "empty", "needs a name, an email or both", rule)

    def _transcript(self, text: str) -> Iterator[FieldError]:
        """Judge the limit in bytes, which JSON Schema cannot express."""
        schema = self._body.properties["transcript_text"]
        if len(text) * 4 > schema["x-maxBytes"] and utf8_size(text) > schema["x-maxBytes"]:
            message = _length_message(schema, text)
            yield FieldError("/transcript_text", "too_many_bytes", message, schema["x-rules"]["x-maxBytes"])


def _whole(body: spec.JsonObject, participant: spec.JsonObject) -> jsonschema_rs.Draft202012Validator:
    """Compile the schema of a body with its participants, so that one call tells whether there is any error.

    The empty pattern matches every text. It makes the library read each text, which raises ValueError for half a
    surrogate pair.
    """

    def reading(schema: spec.JsonObject) -> spec.JsonObject:
        return {**schema, "properties": {name: {"pattern": "", **s} for name, s in schema["properties"].items()}}

    schema = reading(body)
    schema["properties"]["participants"]["items"] = reading(participant)
    return jsonschema_rs.Draft202012Validator(schema, validate_formats=False)


def _email_errors(email: str, pointer: str) -> Iterator[FieldError]:
    """Yield what is wrong with the e-mail address of the participant at `pointer`."""
    try:
        check_email(email)
    except ValueError as error:
        yield FieldError(f"{pointer}/email", "email", str(error), "BODY-11")


def field_error(refused: policy.Refused) -> FieldError:
    """Return the verdict on a media URL as an error of its field."""
    return FieldError("/media_url", refused.code, refused.message, refused.rule)


def utf8_size(text: str) -> int:
    """Return the length of a text in bytes of UTF-8. Half a surrogate pair counts three."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def _submission(document: dict[str, Any], media_url: policy.MediaUrl, start_at: datetime | None) -> Submission:
    """Return what a valid body says."""
    return Submission(
        type=document["type"],
        title=document["title"],
        source_system=document["source_system"],
        external_id=document["external_id"],
        media_url=media_url,
        run_workflows=document["run_workflows"],
        start_at=start_at,
        is_private=document.get("is_private"),
        participants=tuple(Participant(p.get("name"), p.get("email")) for p in document.get("participants", ())),
        transcript=document.get("transcript_text"),
    )


def _probe(value: object) -> object:
    """Return what a schema of scalars needs of a value: its type, and the text of a string."""
    if isinstance(value, str):
        return value if value.isascii() else _SURROGATE.sub("\ufffd", value)
    if isinstance(value, dict | list):
        return type(value)()
    return value


def _worded(keyword: str, schema: spec.JsonObject, value: Any) -> tuple[str, str]:
    """Return the code and the message for a broken keyword."""
    match keyword:
        case "type":
            return "type", _type_message(schema, value)
        case "enum":
            return "enum", "must be one of " + ", ".join(schema["enum"])
        case "minLength":
            return "too_short", f"has {counted(len(value), 'character')}; at least {schema['minLength']} is needed"
        case _:
            return "too_long", _length_message(schema, value)


def _length_message(schema: spec.JsonObject, text: str) -> str:
    """Say how long a text is and may be. If it also has a limit in bytes, say both and which one is exceeded."""
    limit = schema["maxLength"]
    if "x-maxBytes" not in schema:
        return f"has {counted(len(text), 'character')}; the limit is {limit}: shorten it"
    size, max_bytes = utf8_size(text), schema["x-maxBytes"]
    over = [counted(len(text) - limit, "character")] * (len(text) > limit)
    over += [counted(size - max_bytes, "byte")] * (size > max_bytes)
    return (
        f"has {counted(len(text), 'character')} (limit {limit:,}) "
        f"and {counted(size, 'byte')} in UTF-8 (limit {max_bytes:,}): "
        f"it is {' and '.join(over)} too long"
    )


def _type_message(schema: spec.JsonObject, value: object) -> str:
    return f"must be {_with_article(schema['type'])}, not {json_type(value)}"


def _with_article(json_name: str) -> str:
    return {"array": "a list", "object": "an object"}.get(json_name, f"a {json_name}")
