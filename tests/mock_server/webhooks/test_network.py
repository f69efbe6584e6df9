"""How a delivery is sent: where it may go, how long it may take, and what of an answer is read."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from ipaddress import ip_network
from typing import Any

import pytest
import trustme

from mock_server.clock import monotonic
from mock_server.webhooks.network import MAX_ANSWER, Outcome, Sender

Talk = Callable[[socket.socket], None]


@contextmanager
def peer(talk: Talk, host: str = "127.0.0.1") -> Iterator[int]:
    """Accept connections until the block ends, and have `talk` say something on each. Yields the port."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, 0), family=family)

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                talk(connection)

    thread = threading.Thread(target=accept)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def saying(raw: bytes, heard: list[bytes] | None = None) -> Talk:
    """Return a talk that reads a request and answers with these bytes."""

    def talk(connection: socket.socket) -> None:
        request = connection.recv(65536)
        while not request.endswith(b"{}"):
            request += connection.recv(65536)
        if heard is not None:
            heard.append(request)
        connection.sendall(raw)

    return talk


def post(url: str, timeout: float = 10, networks: tuple[str, ...] = ()) -> Outcome:
    """Send an empty object."""
    return Sender(map(ip_network, networks), timeout).post(url, {"X-One": "1"}, b"{}")


def test_a_request_is_plain_http() -> None:
    """It is a POST with the Host, the headers and the whole body, on a connection of its own."""
    heard: list[bytes] = []
    with peer(saying(b"HTTP/1.1 204 No Content\r\n\r\n", heard)) as port:
        outcome = post(f"http://127.0.0.1:{port}/a/b?c=d")
        assert outcome.acknowledged
        assert heard[0].split(b"\r\n\r\n")[1] == b"{}"
        head = heard[0].lower().split(b"\r\n\r\n")[0].split(b"\r\n")
        assert head[0] == b"post /a/b?c=d http/1.1"
        assert {f"host: 127.0.0.1:{port}".encode(), b"x-one: 1", b"content-length: 2", b"connection: close"} <= {*head}


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_any_2xx_acknowledges(status: int) -> None:
    """Each status from 200 to 299 does (HOOK-6)."""
    with peer(saying(f"HTTP/1.1 {status} Whatever\r\nContent-Length: 0\r\n\r\n".encode())) as port:
        assert post(f"http://127.0.0.1:{port}").acknowledged


@pytest.mark.parametrize("status", [300, 302, 307, 400, 410, 429, 500])
def test_nothing_else_does(status: int) -> None:
    """A redirect does not, and it is not followed."""
    heard: list[bytes] = []
    with peer(saying(f"HTTP/1.1 {status} No\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n".encode(), heard)) as port:
        outcome = post(f"http://127.0.0.1:{port}/a")
    assert (outcome.status, outcome.acknowledged, len(heard)) == (status, False, 1)


def test_the_beginning_of_an_answer_is_kept() -> None:
    """An endless body takes no longer than its beginning, and what is no UTF-8 is replaced."""

    def endless(connection: socket.socket) -> None:
        connection.recv(65536)
        try:
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n\xff")
            while True:
                connection.sendall(b"a" * 65536)
        except OSError:
            pass

    with peer(endless) as port:
        outcome = post(f"http://127.0.0.1:{port}", timeout=10)
    assert outcome.acknowledged
    assert outcome.answer == "\ufffd" + "a" * (MAX_ANSWER - 1)
    assert outcome.seconds < 10


@pytest.mark.parametrize(
    "raw", [b"", b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 200", b"HTTP/1.1 200 OK\r\n" + b"X-Long: 1\r\n" * 100_000]
)
def test_what_is_no_answer(raw: bytes) -> None:
    """An end without an answer, and what is no HTTP, is an error with a reason."""

    def talk(connection: socket.socket) -> None:
        connection.recv(65536)
        with suppress(OSError):
            connection.sendall(raw)

    with peer(talk) as port:
        outcome = post(f"http://127.0.0.1:{port}")
    assert outcome.status is None
    assert outcome.error


def test_one_deadline_for_all_of_it() -> None:
    """A peer that sends its head byte by byte does not get more time than one that is silent."""
    ending = threading.Event()

    def drip(connection: socket.socket) -> None:
        try:
            for byte in b"HTTP/1.1 200 OK\r\nX-Long: " + b"a" * 10_000:
                connection.sendall(bytes([byte]))
                if ending.wait(0.02):
                    return
        except OSError:
            pass

    with peer(drip) as port:
        begun = monotonic()
        outcome = post(f"http://127.0.0.1:{port}", timeout=0.3)
        assert monotonic() - begun < 5
        ending.set()
    assert outcome.error == "no answer within 0.3 s"


@pytest.mark.parametrize(
    "host",
    ["10.0.0.1", "169.254.169.254", "93.184.216.34", "[fe80::1]", "[::ffff:10.0.0.1]", "0.0.0.0", "2130706433"],  # noqa: S104
)
def test_an_address_that_is_not_on_the_list_is_not_dialled(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only loopback is dialled by default, in whatever way another address is written."""
    dialled: list[object] = []
    monkeypatch.setattr(socket.socket, "connect", lambda _, place: dialled.append(place))
    outcome = post(f"http://{host}:9/", timeout=0.5)
    assert outcome.status is None
    if host != "2130706433":  # which is 127.0.0.1 to the system
        assert dialled == []
        assert "--webhook-networks" in (outcome.error or "")
    else:
        assert dialled == [("127.0.0.1", 9)]


def test_the_address_that_is_judged_is_the_one_that_is_dialled(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name is looked up once. Of its addresses only those on the list are dialled."""
    lookups: list[str] = []
    with peer(saying(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")) as port:

        def rebinding(host: str, port: int, **_: object) -> list[object]:
            lookups.append(host)
            places = ["10.0.0.7", "127.0.0.1"] if len(lookups) == 1 else ["10.0.0.7"]
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (place, port)) for place in places]

        monkeypatch.setattr(socket, "getaddrinfo", rebinding)
        assert post(f"http://receiver.test:{port}/").acknowledged
    assert lookups == ["receiver.test"]


def test_more_networks_can_be_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The setting adds addresses to loopback, and no others."""
    dialled: list[object] = []
    monkeypatch.setattr(socket.socket, "connect", lambda _, place: dialled.append(place))
    for host in ("10.1.2.3", "10.1.2.4", "127.0.0.1"):
        post(f"http://{host}:9/", timeout=0.5, networks=("10.1.2.3",))
    assert dialled == [("10.1.2.3", 9), ("127.0.0.1", 9)]


def test_no_proxy_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy of the environment has no say."""
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with peer(saying(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")) as port:
        assert post(f"http://127.0.0.1:{port}").acknowledged


def test_https_needs_a_certificate_that_is_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A receiver with https is spoken to if its certificate is trusted, else the attempt fails."""
    authority = trustme.CA()
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(server)

    def talk(connection: socket.socket) -> None:
        try:
            with server.wrap_socket(connection, server_side=True) as tls:
                saying(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")(tls)
        except OSError:
            pass

    with peer(talk) as port:
        assert "CERTIFICATE" in (post(f"https://127.0.0.1:{port}/").error or "").upper()
        with authority.cert_pem.tempfile() as path:
            monkeypatch.setenv("SSL_CERT_FILE", path)
            assert post(f"https://127.0.0.1:{port}/").acknowledged


def test_the_end_of_the_mock_ends_what_is_under_way() -> None:
    """`close` ends an attempt that waits for an answer, and admits no further one."""
    begun, held = threading.Event(), threading.Event()

    def silent(connection: socket.socket) -> None:
        connection.recv(65536)
        begun.set()
        held.wait(10)

    sender, outcomes = Sender((), 60), list[Outcome]()
    with peer(silent) as port:
        url = f"http://127.0.0.1:{port}/"
        thread = threading.Thread(target=lambda: outcomes.append(sender.post(url, {}, b"{}")))
        thread.start()
        assert begun.wait(10)
        sender.close()
        thread.join(10)
        held.set()
        assert outcomes[0].status is None
        assert sender.post(url, {}, b"{}").error == "ConnectionAbortedError: the mock stops"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Let no name be resolved before the test ends. Set when one is asked for."""
    asked, ending, numeric = threading.Event(), threading.Event(), socket.getaddrinfo

    def hanging(*place: Any, flags: int = 0, **how: Any) -> Any:
        if not flags & socket.AI_NUMERICHOST:
            asked.set()
            ending.wait(30)
        return numeric(*place, flags=flags | socket.AI_NUMERICHOST, **how)

    monkeypatch.setattr(socket, "getaddrinfo", hanging)
    yield asked
    ending.set()


@pytest.mark.usefixtures("asked")
def test_the_deadline_is_one_of_the_lookup_too() -> None:
    """A name that is not resolved in time costs an attempt no more than a peer that is silent."""
    assert post("http://receiver.test/", timeout=0.2).error == "no answer within 0.2 s"


def test_the_end_of_the_mock_ends_a_lookup(asked: threading.Event) -> None:
    """`close` ends an attempt whose name is not resolved yet."""
    sender, outcomes = Sender((), 60), list[Outcome]()
    thread = threading.Thread(target=lambda: outcomes.append(sender.post("http://receiver.test/", {}, b"{}")))
    thread.start()
    assert asked.wait(10)
    sender.close()
    thread.join(10)
    assert [outcome.error for outcome in outcomes] == ["ConnectionAbortedError: the mock stops"]
    assert sender.post("http://receiver.test/", {}, b"{}").error == "ConnectionAbortedError: the mock stops"


@pytest.mark.usefixtures("asked")
def test_an_address_needs_no_lookup() -> None:
    """Where names are not resolved, an endpoint with an address is reached."""
    with peer(saying(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")) as port:
        assert post(f"http://127.0.0.1:{port}").acknowledged
