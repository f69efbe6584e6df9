"""Whole submissions: valid ones, ones with exactly one defect, and ones of which the contract says nothing.

A submission is what differs from a plain valid one (`value`, `without`). The key is left to the caller, because a
target remembers keys; only a defect of the key itself brings one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from contract.cases import bodies
from contract.cases.lengths import short_fields
from contract.cases.submission import Submission, media, said
from contract.cases.verdict import ACCEPTED, FREE, REFUSED
from contract.exchange import Text
from contract.spec.fields import Field, fields
from contract.strategies.evenly import evenly
from contract.strategies.fields import (
    impossible_instants,
    instants,
    json_values,
    odd_participants,
    participants,
    unusual_instants,
    wrong_participants,
)
from contract.strategies.texts import at_length, limit_transcripts, prose
from contract.strategies.urls import Urls, free_urls, refused_urls

Submissions = st.SearchStrategy[Submission]


def valid_submissions(urls: Urls, *, prefix: str = "", quiet: bool = True) -> Submissions:
    """Draw a submission that a conforming target accepts; shrinks to the plain one.

    `urls` are accepted recordings, titles begin with `prefix`. A `quiet` one runs no workflows and stays private.
    """
    most = {field.name: limit for field, limit in short_fields()}
    optional: dict[str, st.SearchStrategy[Any]] = {
        **{field.name: st.sampled_from(field.values) for field in fields().values() if field.values},
        "title": st.one_of(prose().map(lambda text: f"{prefix}{text or 't'}"), at_length(most["title"], prefix)),
        "source_system": st.one_of(prose(1), at_length(most["source_system"])),
        "media_url": urls.map(lambda url: url.value),
        "start_at": instants().map(lambda instant: instant.value),
        "participants": participants().map(lambda people: people.value),
        "transcript_text": prose(most=200),
    }
    if not quiet:
        optional |= {"is_private": st.booleans(), "run_workflows": st.booleans()}
    usual = st.fixed_dictionaries({}, optional=optional)
    return usual.map(lambda changes: Submission(changes, ACCEPTED, "BODY-13", "a valid submission"))


def defective_submissions(urls: Urls | None = None, rule: str | None = None) -> Submissions:
    """Draw a submission with exactly one defect: any, or one that breaks this rule.

    `urls` are those to refuse, drawn about as often as all other defects together. Raises KeyError for a rule that is
    not about a body, and not in DEFECTS.
    """
    recordings = media_submissions(refused_urls() if urls is None else urls)
    if rule is None:
        return evenly((recordings, defective_bodies()))
    return recordings.filter(lambda drawn: drawn.rule == rule) if rule.startswith("URL-") else DEFECTS[rule]


def defective_bodies() -> Submissions:
    """Draw a submission with one defect that is not about the recording, each rule as often."""
    return evenly(tuple(DEFECTS.values()))


def media_submissions(urls: Urls) -> Submissions:
    """Draw a submission that differs from a plain one in its recording, with the verdict on that."""
    return urls.map(media)


def free_submissions(urls: Urls | None = None) -> Submissions:
    """Draw a submission of which the contract says nothing; that any answer to it is well-formed still holds."""
    urls = free_urls() if urls is None else urls
    unknown = json_values().map(lambda value: ({"colour": value}, "BODY-17", "an unknown field"))
    starts = unusual_instants().map(lambda start: ({"start_at": start.value}, start.rule, start.why))
    people = odd_participants().map(lambda odd: ({"participants": odd.value}, odd.rule, odd.why))
    places = urls.map(lambda url: ({"media_url": url.value}, url.rule, url.why))
    wide = st.sampled_from([pair for pair in short_fields() if pair[0].name != "external_id"]).map(
        lambda pair: ({pair[0].name: Text(("😀", pair[1]))}, "LIMIT-11", f"{pair[0].name} of emoji")
    )
    drawn = evenly((places, unknown, starts, people, wide)).map(lambda made: Submission(made[0], FREE, *made[1:]))
    written = evenly([st.sampled_from(cases) for cases in bodies.free().values()])
    return evenly((drawn, drawn, written))


def limit_submissions() -> Submissions:
    """Draw a submission whose transcript is at or around a limit. Rules: LIMIT-7, LIMIT-8, LIMIT-11."""
    return limit_transcripts().map(
        lambda text: Submission({"transcript_text": text.value}, text.verdict, text.rule, text.why)
    )


def _drawn(field: Field, keyword: str, values: st.SearchStrategy[Any]) -> Submissions:
    rule = field.rules[keyword]
    return values.map(lambda value: Submission({field.name: value}, REFUSED, rule, said(field.name, value)))


def _too_long(field: Field, most: int) -> Submissions:
    sizes = st.tuples(st.sampled_from(("a", "é", "あ", "😀", " ")), st.integers(most + 1, most + 2000))
    return _drawn(field, "maxLength", sizes.map(lambda drawn: Text(("a", 1), (drawn[0], drawn[1] - 1))))


_NO_TEXT: st.SearchStrategy[Any] = st.one_of(st.integers(), st.booleans(), st.just(1.5))
_KINDS: Mapping[str, st.SearchStrategy[Any]] = {"string": _NO_TEXT, "boolean": st.integers()}


def _beyond(field: Field) -> dict[str, Submissions]:
    """Return, by rule, what the table does not hold: any number, any word, any length over the limit."""
    found = {field.rules["type"]: _drawn(field, "type", _KINDS[field.kind])} if field.kind in _KINDS else {}
    if field.values:
        found[field.rules["enum"]] = _drawn(field, "enum", prose().filter(lambda text: text not in field.values))
    if field.most and field.most_bytes is None:
        found[field.rules["maxLength"]] = _too_long(field, field.most)
    if field.name == "start_at":
        found[field.rules["format"]] = _drawn(field, "format", impossible_instants().map(lambda made: made.value))
    if field.name == "participants":
        found[field.rules["type"]] = _drawn(field, "type", wrong_participants().map(lambda made: made.value))
    return found


def _defects() -> dict[str, Submissions]:
    """Return every defect of a body by the rule it breaks: the table, and beyond it. Those of URLs are in `urls`."""
    kinds: dict[str, list[Submissions]] = {
        rule: [st.sampled_from(small)]
        for rule, cases in bodies.refused().items()
        if (small := [case for case in cases if not _large(case)])
    }
    for field in fields().values():
        for rule, drawn in _beyond(field).items():
            kinds[rule].append(drawn)
    return {rule: evenly(several) for rule, several in kinds.items()}


def _large(case: Submission) -> bool:
    """Tell whether a case takes a megabyte: those are drawn by `limit_submissions`, and seldom."""
    return (
        case.field is not None
        and fields()[case.field].most_bytes is not None
        and isinstance(case.value.get(case.field), Text)
    )


DEFECTS: Mapping[str, Submissions] = _defects()
