"""A report card as JUnit XML: one test case for each check; one that saw nothing is skipped."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from mock_server.records.report.card import FINDING, NOT_SEEN, ReportCard


def junit(card: ReportCard) -> str:
    """Return the document. Characters that XML cannot hold are escaped as in Python."""
    failures = sum(one.verdict == FINDING for one in card.verdicts)
    skipped = sum(one.verdict == NOT_SEEN for one in card.verdicts)
    counts = {"tests": len(card.verdicts), "failures": failures, "skipped": skipped, "errors": 0}
    suite = ET.Element("testsuite", {"name": "report card", **{name: str(count) for name, count in counts.items()}})
    for one in card.verdicts:
        case = ET.SubElement(suite, "testcase", classname="report_card", name=one.id)
        if one.verdict == NOT_SEEN:
            ET.SubElement(case, "skipped", message=_legal(f"not seen: {one.unseen}"))
        elif one.verdict == FINDING:
            failure = ET.SubElement(case, "failure", message=_legal(f"{one.title}: {one.advice}"))
            failure.text = _legal("\n".join(f"{found.said} ({', '.join(found.requests)})" for found in one.findings))
    return ET.tostring(suite, encoding="unicode", xml_declaration=True)


def _legal(text: str) -> str:
    return "".join(one if one.isprintable() or one == "\n" else ascii(one)[1:-1] for one in text)
