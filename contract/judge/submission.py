"""What the contract says of any submission, whoever thought of it: refused, accepted, or nothing at all.

The schema of `openapi.yaml` is the judge, and its `x-rules` name the rule that each keyword enforces. What only an
`observe` rule speaks of, and whatever is accepted here and refused there by right, is unsure: no verdict. Media URLs
are known by their text, because nobody can tell by looking whether a host serves a recording.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from jsonschema import Draft202012Validator, ValidationError

from contract.cases.submission import Submission
from contract.cases.submission import media as with_recording
from contract.cases.verdict import EXACTLY_422, REFUSED, Url, Verdict
from contract.exchange import Body
from contract.spec import document as spec
from contract.spec.fields import body_rules, fields, required, submission_schema
from contract.spec.rules import catalogue

UNSURE = None
Objection = tuple[str | None, Verdict]  # the rule that refuses, or UNSURE, and what counts as a refusal

SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
PLAIN_HTTP = re.compile(r"http://[a-z0-9-]+(\.[a-z0-9-]+)+/[a-z0-9./-]*", re.ASCII | re.IGNORECASE)
RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,6})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
# A date in any notation of ISO 8601, from a year alone to an ordinal date without hyphens, with anything behind it.
ISO_8601 = re.compile(r"\s*[+-]?(\d{4,6}-|\d{4}-?W|(\d{4}|\d{7,8})(?!\d))", re.ASCII)
LENIENT_TIMES = re.compile(r"[Tt]24:|:60(\.|[Zz+-])", re.ASCII)
SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a conforming target does with a first submission.

    `cases` are the reasons to refuse it, each enough by itself: what is wrong, and nothing else. `verdict` says what
    counts as a refusal. It is `accepted` only if nothing refuses it and nothing is unsure.
    """

    cases: tuple[Submission, ...]
    verdict: Verdict
    accepted: bool

    @property
    def rules(self) -> tuple[str, ...]:
        """The rules that refuse it."""
        return tuple(dict.fromkeys(case.rule for case in self.cases))

    @property
    def case(self) -> Submission:
        """The whole of what must be refused, as a case of the first of its rules."""
        return replace(self.cases[0], verdict=self.verdict)


def judge(document: Any, media: Mapping[str, Url]) -> Judgement:
    """Return the judgement on a body, `document` as parsed. `media` are the known URLs by their text."""
    objections = list(_objections(document, media))
    cases = [_case(rule, verdict, name, document, media) for name, (rule, verdict) in objections if rule is not UNSURE]
    # The exact status of a media refusal is owed only where nothing else could be the reason.
    verdict = objections[0][1][1] if len(objections) == 1 else REFUSED
    return Judgement(tuple(cases), verdict, accepted=not objections)


def _case(rule: str, verdict: Verdict, name: str | None, document: Any, media: Mapping[str, Url]) -> Submission:
    """Return what is wrong with a body as a case: a field of it, one that is not there, or the body itself."""
    why = catalogue()[rule].title
    if name is None:
        return Submission({}, verdict, rule, why, body=Body.of(document))
    if name not in document:
        return Submission({}, verdict, rule, why, without=name)
    value = document[name]
    known = media.get(value) if name == "media_url" and isinstance(value, str) else None
    if known is not None and known.rule == rule:
        return with_recording(known)
    return Submission({name: value}, verdict, rule, why)


def _objections(document: Any, media: Mapping[str, Url]) -> Iterator[tuple[str | None, Objection]]:
    """Yield what speaks against a body, each with its field; None stands for the body as a whole."""
    for error in _validator().iter_errors(document):
        if error.validator != "required":
            rule, name = _rule(error), str(error.path[0]) if error.path else None
            yield name, ((rule if rule and not catalogue()[rule].observed else UNSURE), REFUSED)
    if not isinstance(document, dict):
        return
    yield from ((name, (body_rules()["required"], REFUSED)) for name in required() if name not in document)
    for name, value in document.items():
        yield from ((name, objection) for objection in _of_field(name, value, media))


def _of_field(name: str, value: Any, media: Mapping[str, Url]) -> Iterator[Objection]:
    """Yield what speaks against the value of a field, beyond its schema."""
    if name not in fields():
        yield UNSURE, REFUSED  # BODY-17
    elif isinstance(value, str):
        yield from _text(name, value)
        if name == "media_url":
            yield from _media(value, media)
        if name == "start_at":
            yield from _start(value)
    elif name == "participants" and isinstance(value, list):
        for person in value:
            yield from _participant(person)


def _rule(error: ValidationError) -> str | None:
    """Return the rule that a keyword of the schema enforces; none for null, of which BODY-16 only reports."""
    if error.instance is None and error.validator == "type" and error.path:
        field = fields().get(str(error.path[0])) if len(error.path) == 1 else None
        return UNSURE if field is None else field.null
    rules: dict[str, str] = error.schema.get("x-rules", {}) if isinstance(error.schema, dict) else {}
    return rules.get(str(error.validator))


def _text(name: str, value: str) -> Iterator[Objection]:
    """Doubt texts that a conforming server may measure or read in another way: LIMIT-11, BODY-21, BODY-22."""
    field = fields()[name]
    units = len(value) + sum(character > "\uffff" for character in value)
    if SURROGATE.search(value) or "\0" in value or len(value) <= (field.most or units) < units:
        yield UNSURE, REFUSED
    if field.most_bytes is not None and len(value.encode("utf-8", "surrogatepass")) > field.most_bytes:
        yield field.rules["x-maxBytes"], REFUSED


def _media(url: str, media: Mapping[str, Url]) -> Iterator[Objection]:
    if (known := media.get(url)) is not None:
        if known.verdict.kind != "accepted":
            yield (known.rule if known.verdict.kind == "refused" else UNSURE), known.verdict
    elif (scheme := SCHEME.match(url)) is None:
        yield fields()["media_url"].rules["format"], REFUSED
    elif PLAIN_HTTP.fullmatch(url):
        yield "URL-1", EXACTLY_422
    elif scheme[1].lower() != "https":
        yield "URL-2", REFUSED
    else:
        yield UNSURE, REFUSED


def _start(text: str) -> Iterator[Objection]:
    """Refuse what is no date in any notation, and a day or an hour that does not exist (BODY-7, BODY-18)."""
    if not ISO_8601.match(text):
        yield fields()["start_at"].rules["format"], REFUSED
        return
    if not RFC3339.fullmatch(text) or LENIENT_TIMES.search(text):
        yield UNSURE, REFUSED
        return
    try:
        moment = datetime.fromisoformat(text.upper())
        exists = not re.search(r"[+-]\d\d:[6-9]\d$", text, re.ASCII)  # Python counts the minutes of an offset on
    except ValueError:
        exists = False
    if not exists:
        yield fields()["start_at"].rules["format"], REFUSED
    elif not 1971 <= moment.year < 9000:
        yield UNSURE, REFUSED


def _participant(person: Any) -> Iterator[Objection]:
    """Doubt members that the page does not list, and addresses that a careful server may refuse: BODY-11."""
    if not isinstance(person, dict):
        return
    if not person.keys() & set(spec.document()["components"]["schemas"]["Participant"]["x-anyRequired"]):
        yield UNSURE, REFUSED
    for name, value in person.items():
        odd = isinstance(value, str) and (SURROGATE.search(value) or "\0" in value or len(value) > 200)
        if name not in {"name", "email"} or odd:
            yield UNSURE, REFUSED
    if isinstance(email := person.get("email"), str) and not re.fullmatch(
        r"[\w.+-]+@[\w-]+(\.[\w-]+)+", email, re.ASCII
    ):
        yield UNSURE, REFUSED


@functools.cache
def _validator() -> Draft202012Validator:
    return Draft202012Validator(submission_schema())
