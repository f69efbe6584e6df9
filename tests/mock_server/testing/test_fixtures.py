"""The fixtures of the plugin, as a test of an integrator uses them."""

from __future__ import annotations

import asyncio
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import httpx
import pytest
import requests

from mock_server import Settings
from mock_server.testing import EngagementsApi, EngagementsServer, fresh_api
from tests.kit.submissions import submission
from tests.kit.waiting import wait_until

PATH = "/v2/engagements"


def bearer(api: EngagementsApi, name: str = "writer") -> dict[str, str]:
    """Return the header that a client of the test sends."""
    return {"Authorization": f"Bearer {api.credentials[name]}"}


def push(api: EngagementsApi, **changes: Any) -> requests.Response:
    """Submit an engagement as a client does that uses requests."""
    return requests.post(api.base_url + PATH, headers=bearer(api), json=submission(**changes), timeout=10)


def test_a_client_that_uses_requests(engagements_api: EngagementsApi) -> None:
    """A create of requests is answered, stored with its fields, and in the list of requests."""
    body = submission(external_id="crm:1", participants=[{"name": "Ada"}], start_at="2026-03-02T09:30:00+01:00")
    answer = requests.post(engagements_api.base_url + PATH, headers=bearer(engagements_api), json=body, timeout=10)
    assert answer.status_code == 201
    engagements_api.assert_created_once("crm:1", **body)
    (stored,) = engagements_api.engagements
    assert stored.id == answer.json()["id"]
    assert stored.start_at == datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
    (request,) = engagements_api.requests
    assert (request.status, request.external_id, request.credential_name) == (201, "crm:1", "writer")


def test_a_client_that_uses_httpx(engagements_api: EngagementsApi) -> None:
    """A create of httpx over HTTP is answered and stored."""
    url = engagements_api.base_url + PATH
    assert httpx.post(url, headers=bearer(engagements_api), json=submission(external_id="crm:1")).status_code == 201
    engagements_api.assert_created_once("crm:1")


def test_a_client_that_uses_aiohttp(engagements_api: EngagementsApi) -> None:
    """A create of aiohttp is answered and stored."""

    async def create() -> int:
        url, body = engagements_api.base_url + PATH, submission(external_id="crm:1")
        async with aiohttp.ClientSession(headers=bearer(engagements_api)) as one, one.post(url, json=body) as answer:
            return answer.status

    assert asyncio.run(create()) == 201
    engagements_api.assert_created_once("crm:1")


def test_flask_s_test_client(engagements_api: EngagementsApi) -> None:
    """Flask's test client creates without a socket."""
    client = engagements_api.app.test_client()
    answer = client.post("/api" + PATH, headers=bearer(engagements_api), json=submission(external_id="crm:1"))
    assert answer.status_code == 201
    engagements_api.assert_created_once("crm:1")


def test_the_wsgi_transport_of_httpx(engagements_api: EngagementsApi) -> None:
    """A client of httpx creates through its WSGITransport, without a socket."""
    transport = httpx.WSGITransport(engagements_api.app)
    with httpx.Client(transport=transport, base_url="http://mock/api", headers=bearer(engagements_api)) as client:
        assert client.post(PATH, json=submission(external_id="crm:1")).status_code == 201
    engagements_api.assert_created_once("crm:1")


def test_no_thread_before_an_address_is_asked_for() -> None:
    """A server that is used in process has no thread, and one that listened leaves none."""
    before = set(threading.enumerate())
    with EngagementsServer() as server, fresh_api(server) as api:
        api.app.test_client().post("/api" + PATH, headers=bearer(api), json=submission())
        assert set(threading.enumerate()) == before
        push(api)
        assert set(threading.enumerate()) > before
        assert len(api.engagements) == 2
    wait_until(lambda: set(threading.enumerate()) == before)


def test_parallel_first_uses_start_one_server() -> None:
    """When 20 threads ask for the address at once, all get the same one."""
    with EngagementsServer() as server:
        found: list[str] = []
        threads = [threading.Thread(target=lambda: found.append(server.base_url)) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(found) == 20
        assert len(set(found)) == 1


def test_a_lost_answer(engagements_api: EngagementsApi) -> None:
    """A fault after the commit loses the answer over HTTP; the retry finds what was stored."""
    engagements_api.faults.add(kind="close", phase="after_commit", times=1)
    with pytest.raises(requests.ConnectionError):
        push(engagements_api, external_id="crm:1")
    assert push(engagements_api, external_id="crm:1").status_code == 200
    engagements_api.assert_created_once("crm:1")
    assert [request.status for request in engagements_api.requests] == [None, 200]


@pytest.mark.parametrize(
    ("kind", "error"),
    [("close", ConnectionResetError), ("reset", ConnectionResetError), ("hang", TimeoutError)],
)
def test_a_lost_answer_in_process(engagements_api: EngagementsApi, kind: str, error: type[OSError]) -> None:
    """In process a broken connection is the error that Python has for it, at once; the retry is answered."""
    engagements_api.faults.add(kind=kind, phase="after_commit", times=1)
    client = engagements_api.app.test_client()
    body = submission(external_id="crm:1")
    with pytest.raises(error):
        client.post("/api" + PATH, headers=bearer(engagements_api), json=body)
    assert client.post("/api" + PATH, headers=bearer(engagements_api), json=body).status_code == 200


def test_a_lost_answer_in_process_after_a_slow_one(engagements_api: EngagementsApi) -> None:
    """The error is that of the fault which broke the answer, whatever another one did to the request before."""
    engagements_api.faults.add(kind="slow", phase="before_auth", delay_ms=1, times=1)
    engagements_api.faults.add(kind="close", phase="after_commit", times=1)
    with pytest.raises(ConnectionResetError):
        engagements_api.app.test_client().post("/api" + PATH, headers=bearer(engagements_api), json=submission())


def test_a_fault_strikes_the_workspace_of_the_test_only(engagements_server: EngagementsServer) -> None:
    """A fault without a match, and one that matches a key, leaves another workspace alone."""
    with fresh_api(engagements_server) as one, fresh_api(engagements_server) as other:
        one.faults.add(kind="status", status=503, phase="before_auth")
        one.faults.add(kind="status", status=503, phase="before_commit", match={"external_id": "crm:*"})
        assert push(one).status_code == 503
        assert push(other, external_id="crm:1").status_code == 201


def test_a_fault_that_cannot_be_set(engagements_api: EngagementsApi) -> None:
    """A mistake in an order raises ValueError, which names the member and what is accepted."""
    with pytest.raises(ValueError, match=r"kind .*close"):
        engagements_api.faults.add(kind="clse", phase="after_commit")


def test_faults_can_be_cleared(engagements_api: EngagementsApi) -> None:
    """After clear, requests of the workspace are answered again."""
    engagements_api.faults.add(preset="overloaded")
    assert push(engagements_api).status_code == 429
    engagements_api.faults.clear()
    assert push(engagements_api).status_code == 201


def test_everything_is_put_back(engagements_server: EngagementsServer) -> None:
    """After a test its workspace, its requests and its faults are gone, and the clock is as it was before."""
    mock = engagements_server.mock
    before = (mock.services.clock.setting(), len(mock.services.directory.callers), mock.state.faults.listed())
    with fresh_api(engagements_server) as api:
        push(api)
        api.faults.add(kind="status", status=503, phase="before_auth", times=1)
        push(api)
        api.faults.add(preset="flaky")
        api.clock.freeze(datetime(2026, 3, 2, 8, 30, tzinfo=UTC))
        api.clock.advance(hours=1)
        workspace = api.workspace
    assert before == (mock.services.clock.setting(), len(mock.services.directory.callers), mock.state.faults.listed())
    assert mock.state.records is not None
    assert not mock.state.records.journal.select(lambda entry: entry.workspace == workspace)
    assert not [key for key, _ in mock.state.store.all() if key[0] == workspace]


def test_a_request_that_hangs_is_released_at_the_end(engagements_server: EngagementsServer) -> None:
    """A client in a thread that waits for a hang gets its connection closed when the test ends."""
    failed: list[Exception] = []

    def client(api: EngagementsApi) -> None:
        try:
            push(api)
        except requests.RequestException as error:
            failed.append(error)

    with fresh_api(engagements_server) as api:
        api.faults.add(kind="hang", phase="before_commit")
        thread = threading.Thread(target=client, args=(api,))
        thread.start()
        wait_until(lambda: engagements_server.mock.state.faults.listed()[-1][1])
    thread.join(10)
    assert len(failed) == 1


def test_requests_stand_in_the_order_in_which_they_came(engagements_api: EngagementsApi) -> None:
    """A request that a fault holds back comes before one that was sent later and answered earlier."""
    engagements_api.faults.add(kind="slow", phase="before_commit", delay_ms=60_000, match={"external_id": "first"})
    thread = threading.Thread(target=push, args=(engagements_api,), kwargs={"external_id": "first"})
    thread.start()
    wait_until(lambda: engagements_api._mock.state.faults.listed()[-1][1])
    push(engagements_api, external_id="second")
    engagements_api.faults.clear()
    thread.join(10)
    assert [request.external_id for request in engagements_api.requests] == ["first", "second"]


def test_the_clock_moves(engagements_api: EngagementsApi) -> None:
    """A clock that was frozen and advanced decides created_at, reset returns to the system, and back is refused."""
    at = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
    engagements_api.clock.freeze(at)
    engagements_api.clock.advance(hours=1, minutes=30)
    assert engagements_api.clock.now() == at + timedelta(minutes=90)
    assert push(engagements_api).json()["created_at"] == "2026-03-02T10:00:00.000Z"
    engagements_api.clock.reset()
    assert engagements_api.clock.now() > at + timedelta(days=1)
    with pytest.raises(ValueError, match="forward"):
        engagements_api.clock.advance(hours=-1)
    with pytest.raises(ValueError, match="offset"):
        engagements_api.clock.freeze(datetime(2026, 3, 2))  # noqa: DTZ001  that is the mistake


def test_requests_without_a_valid_credential_are_seen(engagements_server: EngagementsServer) -> None:
    """The requests of a test include one with a wrong credential, and one that a fault struck before it was read."""
    with fresh_api(engagements_server) as other, fresh_api(engagements_server) as api:
        requests.post(api.base_url + PATH, headers={"Authorization": "Bearer nobody"}, json=submission(), timeout=10)
        api.faults.add(kind="status", status=503, phase="before_auth", times=1)
        push(api, external_id="crm:1")
        push(other)
        refused, struck = api.requests
        assert (refused.status, refused.workspace) == (401, None)
        assert (struck.status, struck.workspace, struck.credential_name) == (503, api.workspace, "writer")
        assert struck.body is not None


def test_a_request_after_the_test_is_refused(engagements_server: EngagementsServer) -> None:
    """The credentials of a test are worth nothing in the next one."""
    with fresh_api(engagements_server) as api:
        pass
    assert push(api).status_code == 401


def test_credentials_do_not_show(engagements_api: EngagementsApi) -> None:
    """The repr of what the fixtures give holds no credential."""
    for text in (repr(engagements_api), repr(engagements_api.faults), repr(engagements_api._server)):
        assert not [one for one in engagements_api.credentials.values() if one in text]


def test_a_control_plane_with_a_token() -> None:
    """Faults can be set on a server whose control plane asks for a token."""
    with EngagementsServer(Settings(admin_token="a-long-enough-token")) as server, fresh_api(server) as api:
        api.faults.add(kind="status", status=503, phase="before_auth")
        assert push(api).status_code == 503
