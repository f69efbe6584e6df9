"""How messages are read and written: heads, lengths, chunks, and what is said of those that cannot be read."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from types import SimpleNamespace
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wire import check_problem, chunked, exchange, head

from mock_server import Running, Settings
from mock_server.connection import Writer
from mock_server.messages import MAX_HEADER_BYTES, ChunkedBody, Request, read_headers
from mock_server.server import Server, serving
from mock_server.services import Mock


def fields(head: bytes) -> dict[bytes, bytes]:
    """Return what is read of the fields in `head`, which an empty line ends."""
    headers: dict[bytes, bytes] = {}
    stream = io.BytesIO(head + b"\r\nbody")
    read_headers(stream, headers)
    assert stream.read() == b"body"
    return headers


def test_fields_are_read_to_the_empty_line() -> None:
    """Names are found in whatever case they were sent; values lose the blanks around them and nothing else."""
    read = fields(b"content-LENGTH: 2 \r\nX-Empty:\r\nX-Odd:\t a:b\xff  c\r\n")
    assert read == {b"Content-Length": b"2", b"X-Empty": b"", b"X-Odd": b"a:b\xff  c"}


def test_fields_of_one_name_are_joined() -> None:
    """No field silently wins over another: what may stand once only is not valid any more."""
    read = fields(b"Content-Length: 2\r\nX-A: 1\r\ncontent-length: 7\r\nX-A: 2\r\n")
    assert read == {b"Content-Length": b"2, 7", b"X-A": b"1, 2"}


def test_names_with_an_underscore_are_left_out() -> None:
    """Content_Length never becomes the length of the body."""
    assert fields(b"Content_Length: 7\r\nX-A: 1\r\n") == {b"X-A": b"1"}


@pytest.mark.parametrize(
    "line",
    [
        b"X-A\r\n", b": 1\r\n", b"X-A : 1\r\n", b" X-A: 1\r\n", b"X-B: 1\r\n folded: 1\r\n",
        b"X-A: 1\n", b"X-A: 1\r2\r\n", b"X-A: \0\r\n", b"X-\xff: 1\r\n", b"X-A: 1",
    ],
    ids=[
        "no-colon", "no-name", "blank-after", "blank-before", "folded",
        "bare-lf", "bare-cr", "nul", "latin", "broken-off",
    ],
)  # fmt: skip
def test_what_is_no_field_is_refused(line: bytes) -> None:
    """Lines that a proxy and a server might read in two ways (RFC 9112, 5 and 11.2) are read in none."""
    with pytest.raises(ValueError, match="a name, a colon and a value"):
        read_headers(io.BytesIO(line), {})


def test_a_line_is_not_read_beyond_the_limit() -> None:
    """A field without an end takes no more memory than the headers may."""
    stream = io.BytesIO(b"X-A: " + b"x" * 2 * MAX_HEADER_BYTES)
    with pytest.raises(ValueError, match="on one line"):
        read_headers(stream, {})
    assert stream.tell() == MAX_HEADER_BYTES


SERVER = Server(Mock(Settings(port=0)), lambda *_: ())
LINES = [
    "POST /api/v2/engagements HTTP/1.1", "POST /a HTTP/1.0", "GET / HTTP/1.1", "OPTIONS * HTTP/1.1", "GET //a HTTP/1.1",
    "GET /a/../b~c HTTP/1.1", "GET /a%20b?c=%20 HTTP/1.1", "GET /?a#b HTTP/1.1", "GET http://h/a HTTP/1.1", "GET /a",
    "CONNECT h:1 HTTP/1.1", "POST /a HTTP/1.2", "POST /a HTTP/2.0", "post /a HTTP/1.1", "GET  /a HTTP/1.1", "",
    "GET /a HTTP/1.1 ", "\r\nGET /a HTTP/1.1", "M-X /a HTTP/1.1", "GET /[a HTTP/1.1", "GET /%2F%20 HTTP/1.1",
    "GET /a?b HTTP/1.1", "CONNECT /a HTTP/1.1", "OPTIONS /a HTTP/1.1",
]  # fmt: skip
NAMES = [
    "X-A", "x_a", "Content-Length", "content-LENGTH", "Content_Length", "Connection", "connection", "Expect",
    "Transfer-Encoding", "transfer-encoding", "X-A ", " X-A", "",
]  # fmt: skip
VALUES = [
    "", "2", " 2 ", "0", "-1", "2, 2", "1" * 16, "close", " Close", "keep-alive", " keep-alive", " Keep-Alive",
    "keep-alive, close", "chunked", " chunked", "gzip, chunked", " 100-continue", "a:b", "\xff", "a\0", "a\rb", "a\tb",
]  # fmt: skip
FIELDS = [f"{name}:{value}" for name in NAMES for value in VALUES]


class Drop(io.RawIOBase):
    """A peer whose bytes come one at a time."""

    def __init__(self, data: bytes) -> None:
        self._left = io.BytesIO(data)

    def readable(self) -> bool:
        """Tell io.BufferedReader that it may read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read one byte."""
        return self._left.readinto(memoryview(buffer)[:1])


def parsed(raw: io.RawIOBase) -> tuple[dict[str, object], bytes, bytes]:
    """Return what a request says of itself once its head was read, what was answered, and what is left to read."""
    sent = io.BytesIO()
    reader = io.BufferedReader(raw)
    stream: Any = SimpleNamespace(send=sent.write)
    connection = SimpleNamespace(rfile=reader, wfile=Writer(stream), broken="", unread=False)
    request = Request(SERVER, connection)
    request.parse_request()
    if not request.ready:
        return {}, sent.getvalue()[:12], b""
    hidden = {"server", "conn", "rfile", "authority"}  # the last is read by nobody
    said = {name: value for name, value in vars(request).items() if name not in hidden}
    return said, sent.getvalue(), reader.read()


def agree(*lines: str, end: str = "\r\n") -> None:
    """Check that a head is read as the same request whether it comes whole, as most do, or byte by byte."""
    data = "".join(f"{line}{end}" for line in (*lines, "")).encode("latin-1") + b"{}"
    assert parsed(io.BytesIO(data)) == parsed(Drop(data))  # type: ignore[arg-type]


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("end", ["\r\n", "\n"])
def test_a_request_line_means_the_same_however_it_comes(line: str, end: str) -> None:
    """A head that comes whole is read another way than one that comes in pieces, and as the same request."""
    agree(line, "Host: h", end=end)
    agree(line, end=end)


def test_a_field_means_the_same_however_it_comes() -> None:
    """So it is with every field that may change how a message is read or answered."""
    for field in FIELDS:
        agree(LINES[0], field)
        agree(LINES[1], field)


@pytest.mark.parametrize("last", ["Transfer-Encoding:", "Connection: close", "Expect: 100-continue", " folded: 1", "x"])
def test_a_good_field_vouches_for_no_other(last: str) -> None:
    """A head is plain in whole or not at all: with possessive quantifiers, Python 3.11.2 lets it end too soon."""
    agree(LINES[0], "X-A: 1", last)
    agree(LINES[0], "X-A: 1", last, "X-A: 1")


@given(st.lists(st.sampled_from(FIELDS), min_size=2, max_size=4))
def test_fields_mean_the_same_however_they_come(fields: list[str]) -> None:
    """So it is with several fields."""
    agree(LINES[0], *fields)


def test_a_path_that_begins_with_two_slashes_is_a_path() -> None:
    """It is not taken for the name of a host."""
    said, _, _ = parsed(io.BytesIO(b"GET //a%20b?c=d HTTP/1.1\r\n\r\n"))  # type: ignore[arg-type]
    assert (said["path"], said["qs"]) == (b"//a%20b", b"c=d")


@pytest.mark.parametrize(
    ("data", "status", "detail"),
    [
        (head("Content-Length: -5"), 400, "The Content-Length is not usable."),
        (head("Content-Length: 2", "Transfer-Encoding: chunked"), 400, "The Content-Length is not usable."),
        (
            head("Transfer-Encoding: chunked").replace(b"1.1\r", b"1.0\r"),
            400,
            "A Transfer-Encoding is chunked, and needs HTTP/1.1.",
        ),
        (head(target="//["), 400, "The request target is not a valid URL."),
        (head("X-A : 1"), 400, "A header field is a name, a colon and a value, on one line that ends with CRLF."),
        (head("X-A: " + "x" * MAX_HEADER_BYTES), 431, "The limit is 262144 bytes."),
        (head(target="/#a"), 400, "Illegal #fragment in Request-URI."),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_reason(server: Running, data: bytes, status: int, detail: str) -> None:
    """The problem says what is wrong with the message, and that the sender is to blame."""
    (answer,) = exchange(server, data)
    problem = check_problem(answer, status)
    assert (problem["detail"], problem["type"].rpartition("/")[2]) == (detail, "malformed_request")
    assert answer.headers["Connection"] == "close"


@pytest.mark.parametrize("data", [head("Connection: close", method="GET", target="/__admin/health"), head("no colon")])
def test_an_answer_has_one_date(server: Running, data: bytes) -> None:
    """It is that of the system's clock, whoever gives the answer."""
    (answer,) = exchange(server, data)
    (date,) = answer.headers.get_all("Date", [])
    assert abs(datetime.now(UTC) - parsedate_to_datetime(date)) < timedelta(minutes=1)


@pytest.mark.parametrize("size", [b"a", b"A", b"0a", b"00000000000000A"])
def test_the_size_of_a_chunk_is_hexadecimal(size: bytes) -> None:
    """It is written in either case, with zeros before it or without."""
    body = ChunkedBody(io.BytesIO(size + b"\r\n0123456789\r\n0\r\n\r\n"))
    assert [body.read(100), body.read(100)] == [b"0123456789", b""]


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
