"""Reading a submission: from bytes to the fields of a valid one, or everything that is wrong with it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import MAXYEAR, UTC, datetime
from typing import Any, NoReturn

from tests.peer.variant import Variant

REQUIRED = ("type", "title", "source_system", "external_id", "media_url", "run_workflows")
OPTIONAL = ("start_at", "is_private", "participants", "transcript_text")
LENGTHS = {"title": (1, 500), "source_system": (1, 100), "external_id": (1, 500), "transcript_text": (0, 900_000)}
TRANSCRIPT_BYTES = 950_000

Path = tuple[str | int, ...]
Fault = tuple[Path, str]


class Unreadable(Exception):  # noqa: N818  a verdict
    """The body is not a JSON object."""


def read(raw: bytes, variant: Variant) -> dict[str, Any]:
    """Return the JSON object in `raw`. Raises Unreadable."""
    try:
        document = json.loads(raw.decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError):  # also bad UTF-8, and integers of thousands of digits
        raise Unreadable("The body is not JSON.") from None
    if not isinstance(document, dict):
        raise Unreadable("The body is not an object.")
    if variant.deepest_json is not None and _depth(document) > variant.deepest_json:
        raise Unreadable("The body is nested too deeply.")
    return document


def _depth(document: Any) -> int:
    depth, level = 0, [document]
    while level := [value for value in level if isinstance(value, dict | list)]:
        depth += 1
        level = [child for value in level for child in (value.values() if isinstance(value, dict) else value)]
    return depth


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def faults(body: dict[str, Any], variant: Variant) -> Iterator[Fault]:
    """Yield the path and the reason of each field that breaks a rule. The URL is judged only for being a string."""
    for name in REQUIRED:
        if body.get(name) is None:
            yield (name,), "is required"
    for name, value in body.items():
        if name not in REQUIRED and name not in OPTIONAL:
            if variant.unknown_fields == "refused":
                yield (name[:100],), "is unknown"
        elif value is not None:
            yield from ((path, reason) for path, reason in _JUDGES[name](name, value, variant))
        elif name in OPTIONAL and variant.null_optionals == "refused":
            yield (name,), "is null"


def instant(text: str, variant: Variant) -> datetime:
    """Return the instant of a date and time. Raises ValueError."""
    pattern = r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)"
    if variant.dates == "iso8601":
        pattern = r"\d{4}-?(\d\d-?\d\d|W\d\d-?\d)([Tt ]\d\d(:?\d\d(:?\d\d([.,]\d+)?)?)?([Zz]|[+-]\d\d(:?\d\d)?)?)?"
    if not re.fullmatch(pattern, text, re.ASCII) or re.search(r"[+-]\d\d:?[6-9]\d$", text[19:], re.ASCII):
        raise ValueError(text)
    moment = datetime.fromisoformat(text.upper())
    if not 1 < moment.year < MAXYEAR or text.upper()[10:].startswith(
        "T24"
    ):  # every offset and every end must have a year
        raise ValueError(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _text(name: str, value: Any, variant: Variant) -> Iterator[Fault]:
    if not isinstance(value, str):
        yield (name,), "is not a string"
        return
    if variant.lone_surrogates == "refused" and re.search("[\ud800-\udfff]", value):
        yield (name,), "is not Unicode"
    if variant.nul_characters == "refused" and "\0" in value:
        yield (name,), "holds a NUL character"
    size = len(value) if variant.length_unit == "code_points" else len(value.encode("utf-16-le", "surrogatepass")) // 2
    least, most = LENGTHS.get(name, (1, 10_000))
    if not least <= size <= most:
        yield (name,), f"has {size} characters; {least} to {most} are allowed"
    if name == "transcript_text" and len(value.encode("utf-8", "surrogatepass")) > TRANSCRIPT_BYTES:
        yield (name,), "has too many bytes"


def _kind(name: str, value: Any, _: Variant) -> Iterator[Fault]:
    if not isinstance(value, str) or value not in {"CALL", "MEETING"}:
        yield (name,), "is neither CALL nor MEETING"


def _boolean(name: str, value: Any, _: Variant) -> Iterator[Fault]:
    if not isinstance(value, bool):
        yield (name,), "is not a boolean"


def _date(name: str, value: Any, variant: Variant) -> Iterator[Fault]:
    try:
        instant(value, variant)
    except (TypeError, ValueError):
        yield (name,), "is not a date and time"


def _people(name: str, value: Any, variant: Variant) -> Iterator[Fault]:
    if not isinstance(value, list):
        yield (name,), "is not a list"
        return
    for place, person in enumerate(value):
        if not isinstance(person, dict):
            yield (name, place), "is not an object"
            continue
        said = {key: person[key] for key in ("name", "email") if key in person}
        for key, text in said.items():
            if not isinstance(text, str):
                yield (name, place, key), "is not a string"
            elif variant.nul_characters == "refused" and "\0" in text:
                yield (name, place, key), "holds a NUL character"
            elif variant.odd_participants == "refused" and (not text or (key == "email" and "@" not in text)):
                yield (name, place, key), "is not usable"
        if not said and variant.odd_participants == "refused":
            yield (name, place), "has neither name nor e-mail"


_JUDGES: dict[str, Callable[[str, Any, Variant], Iterator[Fault]]] = {
    **dict.fromkeys(("title", "source_system", "external_id", "media_url", "transcript_text"), _text),
    **dict.fromkeys(("run_workflows", "is_private"), _boolean),
    "type": _kind,
    "start_at": _date,
    "participants": _people,
}
