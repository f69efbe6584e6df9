"""What is taken for the word of something in front of the target."""

import pytest

from contract.between import page
from contract.exchange import Body, Request, Response

PLAIN = {"content-type": "text/plain; charset=utf-8"}
OF_TARGET = {"content-type": "text/plain", "x-api-version": "v2"}


def read(path: str) -> Request:
    """Return the request that reads a path."""
    return Request(Body(b""), (), method="GET", path=f"/v2/engagements{path}")


@pytest.mark.parametrize(
    "path", ["/%ZZ", "/a%", "/%00", "/..%2F..", "/%5c", "/%FF", "?search=100%", "?search=%ED%A0%80"]
)
def test_what_is_no_request_target_may_be_refused_before_the_application(path: str) -> None:
    """400 or 404 in another form is the word of a server of HTTP, unless the application marks it as its own."""
    for status in (400, 404):
        assert page(read(path), Response(status, PLAIN, b"Bad Request"))
        assert page(read(path), Response(status, OF_TARGET, b"Bad Request")) is None
    assert page(read(path), Response(500, PLAIN, b"Internal Server Error")) is None


@pytest.mark.parametrize(
    "path", ["/x", "/%25", "/%22", "/%F0%9F%98%80", "?search=%20", "?filter%5Bstart_at%5D=x", "?search=%2F%5C"]
)
def test_a_request_target_is_refused_by_the_application(path: str) -> None:
    """Where every server of HTTP can read the path, a refusal is the application's."""
    for status in (400, 404):
        assert page(read(path), Response(status, PLAIN, b"Bad Request")) is None
