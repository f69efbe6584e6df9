from __future__ import annotations

from collections import Counter
from xml.etree import ElementTree as ET

import pytest

from contract.report import junit
from contract.run.results import Run
from contract.spec.rules import catalogue
from tests.kit import runs

RULES = len(catalogue())


def suite_of(run: Run) -> ET.Element:
    """Return the one suite of the document."""
    [suite] = ET.fromstring(junit.render(run))  # noqa: S314  made here
    return suite


@pytest.fixture(scope="module")
def suite() -> ET.Element:
    """Return the suite of the realistic run."""
    return suite_of(runs.realistic())


def case(suite: ET.Element, rule: str) -> ET.Element:
    """Return the test case of one rule."""
    [found] = [case for case in suite.iter("testcase") if case.attrib["name"].split()[0] == rule]
    return found


def test_one_case_for_each_rule(suite: ET.Element) -> None:
    """Each rule is one case, whose class is its family and whose name its id and title."""
    names = [(found.attrib["classname"], found.attrib["name"]) for found in suite.iter("testcase")]
    rules = [result.rule for result in runs.realistic().results]
    assert names == [(f"contract.{rule.family}", f"{rule.id} {rule.title}") for rule in rules]
    assert len(names) == RULES


def test_the_counts_are_those_of_the_elements(suite: ET.Element) -> None:
    """The attributes of the suite count what is in it, and a deviation is skipped, not failed."""
    tags = Counter(child.tag for found in suite.iter("testcase") for child in found)
    assert {name: int(suite.attrib[name]) for name in ("tests", "failures", "errors", "skipped")} == {
        "tests": RULES,
        "failures": tags["failure"],
        "errors": tags["error"],
        "skipped": tags["skipped"],
    }
    assert (tags["failure"], tags["error"], tags["skipped"]) == (3, 1, 5)


def test_time_is_seconds_and_the_stamp_is_utc_without_an_offset(suite: ET.Element) -> None:
    """The attributes have the form that the format's schema asks for."""
    assert suite.attrib["time"] == "41.207"
    assert suite.attrib["timestamp"] == "2026-07-14T09:26:53"


def test_a_failure_has_its_evidence(suite: ET.Element) -> None:
    """The message says expected and actual on one line; the text has both, the request id and the curl line."""
    failure = case(suite, "IDEM-2").find("failure")
    assert failure is not None
    assert failure.attrib["message"].startswith("expected 200 with the stored engagement")
    assert failure.attrib["message"].endswith("(and 1 more case)")
    for evidence in (
        runs.REPLAY.expected,
        runs.REPLAY.actual,
        runs.REPLAY.request_id,
        runs.REPLAY.curl,
    ):
        assert evidence
        assert evidence in (failure.text or "")


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("SCOPE-2", "untested: credentials.reader is not configured"),
        ("IDEM-4", "waived: only one workspace on staging"),
        ("URL-9", "deviates: ticket 123, expires 2027-03-01"),
        ("SCOPE-4", "not applicable: the deployment leaves out owner_user_id"),
    ],
)
def test_what_was_skipped_says_why(suite: ET.Element, rule: str, message: str) -> None:
    """Untested, waived, deviating and inapplicable rules are skipped with verdict and reason."""
    skipped = case(suite, rule).find("skipped")
    assert skipped is not None
    assert skipped.attrib["message"] == message


def test_an_error_is_an_error(suite: ET.Element) -> None:
    """A rule that ended in an error is an error with its reason, not a failure."""
    error = case(suite, "URL-18").find("error")
    assert error is not None
    assert error.attrib["message"] == "the connection was reset for the accepted case too"


def test_an_observation_passes_and_is_output(suite: ET.Element) -> None:
    """What a deployment does where the contract is silent is the output of a case that passed."""
    assert [(child.tag, child.text) for child in case(suite, "LIMIT-11")] == [("system-out", "counts UTF-16 units")]


def test_hostile_texts_are_texts() -> None:
    """Characters that XML does not allow are shown as escapes, and markup of a server stays text."""
    failure = next(suite_of(runs.hostile()).iter("failure"))
    assert runs.ATTACK in (failure.text or "")
    assert "\\x00\\x08\\x1b[31mred" in (failure.text or "")
    assert len(failure) == 0
