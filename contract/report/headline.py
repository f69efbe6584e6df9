"""What a run comes to, in words. Every report begins or ends with it."""

from __future__ import annotations

from dataclasses import dataclass

from contract.report.text import plural, visible
from contract.run.results import RuleResult, Run

BROKEN, CUT_SHORT, INCOMPLETE, KEPT = "broken", "cut_short", "incomplete", "kept"

_EXERCISED = ("fail", "deviates", "observed", "pass")
_UNJUDGED = ("untested", "error")


@dataclass(frozen=True, slots=True)
class Headline:
    """`standing` is broken, cut_short, incomplete or kept, the first that applies; `notes` are further sentences."""

    standing: str
    title: str
    notes: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """The whole of it, in one paragraph."""
        return " ".join((self.title, *self.notes))


def headline(run: Run) -> Headline:
    """Say what the run comes to, in the order of the exit codes: a violation first, then what kept it from an end."""
    failed = _with(run, "fail")
    open_musts = [result for result in _with(run, *_UNJUDGED) if result.rule.level == "must"]
    why = _sentence(visible(run.cut_short or ""))
    cut = f"The run was cut short: {why}" if run.cut_short else None
    untested = _untested_note(run)
    if failed:
        title = f"The contract is broken: {plural(len(failed), 'rule')} of {len(run.results)} failed."
        return Headline(BROKEN, title, _notes(cut, untested))
    if cut and not _with(run, *_EXERCISED, "error"):
        return Headline(CUT_SHORT, f"Nothing was tested: {why}", ())
    if cut:
        return Headline(CUT_SHORT, cut, _notes("Nothing failed until then.", untested))
    if not _with(run, *_EXERCISED):
        return Headline(INCOMPLETE, "Nothing was tested.", _notes(untested))
    if open_musts:
        title = f"The run is incomplete: {plural(len(open_musts), 'rule')} of level must could not be tested."
        return Headline(INCOMPLETE, title, _notes("Nothing failed.", untested))
    return Headline(KEPT, "The contract is kept.", _notes(_passed_note(run), untested))


def _with(run: Run, *verdicts: str) -> list[RuleResult]:
    return [result for result in run.results if result.verdict in verdicts]


def _notes(*sentences: str | None) -> tuple[str, ...]:
    return tuple(sentence for sentence in sentences if sentence)


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _passed_note(run: Run) -> str:
    known = [
        f"{plural(len(_with(run, verdict)), noun)}"
        for verdict, noun in (("deviates", "known deviation"), ("waived", "waived rule"))
        if _with(run, verdict)
    ]
    exceptions = f", with {' and '.join(known)}" if known else ""
    return f"{plural(len(_with(run, 'pass')), 'rule')} passed{exceptions}."


def _untested_note(run: Run) -> str | None:
    untested, errors = len(_with(run, "untested")), len(_with(run, "error"))
    parts = [f"{plural(untested, 'rule')} untested"] if untested else []
    parts += [f"{plural(errors, 'rule')} ended in an error"] if errors else []
    return f"{' and '.join(parts)}." if parts else None
