"""Faults, seen from outside: by a bare socket, by clients that retry, and by many clients at a time."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
import tenacity
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

from mock_server import Settings, running
from tests.kit.control import Client, Serve
from tests.kit.http import PATH, WRITER, send
from tests.kit.submissions import submission
from tests.kit.waiting import wait_until
from tests.kit.wire import begin, begin_create, head, read_all

PHASES = ("before_auth", "before_commit", "after_commit")


@pytest.mark.parametrize("phase", PHASES)
def test_close_ends_the_connection_without_a_byte(client: Client, phase: str) -> None:
    """A fault of the kind close sends nothing and ends the connection in order (FIN), in every phase."""
    client.fault(kind="close", phase=phase)
    with begin_create(client.server) as peer:
        assert read_all(peer) == b""


def test_close_is_in_order_under_a_body_that_nobody_read(client: Client) -> None:
    """A fault of the kind close before authentication sends no RST, however much the peer has sent."""
    client.fault(kind="close", phase="before_auth")
    with begin_create(client.server, transcript_text="x" * 12_000_000) as peer:
        assert read_all(peer) == b""


@pytest.mark.parametrize("phase", PHASES)
def test_reset_is_a_tcp_rst(client: Client, phase: str) -> None:
    """A fault of the kind reset ends the connection with RST, which the peer sees as ECONNRESET."""
    client.fault(kind="reset", phase=phase)
    with begin_create(client.server) as peer, pytest.raises(ConnectionResetError):
        read_all(peer)


@pytest.mark.parametrize(("phase", "status"), [("before_auth", 500), ("before_commit", 500), ("after_commit", 201)])
def test_truncate_breaks_the_body_off(client: Client, phase: str, status: int) -> None:
    """A fault of the kind truncate announces the whole body, sends half of it and ends the connection."""
    client.fault(kind="truncate", phase=phase)
    with begin_create(client.server) as peer:
        head, _, body = read_all(peer).partition(b"\r\n\r\n")
    announced = next(int(line[16:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length: "))
    assert (head.split(b" ")[1], len(body)) == (b"%d" % status, announced // 2)


@pytest.mark.parametrize("phase", PHASES)
def test_slow_holds_the_answer_back(client: Client, phase: str) -> None:
    """A fault of the kind slow delays the true answer by at least delay_ms."""
    client.fault(kind="slow", phase=phase, delay_ms=150)
    begun = time.monotonic()
    with begin_create(client.server) as peer:
        answer = peer.recv(1 << 16)
    assert answer.startswith(b"HTTP/1.1 201 ")
    assert time.monotonic() - begun >= 0.15


@pytest.mark.parametrize("phase", PHASES)
def test_hang_sends_nothing_for_its_time_and_then_ends(client: Client, phase: str) -> None:
    """A fault of the kind hang keeps the connection open without a byte, and closes it after delay_ms."""
    client.fault(kind="hang", phase=phase, delay_ms=200)
    with begin_create(client.server) as peer:
        peer.settimeout(0.1)
        with pytest.raises(TimeoutError):
            peer.recv(1)
        peer.settimeout(10)
        assert read_all(peer) == b""


@pytest.mark.parametrize("phase", PHASES)
def test_status_answers_with_status_and_headers(client: Client, phase: str) -> None:
    """A fault of the kind status answers with the status and the headers of its order, as a problem."""
    client.fault(kind="status", phase=phase, status=503, headers={"X-Upstream": "down"}, retry_after=7)
    answer = client.post()
    assert (answer.status, answer.headers["X-Upstream"], answer.headers["Retry-After"]) == (503, "down", "7")
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(("phase", "then"), [("before_auth", 201), ("before_commit", 201), ("after_commit", 200)])
def test_only_after_the_commit_is_the_engagement_stored(client: Client, phase: str, then: int) -> None:
    """A fault before the commit leaves the key free; after it the engagement is stored, and a retry gets 200."""
    client.fault(kind="close", phase=phase, times=1)
    with begin_create(client.server, external_id="one") as peer:
        assert read_all(peer) == b""
    assert client.post(external_id="one").status == then
    assert client.stored("one") == 1


def test_forget_answers_201_and_stores_nothing(client: Client) -> None:
    """A fault of the kind forget answers 201 with an engagement that is not there afterwards."""
    client.fault(kind="forget", times=1)
    first, second = client.post(external_id="one"), client.post(external_id="one")
    assert (first.status, second.status) == (201, 201)
    assert first.json()["id"] != second.json()["id"]
    assert client.stored("one") == 1


@pytest.mark.parametrize("more", [b"", b"\r\n"])
def test_hang_ends_when_the_client_leaves(client: Client, more: bytes) -> None:
    """A request that hangs holds its thread no longer than its client stays, whatever else that has sent."""
    client.fault(kind="hang", phase="before_auth")
    with begin_create(client.server) as peer:
        wait_until(lambda: client.admin("GET", "/faults").json()["data"][0]["struck"])
        peer.sendall(more)
    wait_until(lambda: client.admin("GET", "/requests").json()["data"])
    assert "until the client left" in client.last()["trace"][1]["detail"]


def test_faults_that_are_over_are_dropped(client: Client) -> None:
    """What has struck as often as it may, or whose time is over, is not kept when another fault is set."""
    for _ in range(3):
        client.fault(kind="status", status=503, phase="before_auth", times=1)
        assert client.post().status == 503
    client.fault(kind="status", status=503, phase="before_auth", ttl=60)
    client.admin("PUT", "/clock", {"advance": "PT1M"})
    last = client.fault(kind="status", status=503, phase="before_auth")
    assert [armed.fault.id for armed in client.mock.state.faults._armed] == [last["id"]]


def test_a_fault_that_is_over_and_holds_a_request_can_be_removed(client: Client) -> None:
    """The request that it holds is released with it, although another fault was set meanwhile."""
    client.fault(kind="hang", phase="before_auth", times=1)
    with begin_create(client.server) as peer:
        wait_until(lambda: client.mock.state.faults._armed[0].struck)
        client.fault(kind="status", status=503, phase="before_auth", times=1)
        client.admin("DELETE", "/faults")
        assert read_all(peer) == b""


def test_hanging_requests_do_not_starve_the_server(client: Client) -> None:
    """With 80 requests that hang, more than the server has threads, another request is answered at once."""
    client.fault(kind="hang", phase="before_auth", match={"credential_name": "writer"})
    peers = [begin_create(client.server) for _ in range(80)]
    wait_until(lambda: client.admin("GET", "/faults").json()["data"][0]["struck"] == 80)
    assert client.post(credential="sk-apik_other.local").status == 201
    client.admin("DELETE", "/faults")
    for peer in peers:
        peer.close()


def test_hanging_requests_are_let_go_when_the_fault_is_taken_off(client: Client) -> None:
    """Taking a fault off ends the requests it holds."""
    client.fault(kind="hang", phase="before_auth")
    with begin_create(client.server) as peer:
        wait_until(lambda: client.admin("GET", "/faults").json()["data"][0]["struck"] == 1)
        client.admin("DELETE", "/faults")
        assert read_all(peer) == b""


def test_a_hanging_request_does_not_hold_up_the_stop() -> None:
    """A server with a request that hangs stops as fast as one without."""
    with running(Settings(port=0)) as server:
        Client(server).fault(kind="hang", phase="before_auth")

        def hang() -> None:
            with pytest.raises(ConnectionError):
                send(server, {}, timeout=30)

        thread = threading.Thread(target=hang)
        thread.start()
        wait_until(lambda: server.mock.state.faults.listed()[0][1] == 1)
        begun = time.monotonic()
    assert time.monotonic() - begun < 5
    thread.join()


def test_one_shot_counts_are_exact_under_parallel_requests(client: Client) -> None:
    """Of 200 requests by 16 parallel clients exactly 50 meet a fault that is set for 50 times."""
    client.fault(kind="status", phase="before_commit", status=503, times=50)
    with ThreadPoolExecutor(16) as pool:
        statuses = list(pool.map(lambda _: client.post().status, range(200)))
    assert (statuses.count(503), statuses.count(201)) == (50, 150)


def test_probability_is_repeatable_by_seed(serve: Serve) -> None:
    """Two servers with one seed let the same requests meet a fault, another seed other ones."""

    def luck(seed: int) -> list[int]:
        client = serve(seed=seed)
        client.fault(kind="status", phase="before_auth", status=503, probability=0.5)
        return [client.post().status for _ in range(40)]

    first, same, other = luck(1), luck(1), luck(2)
    assert first == same != other
    assert set(first) == {201, 503}


def test_a_fault_ends_with_its_time_to_live(client: Client) -> None:
    """A fault with a ttl is gone when the mock's clock has moved that far."""
    client.fault(kind="status", phase="before_auth", status=503, ttl=60)
    assert client.post().status == 503
    client.admin("PUT", "/clock", {"advance": "PT61S"})
    assert client.post().status == 201
    assert client.admin("GET", "/faults").json()["data"] == []


@pytest.mark.parametrize(
    ("match", "struck"),
    [
        ({}, True),
        ({"method": "POST", "path": "/v2/engagements"}, True),
        ({"external_id": "import:1"}, True),
        ({"external_id": "import:*"}, True),
        ({"external_id": "import:"}, False),
        ({"external_id": "other:*"}, False),
        ({"credential_name": "writer"}, True),
        ({"credential_name": "reader"}, False),
        ({"workspace": "A"}, True),
        ({"workspace": "B"}, False),
        ({"workspace": "A", "external_id": "no"}, False),
    ],
)
def test_a_fault_strikes_what_it_matches(client: Client, match: dict[str, str], struck: object) -> None:
    """Every member of match has to fit; a text that ends in an asterisk fits by its beginning."""
    client.fault(kind="status", phase="before_commit", status=503, match=match)
    assert (client.post(external_id="import:1").status == 503) is struck


def test_a_fault_before_authentication_can_be_for_one_workspace(client: Client) -> None:
    """A fault in the phase before_auth can match a workspace, whose credential is looked at and not judged."""
    client.fault(kind="status", phase="before_auth", status=503, match={"workspace": "B"})
    assert client.post().status == 201
    assert client.post(credential="sk-apik_other.local").status == 503
    assert client.post(credential="nobody").status == 401


def test_overloaded_grows_its_retry_after(client: Client) -> None:
    """The preset overloaded answers 429 and asks for twice as long each time, up to a minute."""
    client.fault(preset="overloaded")
    answers = [client.post() for _ in range(9)]
    assert {answer.status for answer in answers} == {429}
    assert [int(answer.headers["Retry-After"]) for answer in answers] == [1, 2, 4, 8, 16, 32, 60, 60, 60]


@pytest.mark.parametrize("preset", ["flaky", "overloaded", "brownout", "lost-acknowledgement"])
def test_a_preset_stands_for_faults_with_its_match(client: Client, preset: str) -> None:
    """A preset puts on faults that carry its name and the match of the order, and can be listed and taken off."""
    made = client.fault(preset=preset, match={"workspace": "B"}, times=3)["data"]
    assert {(fault["preset"], fault["times"], len(fault["match"])) for fault in made} == {(preset, 3, 1)}
    assert client.admin("GET", "/faults?workspace=B").json()["data"] == made
    assert client.admin("GET", "/faults?workspace=A").json()["data"] == []
    assert client.admin("DELETE", "/faults?workspace=B").json() == {"removed": len(made)}


@pytest.mark.soak
def test_lost_acknowledgement_with_urllib3_retry_makes_one_engagement_each(client: Client) -> None:
    """A client that retries by urllib3.Retry makes exactly one engagement a key, over 500 keys, and gets a 200."""
    client.fault(preset="lost-acknowledgement")
    retry = Retry(total=3, backoff_factor=0, allowed_methods=None)

    def create(worker: int) -> list[int]:
        with requests.Session() as session:
            session.mount("http://", HTTPAdapter(max_retries=retry))
            session.headers["Authorization"] = f"Bearer {WRITER}"
            return [
                session.post(client.url, json=submission(external_id=f"u:{worker}:{number}"), timeout=10).status_code
                for number in range(125)
            ]

    with ThreadPoolExecutor(4) as pool:
        statuses = [status for found in pool.map(create, range(4)) for status in found]
    assert (set(statuses), len(statuses)) == ({200}, 500)
    assert sorted(key for (_, key), _ in client.mock.state.store.all()) == sorted(
        f"u:{worker}:{number}" for worker in range(4) for number in range(125)
    )


@pytest.mark.soak
def test_lost_acknowledgement_with_tenacity_makes_one_engagement_each(client: Client) -> None:
    """A client that retries by tenacity makes exactly one engagement a key, over 500 keys, and gets a 200."""
    client.fault(preset="lost-acknowledgement")

    def create(worker: int) -> list[int]:
        session = requests.Session()

        @tenacity.retry(
            stop=tenacity.stop_after_attempt(3),
            retry=tenacity.retry_if_exception_type(requests.ConnectionError),
            wait=tenacity.wait_none(),
        )
        def submit(number: int) -> int:
            headers = {"Authorization": f"Bearer {WRITER}"}
            body = submission(external_id=f"t:{worker}:{number}")
            return session.post(client.url, json=body, headers=headers, timeout=10).status_code

        with session:
            return [submit(number) for number in range(125)]

    with ThreadPoolExecutor(4) as pool:
        statuses = [status for found in pool.map(create, range(4)) for status in found]
    assert (set(statuses), len(statuses)) == ({200}, 500)
    assert len({key for (_, key), _ in client.mock.state.store.all()}) == len(client.mock.state.store) == 500


def test_faults_are_gone_after_a_reset(client: Client) -> None:
    """A reset takes off every fault."""
    client.fault(preset="overloaded")
    client.admin("POST", "/reset")
    assert client.post().status == 201


def test_a_fault_strikes_the_reads_that_it_names(client: Client) -> None:
    """A fault for GET, or for a path below the engagements, strikes these requests and no others."""
    made = client.post().json()["id"]
    client.fault(kind="status", status=503, phase="before_auth", match={"method": "GET"}, times=1)
    assert [client.post().status, client.get().status, client.get().status] == [201, 503, 200]
    client.fault(kind="status", status=500, phase="before_auth", match={"path": f"/v2/engagements/{made}"})
    assert [client.get().status, client.post().status, client.get(f"/{made}").status] == [200, 201, 500]


def test_a_read_can_lose_its_connection(client: Client) -> None:
    """A fault of the kind close ends the connection of a read without a byte; the next read is answered."""
    client.fault(kind="close", phase="before_auth", match={"method": "GET", "path": "/v2/engagements/*"}, times=1)
    request = head("Connection: close", method="GET", target=f"{PATH}/ngmt_none")
    with begin(client.server, request) as peer:
        assert read_all(peer) == b""
    assert client.get("/ngmt_none").status == 404


@pytest.mark.parametrize("phase", ["before_commit", "after_commit"])
def test_a_read_commits_nothing(client: Client, phase: str) -> None:
    """A fault at a commit is refused for GET, and one for every request passes reads by."""
    order = {"kind": "status", "status": 500, "phase": phase}
    answer = client.admin("POST", "/faults", order | {"match": {"method": "GET"}})
    assert (answer.status, list(answer.fields)) == (422, ["/match/method"])
    client.fault(**order)
    assert (client.get().status, client.post().status) == (200, 500)
