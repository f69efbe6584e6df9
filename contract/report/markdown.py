"""report.md: a comment for a pull request.

Everything that is not this module's own wording is either inside a fence longer than any in it, or written with
character references, so that no text of a server can become markup, a link, a mention or a cell of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from contract.report import comparison
from contract.report.headline import headline
from contract.report.text import one_line, plural, printable, shorten, visible
from contract.report.words import VERDICT_SIGNS, VERDICT_WORDS
from contract.run.results import VERDICTS, Failure, RuleResult, Run

LONGEST = 60_000  # GitHub takes 65,536 characters; the rest is for what a bot adds around it
_FOR_ATTENTION = 16_000
_FOR_LEFT_OUT = 4_000
_FOR_OBSERVATIONS = 9_000
_FOR_CATALOGUE = 15_000
_FOR_NOTES = 1_000  # what each table says of the rest, and its frame

_ATTENTION = ("fail", "error", "untested")
_FAILURES_OF_A_RULE = 3
_LONGEST_CELL = 200
_LONGEST_BLOCK = 1_500
# Punctuation with a meaning (: begins an emoji or ends a scheme, $ is mathematics), and the dot that makes www a link.
_MARKUP = re.compile(r"[&<>`*_~\[\]|\\#@$]|:(?=[/\w+-])|(?<=www)\.", re.IGNORECASE)
_ELSEWHERE = "report.html and report.json have them all"


def render(run: Run) -> str:
    """Return the comment. It is shorter than `LONGEST`; what did not fit is counted in words."""
    parts = [_opening(run), _attention(run)]
    # What failed has the room that there is; the tables behind it have the rest.
    sections = (
        (_failures, LONGEST),
        (_left_out, _FOR_LEFT_OUT),
        (_observations, _FOR_OBSERVATIONS),
        (_catalogue, _FOR_CATALOGUE),
    )
    for section, most in sections:
        room = LONGEST - sum(len(part) + 2 for part in parts) - _FOR_NOTES
        parts.append(section(run, min(room, most)))
    return "\n\n".join(part for part in parts if part) + "\n"


def _opening(run: Run) -> str:
    found = headline(run)
    counts = " · ".join(
        f"{VERDICT_SIGNS[verdict]} {count} {VERDICT_WORDS[verdict]}" for verdict, count in run.summary.items()
    )
    facts = (
        f"Target {_code(run.target)}, profile {_code(run.profile)}, seed {run.seed}: "
        f"{plural(run.requests, 'request')}, {plural(run.creations, 'creation')}, {run.duration_seconds:.1f} seconds."
    )
    notes = " ".join(_prose(note, 1_000) for note in found.notes)
    news = (
        " ".join(_prose(each, 2_000) for each in comparison.sentences(run.changes)) if run.changes is not None else ""
    )
    return "\n\n".join(part for part in (f"### {_prose(found.title, 1_000)}", news, notes, counts, facts) if part)


def _attention(run: Run) -> str:
    rows = (
        f"| {_rule(result)} | {result.rule.level} | {_verdict(result)} | {_why(result)} |"
        for verdict in _ATTENTION
        for result in run.results
        if result.verdict == verdict
    )
    return _table(("Rule", "Level", "Verdict", "Reason"), rows, _FOR_ATTENTION)


def _failures(run: Run, room: int) -> str:
    """Return as many failures as there is room for: the first of each rule first, three of each rule at most."""
    results = [result for verdict in VERDICTS for result in run.results if result.verdict == verdict]
    failed = [result for result in results if result.failures]
    shown = _chosen(failed, room - 200)
    if left_out := sum(len(result.failures) for result in failed) - len(shown):
        shown.append(f"{plural(left_out, 'more failed case')} left out here: {_ELSEWHERE}.")
    return "\n\n".join(shown)


def _chosen(failed: Sequence[RuleResult], room: int) -> list[str]:
    """Return what fits: a case of each rule first, then its lines for a shell, then more cases beside the tables."""
    firsts = list(_fitting((_details(result, result.failures[0], lines=False) for result in failed), room))
    room -= sum(len(block) + 2 for block in firsts)
    blocks = [[first] for first in firsts]
    for result, shown in zip(failed, blocks, strict=False):
        more = len(whole := _details(result, result.failures[0])) - len(shown[0])
        if more <= room:
            shown[0], room = whole, room - more
    room -= _FOR_LEFT_OUT + _FOR_OBSERVATIONS + _FOR_CATALOGUE
    for result, shown in zip(failed, blocks, strict=False):
        others = (_details(result, other) for other in islice(result.failures, 1, _FAILURES_OF_A_RULE))
        fitting = list(_fitting(others, room))
        shown.extend(fitting)
        room -= sum(len(block) + 2 for block in fitting)
    return [block for shown in blocks for block in shown]


def _details(result: RuleResult, failure: Failure, *, lines: bool = True) -> str:
    summary = f"<code>{_inert(result.rule.id)}</code> {_prose(result.rule.title, _LONGEST_CELL)}"
    parts = [
        f"<details><summary>{summary}</summary>",
        f"Expected\n{_fence(visible(shorten(failure.expected, _LONGEST_BLOCK)))}",
        f"Got\n{_fence(visible(shorten(failure.actual, _LONGEST_BLOCK)))}",
    ]
    if failure.request_id:
        parts.append(f"Request id {_code(failure.request_id)}")
    if failure.curl:
        parts.append(_curl(failure.curl) if lines else f"The lines that send it again are left out here: {_ELSEWHERE}.")
    return "\n\n".join([*parts, "</details>"])


def _curl(line: str) -> str:
    """Return the whole line, or none of it: a shortened one would reproduce something else."""
    if len(line) > _LONGEST_BLOCK:
        return f"The lines that send it again are too long for a comment: {_ELSEWHERE}."
    return _fence(printable(line), "sh")


def _left_out(run: Run, room: int) -> str:
    rows = (f"| {_rule(result)} | {_prose('; '.join(result.left_out))} |" for result in run.results if result.left_out)
    return _collapsed("Cases that were left out", ("Rule", "Case"), rows, room)


def _observations(run: Run, room: int) -> str:
    rows = (f"| {_rule(result)} | {_prose(result.observation)} |" for result in run.results if result.observation)
    return _collapsed("What the deployment does where the contract is silent", ("Rule", "Observation"), rows, room)


def _catalogue(run: Run, room: int) -> str:
    rows = (
        f"| {_rule(result)} | {result.rule.level} | {_verdict(result)} | {result.cases} |" for result in run.results
    )
    return _collapsed(f"All {plural(len(run.results), 'rule')}", ("Rule", "Level", "Verdict", "Cases"), rows, room)


def _collapsed(title: str, heads: tuple[str, ...], rows: Iterable[str], room: int) -> str:
    table = _table(heads, rows, room)
    return f"<details><summary>{title}</summary>\n\n{table}\n\n</details>" if table else ""


def _table(heads: tuple[str, ...], rows: Iterable[str], room: int) -> str:
    every = list(rows)
    shown = list(_fitting(every, room))
    if not every:
        return ""
    lines = [f"| {' | '.join(heads)} |", f"|{' --- |' * len(heads)}", *shown]
    left_out = len(every) - len(shown)
    return "\n".join(lines) + (f"\n\n{plural(left_out, 'more rule')} left out here: {_ELSEWHERE}." if left_out else "")


def _fitting(blocks: Iterable[str], room: int) -> Iterator[str]:
    for block in blocks:
        room -= len(block) + 2
        if room < 0:
            return
        yield block


def _rule(result: RuleResult) -> str:
    return f"{_code(result.rule.id)} {_prose(result.rule.title)}"


def _verdict(result: RuleResult) -> str:
    return f"{VERDICT_SIGNS[result.verdict]} {VERDICT_WORDS[result.verdict]}"


def _why(result: RuleResult) -> str:
    why = [_prose(result.reason)] if result.reason else []
    why += [f"expected {_code(first.expected)}, got {_code(first.actual)}" for first in result.failures[:1]]
    return "; ".join(why)


def _prose(text: str | None, limit: int = _LONGEST_CELL) -> str:
    return _inert(one_line(text or "", limit))


def _code(text: str) -> str:
    return f"<code>{_inert(one_line(text, _LONGEST_CELL))}</code>"


def _inert(text: str) -> str:
    """Write what Markdown, HTML or GitHub could take for markup as character references.

    An invisible space after @ and # keeps people from being called and other issues from being referred to.
    """
    referred = _MARKUP.sub(lambda match: f"&#{ord(match[0])};", text)
    return referred.replace("&#64;", "&#64;&#8203;").replace("&#35;", "&#35;&#8203;")


def _fence(text: str, language: str = "") -> str:
    ticks = "`" * max(3, 1 + max((len(run) for run in re.findall(r"`+", text)), default=0))
    return f"{ticks}{language}\n{text}\n{ticks}"
