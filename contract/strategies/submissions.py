"""Whole submissions: valid ones, ones with exactly one defect, and ones of which the contract says nothing.

A submission is what differs from a plain valid one (`changes`, `without`). The key is left to the caller, because a
target remembers keys; only a defect of the key itself brings one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from contract.cases.verdict import ACCEPTED, FREE, REFUSED, Judged, Url, evenly
from contract.exchange import Text
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

Document = dict[str, Any]
REQUIRED = ("type", "title", "source_system", "external_id", "media_url", "run_workflows")
OPTIONAL = ("start_at", "is_private", "participants", "transcript_text")
LIMITS = {"title": ("LIMIT-1", 500), "source_system": ("LIMIT-3", 100), "external_id": ("LIMIT-5", 500)}


@dataclass(frozen=True)
class Submission(Judged):
    """What differs from a plain valid submission: fields to set (the value), and one to leave out."""

    value: Document
    without: str | None = None

    def document(self, base: Mapping[str, Any], key: str) -> Document:
        """Return the whole submission, made from a plain one, with this key unless the key is the defect."""
        document = {**base, "external_id": key, **self.value}
        return {name: value for name, value in document.items() if name != self.without}


Submissions = st.SearchStrategy[Submission]


def valid_submissions(urls: Urls, *, prefix: str = "", quiet: bool = True) -> Submissions:
    """Draw a submission that a conforming target accepts; shrinks to the plain one.

    `urls` are accepted recordings, titles begin with `prefix`. A `quiet` one runs no workflows and stays private.
    """
    optional: dict[str, st.SearchStrategy[Any]] = {
        "type": st.sampled_from(("CALL", "MEETING")),
        "title": st.one_of(prose().map(lambda text: f"{prefix}{text or 't'}"), at_length(500, prefix)),
        "source_system": st.one_of(prose(1), at_length(100)),
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
    media = media_submissions(refused_urls() if urls is None else urls)
    if rule is None:
        return evenly((media, defective_bodies()))
    return media.filter(lambda drawn: drawn.rule == rule) if rule.startswith("URL-") else DEFECTS[rule]


def defective_bodies() -> Submissions:
    """Draw a submission with one defect that is not about the recording, each rule as often."""
    return evenly(tuple(DEFECTS.values()))


def media_submissions(urls: Urls) -> Submissions:
    """Draw a submission that differs from a plain one in its recording, with the verdict on that."""
    return urls.map(media_submission)


def media_submission(url: Url) -> Submission:
    """Return the submission that differs from a plain one in this recording."""
    return Submission({"media_url": url.value}, url.verdict, url.rule, url.why)


def free_submissions(urls: Urls | None = None) -> Submissions:
    """Draw a submission of which the contract says nothing; that any answer to it is well-formed still holds."""
    urls = free_urls() if urls is None else urls
    unknown = json_values().map(lambda value: ({"colour": value}, "BODY-17", "an unknown field"))
    nulls = st.sampled_from(OPTIONAL).map(lambda name: ({name: None}, "BODY-16", f"{name} null"))
    starts = unusual_instants().map(lambda start: ({"start_at": start.value}, start.rule, start.why))
    people = odd_participants().map(lambda odd: ({"participants": odd.value}, odd.rule, odd.why))
    places = urls.map(lambda url: ({"media_url": url.value}, url.rule, url.why))
    wide = st.sampled_from(("title", "source_system")).map(
        lambda name: ({name: Text(("😀", LIMITS[name][1]))}, "LIMIT-11", f"{name} of emoji")
    )
    nul = st.just(({"title": "a\0b"}, "BODY-22", "a NUL"))
    drawn = evenly((places, unknown, nulls, starts, people, wide, nul))
    return drawn.map(lambda made: Submission(made[0], FREE, made[1], made[2]))


def limit_submissions() -> Submissions:
    """Draw a submission whose transcript is at or around a limit. Rules: LIMIT-7, LIMIT-8, LIMIT-11."""
    return limit_transcripts().map(
        lambda text: Submission({"transcript_text": text.value}, text.verdict, text.rule, text.why)
    )


def _fields(names: tuple[str, ...], values: st.SearchStrategy[Any], rule: str, why: str) -> Submissions:
    pairs = st.tuples(st.sampled_from(names), values)
    return pairs.map(lambda pair: Submission({pair[0]: pair[1]}, REFUSED, rule, f"{pair[0]} {why}"))


def _wrong(field: str, drawn: st.SearchStrategy[Any]) -> Submissions:
    return drawn.map(lambda value: Submission({field: value.value}, value.verdict, value.rule, value.why))


def _too_long(field: str) -> Submissions:
    rule, most = LIMITS[field]
    sizes = st.tuples(st.sampled_from(("a", "é", "あ", "😀", " ")), st.integers(most + 1, most + 2000))
    return sizes.map(
        lambda drawn: Submission(
            {field: Text(("a", 1), (drawn[0], drawn[1] - 1))}, REFUSED, rule, f"{field} of {drawn[1]} characters"
        )
    )


def _empty(field: str, rule: str) -> Submissions:
    return st.just(Submission({field: ""}, REFUSED, rule, f"an empty {field}"))


_NO_TEXT = st.one_of(st.integers(), st.booleans(), st.just(["CALL"]), st.just({"text": "CALL"}), st.just(1.5))
_NO_BOOLEAN: st.SearchStrategy[Any] = st.one_of(
    st.sampled_from(("true", "false", "", "yes")), st.integers(), st.just([]), st.just({})
)
_TYPES = ("EMAIL", "TASK", "NOTE", "CALENDAR_EVENT", "DOCUMENT", "call", "Meeting", " CALL", "CALL ", "")
_KINDS = st.one_of(st.sampled_from(_TYPES), prose().filter(lambda text: text not in ("CALL", "MEETING")))
_TEXTS = ("type", "title", "source_system", "external_id", "media_url", "transcript_text")
_missing: Callable[[str], Submission] = lambda name: Submission({}, REFUSED, "BODY-1", f"no {name}", name)  # noqa: E731

# Every defect of a body by the rule it breaks; those of URLs are in `urls`.
DEFECTS: Mapping[str, Submissions] = {
    "BODY-1": st.sampled_from(REQUIRED).map(_missing),
    "BODY-2": _fields(REQUIRED, st.none(), "BODY-2", "null"),
    "BODY-3": _fields(_TEXTS, _NO_TEXT, "BODY-3", "that is no text"),
    "BODY-4": _fields(("type",), _KINDS, "BODY-4", "that is neither CALL nor MEETING"),
    "BODY-5": _fields(("run_workflows",), _NO_BOOLEAN, "BODY-5", "that is no boolean"),
    "BODY-6": _fields(("is_private",), _NO_BOOLEAN, "BODY-6", "that is no boolean"),
    "BODY-7": _wrong("start_at", impossible_instants()),
    "BODY-9": _wrong("participants", wrong_participants()),
    "LIMIT-1": _too_long("title"),
    "LIMIT-2": _empty("title", "LIMIT-2"),
    "LIMIT-3": _too_long("source_system"),
    "LIMIT-4": _empty("source_system", "LIMIT-4"),
    "LIMIT-5": _too_long("external_id"),
    "LIMIT-6": _empty("external_id", "LIMIT-6"),
}
