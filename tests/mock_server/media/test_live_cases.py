"""Every case of media-cases.json as a request to the mock: real TLS on loopback, public addresses that lead there."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any

import pytest

from mock_server import Settings, create_app
from mock_server.media.live.fetch import Limits, LiveMedia
from mock_server.media.policy import Address, judge
from mock_server.services import Mock
from tests.kit import media_cases
from tests.kit.http import PATH, WRITER
from tests.kit.origin import SECONDS, Certificates, Origin
from tests.kit.submissions import submission

TIMEOUT = 1.5
CASES = media_cases.load()
HEADERS = {"Authorization": f"Bearer {WRITER}"}
# Nothing of these may be dialled; the others are refused because of what the host answers.
REFUSED_UNSEEN = {
    "scheme", "range-spec", "range-equivalent", "range-hardening", "ipv4-encoding", "name", "dns", "parser", "type",
    "port",
}  # fmt: skip
ANY_ADDRESS = re.compile(r"\d+\.\d+\.\d+\.\d+|[0-9a-f]*::[0-9a-f]*")
UPSTREAM = ("Whatever", "secret", "EXTM3U", "/etc/passwd", "BaseHTTP", "SERVFAIL")


@dataclass
class Harness:
    """The application, and what its media looked up and dialled."""

    post: Callable[..., Any]
    resolver: media_cases.FakeResolver
    dialled: list[Address]


@pytest.fixture(scope="module")
def harness(certificates: Certificates, origin: Origin) -> Iterator[Harness]:
    """Return the application with live media on a network of the test's own."""
    resolver, dialled = media_cases.FakeResolver({}), list[Address]()

    def dial(_: str, address: Address, __: int) -> tuple[str, int]:
        dialled.append(address)
        return origin.address

    limits = Limits(timeout=TIMEOUT, max_bytes=4 * 1024 * 1024)
    with closing(LiveMedia(limits, certificates.trust(), resolver, dial)) as media:
        mock = Mock(Settings())
        mock.services = replace(mock.services, media=media)
        yield Harness(create_app(mock=mock).test_client().post, resolver, dialled)
        resolver.closed.set()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_case(case: media_cases.Case, harness: Harness) -> None:
    """The verdict is right and in time, nothing private is dialled, no name is asked twice, and the answer is mute."""
    harness.resolver.begin(case.resolves_to)
    harness.dialled.clear()
    started = time.monotonic()
    answer = harness.post(PATH, json=submission(media_url=case.url), headers=HEADERS)
    assert time.monotonic() - started < TIMEOUT + 1
    assert answer.status_code == (201 if case.accepted else 422) or case.also_ok, answer.text
    assert [address for address in harness.dialled if judge(address) is not None] == []
    assert max(Counter(harness.resolver.log).values(), default=0) <= 1
    if answer.status_code == 422:
        assert harness.dialled == [] or case.kind not in REFUSED_UNSEEN
        assert ANY_ADDRESS.search(answer.text) is None
        assert [word for word in UPSTREAM if word in answer.text] == []
        assert [error["rule"][:4] for error in answer.json["errors"]] in (["URL-"], ["BODY"])
    elif case.kind in {"control", "body", "response"}:
        length = answer.json["duration_seconds"]
        assert length == pytest.approx(case.seconds or SECONDS, abs=0.5)
