"""What is not one JSON object in plain UTF-8, and what is although it is rare."""

from __future__ import annotations

import io
import itertools
import json
import sys
from collections.abc import Iterable, Iterator

import pytest

from mock_server import Running
from mock_server.checks import body
from mock_server.problems import Malformed
from tests.kit.checks import check_problem
from tests.kit.http import PATH, WRITER, connect, read, send
from tests.kit.submissions import ABSENT, submission
from tests.kit.wire import chunked, exchange, head

VALID = json.dumps(submission()).encode()
MIB = 1 << 20


def with_member(member: bytes, **changes: object) -> bytes:
    """Return a valid body with one more member, written as it is."""
    return json.dumps(submission(**changes)).encode()[:-1] + b", " + member + b"}"


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"", "empty"),
        (b" ", "not valid JSON"),
        (b"{", "not valid JSON"),
        (VALID[:-1], "not valid JSON"),
        (VALID[:-20], "not valid JSON"),
        (VALID + b"}", "not valid JSON"),
        (VALID + VALID, "not valid JSON"),
        (VALID[:-1] + b",}", "not valid JSON"),
        (VALID.replace(b'"', b"'"), "not valid JSON"),
        (b"type=CALL&title=x", "not valid JSON"),
        (b"<xml/>", "not valid JSON"),
        (with_member(b'"a": 01'), "not valid JSON"),
        (with_member(b'"a": .5'), "not valid JSON"),
        (with_member(b'"a": "\\x41"'), "not valid JSON"),
        (with_member(b'"a": "\n"'), "not valid JSON"),
        (with_member(b'"a": "\xff"'), "not valid UTF-8"),
        (with_member(b'"a": "\xc0\x80"'), "not valid UTF-8"),
        (with_member(b'"a": "\xed\xa0\x80"'), "not valid UTF-8"),
        (VALID[:-1] + b"\x80", "not valid UTF-8"),
        (b"\xef\xbb\xbf" + VALID, "byte order mark"),
        (VALID.decode().encode("utf-16"), "byte order mark"),
        (VALID.decode().encode("utf-16-le"), "JSON"),
        (VALID.decode().encode("utf-32"), "byte order mark"),
        (with_member(b'"a": NaN'), "NaN"),
        (with_member(b'"a": [Infinity]'), "Infinity"),
        (with_member(b'"a": -Infinity'), "-Infinity"),
        (with_member(b'"title": "again"'), "twice"),
        (with_member(b'"ti\\u0074le": "again"'), "twice"),
        (with_member(b'"a": {"b": [{"c": 1, "c": 1}]}'), "twice"),
        (b"[" * 100_000 + b"]" * 100_000, "nested"),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "nested"),
        (b"[" * 100_000, "nested"),
        (with_member(b'"a": ' + b"[" * 100_000 + b"]" * 100_000), "nested"),
        (b"[" + VALID + b"]", "a list"),
        (b'"text"', "a string"),
        (b"12", "a number"),
        (b"1.5", "a number"),
        (b"true", "a boolean"),
        (b"null", "null"),
    ],
    ids=itertools.count(),
)
def test_what_is_not_a_json_object_is_refused(server: Running, raw: bytes, says: str) -> None:
    """A body that cannot be read as one JSON object gets 400 with a reason, and never fails the server."""
    answer = send(server, raw, headers={"Content-Length": str(len(raw))})
    assert says in check_problem(answer, 400)["detail"]


@pytest.mark.parametrize(
    "member",
    [
        b'"a": ' + b"[" * 200 + b"]" * 200,
        b'"a": ' + b'{"b":' * 200 + b"1" + b"}" * 200,
        b'"a": 1' + b"0" * 400,
        b'"a": 1' + b"0" * 400 + b".0",
        b'"a": -1e400',
        b'"a": 1e-400',
        b'"a": ' + b"9" * 1_000_000,
        b'"a": "\\ud800"',
        b'"\\ud800": 1',
        b'"": null',
        b'"a": ["", {}, [], null, true]',
        b'"a": "\\u0000"',
        b'"external_Id": 5',
        b'"a": [' + b"{}," * 100_000 + b"{}]",
        b", ".join(b'"a%d": 1' % number for number in range(50_000)),
    ],
    ids=itertools.count(),
)
def test_unknown_fields_may_hold_anything(server: Running, member: bytes) -> None:
    """Any legal JSON in a field that nobody knows is ignored."""
    assert send(server, with_member(member)).status == 201


@pytest.mark.parametrize("space", [b" ", b"\t", b"\r\n", b" " * 1_000_000])
def test_white_space_around_the_object_is_legal(server: Running, space: bytes) -> None:
    """White space before and after the object changes nothing."""
    body = json.dumps(submission()).encode()
    assert send(server, space + body + space).status == 201


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": ABSENT},
        {"Content-Type": ""},
        {"Content-Type": "text/plain"},
        {"Content-Type": "text/json"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "multipart/form-data; boundary=x"},
        {"Content-Type": "application/problem+json"},
        {"Content-Type": "application/jsonp"},
        {"Content-Type": "application/json, text/plain"},
        {"Content-Type": "application/json; charset=latin-1"},
        {"Content-Type": "application/json; charset=utf-16"},
        {"Content-Encoding": "gzip"},
        {"Content-Encoding": "deflate"},
        {"Content-Encoding": "br"},
        {"Content-Encoding": "identity, gzip"},
    ],
    ids=str,
)
def test_wrong_headers_of_the_body_are_refused(server: Running, headers: dict[str, str]) -> None:
    """A content type other than JSON in UTF-8, or an encoding, gets 400 and leaves the key free."""
    body = submission()
    problem = check_problem(send(server, body, headers=headers), 400)
    assert ("Content-" in problem["detail"]) or ("charset" in problem["detail"])
    assert send(server, body).status == 201


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "application/json; charset=utf-8"},
        {"Content-Type": 'Application/JSON ;Charset="UTF-8"'},
        {"Content-Type": "application/json; charset=us-ascii"},
        {"Content-Type": "application/json; version=2;"},
        {"Content-Encoding": "identity"},
        {"Content-Encoding": "Identity"},
        {"Accept": "text/html", "Accept-Encoding": "br", "Prefer": "respond-async"},
    ],
    ids=str,
)
def test_parameters_and_case_of_the_content_type_do_not_matter(server: Running, headers: dict[str, str]) -> None:
    """What says JSON in UTF-8 in another way is accepted."""
    assert send(server, submission(), headers=headers).status == 201


def test_gzip_content_is_refused_by_its_header(server: Running) -> None:
    """A compressed body is refused before anyone tries to read it."""
    answer = send(server, b"\x1f\x8b" + b"x" * 1000, headers={"Content-Encoding": "gzip"})
    assert "Content-Encoding" in check_problem(answer, 400)["detail"]


def piecewise(size: int) -> Iterator[bytes]:
    """Yield so many bytes of white space."""
    yield from itertools.repeat(b" " * MIB, size // MIB)
    yield b" " * (size % MIB)


@pytest.mark.parametrize("size", [body.MAX_BYTES + 1, 64 * MIB])
@pytest.mark.parametrize("is_chunked", [False, True])
def test_a_body_that_is_too_large_is_refused_whole(server: Running, size: int, is_chunked: bool) -> None:  # noqa: FBT001
    """An ordinary client that sends too much, with a length or chunked, sees 400, and may go on with the connection."""
    connection = connect(server)
    valid = json.dumps(submission()).encode()
    content: Iterable[bytes] = itertools.chain([valid], piecewise(size - len(valid)))
    headers = {"Authorization": f"Bearer {WRITER}", "Content-Type": "application/json"}
    length = {} if is_chunked else {"Content-Length": str(size)}
    connection.request("POST", PATH, content, headers | length, encode_chunked=is_chunked)
    assert "larger than 8,388,608 bytes" in check_problem(read(connection), 400)["detail"]
    connection.request("POST", PATH, valid, headers)
    assert read(connection).status == 201
    connection.close()


@pytest.mark.parametrize("is_chunked", [False, True])
def test_a_body_of_exactly_the_limit_is_read(server: Running, is_chunked: bool) -> None:  # noqa: FBT001
    """8 MiB are not too much."""
    raw = json.dumps(submission()).encode().ljust(body.MAX_BYTES)
    if is_chunked:
        (answer,) = exchange(server, head("Transfer-Encoding: chunked", "Connection: close"), chunked(raw))
    else:
        answer = send(server, raw)
    assert answer.status == 201


@pytest.mark.parametrize("announced", [body.MAX_BYTES + 1, 10**15 - 1])
def test_a_length_that_is_too_large_is_not_waited_for(server: Running, announced: int) -> None:
    """A client that announces too much and sends nothing gets its answer when it stops sending."""
    (answer,) = exchange(server, head(f"Content-Length: {announced}"), half_close=True)
    check_problem(answer, 400)


def test_read_returns_what_the_length_announces() -> None:
    """With a length, the bytes after it are left for whoever reads next."""
    stream = io.BytesIO(b"abcdef")
    assert (body.read(stream, 3), stream.read()) == (b"abc", b"def")


def test_read_without_a_length_takes_the_stream_to_its_end() -> None:
    """Without a length the end of the stream is the end of the body, and the limit holds."""
    assert body.read(io.BytesIO(b"abc"), None, limit=3) == b"abc"
    with pytest.raises(Malformed, match="larger than 3 bytes") as caught:
        body.read(io.BytesIO(b"abcd"), None, limit=3)
    assert caught.value.rule == "ERR-10"


class Failing(io.BytesIO):
    """A stream that gives two bytes and then fails as a connection does."""

    def __init__(self, error: Exception) -> None:
        super().__init__(b"ab")
        self.error = error

    def read(self, size: int | None = -1, /) -> bytes:
        """Return bytes while there are any."""
        if not (piece := super().read(size)):
            raise self.error
        return piece


@pytest.mark.parametrize("length", [None, 5])
def test_a_stream_that_is_too_slow_is_told_so(length: int | None) -> None:
    """How long a body may take is a choice of ours, and so is not told as a body that broke off."""
    with pytest.raises(Malformed, match="too slowly") as caught:
        body.read(Failing(TimeoutError()), length)
    assert caught.value.rule == "ERR-10"


@pytest.mark.parametrize("error", [ConnectionResetError(), ValueError("bad chunk")])
@pytest.mark.parametrize("length", [None, 5])
def test_a_stream_that_fails_is_a_broken_body(error: Exception, length: int | None) -> None:
    """A lost connection and a bad chunk are refusals of the body."""
    with pytest.raises(Malformed) as caught:
        body.read(Failing(error), length)
    says = "The body broke off or came too slowly. Send as many bytes as the headers announce."
    assert (caught.value.detail, caught.value.rule) == (says, "BODY-15")


@pytest.mark.parametrize("name", ["NaN", "Infinity", "-Infinity"])
def test_a_constant_that_is_not_json_is_named(name: str) -> None:
    """Python would read these; JSON does not know them."""
    with pytest.raises(Malformed) as caught:
        body.parse(f'{{"a": {name}}}'.encode())
    assert (caught.value.detail, caught.value.rule) == (f"{name} is not JSON. Send a number, or null.", "BODY-15")


@pytest.mark.parametrize(("text", "value"), [("1e999", 1), ("-1e999", -1), ("1" + "0" * 400, 1), ("-2.5", None)])
def test_a_number_is_read_whatever_its_size(text: str, value: int | None) -> None:
    """A number beyond what a float holds becomes the largest one of its sign."""
    largest = sys.float_info.max
    assert body.parse(f'{{"a": {text}}}'.encode()) == {"a": -2.5 if value is None else value * largest}


def test_the_place_of_the_fault_is_told() -> None:
    """The refusal says at which character or byte the body stops being JSON."""
    with pytest.raises(Malformed, match="at character 5"):
        body.parse(b'{"a":}')
    with pytest.raises(Malformed, match="at byte 6"):
        body.parse(b'{"a":"\xff"}')
