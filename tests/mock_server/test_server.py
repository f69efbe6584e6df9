"""HTTP itself: framing, what is malformed, and what is legal although rare."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from wsgiref.types import StartResponse, WSGIEnvironment
from wsgiref.validate import validator

import pytest

from mock_server import Running, Settings, connection, running
from mock_server.server import serving
from mock_server.services import Mock
from tests.kit.checks import check_headers, check_problem
from tests.kit.http import PATH, WRITER, address, connect, read, send
from tests.kit.submissions import new_key, submission
from tests.kit.wire import chunked, exchange, head, responses

HEALTH = head("Connection: close", method="GET", target="/__admin/health")


def body(**changes: object) -> bytes:
    """Return a valid body in bytes."""
    return json.dumps(submission(**changes)).encode()


@pytest.mark.parametrize(
    "data",
    [
        head("Content-Length: -5"),
        head("Content-Length: +5") + b"hello",
        head("Content-Length: 1_0") + b"0123456789",
        head("Content-Length: 0x5") + b"hello",
        head("Content-Length: ten"),
        head("Content-Length: " + "9" * 5000),
        head("Content-Length: 2", "Content-Length: 3") + b"{} ",
        head("Content-Length: 2", "Transfer-Encoding: chunked") + chunked(b"{}"),
        head("Transfer-Encoding: chunked").replace(b"HTTP/1.1", b"HTTP/1.0") + chunked(b"{}"),
        head("Transfer-Encoding:\x0bchunked") + chunked(b"{}"),
        head("Content-Length:\x0b2") + b"{}",
        head("Content-Length: 2\x0c") + b"{}",
        head("no colon here"),
        head(target="http://[/api/v2/engagements"),
        head(method="CONNECT", target="["),
        head(target="/a#b"),
        head(target="api"),
        head(target="/\xff\xfe"),
        head(target="/api/v2/enga\tgements"),
        head(target="/api/v2/enga\rgements"),
        head(target="evil://localhost/api/v2/engagements"),
        head(method="\x00POST"),
        head(method="POST\x0b"),
        head().replace(b"HTTP/1.1", b"HTTP/1.01"),
        head().replace(b"HTTP/1.1", b"HTTP/+1.+1"),
        head(method="post"),
        head(method="\x1b[31m"),
        b"\x00\x01\x02\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n",
        b"hello\r\n\r\n",
        b"GET / SPDY/3\r\n\r\n",
        b"GET / HTTP/one\r\n\r\n",
        b"GET / HTTP/1\r\n\r\n",
        b"GET / HTTP/1.1\n\n",
    ],
)
def test_malformed_http_is_a_problem_and_ends_the_connection(server: Running, data: bytes) -> None:
    """Whatever is not HTTP gets one 400 as a problem, and nothing that follows it is taken for a request."""
    (answer,) = exchange(server, data + HEALTH)
    check_problem(answer, 400)


def test_an_answer_outlives_what_is_still_being_sent(server: Running) -> None:
    """A client that is refused in the middle of sending megabytes can send them all and then read why."""
    (answer,) = exchange(server, head("Content-Length: 2", "Content-Length: 3"), b"x" * 20_000_000)
    check_problem(answer, 400)


@pytest.mark.parametrize(
    "broken",
    [
        b"zz\r\n0\r\n\r\n",
        b"\r\n0\r\n\r\n",
        b"-1\r\n0\r\n\r\n",
        b"0x1\r\na\r\n0\r\n\r\n",
        b"1\r\naXX0\r\n\r\n",
        b"1\na\r\n0\r\n\r\n",
        b" 1\r\na\r\n0\r\n\r\n",
        b"1\r\r\na\r\n0\r\n\r\n",
        b"\x0b1\r\na\r\n0\r\n\r\n",
        b"0\r\nGET /evil HTTP/1.1\r\n\r\n",
        b"f" * 16 + b"\r\n0\r\n\r\n",
        b"1;" + b"x" * 500_000 + b"\r\na\r\n0\r\n\r\n",
        b"0\r\n" + b"Trailer: x\r\n" * 60_000 + b"\r\n",
    ],
)
def test_a_broken_chunked_body_is_refused_and_hides_no_request(server: Running, broken: bytes) -> None:
    """Bad chunk sizes get 400, and what follows them on the connection is never answered as another request."""
    (answer,) = exchange(server, head("Transfer-Encoding: chunked") + broken + HEALTH, half_close=True)
    check_problem(answer, 400)


@pytest.mark.parametrize("start", [head("Content-Length: 100") + b"{", head("Transfer-Encoding: chunked") + b"5\r\nab"])
def test_a_body_that_ends_half_way_is_refused(server: Running, start: bytes) -> None:
    """A client that stops sending in the middle of the body gets 400 at once."""
    (answer,) = exchange(server, start, half_close=True)
    assert "broke off" in check_problem(answer, 400)["detail"]
    assert answer.headers["Connection"] == "close"


@pytest.mark.parametrize("start", [head("Content-Length: 100") + b"{", head("Transfer-Encoding: chunked") + b"5\r\nab"])
def test_a_body_that_stalls_is_refused_in_time(monkeypatch: pytest.MonkeyPatch, start: bytes) -> None:
    """A client that goes silent in the middle of the body gets 400 after the idle time, and is told of the end."""
    monkeypatch.setattr(connection, "IDLE_SECONDS", 0.2)
    with running(Settings(port=0)) as server:
        (answer,) = exchange(server, start)
        (entry,) = server.mock.state.records.journal.select(lambda _: True)
    check_problem(answer, 400)
    assert answer.headers["Connection"] == "close"
    assert entry.rule == "ERR-10"  # how long a body may take is a choice of this mock


def test_a_request_that_stalls_in_its_head_gets_408(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that never finishes its headers is told so, with a problem."""
    monkeypatch.setattr(connection, "IDLE_SECONDS", 0.2)
    with running(Settings(port=0)) as server:
        (answer,) = exchange(server, b"POST / HTTP/1.1\r\nHost: x\r\n")
    check_problem(answer, 408)


@pytest.mark.parametrize(
    "lines", [["Connection: Close"], ["Connection: TE, close"], ["Connection: TE", "connection: close"]]
)
def test_a_connection_is_closed_when_that_is_asked_for(server: Running, lines: list[str]) -> None:
    """Whoever writes `close` in any form is told that the connection ends, and need not wait for it."""
    (answer,) = exchange(server, head(*lines, method="GET", target="/__admin/health"))
    assert answer.headers["Connection"] == "close"


def test_a_coding_that_nobody_knows_is_refused(server: Running) -> None:
    """A Transfer-Encoding other than chunked gets 501, as RFC 9112 asks, in the shape of a problem."""
    (answer,) = exchange(server, head("Transfer-Encoding: gzip, chunked") + chunked(b"{}"))
    check_problem(answer, 501)


@pytest.mark.parametrize("pieces", [1, 2, 7, 200])
def test_a_chunked_body_is_read_to_its_end(server: Running, pieces: int) -> None:
    """A body in chunks, with extensions and trailers, creates, and the connection serves the next request."""
    whole = body()
    step = -(-len(whole) // pieces)
    parts = [whole[at : at + step] for at in range(0, len(whole), step)]
    data = head("Transfer-Encoding: chunked") + chunked(*parts, trailers=b"X-Checksum: 1\r\nX-Other: 2\r\n")
    created, health = exchange(server, data + HEALTH)
    assert (created.status, health.status) == (201, 200)
    (extended,) = exchange(
        server,
        head("Transfer-Encoding: CHUNKED", "Connection: close") + chunked(whole).replace(b"\r\n", b";a=b\r\n", 1),
    )
    assert extended.json()["id"] == created.json()["id"]


def test_chunks_of_one_byte_are_put_together(server: Running) -> None:
    """A body sent byte by byte in chunks creates as any other."""
    data = head("Transfer-Encoding: chunked", "Connection: close") + b"1\r\n \r\n" * 10_000 + chunked(body())
    (answer,) = exchange(server, data)
    assert answer.status == 201


def test_refused_bodies_leave_the_connection_usable(server: Running) -> None:
    """After a refusal that read nothing of the body, the next request of the same connection is answered."""
    connection = connect(server)
    for headers in ({"Authorization": "Bearer no"}, {"Content-Type": "text/plain"}):
        for _ in range(2):
            connection.request("POST", PATH, b"x" * 300_000, {"Authorization": f"Bearer {WRITER}"} | headers)
            check_problem(read(connection), 401 if "no" in headers.get("Authorization", "") else 400)
    connection.request("POST", PATH, body(), {"Authorization": f"Bearer {WRITER}", "Content-Type": "application/json"})
    assert read(connection).status == 201
    connection.close()


def test_pipelined_requests_are_answered_in_order(server: Running) -> None:
    """Requests sent without waiting, refused ones among them, are each answered, in the order they were sent."""
    whole = body()
    good = head(f"Content-Length: {len(whole)}") + whole
    wrong_path = head("Content-Length: 9", target="/nowhere") + b"GET / bad"
    bad_key = good.replace(WRITER.encode(), b"unknown")
    answers = exchange(server, good + wrong_path + bad_key + good + HEALTH)
    assert [answer.status for answer in answers] == [201, 404, 401, 200, 200]


def test_expect_100_continue_is_answered_before_the_body(server: Running) -> None:
    """A client that asks first is told to go on, and then gets its answer."""
    whole = body()
    with socket.create_connection(address(server), timeout=20) as peer:
        peer.sendall(head(f"Content-Length: {len(whole)}", "Expect: 100-continue", "Connection: close"))
        assert peer.recv(1000).startswith(b"HTTP/1.1 100 ")
        peer.sendall(whole)
        received = b"".join(iter(lambda: peer.recv(1 << 16), b""))
    assert [answer.status for answer in responses(received)] == [201]


@pytest.mark.parametrize("target", ["http://localhost" + PATH, "https://app.askelephant.ai" + PATH + "?x=1"])
def test_an_absolute_target_is_served(server: Running, target: str) -> None:
    """A request line with a whole URL reaches the path in it."""
    whole = body()
    (answer,) = exchange(server, head(f"Content-Length: {len(whole)}", "Connection: close", target=target) + whole)
    assert answer.status == 201


@pytest.mark.parametrize(
    "target",
    [
        "/",
        "//",
        "//api/v2/engagements",
        "/api//v2/engagements",
        "/api/v2/engagements/",
        "/API/v2/engagements",
        "/v2/engagements",
        "/api/v2/engagements%00",
        "/api/v2%2Fengagements",
        "/%ff",
        "/" + "a" * 60_000,
    ],
)
def test_an_unknown_path_is_404(server: Running, target: str) -> None:
    """No redirect, no HTML, no guess: every path but the one gets a problem."""
    (answer,) = exchange(server, head("Content-Length: 2", "Connection: close", target=target) + b"{}")
    check_problem(answer, 404)


def test_options_for_the_whole_server_is_404(server: Running) -> None:
    """OPTIONS * names no path of this API."""
    (answer,) = exchange(server, head("Connection: close", method="OPTIONS", target="*"))
    check_problem(answer, 404)


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "X"])
def test_another_method_is_405(server: Running, method: str) -> None:
    """Every method that no operation has gets 405 with Allow, OPTIONS included."""
    answer = send(server, method=method)
    check_problem(answer, 405)
    assert answer.headers["Allow"] == "GET, HEAD, POST"


def test_head_is_answered_without_a_body(server: Running) -> None:
    """HEAD is answered as GET is, refusals included, by headers alone."""
    for path, status in ((PATH, 200), (f"{PATH}/ngmt_1", 404)):
        answer = send(server, method="HEAD", path=path)
        assert (answer.status, answer.body) == (status, b"")
        check_headers(answer)


def test_a_malformed_head_request_is_refused_without_a_body(server: Running) -> None:
    """The answer to HEAD is its headers alone, also where the server itself refuses."""
    answer = send(server, method="HEAD", path="no-slash")
    assert (answer.status, answer.headers["Connection"], answer.body) == (400, "close", b"")
    check_headers(answer)


def test_what_an_application_writes_to_head_is_not_sent() -> None:
    """A server that sent it would break the next answer on the connection."""

    def app(_: object, start_response: StartResponse) -> list[bytes]:
        start_response("200 OK", [("Content-Length", "2")])
        return [b"ok"]

    with serving(Mock(Settings(port=0)), app) as server:
        client = connect(server)
        for method, body in (("HEAD", b""), ("GET", b"ok")):
            client.request(method, "/")
            assert read(client).body == body
        client.close()


def test_a_header_of_64_kib_is_served(server: Running) -> None:
    """A long header field is no reason to refuse a request."""
    assert send(server, submission(), headers={"X-Long": "x" * 65_536}).status == 201


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (head("X-Long: " + "x" * 400_000), 431),
        (head(*(f"X-{number}: {'x' * 100}" for number in range(4000))), 431),
        (head(target="/" + "a" * 400_000), 431),
    ],
    ids=["one", "many", "target"],
)
def test_headers_beyond_the_limit_are_refused(server: Running, data: bytes, status: int) -> None:
    """Headers and targets of more than 256 KiB get an answer that an ordinary client can read."""
    (answer,) = exchange(server, data)
    check_problem(answer, status)


def test_the_application_gets_what_wsgi_promises() -> None:
    """A request becomes an environ that the standard library's judge of WSGI approves of, with every header in it."""
    seen: dict[str, object] = {}

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        seen.update(environ, body=environ["wsgi.input"].read(2))
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"ok"]

    with serving(Mock(Settings(port=0)), validator(app)) as server:
        lines = ("Content-Length: 2", "X-Two-Words: \xe9", "x-two-words: b", "Content_Length: 7", "Connection: close")
        (answer,) = exchange(server, head(*lines, target="/a%20b%2Fc?d=%20") + b"{}")
        port = str(address(server)[1])
    assert (answer.status, answer.body) == (200, b"ok")
    expected = {
        "REQUEST_METHOD": "POST", "SCRIPT_NAME": "", "PATH_INFO": "/a b%2Fc", "QUERY_STRING": "d=%20",
        "SERVER_PROTOCOL": "HTTP/1.1", "SERVER_PORT": port, "REMOTE_ADDR": "127.0.0.1", "wsgi.url_scheme": "http",
        "CONTENT_TYPE": "application/json", "CONTENT_LENGTH": "2", "HTTP_HOST": "localhost", "body": b"{}",
        "HTTP_X_TWO_WORDS": "\xe9, b",
    }  # fmt: skip
    assert {name: seen[name] for name in expected} == expected


@pytest.mark.parametrize(
    "lines",
    [
        ("Host: " + "a" * 80,),
        ("Host: \xff[::",),
        ("Cookie: \xff",),
        ("X-\xff: \xfe",),
        ("Upgrade: websocket", "Connection: Upgrade, close"),
    ],
)
def test_odd_headers_never_fail_the_server(server: Running, lines: tuple[str, ...]) -> None:
    """Headers that make no sense are ignored or refused with 4xx."""
    answers = exchange(server, head(*lines, "Content-Length: 2") + b"{}", half_close=True)
    assert [400 <= answer.status < 500 for answer in answers] == [True]


def test_http_1_0_needs_no_host(server: Running) -> None:
    """HTTP/1.0 knows no Host; in HTTP/1.1 its absence is a 400 (RFC 9112, 3.2)."""
    whole = body(external_id=new_key())
    start = head(f"Content-Length: {len(whole)}", "Connection: close").replace(b"Host: localhost\r\n", b"") + whole
    (refused,) = exchange(server, start)
    (created,) = exchange(server, start.replace(b"HTTP/1.1", b"HTTP/1.0"))
    assert (refused.status, created.status) == (400, 201)
    assert "Host" in check_problem(refused, 400)["detail"]


def test_a_version_that_is_not_spoken_is_refused(server: Running) -> None:
    """The preface of HTTP/2 gets 505, and nothing of it is served."""
    (answer,) = exchange(server, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
    check_problem(answer, 505)


@pytest.mark.parametrize("expect", ["100-continue", "100-Continue"])
@pytest.mark.parametrize(
    "upgrade", [(), ("Upgrade: h2c", "Connection: Upgrade, HTTP2-Settings", "HTTP2-Settings: AAMA")]
)
def test_what_javas_client_sends_first_is_served(server: Running, expect: str, upgrade: tuple[str, ...]) -> None:
    """An offer to go on in HTTP/2 is passed over, and a body that waits for its 100 is asked for."""
    whole = body()
    with socket.create_connection(address(server), timeout=10) as peer:
        peer.sendall(head(f"Content-Length: {len(whole)}", f"Expect: {expect}", *upgrade))
        assert peer.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        peer.sendall(whole)
        assert peer.recv(12) == b"HTTP/1.1 201"


@pytest.mark.parametrize("size", [b"a", b"A", b"0a", b"00000000000000A"])
def test_the_size_of_a_chunk_is_hexadecimal(server: Running, size: bytes) -> None:
    """It is written in either case, with zeros before it or without."""
    whole = body().ljust(512)
    pieces = b"".join(size + b"\r\n" + whole[start : start + 10] + b"\r\n" for start in range(0, 510, 10))
    last = b"2\r\n" + whole[510:] + b"\r\n0\r\n\r\n"
    (answer,) = exchange(server, head("Transfer-Encoding: chunked", "Connection: close") + pieces + last)
    assert answer.status == 201


@pytest.mark.parametrize("data", [head("Connection: close", method="GET", target="/__admin/health"), head("no colon")])
def test_an_answer_has_one_date(server: Running, data: bytes) -> None:
    """It is that of the system's clock, whoever gives the answer."""
    (answer,) = exchange(server, data)
    (date,) = answer.headers.get_all("Date", [])
    assert abs(datetime.now(UTC) - parsedate_to_datetime(date)) < timedelta(minutes=1)


def test_an_answer_of_unknown_length_ends_where_it_ends() -> None:
    """It is sent in chunks, to a request in chunks as well, and the next one is answered on the same connection."""

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterator[bytes]:
        environ["wsgi.input"].read(10)
        start_response("200 OK", [])
        yield from (b"one", b"two")

    request = head("Transfer-Encoding: chunked") + chunked(b"{}")
    last = head("Connection: close", method="GET")
    with serving(Mock(Settings(port=0)), app) as server:
        answers = exchange(server, request + request + last)
    assert [answer.body for answer in answers] == [b"onetwo"] * 3


def test_a_refusal_of_the_server_is_in_the_log(server: Running, caplog: pytest.LogCaptureFixture) -> None:
    """Whoever wonders why nothing reached the journal finds the reason, and nothing that the peer sent."""
    caplog.set_level("INFO", "mock_server.http")
    exchange(server, head("X-Bad header: sk-apik_secret"))
    assert "400" in caplog.text
    assert "secret" not in caplog.text


def test_304_has_no_body_and_the_connection_goes_on(own_server: Running) -> None:
    """An answer without a body ends with its head: the next request on the connection gets its own answer."""
    made = send(own_server, submission()).json()["id"]
    path = f"{PATH}/{made}"
    own_server.mock.services.clock.freeze(datetime(2030, 1, 1, tzinfo=UTC))
    tag = send(own_server, method="GET", path=path).headers["ETag"]
    again = head(f"If-None-Match: {tag}", method="GET", target=path)
    answers = exchange(own_server, again + again + head("Connection: close", method="GET", target=path))
    assert [(answer.status, bool(answer.body)) for answer in answers] == [(304, False), (304, False), (200, True)]
    assert {answer.headers["ETag"] for answer in answers} == {tag}
