from __future__ import annotations

import re
from dataclasses import replace

import pytest

from contract.report import markdown
from contract.run.results import Failure, RuleResult
from contract.spec.rules import catalogue
from tests.kit import runs

RULES = len(catalogue())

RULE = catalogue()["AUTH-1"]


@pytest.fixture(scope="module")
def comment() -> str:
    """Return the comment on the realistic run."""
    return markdown.render(runs.realistic())


def outside_fences(comment: str) -> str:
    """Return what a Markdown parser takes for markup: everything but fenced code."""
    return re.sub(r"^(`{3,})[^\n]*\n.*?^\1$", "", comment, flags=re.DOTALL | re.MULTILINE)


def test_it_begins_with_the_verdict(comment: str) -> None:
    """The first line is the headline, and the counts follow it."""
    assert comment.startswith(f"### The contract is broken: 3 rules of {RULES} failed.\n")
    assert "× 3 failed · ! 1 error · ? 2 untested · ≠ 1 deviates" in comment


def test_the_table_names_what_needs_attention(comment: str) -> None:
    """Failed, erroneous and untested rules have a row with the reason; others have none above the failures."""
    table = comment.partition("<details>")[0]
    rows = re.findall(r"^\| <code>(\S+)</code>", table, flags=re.MULTILINE)
    assert rows == ["IDEM-2", "URL-11", "ERR-4", "URL-18", "SCOPE-2", "URL-15"]
    assert "| credentials.reader is not configured |" in table


def test_each_failure_is_there_with_its_evidence(comment: str) -> None:
    """Expected, actual, request id and the whole curl line of each failure are in its fold."""
    fold = next(part for part in comment.split("<details>") if "<code>IDEM-2</code>" in part and "Expected" in part)
    assert runs.REPLAY.expected in fold
    assert runs.REPLAY.actual in fold
    assert f"```sh\n{runs.REPLAY.curl}\n```" in fold
    assert "rid&#95;01K3Z8QB9M2T7W" in fold


def test_observations_and_all_rules_are_folded(comment: str) -> None:
    """The last two folds are the observations and the whole catalogue."""
    *_, observations, rules = comment.split("<details>")
    assert "counts UTF-16 units" in observations
    assert rules.count("\n| <code>") == RULES


def test_a_hostile_server_cannot_write_markup() -> None:
    """Outside of fences no text of a server holds a tag, a backtick, a link, a mention or a cell of its own."""
    text = outside_fences(markdown.render(runs.hostile()))
    assert set(re.findall(r"<[^>]*>", text)) == {
        *("<code>", "</code>", "<details>", "</details>", "<summary>", "</summary>")
    }
    assert not re.search(r"`|@\w|\[bold\]|&#64;\w", text)
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert {line.count("|") for line in rows} <= {3, 5}


def test_a_fence_is_longer_than_any_inside() -> None:
    """Backticks in a response do not end the block that shows them."""
    failure = Failure("plain", "a\n`````\n# heading\n<b>")
    text = markdown.render(runs.run_of([RuleResult(RULE, "fail", failures=[failure])]))
    assert "``````\na\n`````\n# heading\n<b>\n``````" in text


@pytest.mark.parametrize(
    ("text", "link"),
    [
        ("see https://evil.example", "https://"),
        ("see WWW.evil.example", "WWW."),
        ("closes #1", "#1"),
        (":smile:", ":smile"),
        ("$x$", "$x"),
    ],
)
def test_nothing_becomes_a_link_or_a_reference(text: str, link: str) -> None:
    """Addresses, issue numbers, emoji and mathematics in a reason stay text."""
    rendered = markdown.render(runs.run_of([RuleResult(RULE, "untested", reason=text)]))
    assert link not in rendered


def test_it_fits_into_a_comment() -> None:
    """A catalogue that failed in many long cases still fits, and what is left out is counted."""
    text = markdown.render(runs.enormous())
    assert len(text) < 60_000
    assert re.search(r"\d+ more failed cases left out here", text)
    assert text.count("<details>") == text.count("</details>")
    catalogue_of_it = text.rpartition("<details>")[2]
    left_out = re.search(r"(\d+) more rules left out here", catalogue_of_it)
    assert catalogue_of_it.count("\n| <code>") + int(left_out[1] if left_out else 0) == RULES


def test_the_worst_texts_fit_into_a_comment() -> None:
    """Not even reasons and observations made of characters that must be escaped go beyond the limit."""
    worst = "@#<>" * 10_000
    failure = Failure(worst, worst, worst, worst)
    results = [RuleResult(rule, "fail", 1, 1.0, worst, worst, [failure]) for rule in catalogue().values()]
    run = replace(runs.run_of(results), target=worst, cut_short=worst)
    assert len(markdown.render(run)) < 60_000


def test_every_rule_keeps_its_first_failure_while_there_is_room() -> None:
    """Twenty rules with long lines for a shell all show what was expected and got, and the table shows it too."""
    failure = Failure("what is expected", "what came", None, "curl " + "x" * 1_400)
    results = [
        RuleResult(rule, "fail", reason="2 more failures are not shown", failures=[failure] * 5)
        for rule in list(catalogue().values())[:60]
    ]
    text = markdown.render(runs.run_of(results))
    assert text.count("Expected\n```\nwhat is expected\n```") >= 60
    assert text.count("2 more failures are not shown; expected <code>what is expected</code>") > 30


def test_every_rule_keeps_the_lines_of_its_first_failure_before_others_have_more() -> None:
    """Forty rules with five cases each all have their lines; the rest of the cases and of the tables is counted."""
    failure = Failure("what is expected", "what came", None, "curl " + "x" * 700)
    failed = list(catalogue().values())[:40]
    results = [
        RuleResult(rule, "fail" if rule in failed else "observed", observation="seen " * 20, failures=[failure] * 5)
        for rule in catalogue().values()
    ]
    for result in results[40:]:
        result.failures = []
    text = markdown.render(runs.run_of(results))
    assert text.count("```sh") >= 40
    assert len(text) < 60_000


def test_lines_that_are_left_out_are_said_to_be() -> None:
    """A case that is shown without its lines says where they are."""
    failure = Failure("what is expected", "what came", None, "curl " + "x" * 1_400)
    text = markdown.render(runs.run_of([RuleResult(rule, "fail", failures=[failure]) for rule in catalogue().values()]))
    folds = [fold for fold in text.split("<details>") if "Expected" in fold]
    without = [fold for fold in folds if "```sh" not in fold]
    assert without
    assert all("report.html" in fold for fold in without)


def test_a_curl_line_is_whole_or_absent() -> None:
    """A line too long for a comment is not cut: it would reproduce something else."""
    run = runs.run_of([RuleResult(RULE, "fail", failures=[Failure("a", "b", None, "curl " + "x" * 5_000)])])
    assert "too long for a comment" in markdown.render(run)
    assert "xxxx" not in markdown.render(run)
