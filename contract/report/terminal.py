"""What a run looks like on a terminal, and in the log of a CI job."""

from __future__ import annotations

from collections import Counter

from rich import progress
from rich.console import Console
from rich.table import Table
from rich.text import Text

from contract.report.headline import BROKEN, KEPT, headline
from contract.report.text import one_line, plural
from contract.report.words import VERDICT_WORDS
from contract.run.results import VERDICTS, RuleResult, Run

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
_LINES = 10


def summary(run: Run, console: Console) -> None:
    """Print the rules that did not pass, what was observed, the counts, and one sentence to end with.

    Texts of the server are plain text here: neither markup nor control codes in them have an effect.
    """
    table = _table(run, console)
    if table.row_count:
        console.print(table)
        console.print()
    observed = [result for result in run.results if result.observation]
    if observed:
        console.print("Where the contract is silent:")
        console.print(_observations(observed, console))
        console.print()
    console.print(_counts(run), soft_wrap=True)
    found = headline(run)
    style = {KEPT: "bold green", BROKEN: "bold red"}.get(found.standing, "bold yellow")
    console.print(_text(found.sentence, console, 2_000, style), soft_wrap=True)


def _table(run: Run, console: Console) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", show_edge=False)
    for name in ("rule", "level", "verdict"):
        table.add_column(name, no_wrap=True)
    table.add_column("why", overflow="fold", ratio=1)
    for verdict in _FOR_TABLE:
        for result in run.results:
            if result.verdict == verdict:
                word = Text(VERDICT_WORDS[verdict], _STYLES[verdict])
                table.add_row(_text(result.rule.id, console), result.rule.level, word, _why(result, console))
    return table


def _why(result: RuleResult, console: Console) -> Text:
    """Return the rule's title and below it the reason, or what was expected of the first failed case and what came."""
    lines = [_text(result.rule.title, console)]
    if result.reason:
        lines.append(_text(result.reason, console, style="dim"))
    for failure in result.failures[:1]:
        lines.append(_text(f"expected {one_line(failure.expected, _LONGEST_VALUE)}", console, style="green"))
        lines.append(_text(f"     got {one_line(failure.actual, _LONGEST_VALUE)}", console, style="red"))
    if len(result.failures) > 1:
        lines.append(Text(f"and {plural(len(result.failures) - 1, 'more case')}", "dim"))
    return Text("\n").join(lines)


def _observations(observed: list[RuleResult], console: Console) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False, show_edge=False)
    table.add_column(no_wrap=True, style=_STYLES["observed"])
    table.add_column(overflow="fold", ratio=1)
    for result in observed:
        table.add_row(_text(result.rule.id, console), _text(result.observation or "", console))
    return table


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

    A tenth, because rules and families come in any order and a log should not grow with them. A console that is not a
    terminal gets plain lines too; plain lines hold no control codes.
    """

    def __init__(self, console: Console, *, plain: bool) -> None:
        self._console = console
        self._total = self._said = 0
        self._counts: Counter[str] = Counter()
        self._broken: dict[str, None] = {}
        self._bar = None if plain or not console.is_terminal else _bar(console)

    def start(self, total: int) -> None:
        """Begin; `total` is the number of tests to come."""
        self._total = total
        if self._bar:
            self._bar.add_task("", total=total, counts="")
            self._bar.start()

    def advance(self, rule_id: str, verdict: str) -> None:
        """Count one test of a rule."""
        self._counts[verdict] += 1
        if verdict in ("fail", "error"):
            self._broken[rule_id] = None
        if self._bar:
            self._bar.update(progress.TaskID(0), advance=1, description=rule_id, counts=_tally(self._counts))
        elif self._counts.total() * _LINES // max(self._total, 1) > self._said * _LINES // max(self._total, 1):
            self._say()

    def stop(self) -> None:
        """End. Stopping twice does no harm."""
        if self._bar:
            self._bar.stop()
        elif self._counts.total() > self._said:
            self._say()

    def _say(self) -> None:
        """Print how far it is, and the rules that broke since it was last said."""
        self._said = self._counts.total()
        named = f" ({', '.join(self._broken)})" if self._broken else ""
        self._broken.clear()
        line = f"{self._said} of {self._total}: {_tally(self._counts)}{named}"
        self._console.print(_text(line, self._console), soft_wrap=True)


def _tally(counts: Counter[str]) -> str:
    return ", ".join(f"{counts[verdict]} {VERDICT_WORDS[verdict]}" for verdict in VERDICTS if counts[verdict])


def _bar(console: Console) -> progress.Progress:
    return progress.Progress(
        progress.TextColumn("{task.description:<9}", markup=False),
        progress.BarColumn(bar_width=24),
        progress.MofNCompleteColumn(),
        progress.TextColumn("{task.fields[counts]}", markup=False),
        progress.TimeElapsedColumn(),
        console=console,
        transient=True,
    )
