"""What cannot be kept, shown or used later is refused at the door, and pages go on working."""

from __future__ import annotations

from typing import Any

import pytest

from tests.kit.control import Client

STATUS = {"kind": "status", "phase": "before_auth", "status": 503}
PAGES = (
    "/",
    "/inspect/keys",
    "/inspect/engagements",
    "/inspect/webhooks",
    "/inspect/workflows",
    "/inspect/faults",
    "/inspect/workspaces",
)


def errors(client: Client, method: str, path: str, order: object) -> dict[str, str]:
    """Send an order that must be refused with 422, and return each broken field with what is said of it."""
    answer = client.admin(method, path, order)
    assert answer.status == 422, answer.text
    return {error["field"]: error["message"] for error in answer.json()["errors"]}


def broken_pages(client: Client) -> list[str]:
    """Return the pages that cannot be shown."""
    return [page for page in PAGES if client.admin("GET", page).status != 200]


@pytest.mark.parametrize("name", ["\ud800", "a\udfffb", "\udc80/~"])
@pytest.mark.parametrize(
    ("method", "path", "order"),
    [
        ("POST", "/workspaces", {}),
        ("POST", "/faults", STATUS),
        ("POST", "/requests/count", {}),
        ("PUT", "/clock", {"freeze": True}),
        ("PUT", "/snapshot", {"version": 1}),
    ],
    ids=["workspace", "fault", "count", "clock", "snapshot"],
)
def test_a_member_with_a_name_that_utf8_cannot_hold(
    client: Client, method: str, path: str, order: dict[str, Any], name: str
) -> None:
    """A lone surrogate in the name of a member is a 422 like any unknown member, and changes nothing."""
    assert errors(client, method, path, {**order, name: 1})
    assert broken_pages(client) == []


@pytest.mark.parametrize("name", ["\ud800", "a b", "a\nb", "", "x" * 101, "[key]", "Content-Length"])
def test_a_header_with_a_name_that_http_cannot_hold(client: Client, name: str) -> None:
    """The name of a header of a fault must be one of HTTP; the place is told as it was sent, as far as UTF-8 can."""
    (field,) = errors(client, "POST", "/faults", {**STATUS, "headers": {name: "x"}})
    assert field.startswith("/headers")
    if name not in {"\ud800", "[key]"}:
        assert field == f"/headers/{name}"


@pytest.mark.parametrize("key", ["\ud800", "a\udfffb"])
def test_a_refused_key_with_a_lone_surrogate_is_in_the_records(client: Client, key: str) -> None:
    """The records show the key escaped, its history can be found, and no page breaks."""
    assert client.post(external_id=key).status == 422
    shown = ascii(key)[1:-1]
    assert client.last()["external_id"] == shown
    assert broken_pages(client) == []
    (event,) = client.admin("GET", f"/ledger?workspace=A&external_id={shown}").json()["data"]
    assert event["event"] == "refused"


@pytest.mark.parametrize("mode", ["ignore", "refuse"])
@pytest.mark.parametrize("name", ["\ud800", "a\udfffb", "x\ny\x1b[0m"])
def test_an_unknown_field_with_such_a_name_breaks_no_page(serve: Any, mode: str, name: str) -> None:
    """An unknown field of a body is named with escapes, whether it is ignored or refused."""
    client = serve(unknown_fields=mode)
    assert client.post(**{name: 1}).status == (201 if mode == "ignore" else 422)
    assert client.admin("GET", f"/inspect/requests/{client.last()['id']}").status == 200
    assert broken_pages(client) == []


BEFORE, AFTER = "1969-12-31T23:59:59.999Z", "9001-01-01T00:00:00Z"


@pytest.mark.parametrize("instant", ["0001-01-01T00:00:00Z", BEFORE, "1970-01-01T00:00:00+00:01", AFTER, "soon", 5])
@pytest.mark.parametrize("field", ["/clock/frozen", "/engagements/0/created_at"])
def test_an_instant_that_no_id_can_hold_is_refused(client: Client, field: str, instant: object) -> None:
    """A snapshot whose clock or creation lies before 1970 or after the year 9000 is a 422, and changes nothing."""
    client.post(external_id="one")
    snapshot = client.admin("GET", "/snapshot").json()
    place = snapshot["clock"] if field == "/clock/frozen" else snapshot["engagements"][0]
    place[field.rpartition("/")[2]] = instant
    assert list(errors(client, "PUT", "/snapshot", snapshot)) == [field]
    assert client.post(external_id="one").status == 200


@pytest.mark.parametrize("frozen", ["1970-01-01T00:00:00Z", "9000-12-31T23:59:59.999999Z", None])
@pytest.mark.parametrize("offset", [0, 10**9])
def test_at_the_first_and_the_last_instant_everything_works(client: Client, frozen: str | None, offset: float) -> None:
    """With any clock that a snapshot may have, engagements are made, shown and restored."""
    client.post(external_id="one")
    snapshot = client.admin("GET", "/snapshot").json()
    snapshot["clock"] = {"frozen": frozen, "offset_seconds": offset}
    if frozen:
        snapshot["engagements"][0]["created_at"] = frozen
    assert client.admin("PUT", "/snapshot", snapshot).status == 200
    assert [client.post(external_id=key).status for key in ("one", "two")] == [200, 201]
    assert broken_pages(client) == []
    again = client.admin("GET", "/snapshot").json()
    assert client.admin("PUT", "/snapshot", again).status == 200


@pytest.mark.parametrize("seconds", [-1, 230_000_000_000, 1e300, float("nan"), True, "5"])
def test_a_clock_that_is_further_than_the_last_year_is_refused(client: Client, seconds: object) -> None:
    """The offset of a snapshot is a number of seconds, and leads to the year 9000 at most."""
    snapshot = {"version": 1, "clock": {"offset_seconds": seconds}}
    assert list(errors(client, "PUT", "/snapshot", snapshot)) == ["/clock/offset_seconds"]


def test_a_snapshot_full_of_mistakes_is_refused_in_a_short_answer(client: Client) -> None:
    """At most 100 mistakes are listed, and the problem says that there are more."""
    answer = client.admin("PUT", "/snapshot", {"version": 1, "engagements": [{}] * 500})
    assert (answer.status, len(answer.json()["errors"])) == (422, 100)
    assert answer.json()["detail"].startswith("At least")


def test_null_is_as_good_as_leaving_out(client: Client) -> None:
    """A member that is null counts as not given, wherever it may be left out."""
    order = {**STATUS, "times": None, "match": {"method": None}, "headers": None, "delay_ms": None, "ttl": None}
    assert client.fault(**order)["kind"] == "status"
    assert client.admin("PUT", "/clock", {"reset": True, "freeze": None}).status == 200
    assert client.admin("POST", "/workspaces", {"name": None, "rate_limit": None}).status == 201
