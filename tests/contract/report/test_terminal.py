from __future__ import annotations

import io
import re
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from contract.report import html, markdown, terminal
from contract.run.results import Change, Failure, RuleResult, Run
from contract.spec.rules import catalogue
from tests.kit import runs

RULES = len(catalogue())


def shown(run: Run, *, width: int = 100, terminal_like: bool = False, everything: bool = False) -> str:
    """Return what the summary prints."""
    file = io.StringIO()
    terminal.summary(run, Console(file=file, width=width, force_terminal=terminal_like), everything=everything)
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
    """Where the contract is silent ten rules have a line each with their title; all have one if asked for."""
    few, every = (shown(runs.realistic(), everything=everything).splitlines() for everything in (False, True))
    silent = [rule.id for rule in catalogue().values() if rule.observed]
    rows = [line for line in few if line.split()[:1] and line.split()[0] in silent]
    assert len(rows) == 10
    assert f"and {len(silent) - 10} more, with --verbose or in report.html" in few
    assert len([line for line in every if line.split()[:1] and line.split()[0] in silent]) == len(silent)
    assert re.search(
        r"^LIMIT-11 +How characters beyond the basic plane are counted: counts UTF-16", "\n".join(every), re.MULTILINE
    )


def test_cases_that_were_left_out_are_told_in_each_report() -> None:
    """A rule that passed on its other cases says which it was not tested with."""
    run = runs.run_of([RuleResult(catalogue()["LIMIT-9"], "pass", left_out=["a transcript as escapes"])])
    for text in (shown(run), markdown.render(run), html.render(run)):
        assert "a transcript as escapes" in text


def test_a_failed_preflight_is_one_sentence() -> None:
    """A run that tested nothing says why, and does not list every rule."""
    results = [RuleResult(rule, "untested", reason="the run ended before its turn") for rule in catalogue().values()]
    run = replace(runs.run_of(results), cut_short="nothing listens there")
    (line,) = shown(run).splitlines()
    assert "nothing listens there" in line


def test_rules_with_one_reason_share_a_row() -> None:
    """More than three rules that lack the same are one row with their ids."""
    results = [RuleResult(rule, "untested", reason="no reader") for rule in list(catalogue().values())[:8]]
    results.append(RuleResult(catalogue()["URL-15"], "untested", reason="no redirect"))
    text = shown(runs.run_of(results), width=120)
    assert len([line for line in text.splitlines() if "no reader" in line]) == 1
    assert "8 rules" in text
    assert re.search("^URL-15 +must +untested", text, re.MULTILINE)


def test_it_ends_with_where_the_reports_are() -> None:
    """The last line names the file to open."""
    file = io.StringIO()
    terminal.summary(runs.kept(), Console(file=file, width=100), Path("some") / "folder")
    assert file.getvalue().splitlines()[-1].startswith(f"Reports: {Path('some') / 'folder' / 'report.html'}")


def test_what_is_new_is_said() -> None:
    """A run that is compared with another says which rules broke and which are mended."""
    run = replace(runs.kept(), changes=[Change("URL-3", "fail", "pass"), Change("IDEM-2", "pass", "fail")])
    text = shown(run)
    assert "1 rule newly broken: IDEM-2 (failed, before: passed)." in text
    assert "1 rule no longer broken: URL-3 (passed, before: failed)." in text


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
    failed: list[str] = []
    for rule_id in catalogue():
        failed += [rule_id] if rule_id == fail else []
        shown_progress.advance(failed)
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
        assert lines[-1] == f"{RULES} of {RULES} tests, 1 rule failed"
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
    empty.advance([])
    empty.stop()
    assert file.getvalue().startswith("1 of 0")


def test_the_failures_that_are_not_shown_are_counted_in_one_place() -> None:
    """Where the reason counts all failures of a rule, nothing else counts some of them."""
    failure = Failure("what is expected", "what came")
    result = RuleResult(
        catalogue()["IDEM-1"], "fail", reason="13 failures, of which reports show 5", failures=[failure] * 5
    )
    assert "more case" not in shown(runs.run_of([result]))
    result.reason = None
    assert "and 4 more cases" in shown(runs.run_of([result]))
