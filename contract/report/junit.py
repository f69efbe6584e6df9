"""junit.xml: one test case for each rule, for the dashboards that CI systems build from it."""

from __future__ import annotations

from collections import Counter
from datetime import UTC
from xml.etree import ElementTree as ET

from contract.report.text import one_line, plural, printable, shorten, visible, wire
from contract.run.results import Failure, RuleResult, Run

# The format knows four outcomes. A deviation is known and wanted, so it does not turn a build red.
_SKIPPED = ("untested", "waived", "not_applicable", "deviates")
_LONGEST_VALUE = 4_000
_MOST_FAILURES = 10  # a dashboard refuses large files; report.json has them all
_LONGEST_MESSAGE = 300


def render(run: Run) -> str:
    """Return the document. Characters that XML does not allow are shown as escapes."""
    suites = ET.Element("testsuites", _totals(run))
    # The format's own schema has no offset in the time stamp; it is UTC.
    stamp = run.started_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    suite = ET.SubElement(suites, "testsuite", _totals(run) | {"timestamp": stamp})
    properties = ET.SubElement(suite, "properties")
    for name in ("target", "profile", "seed", "requests", "creations", "cut_short"):
        value = getattr(run, name)
        if value is not None:
            ET.SubElement(properties, "property", {"name": name, "value": visible(str(value))})
    for result in run.results:
        _case(suite, result)
    ET.indent(suites)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(suites, encoding="unicode")}\n'


def _totals(run: Run) -> dict[str, str]:
    counts = Counter(result.verdict for result in run.results)
    return {
        "name": "contract",
        "tests": str(len(run.results)),
        "failures": str(counts["fail"]),
        "errors": str(counts["error"]),
        "skipped": str(sum(counts[verdict] for verdict in _SKIPPED)),
        "time": f"{run.duration_seconds:.3f}",
    }


def _case(suite: ET.Element, result: RuleResult) -> None:
    rule = result.rule
    case = ET.SubElement(
        suite,
        "testcase",
        {
            "classname": f"contract.{rule.family}",
            "name": visible(f"{rule.id} {rule.title}"),
            "time": f"{result.seconds:.3f}",
        },
    )
    if result.verdict in ("fail", "error"):
        tag = "failure" if result.verdict == "fail" else "error"
        outcome = ET.SubElement(case, tag, {"message": _message(result), "type": rule.level})
        outcome.text = _evidence(result)
    elif result.verdict in _SKIPPED:
        word = result.verdict.replace("_", " ")
        reason = f"{word}: {result.reason}" if result.reason else word
        ET.SubElement(case, "skipped", {"message": one_line(reason, _LONGEST_MESSAGE)})
    if result.observation:
        ET.SubElement(case, "system-out").text = visible(shorten(result.observation, _LONGEST_VALUE))


def _message(result: RuleResult) -> str:
    """Return one line: the reason, or the first failure and how many more there are."""
    if result.failures:
        first = result.failures[0]
        more = f" (and {plural(len(result.failures) - 1, 'more case')})" if len(result.failures) > 1 else ""
        return one_line(f"expected {first.expected}, got {first.actual}", _LONGEST_MESSAGE) + more
    return one_line(result.reason or "no evidence was kept", _LONGEST_MESSAGE)


def _evidence(result: RuleResult) -> str:
    parts = [result.rule.statement]
    parts += [f"reason: {result.reason}"] if result.reason else []
    return "\n\n".join(
        [visible(part) for part in parts] + [_case_text(failure) for failure in result.failures[:_MOST_FAILURES]]
    )


def _case_text(failure: Failure) -> str:
    named = (
        ("expected", failure.expected, visible),
        ("got", failure.actual, visible),
        ("request id", failure.request_id, visible),
        ("curl", failure.curl, printable),
        ("request", failure.request, wire),
        ("response", failure.response, wire),
    )
    return "\n".join(f"{name}: {clean(shorten(value, _LONGEST_VALUE))}" for name, value, clean in named if value)
