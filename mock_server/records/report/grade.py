"""Grades a client: the table of its habits, each with the check that judges it and what to do about findings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from mock_server.records.report import checks
from mock_server.records.report.card import Finding, ReportCard, Verdict
from mock_server.records.report.checks import LONGEST_WAIT, Case
from mock_server.records.report.traffic import Traffic


@dataclass(frozen=True, slots=True)
class Check:
    """A habit of a client, and how to judge it. The texts are as in Verdict."""

    id: str
    title: str
    advice: str
    unseen: str
    judge: Callable[[Traffic], Iterator[Case]]


CHECKS = (
    Check(
        "retry-after",
        "Waits as long as Retry-After says",
        "Read Retry-After and wait so many seconds. If your test replaces the wait, let it move the clock of the mock.",
        "set a rate limit, or a fault of the kind status with retry_after, and let your client send the call again",
        checks.waits_as_told,
    ),
    Check(
        "refused",
        "Takes a refusal (4xx) as an answer",
        "Do not send it again unchanged. Keep the problem's detail and request_id for the person who can mend it.",
        "let your client send something that is refused, with an external_id",
        checks.takes_a_refusal,
    ),
    Check(
        "back-off",
        "Waits longer between attempts",
        "Wait before you try again, each time twice as long, with some chance in it. If your test replaces the wait,"
        " let it move the clock of the mock.",
        "let two attempts in a row fail, with a fault of the kind status or close",
        checks.backs_off,
    ),
    Check(
        "same-key",
        "Tries again with the same external_id",
        "Make the external_id from the call, not from the attempt: a new one makes a second engagement. If these are"
        " two calls, give your test data two media URLs.",
        "let an attempt fail, with a fault of the kind close after_commit",
        checks.keeps_its_key,
    ),
    Check(
        "same-body",
        "Repeats what it sent",
        "A repeat returns what is stored and changes nothing. Send each call once it is final, with the same values.",
        "let your client send a call twice",
        checks.keeps_its_body,
    ),
    Check(
        "scopes",
        "Has the scopes that it needs, and no more",
        "Take the others away from this credential.",
        "name your credentials in a file (--config)",
        checks.needs_its_scopes,
    ),
    Check(
        "time-out",
        "Gives up waiting",
        f"Set a time-out: longer than a recording takes to be fetched, and at most {LONGEST_WAIT:.0f} s. Then try again"
        " with the same external_id.",
        "set a fault of the kind slow or hang that is longer than your time-out",
        checks.times_out,
    ),
    Check(
        "transcript",
        "Leaves room below the limit of transcripts",
        "Count bytes of UTF-8 before you send, and decide what to do with a longer transcript: it will be refused.",
        "let your client send a transcript",
        checks.leaves_room,
    ),
    Check(
        "https",
        "Names recordings with https",
        "Give out https URLs: http is refused.",
        "let your client send something",
        checks.uses_https,
    ),
    Check(
        "fields",
        "Sends fields that exist",
        "Correct the name, or leave the field out: what it says is lost.",
        "let your client send something",
        checks.knows_the_fields,
    ),
    Check(
        "workflows",
        "Keeps workflows off for history",
        "Send run_workflows: false for calls of the past, or everybody who took part gets an e-mail.",
        "let your client send something with run_workflows: true",
        checks.spares_history,
    ),
)


def grade(traffic: Traffic) -> ReportCard:
    """Return the report card of a client's traffic."""
    return ReportCard(len(traffic.entries), len(traffic.engagements), tuple(_verdict(one, traffic) for one in CHECKS))


def _verdict(check: Check, traffic: Traffic) -> Verdict:
    cases = list(check.judge(traffic))
    said: dict[str, list[str]] = {}  # what is said of several requests in the same words is one finding
    for case in cases:
        if case.said is not None:
            said.setdefault(case.said, []).extend(entry.id for entry in case.entries)
    findings = tuple(Finding(text, tuple(dict.fromkeys(ids))) for text, ids in said.items())
    return Verdict(check.id, check.title, len(cases), findings, check.advice, check.unseen)
