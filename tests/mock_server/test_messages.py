"""How the fields of a head are read."""

from __future__ import annotations

import io

import pytest

from mock_server.messages import MAX_HEADER_BYTES, read_headers


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
