"""Clock, workspaces, limits, snapshots, reports, and the outcome that a client prefers."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from mock_server import spec
from mock_server.admin import fidelity
from mock_server.checks.rate import parse_rate
from mock_server.records import coverage
from mock_server.workspaces import built_in
from tests.kit.control import Client, Serve
from tests.kit.waiting import wait_until


def test_the_clock_is_frozen_moved_and_let_go(client: Client) -> None:
    """Frozen, the clock stands where it was put; advanced, it moves by the duration; reset, it runs with the system."""
    assert client.admin("PUT", "/clock", {"freeze": "2030-01-01T00:00:00+01:00"}).json() == {
        "now": "2029-12-31T23:00:00.000Z", "frozen": True, "offset_seconds": 0.0,
    }  # fmt: skip
    assert client.post().json()["created_at"] == "2029-12-31T23:00:00.000Z"
    assert client.admin("PUT", "/clock", {"advance": "P1DT1H1M1.5S"}).json()["now"] == "2030-01-02T00:01:01.500Z"
    assert client.admin("PUT", "/clock", {"reset": True}).json()["frozen"] is False
    assert client.admin("PUT", "/clock", {"freeze": True}).json()["frozen"] is True
    assert client.admin("GET", "/clock").json() == client.admin("GET", "/clock").json()


@pytest.mark.parametrize(
    "order",
    [
        {}, {"freeze": "now"},
        {"freeze": 5}, {"advance": "1h"}, {"advance": "P"}, {"advance": "PT"}, {"advance": "-PT1S"},
        {"advance": "P999999D", "reset": True}, {"advance": "P999999D"}, {"reset": False}, {"reset": 1}, [], "x",
        {"freeze": "2030-01-01T00:00:00Z", "advance": "PT1S"}, {"advance": "PT1S", "colour": 1},
    ],
)  # fmt: skip
def test_a_bad_order_leaves_the_clock_alone(client: Client, order: object) -> None:
    """What cannot be read, or asks for two things, is a 422, and the clock has not moved."""
    client.admin("PUT", "/clock", {"freeze": "2030-01-01T00:00:00Z"})
    if order == {"advance": "P999999D"}:
        client.admin("PUT", "/clock", {"freeze": "8999-01-01T00:00:00Z"})
    before = client.admin("GET", "/clock").json()
    answer = client.admin("PUT", "/clock", order)
    assert (answer.status, bool(answer.json()["errors"][0]["message"])) == (422, True)
    assert client.admin("GET", "/clock").json() == before


def test_a_fresh_workspace_has_credentials_that_do_what_their_names_say(client: Client) -> None:
    """A workspace made for one test has a writer, two readers and one without scopes."""
    made = client.admin("POST", "/workspaces").json()
    assert list(made["credentials"]) == ["writer", "reader", "private_reader", "noscope"]
    statuses = {name: client.post(credential=sent).status for name, sent in made["credentials"].items()}
    assert statuses == {"writer": 201, "reader": 403, "private_reader": 403, "noscope": 403}


@pytest.mark.soak
def test_200_workspaces_by_16_parallel_clients_do_not_see_each_other(client: Client) -> None:
    """In each of 200 workspaces the same key creates once, and journal, ledger and engagements show only its own."""

    def use(_: int) -> dict[str, Any]:
        made: dict[str, Any] = client.admin("POST", "/workspaces").json()
        writer = made["credentials"]["writer"]
        made["answers"] = [client.post(credential=writer, external_id="same") for _ in range(3)]
        return made

    with ThreadPoolExecutor(16) as pool:
        spaces = list(pool.map(use, range(200)))
    assert [[answer.status for answer in made["answers"]] for made in spaces] == [[201, 200, 200]] * 200
    assert len({made["answers"][0].json()["id"] for made in spaces}) == 200
    for made in spaces[::20]:
        name = made["id"]
        assert len(client.admin("GET", f"/requests?workspace={name}").json()["data"]) == 3
        assert len(client.admin("GET", f"/engagements?workspace={name}").json()["data"]) == 1
        events = client.admin("GET", f"/ledger?workspace={name}&external_id=same").json()["data"]
        assert [event["event"] for event in events] == ["created", "replayed", "replayed"]


def everywhere(client: Client) -> str:
    """Return all that the control plane and the mock hold, as text."""
    paths = ("/requests?limit=1000", "/engagements?limit=1000", "/faults", "/workspaces", "/snapshot", "/inspect/keys")
    state = client.mock.state
    histories = state.records.ledger._histories
    inside = [state.store._by_key, state.limiter.windows(), histories, state.transcripts._used]
    return "".join(client.admin("GET", path).text for path in paths) + repr(inside)


def test_a_deleted_workspace_leaves_nothing(client: Client) -> None:
    """After a workspace was deleted neither its id, its credentials nor anything submitted in it is anywhere."""
    before = everywhere(client)
    made = client.admin("POST", "/workspaces", {"name": "gone", "rate_limit": "50/minute"}).json()
    client.fault(kind="slow", phase="before_commit", delay_ms=1, match={"workspace": made["id"]})
    for _ in range(2):
        client.post(credential=made["credentials"]["writer"], external_id="trace-of-it", transcript_text="hello")
    assert made["id"] in everywhere(client)
    assert client.admin("DELETE", f"/workspaces/{made['id']}").status == 200
    after = everywhere(client)
    assert not [text for text in (made["id"], "gone", "trace-of-it", *made["credentials"].values()) if text in after]
    assert len(after) == len(before)
    assert client.post(credential=made["credentials"]["writer"]).status == 401
    assert client.admin("DELETE", f"/workspaces/{made['id']}").status == 404


def test_a_workspace_deleted_under_a_request_leaves_nothing_either(client: Client) -> None:
    """A request that is under way when its workspace is deleted cleans up behind itself."""
    made = client.admin("POST", "/workspaces").json()
    client.fault(kind="slow", phase="after_commit", delay_ms=30_000)
    sent = {"credential": made["credentials"]["writer"], "external_id": "trace-of-it"}
    thread = threading.Thread(target=client.post, kwargs=sent)
    thread.start()
    wait_until(lambda: client.mock.state.faults.listed()[0][1] == 1)
    client.admin("DELETE", f"/workspaces/{made['id']}")
    client.admin("DELETE", "/faults")
    thread.join()
    assert made["id"] not in everywhere(client)
    assert "trace-of-it" not in everywhere(client)


@pytest.mark.parametrize(
    ("order", "field"),
    [
        ({"name": ""}, "/name"), ({"name": "A"}, "/name"), ({"rate_limit": "often"}, "/rate_limit"),
        ({"default_private": "yes"}, "/default_private"), ({"colour": 1}, "/colour"), ([], ""),
        ({"credential_rate_limit": "0/minute"}, "/credential_rate_limit"),
    ],
)  # fmt: skip
def test_a_bad_workspace_is_not_made(client: Client, order: object, field: str) -> None:
    """A workspace that cannot be made as ordered is a 422 that names the field, and not made by half."""
    before = client.admin("GET", "/workspaces").json()
    answer = client.admin("POST", "/workspaces", order)
    assert (answer.status, answer.json()["errors"][0]["field"]) == (422, field)
    assert client.admin("GET", "/workspaces").json() == before


def test_a_workspace_has_the_default_it_was_made_with(client: Client) -> None:
    """A workspace that is private by default makes private engagements."""
    made = client.admin("POST", "/workspaces", {"default_private": True}).json()
    assert client.post(credential=made["credentials"]["writer"]).json()["is_private"] is True


@pytest.mark.parametrize("limit", ["rate_limit", "credential_rate_limit"])
def test_limits_are_by_workspace_or_credential_and_follow_the_clock(client: Client, limit: str) -> None:
    """Beyond a limit comes 429 with Retry-After in seconds; when the mock's clock has moved that far, 201 again."""
    client.admin("PUT", "/clock", {"freeze": "2030-01-01T00:00:00Z"})
    writer = client.admin("POST", "/workspaces", {limit: "2/minute"}).json()["credentials"]["writer"]
    answers = [client.post(credential=writer) for _ in range(3)]
    assert [answer.status for answer in answers] == [201, 201, 429]
    assert answers[2].headers["Retry-After"] == "60"
    client.admin("PUT", "/clock", {"advance": "PT59S"})
    assert client.post(credential=writer).headers["Retry-After"] == "1"
    client.admin("PUT", "/clock", {"advance": "PT1S"})
    assert client.post(credential=writer).status == 201


@pytest.mark.parametrize(("limit", "last"), [("credential_rate_limit", 201), ("rate_limit", 429)])
def test_a_credential_has_a_limit_of_its_own(serve: Serve, limit: str, last: int) -> None:
    """A limit by credential is counted for each credential, one by workspace for all of them together."""
    client = serve()
    made = client.admin("POST", "/workspaces", {limit: "1/minute"}).json()
    first = made["credentials"]["writer"]
    directory = client.mock.services.directory
    writer = next(one for one in directory.callers if one.credential == first)
    directory.change(lambda present: (*present, replace(writer, name="second", credential="second")))
    assert [client.post(credential=sent).status for sent in (first, first, "second")] == [201, 429, last]


def test_a_snapshot_brings_everything_back(client: Client) -> None:
    """After a restore the same requests get the same answers: keys, clock, workspaces, faults and limits are back."""
    made = client.admin("POST", "/workspaces", {"name": "team", "credential_rate_limit": "5/minute"}).json()
    writer = made["credentials"]["writer"]
    client.admin("PUT", "/clock", {"freeze": "2030-01-01T00:00:00.123Z"})
    stored = client.post(
        credential=writer,
        external_id="one",
        transcript_text="über\0😀",
        participants=[{"name": "Ada"}, {"email": "a@b"}],
        start_at="2029-01-01T00:00:00.123456+02:00", is_private=True,
    ).json()  # fmt: skip
    client.post(external_id="one")
    client.fault(preset="overloaded", match={"workspace": "B"}, times=3, ttl=60)
    client.fault(kind="truncate", phase="after_commit", probability=0.5, match={"external_id": "x*"})
    assert client.post(credential="sk-apik_other.local").headers["Retry-After"] == "1"
    snapshot = client.admin("GET", "/snapshot").json()
    shown = client.admin("GET", f"/engagements/{stored['id']}").json()
    client.admin("POST", "/reset")
    assert client.post(credential=writer).status == 401
    assert client.admin("PUT", "/snapshot", snapshot).json() == {"status": "ok"}
    assert client.admin("GET", "/snapshot").json() == snapshot
    assert client.admin("GET", f"/engagements/{stored['id']}").json() == shown
    again = client.post(credential=writer, external_id="one")
    assert (again.status, again.json()) == (200, stored)
    assert client.post(credential="sk-apik_other.local").headers["Retry-After"] == "2"
    assert [client.post(credential=writer).status for _ in range(4)] == [201, 201, 201, 429]


def test_a_snapshot_holds_no_credential_that_the_server_was_started_with(client: Client) -> None:
    """Configured credentials are named in a snapshot, not shown; those of made workspaces are there to come back."""
    made = client.admin("POST", "/workspaces").json()["credentials"]
    text = client.admin("GET", "/snapshot").text
    assert not [one.credential for one in client.mock.settings.callers if one.credential in text]
    assert made["writer"] in text


def broken(snapshot: dict[str, Any]) -> list[tuple[str, Any]]:
    """Return snapshots that cannot be restored, each with the place of the fault."""

    def changed(pointer: str, value: Any) -> dict[str, Any]:
        copy = json.loads(json.dumps(snapshot))
        *way, last = [int(part) if part.isdigit() else part for part in pointer.strip("/").split("/")]
        place: Any = copy
        for part in way:
            place = place[part]
        place[last] = value
        return dict(copy)

    places = [
        ("/version", 2), ("/version", None), ("/clock/frozen", "soon"), ("/clock/offset_seconds", 1e300),
        ("/engagements/0/title", ""), ("/engagements/0/media_url", "http://x/"), ("/engagements/0/created_at", None),
        ("/engagements/0/credential_name", "nobody"), ("/engagements/0/surprise", 1), ("/faults/0/kind", "explode"),
        ("/workspaces/0/credentials/0/name", "nobody"), ("/workspaces/2/credentials/0/scopes/0", "all"),
        ("/rate_limits", 5), ("/surprise", 1), ("/engagements/1/external_id", "one"),
        ("/engagements/1/id", snapshot["engagements"][0]["id"]),
    ]  # fmt: skip
    return [(pointer, changed(pointer, value)) for pointer, value in places]


def test_a_snapshot_that_cannot_be_restored_changes_nothing(client: Client) -> None:
    """A snapshot with a fault anywhere is a 422 with its place, and everything is as it was before."""
    client.admin("POST", "/workspaces", {"name": "team"})
    for key in ("one", "two"):
        client.post(external_id=key)
    client.fault(kind="slow", phase="after_commit", delay_ms=1)
    client.admin("PUT", "/clock", {"freeze": "2030-01-01T00:00:00Z"})
    good = client.admin("GET", "/snapshot").json()
    for pointer, bad in [*broken(good), ("", []), ("", None)]:
        answer = client.admin("PUT", "/snapshot", bad)
        fields = [error["field"] for error in answer.json()["errors"]]
        assert (answer.status, pointer in fields) == (422, True), (pointer, fields)
        assert client.admin("GET", "/snapshot").json() == good
    assert client.post(external_id="one").status == 200


def test_coverage_counts_the_rules_that_traffic_exercised(client: Client) -> None:
    """Coverage begins at nothing, counts rules kept and broken, and knows every rule of the contract."""
    report = client.admin("GET", "/coverage").json()
    assert (report["summary"]["exercised"], report["summary"]["rules"]) == (0, len(spec.document()["x-rules"]))
    client.post(external_id="one")
    client.post(external_id="one", source_system="other")
    client.post(title="")
    rows = {row["id"]: row for row in client.admin("GET", "/coverage").json()["data"]}
    kept = [
        rule for rule in ("AUTH-1", "IDEM-14", "IDEM-1", "IDEM-2", "IDEM-3", "URL-17", "ERR-1") if rows[rule]["kept"]
    ]
    assert kept == ["AUTH-1", "IDEM-14", "IDEM-1", "IDEM-2", "IDEM-3", "URL-17", "ERR-1"]
    assert (rows["LIMIT-2"]["broken"], rows["AUTH-5"]["kept"], rows["AUTH-2"]["broken"]) == (1, 0, 0)


def test_coverage_counts_only_rules_that_exist() -> None:
    """Every rule that coverage or fidelity has a word about is a rule of the contract."""
    known = {rule["id"] for rule in spec.document()["x-rules"]}
    kept = {*coverage.KEPT_BY_SUCCESS, *coverage.KEPT_BY_CREATION, *coverage.KEPT_BY_REFUSAL}
    spoken = {*kept, *fidelity.SIMULATED, *fidelity.ALWAYS}
    assert spoken | {rule for pair in coverage.AT_THE_LIMIT.values() for rule in pair} <= known


def test_fidelity_says_for_every_rule_how_true_the_mock_is(client: Client) -> None:
    """Each rule is emulated or approximated; an approximation says what it leaves out, a silence what is done."""
    report = client.admin("GET", "/fidelity").json()
    assert [row["id"] for row in report["data"]] == [rule["id"] for rule in spec.document()["x-rules"]]
    for row in report["data"]:
        assert row["fidelity"] in {"emulated", "approximated"}
        assert (row["note"] is not None) == (row["fidelity"] == "approximated")
        assert (row["decision"] is not None) == (row["level"] == "observe")


def test_the_contract_is_served(client: Client) -> None:
    """GET /__admin/openapi.yaml is the contract, byte by byte."""
    assert client.admin("GET", "/openapi.yaml").text == spec.text()


def test_engagements_are_shown_with_what_was_submitted(client: Client) -> None:
    """An engagement shows the API's fields and, beside them, what the API does not give back."""
    made = client.post(external_id="one", transcript_text="hello", participants=[{"name": "Ada"}]).json()
    shown = client.admin("GET", f"/engagements/{made['id']}").json()
    assert {name: shown[name] for name in made} == made
    assert shown["external_id"] == "one"
    assert shown["submitted"]["transcript"]["text"] == "hello"
    assert shown["submitted"]["participants"] == [{"name": "Ada", "email": None}]
    assert client.admin("GET", "/engagements?external_id=one").json()["data"][0]["id"] == made["id"]
    assert client.admin("GET", "/engagements/ngmt_unknown").status == 404


@pytest.mark.parametrize("code", [400, 401, 403, 404, 409, 422, 429, 500])
def test_a_client_can_ask_for_an_outcome(client: Client, code: int) -> None:
    """Prefer: code=… is answered with that status as a problem, said in Preference-Applied, and creates nothing."""
    answer = client.post(headers={"Prefer": f"code={code}"}, external_id="one")
    assert (answer.status, answer.headers["Preference-Applied"]) == (code, f"code={code}")
    assert answer.json()["status"] == code
    assert ("Retry-After" in answer.headers) == (code in {409, 429})
    assert client.post(external_id="one").status == 201


@pytest.mark.parametrize("header", ["code=200", "code=418", "code=4290", "return=minimal", "code", "", "code=42x"])
def test_a_preference_that_is_not_understood_is_ignored(client: Client, header: str) -> None:
    """RFC 7240: unknown preferences are ignored, and nothing is said to be applied."""
    answer = client.post(headers={"Prefer": header})
    assert (answer.status, "Preference-Applied" in answer.headers) == (201, False)


def test_a_preference_among_others_is_found(client: Client) -> None:
    """The preference is read in any of the forms that RFC 7240 allows."""
    for header in ("return=minimal, code=429", 'CODE="429"', "code = 429; why=test"):
        assert client.post(headers={"Prefer": header}).status == 429


def test_a_configured_credential_may_have_a_limit(serve: Serve) -> None:
    """A credential with a rate limit is refused beyond it while its neighbours are not."""
    writer, *others = built_in()
    client = serve(callers=(replace(writer, rate_limit=parse_rate("1/minute")), *others))
    assert [client.post().status for _ in range(2)] == [201, 429]
    assert client.post(credential="sk-apik_reader.local").status == 403


@pytest.mark.parametrize("name", ["\ud800", "a\0b", "\x1b]0;x\x07", "a\nb", "\u202eabc"])
def test_a_name_that_could_not_be_shown_is_refused_at_the_door(client: Client, name: str) -> None:
    """Lone surrogates, NUL and control characters in the name of a workspace are a 422, and pages still work."""
    answer = client.admin("POST", "/workspaces", {"name": name})
    assert (answer.status, answer.json()["errors"][0]["field"]) == (422, "/name")
    assert client.admin("GET", "/inspect/workspaces").status == 200


@pytest.mark.parametrize("field", ["external_id", "credential_name", "workspace"])
def test_a_fault_with_a_lone_surrogate_is_refused_at_the_door(client: Client, field: str) -> None:
    """What has no form in UTF-8 is a 422 in every text of an order."""
    order = {"kind": "slow", "phase": "after_commit", "match": {field: "\ud800"}}
    answer = client.admin("POST", "/faults", order)
    assert (answer.status, answer.json()["errors"][0]["field"]) == (422, f"/match/{field}")
    assert client.admin("GET", "/inspect/faults").status == 200


@pytest.mark.parametrize(
    ("name", "value"),
    [("title", "\ud800"), ("external_id", "\udfff"), ("source_system", "a\ud800"), ("duration_seconds", 1e12)],
)
def test_a_snapshot_with_a_value_that_breaks_a_page_is_refused(client: Client, name: str, value: object) -> None:
    """A text without a form in UTF-8 and an end that no calendar has are a 422, and nothing changes."""
    client.post(external_id="one")
    snapshot = client.admin("GET", "/snapshot").json()
    snapshot["engagements"][0][name] = value
    answer = client.admin("PUT", "/snapshot", snapshot)
    assert (answer.status, answer.json()["errors"][0]["field"]) == (422, f"/engagements/0/{name}")
    assert client.admin("GET", "/inspect/engagements").status == 200


def test_a_snapshot_with_an_end_after_the_last_year_is_refused(client: Client) -> None:
    """A start and a duration that are each possible, and together are not, are a 422, and no page breaks."""
    client.post(external_id="one")
    snapshot = client.admin("GET", "/snapshot").json()
    snapshot["engagements"][0] |= {"start_at": "9999-12-31T23:59:00.000Z", "duration_seconds": 90}
    answer = client.admin("PUT", "/snapshot", snapshot)
    assert (answer.status, answer.json()["errors"][0]["field"]) == (422, "/engagements/0/duration_seconds")
    assert client.admin("GET", "/inspect/engagements").status == 200


@pytest.mark.parametrize("key", ["name", "id"])
@pytest.mark.parametrize("value", ["\ud800", "a\0b"])
def test_a_workspace_of_a_snapshot_has_a_name_that_can_be_shown(client: Client, key: str, value: str) -> None:
    """The door for a restored workspace is as narrow as that for a new one."""
    client.admin("POST", "/workspaces", {"name": "team"})
    snapshot = client.admin("GET", "/snapshot").json()
    snapshot["workspaces"][-1][key] = value
    answer = client.admin("PUT", "/snapshot", snapshot)
    assert answer.status == 422
    assert f"/workspaces/2/{key}" in [error["field"] for error in answer.json()["errors"]]


def test_what_is_read_is_the_same_after_a_restore(client: Client) -> None:
    """A snapshot brings engagements, lists and the rest of a list that is half read back, and processing goes on."""
    client.admin("PUT", "/clock", {"freeze": "2030-01-01T00:00:00Z"})
    made = [client.post(external_id=key, is_private=key == "two").json()["id"] for key in ("one", "two", "three")]
    client.admin("PUT", "/clock", {"advance": "PT1S"})
    first = client.get("?limit=1").json()
    paths = [*(f"/{number}?expand=owner,contacts" for number in made), "", f"?limit=1&cursor={first['next_cursor']}"]
    before = [client.get(path).json() for path in paths]
    snapshot = client.admin("GET", "/snapshot").json()
    client.admin("POST", "/reset")
    assert [client.get(f"/{number}").status for number in made] == [404] * 3
    assert client.admin("PUT", "/snapshot", snapshot).status == 200
    assert [client.get(path).json() for path in paths] == before
    client.admin("PUT", "/clock", {"advance": "PT1S"})
    assert client.get(f"/{made[0]}").json()["processing_status"] == "COMPLETED"
