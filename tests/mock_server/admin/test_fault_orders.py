"""Orders of faults that cannot be carried out."""

from __future__ import annotations

from typing import Any

import pytest

from mock_server import create_app
from mock_server.faults.orders import KINDS, PHASES
from tests.kit.control import Client


@pytest.mark.parametrize(
    ("order", "field"),
    [
        ({}, "/kind"),
        ({"kind": "explode", "phase": "before_auth"}, "/kind"),
        ({"kind": "close"}, "/phase"),
        ({"kind": "close", "phase": "during"}, "/phase"),
        ({"kind": "forget", "phase": "after_commit"}, "/phase"),
        ({"kind": "status", "phase": "before_auth"}, "/status"),
        ({"kind": "status", "phase": "before_auth", "status": 200}, "/status"),
        ({"kind": "status", "phase": "before_auth", "status": True}, "/status"),
        ({"kind": "close", "phase": "before_auth", "status": 503}, "/status"),
        ({"kind": "close", "phase": "before_auth", "delay_ms": 5}, "/delay_ms"),
        ({"kind": "slow", "phase": "before_auth", "delay_ms": -1}, "/delay_ms"),
        ({"kind": "close", "phase": "before_auth", "times": 0}, "/times"),
        ({"kind": "close", "phase": "before_auth", "times": 1.5}, "/times"),
        ({"kind": "close", "phase": "before_auth", "probability": 0}, "/probability"),
        ({"kind": "close", "phase": "before_auth", "probability": "x"}, "/probability"),
        ({"kind": "close", "phase": "before_auth", "ttl": 0}, "/ttl"),
        ({"kind": "close", "phase": "before_auth", "surprise": 1}, "/surprise"),
        ({"kind": "close", "phase": "before_auth", "match": []}, "/match"),
        ({"kind": "close", "phase": "before_auth", "match": {"colour": "red"}}, "/match/colour"),
        ({"kind": "close", "phase": "before_auth", "match": {"external_id": "x"}}, "/match/external_id"),
        ({"kind": "close", "phase": "after_commit", "match": {"workspace": "Z"}}, "/match/workspace"),
        ({"kind": "close", "phase": "after_commit", "match": {"method": "GET"}}, "/match/method"),
        ({"kind": "close", "phase": "after_commit", "match": {"path": "/x"}}, "/match/path"),
        ({"kind": "status", "phase": "before_auth", "status": 503, "headers": {"A": "b\r\nC: d"}}, "/headers/A"),
        ({"kind": "status", "phase": "before_auth", "status": 503, "headers": {"Date": "x"}}, "/headers/Date"),
        ({"kind": "status", "phase": "before_auth", "status": 503, "retry_after": [-1]}, "/retry_after"),
        ({"preset": "sunny"}, "/preset"),
        ({"preset": "flaky", "kind": "close"}, "/kind"),
        ([], ""),
        (None, ""),
    ],
)  # fmt: skip
def test_a_bad_order_is_a_422_with_field_and_accepted_values(client: Client, order: Any, field: str) -> None:
    """An order that cannot be carried out is refused with the pointer of the field, and nothing of it is applied."""
    answer = client.admin("POST", "/faults", order)
    assert (answer.status, field in [error["field"] for error in answer.json()["errors"]]) == (422, True)
    assert all(error["message"] for error in answer.json()["errors"])
    assert client.admin("GET", "/faults").json()["data"] == []


def test_all_that_is_wrong_with_an_order_is_said_at_once(client: Client) -> None:
    """An order with several faults is answered with all of them, each naming what is accepted."""
    answer = client.admin("POST", "/faults", {"kind": "nope", "phase": "nope", "times": "nope"}).json()
    accepted = {error["field"]: error["message"] for error in answer["errors"]}
    assert list(accepted) == ["/kind", "/phase", "/times"]
    assert [kind for kind in KINDS if kind not in accepted["/kind"]] == []
    assert [phase for phase in PHASES if phase not in accepted["/phase"]] == []
    assert "1 to 1000000" in accepted["/times"]


def test_an_unknown_fault_cannot_be_taken_off(client: Client) -> None:
    """Taking off a fault that is not in force is a 404."""
    assert client.admin("DELETE", "/faults/flt_nothing").status == 404


def test_without_a_connection_the_kinds_that_need_one_are_refused() -> None:
    """Under a WSGI host that shows no connection, a fault that acts on it is refused with 422, the others are not."""
    host = create_app().test_client()
    for kind in ("close", "reset", "truncate", "hang"):
        answer = host.post("/__admin/faults", json={"kind": kind, "phase": "after_commit"})
        assert (answer.status_code, answer.json["errors"][0]["field"]) == (422, "/kind")
    assert host.post("/__admin/faults", json={"preset": "flaky"}).status_code == 422
    assert (
        host.post("/__admin/faults", json={"kind": "slow", "phase": "after_commit", "delay_ms": 1}).status_code == 201
    )
