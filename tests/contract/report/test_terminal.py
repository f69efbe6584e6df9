from __future__ import annotations

import io
import re

from rich.console import Console

from contract.report import terminal
from contract.run.results import Failure, RuleResult, Run
from contract.spec.rules import catalogue
from tests.kit import runs

RULES = len(catalogue())


def shown(run: Run, *, width: int = 100, terminal_like: bool = False) -> str:
    """Return what the summary prints."""
    file = io.StringIO()
    terminal.summary(run, Console(file=file, width=width, force_terminal=terminal_like))
    return file.getvalue()


def test_the_table_holds_what_did_not_pass() -> None:
    """Each rule with a verdict to look at has a row with level, verdict and reason; what passed has none."""
    text = shown(runs.realistic())
    assert re.search(r"^IDEM-2 +must +failed +A repeat changes nothing", text, flags=re.MULTILINE)
    assert re.search(r"^SCOPE-2 +documented +untested ", text, flags=re.MULTILINE)
    assert "credentials.reader is not configured" in text
    assert "expected 422 for https://2130706433/a.mp3" in text
    assert "got 201 for https://2130706433/a.mp3" in text
    assert "and 1 more case" in text
    assert "AUTH-1 " not in text


def test_observations_are_listed() -> None:
    """What the deployment does where the contract is silent has a line for each rule."""
    assert re.search(r"^LIMIT-11 +counts UTF-16 units", shown(runs.realistic()), flags=re.MULTILINE)


def test_it_ends_with_counts_and_one_sentence() -> None:
    """The last lines are the counts and the headline."""
    *_, counts, sentence = shown(runs.realistic()).strip().splitlines()
    assert counts.startswith("3 failed, 1 error, 2 untested")
    assert counts.endswith("1,184 requests, 247 creations, 41.2 s")
    assert (
        sentence == f"The contract is broken: 3 rules of {RULES} failed. 2 rules untested and 1 rule ended in an error."
    )


def test_a_clean_run_has_no_table() -> None:
    """Without anything to look at there is no head of an empty table."""
    assert "why" not in shown(runs.kept())


def test_a_hostile_server_cannot_steer_the_terminal() -> None:
    """Escape sequences and rich's markup in texts of a server are shown, not followed."""
    text = shown(runs.hostile(), terminal_like=True, width=400)
    assert "\\x1b[31mred" in text
    assert "\x1b[31mred" not in text
    assert "[bold]" in text


def test_a_console_without_unicode_gets_escapes() -> None:
    """On a console that writes ASCII only, other characters are escaped instead of ending the run."""
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding="ascii")
    failure = Failure("Zoë", "Zo\N{COMBINING DIAERESIS}e")
    rule = catalogue()["IDEM-8"]
    terminal.summary(runs.run_of([RuleResult(rule, "fail", failures=[failure])]), Console(file=file, width=100))
    file.flush()
    assert b"expected Zo\\xeb" in raw.getvalue()


def test_it_fits_a_narrow_terminal() -> None:
    """At 60 columns no line of the table is longer."""
    lines = shown(runs.realistic(), width=60).splitlines()
    assert max(len(line.rstrip()) for line in lines[:-2]) <= 60


def progress(file: io.StringIO, *, plain: bool, terminal_like: bool, fail: str = "IDEM-2") -> None:
    """Go through the whole catalogue."""
    shown_progress = terminal.Progress(Console(file=file, width=100, force_terminal=terminal_like), plain=plain)
    shown_progress.start(len(catalogue()))
    for rule_id in catalogue():
        shown_progress.advance(rule_id, "fail" if rule_id == fail else "pass")
    shown_progress.stop()
    shown_progress.stop()


def test_plain_progress_is_a_few_lines_without_control_codes() -> None:
    """On a terminal that is to be plain, and where there is no terminal, the log grows by about ten lines of text."""
    for plain, terminal_like in ((True, True), (True, False), (False, False)):
        file = io.StringIO()
        progress(file, plain=plain, terminal_like=terminal_like)
        lines = file.getvalue().splitlines()
        assert 10 <= len(lines) <= 11
        assert file.getvalue().replace("\n", "").isprintable()
        assert lines[-1] == f"{RULES} of {RULES}: 1 failed, {RULES - 1} passed"
        assert [line for line in lines if line.endswith("(IDEM-2)")]


def test_live_progress_draws_a_bar() -> None:
    """On a terminal the count of rules moves in place."""
    file = io.StringIO()
    progress(file, plain=False, terminal_like=True)
    assert f"{RULES}/{RULES}" in file.getvalue()
    assert "\x1b[" in file.getvalue()


def test_a_run_without_tests_or_without_a_known_total_has_progress() -> None:
    """Nothing to do prints nothing; more tests than announced do no harm."""
    file = io.StringIO()
    empty = terminal.Progress(Console(file=file), plain=True)
    empty.start(0)
    empty.stop()
    assert not file.getvalue()
    empty.advance("AUTH-1", "pass")
    empty.stop()
    assert file.getvalue().startswith("1 of 0")
