"""What most tests rest on, asked before them: a repeat works; each field's valid values and each type are accepted.

That a valid create works is asked by the pre-flight: nothing goes on without. What does not hold is recorded under its
own rule, once; a test that rests on it is untested and says which rule to see.
"""

from __future__ import annotations

from typing import Any

from contract.cases.submission import said
from contract.judge.replay import SAME, judge_repeat, judge_unchanged
from contract.outcome import Untested, Violation
from contract.run.client import REPEAT, RecordingClient
from contract.run.steps import created
from contract.spec.fields import body_rules, fields


def ask(client: RecordingClient) -> None:
    """Ask all of them. Those that do not hold are in `client.broken`."""
    for precondition in (_repeat, _values, _types):
        try:
            precondition(client)
        except Untested:
            continue  # a target that is too busy, or a proxy in front of it, says nothing of it


def _repeat(client: RecordingClient) -> None:
    """Send the engagement of the pre-flight once more. Rules: IDEM-1, IDEM-2."""
    if (first := client.anchor) is None:
        return
    exchange = client.submit(first.request.body, expect="replayed")
    if (finding := judge_repeat(exchange, first, SAME)) is not None:
        client.broken[REPEAT] = finding.rule
        client.recorder.fail(finding.rule, Violation(*finding, exchange))
        return
    for each in judge_unchanged(exchange, first):
        client.recorder.fail(each.rule, Violation(*each, exchange))


def _values(client: RecordingClient) -> None:
    """Create with a valid value of every field; if that is refused, with one after the other."""
    values = client.full()
    try:
        client.examples["full"] = created(client, client.submission(**values))
    except Violation as violation:
        for name, value in values.items():
            _value(client, name, value)
        if not client.broken.keys() & values.keys():  # each is accepted alone
            rule = client.broken["full"] = violation.rule or body_rules()["valid"]
            client.recorder.fail(rule, violation)


def _types(client: RecordingClient) -> None:
    """Create a plain engagement of each other type than that of the pre-flight."""
    for kind in fields()["type"].values if "type" not in client.broken else ():
        if kind != client.base["type"]:
            _value(client, "type", kind)


def _value(client: RecordingClient, name: str, value: Any) -> None:
    """Create with a valid value of one field, and remember if that is refused."""
    rule = fields()[name].valid
    try:
        created(client, client.submission(**{name: value}), rule)
    except Violation as violation:
        violation.name_case(said(name, value))
        client.recorder.fail(violation.rule or rule, violation)
        if violation.exchange is not None and not violation.exchange.response.ok:
            client.broken[name] = rule
