"""Peers that behave badly, TLS, and where the server listens."""

from __future__ import annotations

import http.client
import json
import os
import resource
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from wsgiref.types import StartResponse

import pytest
import trustme

from mock_server import Running, Settings, connection, running
from mock_server import server as module
from mock_server.server import serving
from mock_server.services import Mock
from mock_server.workspaces import ConfigError
from tests.kit.checks import check_headers
from tests.kit.http import address, connect, read, send
from tests.kit.submissions import new_key, submission
from tests.kit.waiting import wait_until
from tests.kit.wire import exchange, head, responses


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """Make a certificate authority."""
    return trustme.CA()


@pytest.fixture(scope="module")
def files(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Write a certificate of 127.0.0.1 and its key."""
    folder = tmp_path_factory.mktemp("tls")
    certificate = authority.issue_cert("127.0.0.1", "localhost")
    certificate.private_key_pem.write_to_path(folder / "key.pem")
    for pem in certificate.cert_chain_pems:
        pem.write_to_path(folder / "cert.pem", append=True)
    return folder / "cert.pem", folder / "key.pem"


@pytest.fixture(scope="module")
def tls_server(files: tuple[Path, Path]) -> Iterator[Running]:
    """Start a server that speaks TLS."""
    with running(Settings(port=0, tls_cert=files[0], tls_key=files[1])) as server:
        yield server


@pytest.fixture(scope="module")
def trust(authority: trustme.CA) -> ssl.SSLContext:
    """Make the TLS settings of a client that verifies."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


def test_tls_serves_what_plain_http_serves(tls_server: Running, trust: ssl.SSLContext) -> None:
    """Over a verified TLS connection a submission creates and its repeat is a replay."""
    assert tls_server.base_url.startswith("https://127.0.0.1:")
    body = submission()
    assert [send(tls_server, body, context=trust).status for _ in range(2)] == [201, 200]


def test_a_refused_large_body_is_answered_over_tls(tls_server: Running, trust: ssl.SSLContext) -> None:
    """A client that sends megabytes over TLS sees why they were refused."""
    answer = send(tls_server, b"x" * (17 << 20), context=trust)
    assert (answer.status, answer.json()["status"]) == (400, 400)


def test_plain_http_to_a_tls_port_gets_no_answer_in_http(tls_server: Running, trust: ssl.SSLContext) -> None:
    """Who speaks plain HTTP to a TLS port is cut off, and the server goes on."""
    with pytest.raises(OSError, match=r".+"):
        send(tls_server, submission())
    assert send(tls_server, submission(), context=trust).status == 201


@pytest.mark.parametrize("begin", [b"", b"\x16", b"\x16\x03\x01\x02\x00\x01\x00"])
def test_silent_peers_do_not_stop_a_tls_server(tls_server: Running, trust: ssl.SSLContext, begin: bytes) -> None:
    """Peers that connect and go silent, before or in the handshake, keep nobody else waiting."""
    with ExitStack() as stack:
        for _ in range(100):
            stack.enter_context(socket.create_connection(address(tls_server))).sendall(begin)
        started = time.monotonic()
        assert send(tls_server, submission(), context=trust).status == 201
        assert time.monotonic() - started < 5


def test_the_end_of_a_tls_connection_is_said(tls_server: Running, trust: ssl.SSLContext) -> None:
    """A client can tell an answer that ended from one that was cut off."""
    peer = socket.create_connection(address(tls_server), timeout=5)
    with trust.wrap_socket(peer, server_hostname="localhost", suppress_ragged_eofs=False) as wrapped:
        wrapped.sendall(head("Connection: close", method="GET", target="/__admin/health"))
        assert b"".join(iter(lambda: wrapped.recv(1 << 16), b"")).startswith(b"HTTP/1.1 200")


def test_a_tls_answer_that_is_under_way_ends_encrypted(files: tuple[Path, Path], trust: ssl.SSLContext) -> None:
    """The server stops in the middle of an answer: the rest of it must not go out in plain text."""
    begun, go_on = threading.Event(), threading.Event()

    def app(_: object, start_response: StartResponse) -> Iterator[bytes]:
        start_response("200 OK", [("Content-Length", "6")])
        yield b"one"
        begun.set()
        go_on.wait(10)
        yield b"two"

    with ExitStack() as stack:
        server = stack.enter_context(ExitStack())
        running_one = server.enter_context(serving(Mock(Settings(port=0, tls_cert=files[0], tls_key=files[1])), app))
        peer = stack.enter_context(socket.create_connection(address(running_one), timeout=10))
        wrapped = stack.enter_context(trust.wrap_socket(peer, server_hostname="localhost"))
        wrapped.sendall(head(method="GET"))
        assert begun.wait(10)
        stop = threading.Thread(target=server.close)
        stop.start()
        wait_until(running_one.mock.stopping.is_set)
        go_on.set()
        received = b"".join(iter(lambda: wrapped.recv(1 << 16), b""))
        stop.join()
    assert received.endswith(b"onetwo")


def test_without_file_descriptors_nobody_is_let_in_for_a_while(
    own_server: Running, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The server says what is wrong, and lets those in who wait as soon as it can again."""
    monkeypatch.setattr(module, "PAUSE_SECONDS", 0.01)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with socket.socket() as peer:
        peer.settimeout(10)
        free = os.dup(0)
        os.close(free)
        resource.setrlimit(resource.RLIMIT_NOFILE, (free, hard))
        try:
            peer.connect(address(own_server))
            wait_until(lambda: "ulimit -n" in caplog.text)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        peer.sendall(head("Connection: close", method="GET", target="/__admin/health"))
        assert peer.recv(12) == b"HTTP/1.1 200"
    assert [record for record in caplog.records if record.exc_info] == []


@pytest.mark.long
def test_beyond_the_cap_peers_wait_for_their_turn(own_server: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """With as many requests under way as there may be, the next is answered as soon as one of them ends."""
    monkeypatch.setattr(module, "MAX_CONNECTIONS", 3)
    with ExitStack() as stack:
        for _ in range(3):
            peer = stack.enter_context(socket.create_connection(address(own_server)))
            body = json.dumps(submission(media_url="https://media.mock.test/slow/1500/a.mp3")).encode()
            peer.sendall(head(f"Content-Length: {len(body)}") + body)
        wait_until(lambda: len(own_server.mock.state.store._claims) == 3)
        late = stack.enter_context(socket.create_connection(address(own_server), timeout=0.5))
        late.sendall(head("Connection: close", method="GET", target="/__admin/health"))
        with pytest.raises(TimeoutError):
            late.recv(1)
        late.settimeout(10)
        assert late.recv(12) == b"HTTP/1.1 200"


def test_idle_connections_make_room(own_server: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """With as many connections as there may be, the one that is idle for longest ends for the next that is not."""
    monkeypatch.setattr(module, "MAX_CONNECTIONS", 3)
    monkeypatch.setattr(connection, "IDLE_SECONDS", 60.0)
    noted = list[bool]()
    idle = module.Server.idle

    def listening(server: module.Server, sock: socket.socket, *, now: bool) -> None:
        idle(server, sock, now=now)
        noted.append(now)

    monkeypatch.setattr(module.Server, "idle", listening)
    health = head(method="GET", target="/__admin/health")
    with ExitStack() as stack:
        peers = [stack.enter_context(socket.create_connection(address(own_server), timeout=10)) for _ in range(3)]
        wait_until(lambda: len(noted) == 3)
        for number, peer in enumerate(peers, 1):  # one by one, so that the first is idle for longest
            peer.sendall(health)
            assert peer.recv(1 << 16).startswith(b"HTTP/1.1 200")
            # A client may see its answer a little before the server waits for the next request.
            wait_until(lambda sent=number: noted[3:] == [False, True] * sent)
        late = stack.enter_context(socket.create_connection(address(own_server), timeout=10))
        late.sendall(health)
        assert late.recv(12) == b"HTTP/1.1 200"
        assert peers[0].recv(1) == b""
        peers[1].sendall(health)
        assert peers[1].recv(12) == b"HTTP/1.1 200"


def test_a_peer_that_leaves_early_is_no_news(own_server: Running, caplog: pytest.LogCaptureFixture) -> None:
    """Peers that reset the connection, before or after a request, leave no error in the log."""
    for data in (b"", b"POST", head("Content-Length: 100"), head("Content-Length: 2") + b"{}"):
        with socket.create_connection(address(own_server)) as peer:
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # close with a reset
            peer.sendall(data)
    assert send(own_server, submission()).status == 201
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


def test_an_application_that_fails_answers_500(caplog: pytest.LogCaptureFixture) -> None:
    """A defect around the mock's application is a problem with 500 that shows nothing of the inside."""

    def app(*_: object) -> Iterator[bytes]:
        raise ZeroDivisionError("secret")

    with serving(Mock(Settings(port=0)), app) as server:
        (answer,) = exchange(server, head("Content-Length: 0", "Connection: close"))
    check_headers(answer)
    assert (answer.status, answer.json()["type"].rpartition("/")[2]) == (500, "internal_error")
    assert b"secret" not in answer.body
    assert "secret" in caplog.text


def trickle(peer: socket.socket) -> bytes:
    """Send a byte now and then until the server has ended the connection, and return all that it said."""
    ends, received = time.monotonic() + 10, b""
    peer.settimeout(0.02)
    while True:
        assert time.monotonic() < ends, "the server goes on for ever"
        try:
            peer.sendall(b"x")
            received += peer.recv(1 << 16)
        except TimeoutError:
            continue
        except OSError:  # it is closed, and not only to one side
            return received


@pytest.mark.parametrize(
    ("begin", "status"),
    [(b"POST / HTTP/1.1\r\nX: ", b"408"), (head("Content-Length: 9999"), b"400"), (b"hello\r\n\r\n", b"400")],
    ids=["head", "body", "refused"],
)
def test_a_peer_that_trickles_is_given_up(monkeypatch: pytest.MonkeyPatch, begin: bytes, status: bytes) -> None:
    """Who sends a byte before each patience ends is answered once the time for a whole request is over."""
    for name in ("HEAD_SECONDS", "BODY_SECONDS"):
        monkeypatch.setattr(connection, name, 0.3)
    with running(Settings(port=0)) as server, socket.create_connection(address(server)) as peer:
        peer.sendall(begin)
        assert trickle(peer).startswith(b"HTTP/1.1 " + status)


def test_a_body_that_comes_too_late_hides_no_request(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once a body was refused for its slowness, nothing that follows on the connection is taken for a request."""
    monkeypatch.setattr(connection, "IDLE_SECONDS", 0.2)
    late = b"x" * 50 + b"POST / HTTP/1.1\r\nX: " + head(method="GET", target="/__admin/version")
    with running(Settings(port=0)) as server, socket.create_connection(address(server), timeout=10) as peer:
        peer.sendall(head("Content-Length: 100") + b"x" * 50)
        later = threading.Timer(0.3, peer.sendall, [late])
        later.start()
        received = b"".join(iter(lambda: peer.recv(1 << 16), b""))
        later.join()
    assert [answer.status for answer in responses(received)] == [400]


def test_a_peer_that_reads_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer that nobody takes holds its thread for a while, and then no more."""
    monkeypatch.setattr(connection, "IDLE_SECONDS", 0.2)
    monkeypatch.setattr(connection, "LINGER_SECONDS", 0.1)
    ended = threading.Event()

    def app(_: object, start_response: StartResponse) -> Iterator[bytes]:
        start_response("200 OK", [])
        try:
            while True:
                yield bytes(1_000_000)
        finally:
            ended.set()

    with serving(Mock(Settings(port=0)), app) as server, socket.create_connection(address(server)) as peer:
        peer.sendall(head(method="GET"))
        assert ended.wait(10)


@contextmanager
def asking(server: Running) -> Iterator[Callable[[], bool]]:
    """Have a client ask again and again, without a pause; yield what tells whether it is still being answered."""
    begun, enough = threading.Event(), threading.Event()

    def ask() -> None:
        client = connect(server)
        try:
            while not enough.is_set():
                client.request("GET", "/__admin/health")
                read(client)
                begun.set()
        except (OSError, http.client.HTTPException):
            return  # the server stopped
        finally:
            client.close()

    client = threading.Thread(target=ask)
    client.start()
    try:
        assert begun.wait(10)
        yield client.is_alive
    finally:
        enough.set()
        client.join()


def test_the_server_stops_under_a_client_that_goes_on() -> None:
    """A client that asks without a pause does not hold up the stop."""
    with ExitStack() as stack:
        with running(Settings(port=0)) as server:
            answered = stack.enter_context(asking(server))
            began = time.monotonic()
        assert time.monotonic() - began < module.STOP_SECONDS
        wait_until(lambda: not answered())


def test_an_answer_during_the_stop_says_that_it_is_the_last() -> None:
    """A client or a gateway that keeps connections must not send its next request on this one."""
    begun = threading.Event()

    def app(_: object, start_response: StartResponse) -> list[bytes]:
        begun.set()
        assert mock.stopping.wait(10)
        start_response("200 OK", [("Content-Length", "2")])
        return [b"ok"]

    mock = Mock(Settings(port=0))
    with serving(mock, app) as server:
        client = connect(server)
        client.request("GET", "/")
        assert begun.wait(10)
    answer = read(client)
    client.close()
    assert (answer.headers["Connection"], answer.body) == ("close", b"ok")


def test_a_stop_ends_idle_and_slow_peers_and_leaves_no_thread() -> None:
    """Peers that say nothing, or stopped in the middle of a request, do not hold up the stop."""
    before = set(threading.enumerate())
    with ExitStack() as stack:
        with running(Settings(port=0)) as server:
            for begin in (b"", b"POST / HTTP/1.1\r\n", head("Content-Length: 100"), head("Content-Length: 2") + b"{}"):
                stack.enter_context(socket.create_connection(address(server))).sendall(begin)
            assert send(server, submission()).status == 201
            began = time.monotonic()
        assert time.monotonic() - began < module.STOP_SECONDS
        assert set(threading.enumerate()) == before


@pytest.mark.parametrize(("host", "shown"), [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("::1", "[::1]")])  # noqa: S104
def test_addresses_are_shown_as_they_are_reached(host: str, shown: str) -> None:
    """base_url and admin_url lead to the server whatever it is bound to."""
    with running(Settings(host=host, port=0)) as server:
        assert server.base_url.startswith(f"http://{shown}:")
        assert server.admin_url == server.base_url.removesuffix("/api") + "/__admin"
        assert send(server, submission()).status == 201


def test_two_servers_do_not_share_anything() -> None:
    """Two servers of one process have ports and stores of their own."""
    key = new_key()
    with running() as one, running() as other:
        assert one.base_url != other.base_url
        assert [send(server, submission(external_id=key)).status for server in (one, other)] == [201, 201]


def test_a_port_in_use_is_refused_with_advice(server: Running) -> None:
    """A second server on the same port does not start and says what to do."""
    port = address(server)[1]
    with (
        pytest.raises(ConfigError, match=rf"^--port: 127\.0\.0\.1 port {port} is in use: .*another port"),
        running(Settings(port=port)),
    ):
        pass


def test_an_address_of_another_machine_is_refused() -> None:
    """An address that this machine does not have is refused by its name."""
    with (
        pytest.raises(ConfigError, match=r"^--host: cannot listen on 192\.0\.2\.1 port 0: "),
        running(Settings(host="192.0.2.1", port=0)),
    ):
        pass


def test_a_port_without_the_right_to_it_is_refused() -> None:
    """A port that needs more rights is refused with advice."""
    denied = PermissionError(13, "Permission denied")
    assert "above 1023" in str(module._cannot_listen(Settings(port=80), denied))


@pytest.mark.parametrize("broken", ["missing", "empty", "swapped"])
def test_a_certificate_that_cannot_be_used_is_refused(files: tuple[Path, Path], tmp_path: Path, broken: str) -> None:
    """A certificate or key that cannot be read is a configuration error that names both files."""
    certificate, key = files
    (tmp_path / "empty").touch()
    pair = {
        "missing": (certificate, tmp_path / "no"),
        "empty": (tmp_path / "empty", key),
        "swapped": (key, certificate),
    }
    settings = Settings(port=0, tls_cert=pair[broken][0], tls_key=pair[broken][1])
    with pytest.raises(ConfigError, match=r"^--tls-cert, --tls-key: cannot use ") as caught, running(settings):
        pass
    assert all(str(path) in str(caught.value) for path in pair[broken])


def test_credentials_are_not_in_the_repr(server: Running) -> None:
    """A printed server shows no credential."""
    assert "sk-apik" not in repr(server)
