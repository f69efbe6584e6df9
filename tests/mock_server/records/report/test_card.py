"""A report card as text, as JSON and as JUnit."""

from __future__ import annotations

import json
from xml.etree import ElementTree as ET

import pytest

from mock_server.records.report import Finding, ReportCard, Verdict
from mock_server.records.report.junit import junit


def verdict(cases: int = 0, findings: tuple[Finding, ...] = ()) -> Verdict:
    """Return what a check found."""
    return Verdict("https", "Uses https", cases, findings, "Use https.", "send something")


def card(*verdicts: Verdict) -> ReportCard:
    """Return a card over one request."""
    return ReportCard(1, 1, verdicts)


BAD = verdict(3, (Finding("'crm:1' came with http", ("rid_1", "rid_2")),))


def test_the_three_verdicts() -> None:
    """A check without a case is not seen, one with a finding is a finding, and only the rest is clean."""
    assert [one.verdict for one in (verdict(), verdict(2), BAD)] == ["not_seen", "clean", "finding"]


def test_text_has_the_requests_and_what_to_do() -> None:
    """The text of a finding has its sentence, its requests and the advice; what was not seen says how to see it."""
    text = str(card(BAD, verdict()))
    for part in ("'crm:1' came with http", "rid_1", "rid_2", "Use https.", "send something"):
        assert part in text
    assert "Use https." not in str(card(verdict(2)))


def test_long_lists_are_cut_in_text() -> None:
    """A text names ten findings of a check and five requests of a finding, and says how many there are."""
    many = tuple(Finding(f"finding {number}.", tuple(f"rid_{place}" for place in range(9))) for number in range(12))
    text = str(card(verdict(12, many)))
    assert text.count("finding ") == 10
    assert "2 more" in text
    assert "rid_4 and 4 more" in text


def test_json_comes_back() -> None:
    """A card can be read from its JSON."""
    there = card(BAD, verdict(), verdict(2))
    assert ReportCard.read(json.loads(json.dumps(there.as_json()))) == there
    assert there.as_json()["findings"] == 1


@pytest.mark.parametrize("document", [[], {}, {"schema_version": 2}, {"schema_version": 1, "data": []}, None, "card"])
def test_other_json_is_refused(document: object) -> None:
    """JSON that is no card, or one of another version, raises ValueError."""
    with pytest.raises(ValueError, match="report card"):
        ReportCard.read(document)  # type: ignore[arg-type]


def test_junit() -> None:
    """JUnit has a test case for each check: passed, failed with the requests, or skipped."""
    suite = ET.fromstring(junit(card(BAD, verdict(), verdict(2))))  # noqa: S314  our own
    assert [suite.get(name) for name in ("tests", "failures", "skipped")] == ["3", "1", "1"]
    bad, unseen, clean = suite
    assert "rid_1" in (bad.findtext("failure") or "")
    assert unseen.find("skipped") is not None
    assert len(clean) == 0


def test_junit_holds_no_character_that_xml_forbids() -> None:
    """A control character or half a surrogate pair in a finding does not break the document."""
    hostile = verdict(1, (Finding("\x00\x1b\ud800<&", ("rid_1",)),))
    assert "\\x1b" in ET.tostring(ET.fromstring(junit(card(hostile))), encoding="unicode")  # noqa: S314  our own
