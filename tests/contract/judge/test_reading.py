"""The judgement on what is read back: a conforming answer has no findings, and each fault has its rule."""

from __future__ import annotations

from typing import Any

import pytest

from contract.cases.queries import Query
from contract.exchange import PATH, Body, Exchange, Request, Response
from contract.judge.reading import (
    judge_envelope,
    judge_hidden,
    judge_order,
    judge_progress,
    judge_read,
    judge_selection,
)
from tests.contract.judge.test_invariants import ENGAGEMENT
from tests.kit.targets import problem, reply

ID = ENGAGEMENT["id"]
EXACT = {"updated_at": "2026-03-02T08:30:00.250Z"}


def read(answer: Response, path: str = f"{PATH}/{ID}") -> Exchange:
    """Return an exchange in which something was read."""
    return Exchange(Request(Body(b""), (), "private_reader", method="GET", path=path), answer, "http://127.0.0.1:1/api")


def shown(headers: dict[str, str] | None = None, **changes: Any) -> Exchange:
    """Return a read that shows an engagement with these changes; ... leaves a member out."""
    members = {name: value for name, value in {**ENGAGEMENT, **changes}.items() if value is not ...}
    return read(reply(200, members, headers))


CREATED = Exchange(Request(Body.of({"title": "A call"}), ()), reply(201, ENGAGEMENT), "http://127.0.0.1:1/api")


@pytest.mark.parametrize(
    ("exchange", "rules"),
    [
        (shown(), []),
        (shown(processing_status="COMPLETED", description="A summary.", updated_at="2026-03-02T08:31:00Z"), []),
        (shown(title="Another"), ["READ-1"]),
        (shown(is_private=True), ["READ-1"]),
        (shown(engagement_type=...), ["READ-1"]),
        (shown(is_private=...), ["READ-1"]),
        (shown(start_at=...), ["READ-1"]),
        (shown(end_at="2026-03-02T20:00:00Z", duration_seconds=90), ["RESP-7"]),
        (shown(signals=[]), ["READ-8"]),
        (read(reply(200, [ENGAGEMENT])), ["READ-1"]),
        (read(reply(201, ENGAGEMENT)), ["READ-1"]),
        (read(problem(404)), ["READ-1"]),
        (read(Response(200, {}, b"<html>")), ["READ-1"]),
    ],
)
def test_a_read_shows_what_was_created(exchange: Exchange, rules: list[str]) -> None:
    """What processing fills may differ; the rest is as the create answered it, and nothing is expanded."""
    assert [finding.rule for finding in judge_read(exchange, CREATED)] == rules


def test_what_is_asked_for_is_there_and_no_more() -> None:
    """A member that expand names is missed, and one that it does not name is one too many."""
    assert [finding.rule for finding in judge_read(shown(tags=[]), CREATED, ["tags"])] == []
    assert [finding.rule for finding in judge_read(shown(), CREATED, ["tags"])] == ["READ-8"]
    assert [finding.rule for finding in judge_read(shown(tags=[], signals=[]), CREATED, ["tags"])] == ["READ-8"]


@pytest.mark.parametrize(("status", "hidden"), [(404, True), (403, True), (503, True), (200, False), (500, False)])
def test_what_is_hidden_is_404(status: int, hidden: bool) -> None:  # noqa: FBT001  a row of a table
    """An engagement that is not for this reader gets 404 or 403; an answer of a gateway decides nothing."""
    assert (judge_hidden(read(problem(status)), "READ-3", "a private engagement") is None) is hidden


PAGE: dict[str, Any] = {"object": "list", "data": [ENGAGEMENT], "has_more": False, "next_cursor": None}


@pytest.mark.parametrize(
    ("changes", "rules"),
    [
        ({}, []),
        ({"has_more": True, "next_cursor": "c"}, []),
        ({"object": "engagements"}, ["LIST-1"]),
        ({"data": {}}, ["LIST-1"]),
        ({"data": [{"title": "no id"}]}, ["LIST-1"]),
        ({"has_more": "false"}, ["LIST-1"]),
        ({"next_cursor": ""}, ["LIST-1"]),
        ({"has_more": True}, ["LIST-1"]),
        ({"data": [ENGAGEMENT] * 2}, ["LIST-2"]),
        ({"data": [], "has_more": True, "next_cursor": "c"}, []),
    ],
)
def test_a_page_has_an_envelope(changes: dict[str, Any], rules: list[str]) -> None:
    """Each member has its form, and a page of one has one engagement at most."""
    exchange = read(reply(200, {**PAGE, **changes}), PATH)
    assert [finding.rule for finding in judge_envelope(exchange, 1)] == rules


def test_the_order_is_that_of_the_last_change() -> None:
    """Two that are out of order are found; equal times and engagements without a time are not."""
    rising = [{"id": "a", "updated_at": f"2026-03-02T08:30:0{second}Z"} for second in (1, 2, 2, 3)]
    assert judge_order([*rising, {"id": "b"}], descending=False) is None
    assert judge_order(rising[::-1], descending=True) is None
    assert (judge_order(rising, descending=True) or ("",))[0] == "LIST-3"


def test_a_selection_is_exact() -> None:
    """What is missing of those that do not change is found, and what does not belong; the others are left alone."""
    query = Query({"filter[engagement_type][eq]": "CALL"}, "LIST-6")
    call, meeting = {"id": "a", "engagement_type": "CALL"}, {"id": "b", "engagement_type": "MEETING"}
    stable = {"a": call, "b": meeting}
    exchange = read(reply(200, PAGE), PATH)
    assert judge_selection(exchange, query, [call], stable) is None
    assert (judge_selection(exchange, query, [], stable) or ("",))[0] == "LIST-6"
    assert (judge_selection(exchange, query, [call, meeting], stable) or ("",))[0] == "LIST-6"
    assert judge_selection(exchange, query, [], {}) is None


@pytest.mark.parametrize(
    ("before", "after", "rules"),
    [
        (shown(), shown(), []),
        (shown(), shown(processing_status="PROCESSING", updated_at="2026-03-02T08:30:01Z"), []),
        (shown(), shown(updated_at="2026-03-02T08:30:01Z"), []),
        (shown(processing_status="COMPLETED"), shown(updated_at="2026-03-02T08:30:01Z"), ["READ-15"]),
        (shown(**EXACT), shown(**EXACT, processing_status="PROCESSING"), ["READ-15"]),
        (shown(**EXACT), shown(**EXACT, signals=[], description=...), []),
        (shown(), shown(processing_status="PROCESSING"), []),
        (shown(updated_at="2026-03-02T08:30:01Z"), shown(), ["READ-15"]),
        (shown({"etag": '"a"'}), shown({"etag": '"a"'}, tags=[]), ["READ-12"]),
        (shown({"etag": '"a"'}), shown({"etag": '"b"'}, tags=[]), []),
        (shown({"etag": '"a"'}), read(reply(200, {"tags": []}, {"etag": '"a"'}), f"{PATH}/{ID}?expand=tags"), []),
    ],
)
def test_processing_moves_forward(before: Exchange, after: Exchange, rules: list[str]) -> None:
    """Status, time and tag go with what is shown; a time alone may move with what has to be asked for.

    In whole seconds it may seem not to move, and the ETag is that of one URL.
    """
    assert [finding.rule for finding in judge_progress(after, before)] == rules
