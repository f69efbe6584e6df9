"""report.html: one file that needs nothing else, and in which nothing that a server wrote can do anything."""

from __future__ import annotations

import base64
import functools
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import resources

import jinja2
from markupsafe import Markup

from contract.report import comparison, difference
from contract.report.headline import headline
from contract.report.text import one_line, plural, printable, shorten, visible, wire
from contract.report.words import VERDICT_MEANINGS, VERDICT_SIGNS, VERDICT_WORDS, family_name
from contract.run.results import VERDICTS, Failure, RuleResult, Run
from contract.spec.rules import LEVELS

_LONGEST_WIRE_TEXT = 10_000
_LONGEST_SAME = 600  # of a text that both sides share only its ends are of interest
_LONGEST_CHANGE = 4_000
_MOST_FAILURES = 10
_BROKEN = ("fail", "error")
_LONGEST_GIST = 200
_MOST_OPEN = 8  # with more rules than this to explain, a reader wants the list first


@dataclass(frozen=True, slots=True)
class Evidence:
    """A failure, ready to be shown: `expected` and `actual` are segments with the difference marked."""

    expected: list[difference.Segment]
    actual: list[difference.Segment]
    request_id: str
    curl: str
    request: str
    response: str


@dataclass(frozen=True, slots=True)
class Row:
    """A rule, ready to be shown. `is_open` says whether its evidence is unfolded at first.

    `expected` and `actual` are those of the first failed case in a line, for the folded rule.
    """

    result: RuleResult
    reason: str
    observation: str
    left_out: str
    evidence: list[Evidence]
    more_failures: int
    expected: str
    actual: str
    is_open: bool


@dataclass(frozen=True, slots=True)
class Group:
    """Rules under one heading: those with one verdict, or those of one family."""

    key: str
    rows: list[Row]


def render(run: Run) -> str:
    """Return the page."""
    rows = _rows(run)
    groups = _groups([(row.result.verdict, row) for row in rows], VERDICTS)
    style, script = _asset("report.css"), _asset("report.js")
    return _template().render(
        run=run,
        target=visible(run.target),
        headline=headline(run),
        started=run.started_at.astimezone().strftime("%Y-%m-%d %H:%M:%S %z"),
        changes=[] if run.changes is None else [visible(each) for each in comparison.sentences(run.changes)],
        groups=groups,
        broken=[group for group in groups if group.key in _BROKEN],
        others=[group for group in groups if group.key not in _BROKEN],
        families=_groups([(row.result.rule.family, row) for row in rows]),
        levels=[level for level in LEVELS if any(row.result.rule.level == level for row in rows)],
        style=Markup(style),  # noqa: S704  this package's own file
        script=Markup(script),  # noqa: S704  likewise
        style_hash=_hash(style),
        script_hash=_hash(script),
    )


def _rows(run: Run) -> list[Row]:
    broken = sum(1 for result in run.results if result.verdict in _BROKEN)
    return [_row(result, unfold=broken <= _MOST_OPEN) for result in run.results]


def _row(result: RuleResult, *, unfold: bool) -> Row:
    return Row(
        result=result,
        reason=visible(result.reason or ""),
        observation=visible(shorten(result.observation or "", _LONGEST_CHANGE)),
        evidence=[_evidence(failure) for failure in result.failures[:_MOST_FAILURES]],
        left_out=visible(shorten("; ".join(result.left_out), _LONGEST_CHANGE)),
        more_failures=max(0, len(result.failures) - _MOST_FAILURES),
        expected=one_line(result.failures[0].expected, _LONGEST_GIST) if result.failures else "",
        actual=one_line(result.failures[0].actual, _LONGEST_GIST) if result.failures else "",
        is_open=unfold and result.verdict in _BROKEN,
    )


def _evidence(failure: Failure) -> Evidence:
    segments = difference.segments(failure.expected, failure.actual)
    return Evidence(
        expected=[_brief(segment) for segment in segments if segment.kind != difference.ADDED],
        actual=[_brief(segment) for segment in segments if segment.kind != difference.REMOVED],
        request_id=visible(failure.request_id or ""),
        curl=printable(failure.curl or ""),
        request=wire(shorten(failure.request or "", _LONGEST_WIRE_TEXT)),
        response=wire(shorten(failure.response or "", _LONGEST_WIRE_TEXT)),
    )


def _brief(segment: difference.Segment) -> difference.Segment:
    limit = _LONGEST_SAME if segment.kind == difference.SAME else _LONGEST_CHANGE
    return difference.Segment(segment.kind, visible(shorten(segment.text, limit)))


def _groups(keyed: list[tuple[str, Row]], order: Iterable[str] = ()) -> list[Group]:
    """Group by key in the given order; keys that it does not name follow as they come."""
    keys = dict.fromkeys([*order, *(key for key, _ in keyed)])
    groups = [Group(key, [row for found, row in keyed if found == key]) for key in keys]
    return [group for group in groups if group.rows]


def _asset(name: str) -> str:
    return resources.files("contract.report").joinpath(name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """Return the source expression by which the page's security policy knows its own style and script."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


@functools.cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    environment.filters["plural"] = plural
    environment.globals.update(
        words=VERDICT_WORDS, signs=VERDICT_SIGNS, meanings=VERDICT_MEANINGS, family_name=family_name
    )
    return environment.from_string(_asset("report.html.j2"))
