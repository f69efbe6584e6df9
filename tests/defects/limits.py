"""Defects of limits: off by one, another unit, another place to measure, silent cutting."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable
from typing import Any

from mock_server.problems import FieldError, Invalid, Malformed
from tests.defects.seams import Defect, Install, Json, converted, defect, excused, parsed, refused

MAXIMA = {"title": (500, "LIMIT-1"), "source_system": (100, "LIMIT-3"), "external_id": (500, "LIMIT-5")}
MINIMA = {"title": "LIMIT-2", "source_system": "LIMIT-4", "external_id": "LIMIT-6"}
CHARACTERS, BYTES = 900_000, 950_000


def longer(name: str, least: int, most: float = float("inf")) -> Install:
    """Accept texts of these lengths too."""
    return excused(name, lambda value: isinstance(value, str) and least <= len(value) <= most)


def measured(name: str, measure: Callable[[str], int], most: int) -> Install:
    """Refuse a text that is longer by another measure."""
    return refused(name, lambda body: isinstance(text := body.get(name), str) and measure(text) > most)


def excused_by(name: str, measure: Callable[[str], int], most: int) -> Install:
    """Accept a text that is not longer by another measure."""
    return excused(name, lambda value: isinstance(value, str) and len(value) > most >= measure(value))


def size(text: str) -> int:
    """Return the length in bytes."""
    return len(text.encode("utf-8", "surrogatepass"))


def escaped(text: str) -> int:
    """Return the length as JSON in ASCII."""
    return len(json.dumps(text)) - 2


def composed(text: str) -> int:
    """Return the length in normalisation form C."""
    return len(unicodedata.normalize("NFC", text))


def graphemes(text: str) -> int:
    """Return the length without combining marks."""
    return sum(not unicodedata.combining(c) for c in text)


def _of(name: str) -> list[Defect]:
    """Return the defects that each of the short texts can have."""
    most, rule = MAXIMA[name]
    least = MINIMA[name]
    label = name.replace("_", "-")
    return [
        defect(f"{label}-one-more", rule, f"{name} may have {most + 1} characters.", longer(name, most + 1, most + 1)),
        defect(f"{label}-one-less", rule, f"{name} may have {most - 1} characters.", measured(name, len, most - 1)),
        defect(f"{label}-unlimited", rule, f"{name} may have any length.", longer(name, most + 1)),
        defect(f"{label}-half", rule, f"{name} may have {most // 2} characters.", measured(name, len, most // 2)),
        defect(f"{label}-cut", rule, f"{name} is cut silently.", converted(name, lambda v: _cut(v, most)),
               entails={"RESP-4": "the title comes back cut"} if name == "title" else None),
        defect(f"{label}-bytes", f"LIMIT-10 {rule}", f"{name} is counted in bytes.", measured(name, size, most)),
        defect(f"{label}-empty", least, f"{name} may be empty.", excused(name, lambda value: value == "")),
    ]  # fmt: skip


def _two(name: str) -> Defect:
    """Return the defect of a minimum of two."""
    return defect(f"{name.replace('_', '-')}-two", MINIMA[name], f"{name} needs two characters.",
                  refused(name, lambda body: len(str(body.get(name))) == 1))  # fmt: skip


def _cut(value: Any, most: int) -> Any:
    return value[:most] if isinstance(value, str) else value


def _lost(name: str) -> list[Defect]:
    """Return the defects of one character that counts as none."""
    label, least = name.replace("_", "-"), MINIMA[name]
    return [
        defect(f"{label}-blank", least, f"A {name} of blanks counts as empty.",
               refused(name, lambda body: isinstance(text := body.get(name), str) and text.isspace())),
        defect(f"{label}-zero", least, f'"0" counts as an empty {name}.',
               refused(name, lambda body: body.get(name) == "0")),
    ]  # fmt: skip


TEXTS = (
    *(found for name in MAXIMA for found in _lost(name)),
    *(found for name in MAXIMA for found in _of(name)),
    *(_two(name) for name in MAXIMA),
    defect("title-db-column", "LIMIT-1", "title may have 255 characters.", measured("title", len, 255)),
    defect("title-trimmed-first", "LIMIT-1", "White space around the title is not counted.",
           excused_by("title", lambda text: len(text.strip()), 500)),
    defect("title-escaped", "LIMIT-9 LIMIT-10", "title is counted as it would be written in ASCII.",
           measured("title", escaped, 500),
           entails={"LIMIT-1": "500 characters outside ASCII are refused"}),
    defect("title-composed", "LIMIT-10",
           "title is counted in normalisation form C.", excused_by("title", composed, 500)),
    defect("title-graphemes", "LIMIT-10", "Combining marks in the title are not counted.",
           excused_by("title", graphemes, 500)),
    defect("title-without-selectors", "LIMIT-1", "What says how a sign is drawn is not counted in the title.",
           excused_by("title", lambda text: len(text.replace("\ufe0f", "")), 500)),
    defect("external-id-255", "LIMIT-5", "external_id may have 255 characters.", measured("external_id", len, 255)),
    defect("external-id-128", "LIMIT-5", "external_id may have 128 characters.", measured("external_id", len, 128)),
    defect("external-id-composed", "LIMIT-10", "external_id is counted in normalisation form C.",
           excused_by("external_id", composed, 500)),
    defect("source-system-64", "LIMIT-3", "source_system may have 64 characters.", measured("source_system", len, 64)),
)  # fmt: skip


def wire_limit(most: int) -> Install:
    """Refuse bodies by their size on the wire."""

    def read(raw: bytes, right: Callable[[bytes], Json]) -> Json:
        if len(raw) > most:
            raise Malformed("The body is too large.", rule="ERR-10")
        return right(raw)

    return parsed(read)


def _wire_transcript(raw: bytes, right: Callable[[bytes], Json]) -> Json:
    """Measure the transcript as it stands in the body, escapes and all."""
    document = right(raw)
    start = raw.find(b'"transcript_text"')
    if start >= 0 and len(raw) - start > BYTES + 1000:
        raise Invalid([FieldError("/transcript_text", "too_many_bytes", "is too long", "LIMIT-8")])
    return document


def transcript_accepted(when: Callable[[str], bool]) -> Install:
    """Accept further transcripts."""
    return excused("transcript_text", lambda value: isinstance(value, str) and when(value))


def transcript_refused(measure: Callable[[str], int], most: int) -> Install:
    """Refuse transcripts by another measure."""
    return measured("transcript_text", measure, most)


TRANSCRIPTS = (
    defect("transcript-one-more", "LIMIT-7", "900,001 characters are accepted.",
           transcript_accepted(lambda text: len(text) == CHARACTERS + 1 and size(text) <= BYTES)),
    defect("transcript-one-less", "LIMIT-7",
           "900,000 characters are refused.", transcript_refused(len, CHARACTERS - 1),
           entails={"LIMIT-8": "950,000 bytes in 900,000 characters are refused"}),
    defect("transcript-bytes-only", "LIMIT-7", "Only the bytes of a transcript are limited.",
           transcript_accepted(lambda text: size(text) <= BYTES)),
    defect("transcript-composed", "LIMIT-7 LIMIT-10", "The characters of a transcript are counted in form C.",
           transcript_accepted(lambda text: composed(text) <= CHARACTERS and size(text) <= BYTES)),
    defect("transcript-cut", "LIMIT-7", "A transcript with too many characters is cut silently.",
           converted("transcript_text", lambda text: _cut(text, CHARACTERS))),
    defect("transcript-characters-only", "LIMIT-8", "Only the characters of a transcript are limited.",
           transcript_accepted(lambda text: len(text) <= CHARACTERS)),
    defect("transcript-byte-more", "LIMIT-8", "950,001 bytes are accepted.",
           transcript_accepted(lambda text: len(text) <= CHARACTERS and size(text) == BYTES + 1)),
    defect("transcript-byte-less", "LIMIT-8", "950,000 bytes are refused.", transcript_refused(size, BYTES - 1)),
    defect("transcript-megabyte", "LIMIT-8", "A million bytes are accepted.",
           transcript_accepted(lambda text: len(text) <= CHARACTERS and size(text) <= 1_000_000)),
    defect("transcript-three-bytes", "LIMIT-8", "No character counts more than three bytes.",
           transcript_accepted(lambda text: len(text) <= CHARACTERS
                               and sum(min(3, size(c)) * text.count(c) for c in set(text)) <= BYTES)),
    defect("transcript-900000-bytes", "LIMIT-8", "900,000 bytes are the limit.", transcript_refused(size, CHARACTERS)),
    defect("transcript-utf16-bytes", "LIMIT-8 LIMIT-7", "The bytes of a transcript are counted in UTF-16.",
           transcript_refused(lambda text: len(text.encode("utf-16-le", "surrogatepass")), BYTES)),
    defect("transcript-escaped", "LIMIT-9 LIMIT-8", "The bytes of a transcript are those of JSON in ASCII.",
           transcript_refused(escaped, BYTES)),
    defect("transcript-text-column", "LIMIT-7 LIMIT-8",
           "65,535 bytes are the limit.", transcript_refused(size, 65_535)),
    defect("transcript-unlimited", "LIMIT-7 LIMIT-8",
           "A transcript has no limit.", transcript_accepted(lambda _: True)),
    defect("wire-transcript", "LIMIT-9", "A transcript is measured as it is written in the body.",
           parsed(_wire_transcript)),
    defect("wire-2-mb", "LIMIT-9", "A body may have two million bytes on the wire.", wire_limit(2_000_000)),
    defect("wire-1-mb", "LIMIT-9", "A body may have a million bytes on the wire.", wire_limit(1_000_000)),
)  # fmt: skip

DEFECTS = (*TEXTS, *TRANSCRIPTS)

UNSEEN = {
    "source-system-stored-cut": "source_system is in no answer",
    "transcript-stored-cut": "the transcript is in no answer to a create",
    "title-utf16": "whether characters beyond the basic plane count once or twice is an observation (LIMIT-11)",
}
