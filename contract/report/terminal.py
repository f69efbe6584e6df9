"""What a run looks like on a terminal, and in the log of a CI job."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from rich import progress
from rich.console import Console
from rich.table import Table
from rich.text import Text

from contract.report import comparison
from contract.report.headline import BROKEN, CUT_SHORT, KEPT, headline
from contract.report.text import one_line, plural
from contract.report.words import VERDICT_WORDS
from contract.run.results import RuleResult, Run

_STYLES = {
    "fail": "bold red",
    "error": "bold magenta",
    "untested": "yellow",
    "deviates": "yellow",
    "waived": "dim",
    "observed": "cyan",
    "not_applicable": "dim",
    "pass": "green",
}
_FOR_TABLE = ("fail", "error", "untested", "deviates", "waived", "not_applicable")
_LONGEST_VALUE = 300
_MOST_LINES = 10  # under a heading
_MOST_ALIKE = 3  # rules with the same reason that have a row each; more share one
_LINES = 10


def summary(run: Run, console: Console, reports: Path | None = None, *, everything: bool = False) -> None:
    """Print the rules that did not pass, what was observed, the counts, a sentence, and where the reports are.

    Of what was observed or left out ten lines are shown, unless `everything` is asked for. Texts of the server are
    plain text here: neither markup nor control codes in them have an effect.
    """
    found = headline(run)
    if found.standing != CUT_SHORT or any(result.cases or result.failures for result in run.results):
        _details(run, console, everything=everything)
    for sentence in () if run.changes is None else comparison.sentences(run.changes):
        console.print(_text(sentence, console, 2_000), soft_wrap=True)
    style = {KEPT: "bold green", BROKEN: "bold red"}.get(found.standing, "bold yellow")
    console.print(_text(found.sentence, console, 2_000, style), soft_wrap=True)
    if reports is not None:
        console.print(
            _text(f"Reports: {reports / 'report.html'} and, beside it, .md, .json and junit.xml", console),
            soft_wrap=True,
        )


def _details(run: Run, console: Console, *, everything: bool) -> None:
    table = _table(run, console)
    if table.row_count:
        console.print(table)
        console.print()
    observed = [(result, result.observation) for result in run.results if result.observation]
    left_out = [(result, "; ".join(result.left_out)) for result in run.results if result.left_out]
    for heading, said in (("Where the contract is silent:", observed), ("Cases that were left out:", left_out)):
        if not said:
            continue
        console.print(heading)
        for line in _lines(said, console, everything=everything):
            console.print(line, no_wrap=True, overflow="ellipsis", crop=True)
        console.print()
    console.print(_counts(run), soft_wrap=True)


def _table(run: Run, console: Console) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", show_edge=False)
    for name in ("rule", "level", "verdict"):
        table.add_column(name, no_wrap=True)
    table.add_column("why", overflow="fold", ratio=1)
    for verdict in _FOR_TABLE:
        word = Text(VERDICT_WORDS[verdict], _STYLES[verdict])
        for alike in _by_reason([result for result in run.results if result.verdict == verdict]):
            if len(alike) > _MOST_ALIKE:
                ids = ", ".join(result.rule.id for result in alike)
                why = Text("\n").join([_text(ids, console, 2_000), _text(alike[0].reason or "", console, style="dim")])
                table.add_row(Text(plural(len(alike), "rule")), "", word, why)
                continue
            for result in alike:
                table.add_row(_text(result.rule.id, console), result.rule.level, word, _why(result, console))
    return table


def _by_reason(results: Sequence[RuleResult]) -> list[list[RuleResult]]:
    """Group rules that have nothing but the same reason to show; each rule with evidence of its own stays alone."""
    groups: dict[str, list[RuleResult]] = {}
    for result in results:
        key = result.rule.id if result.failures or not result.reason else f"reason: {result.reason}"
        groups.setdefault(key, []).append(result)
    return list(groups.values())


def _why(result: RuleResult, console: Console) -> Text:
    """Return the rule's title and below it the reason, or what was expected of the first failed case and what came."""
    lines = [_text(result.rule.title, console)]
    if result.reason:
        lines.append(_text(result.reason, console, style="dim"))
    for failure in result.failures[:1]:
        lines.append(_text(f"expected {one_line(failure.expected, _LONGEST_VALUE)}", console, style="green"))
        lines.append(_text(f"     got {one_line(failure.actual, _LONGEST_VALUE)}", console, style="red"))
    if len(result.failures) > 1 and not result.reason:  # else that says how many there are
        lines.append(Text(f"and {plural(len(result.failures) - 1, 'more case')}", "dim"))
    return Text("\n").join(lines)


def _lines(said: Sequence[tuple[RuleResult, str]], console: Console, *, everything: bool) -> Iterator[Text]:
    """Yield a line for each rule: its id, its title, and what is said of it."""
    shown = said if everything else said[:_MOST_LINES]
    for result, text in shown:
        line = _text(f"{result.rule.title}: {text}", console)
        yield Text.assemble((f"{result.rule.id:<9} ", _STYLES["observed"]), line)
    if left := len(said) - len(shown):
        yield Text(f"and {left} more, with --verbose or in report.html", "dim")


def _counts(run: Run) -> Text:
    counts = [Text(f"{count} {VERDICT_WORDS[verdict]}", _STYLES[verdict]) for verdict, count in run.summary.items()]
    effort = f"{plural(run.requests, 'request')}, {plural(run.creations, 'creation')}, {run.duration_seconds:.1f} s"
    return Text(", ").join([*counts, Text(effort, "dim")])


def _text(text: str, console: Console, limit: int = 2 * _LONGEST_VALUE, style: str = "") -> Text:
    """Return `text` as it is, without markup, in characters that the console can write."""
    indent = text[: len(text) - len(text.lstrip(" "))]
    shown = indent + one_line(text, limit)
    return Text(shown.encode(console.encoding, "backslashreplace").decode(console.encoding), style)


class Progress:
    """How far the run is: a live bar, or with `plain` a line whenever another tenth of the tests is done.

    It counts tests, which are not rules, or what else `noun` says, and names the rules that fail. A console that is not
    a terminal gets plain lines too; plain lines hold no control codes.
    """

    def __init__(self, console: Console, *, plain: bool, noun: str = "test") -> None:
        self._console = console
        self._noun = noun
        self._total = self._done = self._said = 0
        self._failed: tuple[str, ...] = ()
        self._named: tuple[str, ...] = ()
        self._bar = None if plain or not console.is_terminal else _bar(console, noun)

    def start(self, total: int) -> None:
        """Begin; `total` is the number of tests to come."""
        self._total = total
        if self._bar:
            self._bar.add_task("", total=total, failed="")
            self._bar.start()

    def advance(self, failed: Sequence[str]) -> None:
        """Count one test; these rules have failed so far."""
        self._done += 1
        self._failed = tuple(failed)
        if self._bar:
            self._bar.update(progress.TaskID(0), advance=1, failed=_failed(self._failed) if failed else "")
        elif self._done * _LINES // max(self._total, 1) > self._said * _LINES // max(self._total, 1):
            self._say()

    def say(self, sentence: str) -> None:
        """Print a line, above the bar if there is one."""
        self._console.print(_text(sentence, self._console), soft_wrap=True)

    def stop(self) -> None:
        """End. Stopping twice does no harm."""
        if self._bar:
            self._bar.stop()
        elif self._done > self._said:
            self._say()

    def _say(self) -> None:
        """Print how far it is, and the rules that failed since it was last said."""
        self._said = self._done
        new = [rule for rule in self._failed if rule not in self._named]
        self._named = self._failed
        named = f" ({', '.join(new)})" if new else ""
        self.say(f"{self._done} of {plural(self._total, self._noun)}, {_failed(self._failed)}{named}")


def _failed(rules: Sequence[str]) -> str:
    return f"{plural(len(rules), 'rule')} failed" if rules else "no rule failed"


def _bar(console: Console, noun: str) -> progress.Progress:
    return progress.Progress(
        progress.TextColumn(f"{noun}s"),
        progress.BarColumn(bar_width=24),
        progress.MofNCompleteColumn(),
        progress.TextColumn("{task.fields[failed]}", markup=False),
        progress.TimeElapsedColumn(),
        console=console,
        transient=True,
    )
