"""`contract explain`: what a rule says, what is sent for it, and how to read a failure."""

from __future__ import annotations

from pathlib import Path

import pytest

from contract.explain import by_id, explain
from contract.spec.rules import catalogue
from tests.kit.command import contract


@pytest.mark.parametrize(
    ("rule", "example"),
    [
        ("URL-15", '{"media_url": "https://media.mock.test/redirect-private/a.mp3"}: must be refused'),
        ("LIMIT-2", '{"title": ""}: must be refused'),
        ("AUTH-3", "Authorization: Bearer ${CONTRACT_WRITER%????}: must be refused with 401"),
        ("SCOPE-1", "with the credential reader: must be refused for want of the scope"),
        ("BODY-19", "may be answered in any way"),
        ("BODY-13", "in chunks: must be accepted"),
        ("BODY-13", "without is_private: must be accepted"),
        ("IDEM-4", "with the credential other_workspace, under a key that was sent before: must be accepted"),
    ],
)
def test_a_rule_is_explained_by_what_is_sent_for_it(rule: str, example: str) -> None:
    """Statement, level, tests and examples are there, and no credential of the rehearsal."""
    text = explain(catalogue()[rule])
    assert catalogue()[rule].statement in text
    assert example in text
    assert "on-paper" not in text


def test_every_rule_can_be_explained() -> None:
    """One rule of each family and level has at least one test and something that is sent for it."""
    chosen = {(rule.family, rule.level): rule for rule in catalogue().values()}
    for rule in chosen.values():
        text = explain(rule)
        tests, _, sent = text.partition("What it sends")
        assert tests.count("\n- ") >= 1, rule
        assert sent.count("\n- ") >= 1, rule


def test_the_command_takes_either_case_and_corrects_a_slip(tmp_path: Path) -> None:
    """`contract explain url-15` works; an unknown rule is exit 2 and one line with the nearest."""
    assert by_id("url-15") is catalogue()["URL-15"]
    assert contract(tmp_path, "explain", "url-15").stdout.startswith("URL-15 (must): ")
    done = contract(tmp_path, "explain", "ULR-15")
    assert (done.returncode, done.stderr) == (2, "contract: ULR-15 is no rule; did you mean URL-15?\n")
