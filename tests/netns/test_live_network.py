"""Live media on a real network: DNS packets, sockets, TLS. Not one SYN goes inside. Rules: URL-3 to URL-18."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from ipaddress import ip_address
from typing import Any

import pytest

from mock_server.media.policy import judge
from tests.kit.http import send
from tests.kit.name_server import A
from tests.kit.origin import SECONDS
from tests.kit.stage import CDN, INSIDE, MEDIA, MEDIA_V6, TIMEOUT, Stage
from tests.kit.submissions import submission
from tests.kit.waiting import wait_until

ACCEPTED = 201


def submit(stage: Stage, url: str) -> tuple[int, Any]:
    """Submit a recording and return status and body."""
    answer = send(stage, submission(media_url=url), timeout=30)
    assert [address for address in (*INSIDE, MEDIA, CDN) if address in answer.text] == []
    return answer.status, answer.json()


def rule(stage: Stage, url: str) -> str:
    """Submit a recording that must be refused and return the rule."""
    status, body = submit(stage, url)
    assert status == 422, body
    return str(body["errors"][0]["rule"])


@pytest.fixture(autouse=True)
def nothing_inside(stage: Stage) -> Iterator[None]:
    """Assert that the test makes the mock begin no connection to an address that is not public."""
    before = len(stage.watch.seen())
    yield
    begun = stage.watch.seen()[before:]
    inside = [syn for syn in begun if judge(syn.address) is not None]
    assert [syn for syn in inside if syn.port != stage.mock_port] == []
    assert [origin.requests for origin in stage.inside] == [[], [], [], []]


def test_control(stage: Stage) -> None:
    """The watch sees what it is there to see: a dial to each address inside would succeed, and shows."""
    before = len(stage.watch.seen())
    for address in INSIDE:
        socket.create_connection((address, 443), 5).close()
    wait_until(lambda: {str(syn.address) for syn in stage.watch.seen()[before:]} >= set(INSIDE))
    del stage.watch._seen[before:]


def test_accepted(stage: Stage) -> None:
    """A public name is resolved, fetched and measured."""
    stage.names.zone["media.example.com"] = [MEDIA]
    status, body = submit(stage, "https://media.example.com/a.mp3")
    assert (status, body["duration_seconds"]) == (ACCEPTED, pytest.approx(SECONDS, abs=0.5))


def test_ipv6(stage: Stage) -> None:
    """A name that has only an IPv6 address is fetched from there."""
    stage.names.zone["six.example.com"] = [MEDIA_V6]
    assert submit(stage, "https://six.example.com/a.mp3")[0] == ACCEPTED
    assert any(syn.address == ip_address(MEDIA_V6) for syn in stage.watch.seen())


@pytest.mark.parametrize("inside", INSIDE)
def test_rebinding(inside: str, stage: Stage) -> None:
    """A name that is public when it is first asked for and private ever after is asked for once, and fetched."""
    name = f"rebind-{INSIDE.index(inside)}.example.com"
    stage.names.zone[name] = [[MEDIA], [inside]]
    assert submit(stage, f"https://{name}/a.mp3")[0] == ACCEPTED
    assert stage.names.asked[name, A] == 1
    assert rule(stage, f"https://{name}/a.mp3") == "URL-14"


def test_rebinding_between_hops(stage: Stage) -> None:
    """A redirect to the same name asks again, and what has become private is refused."""
    stage.names.zone["hop.example.com"] = [[MEDIA], ["169.254.169.254"]]
    stage.media.serve["/again"] = {"status": 302, "headers": {"Location": "/a.mp3"}}
    assert rule(stage, "https://hop.example.com/again") == "URL-15"
    assert stage.names.asked["hop.example.com", A] == 2


@pytest.mark.parametrize("answers", [[MEDIA, "10.0.0.5"], ["127.0.0.1", MEDIA], [MEDIA, "::1"], ["169.254.169.254"]])
def test_private_answers(answers: list[str], stage: Stage) -> None:
    """One private address among the answers refuses the name, in any order and family."""
    name = "mixed-" + "-".join(str(int(ip_address(answer))) for answer in answers)[:40] + ".example.com"
    stage.names.zone[name] = answers
    assert rule(stage, f"https://{name}/a.mp3") == "URL-14"


def test_alias(stage: Stage) -> None:
    """A CNAME to a name inside is judged by the address at its end."""
    stage.names.aliases["alias.example.com"] = "internal.example.net"
    stage.names.zone["internal.example.net"] = ["10.0.0.5"]
    assert rule(stage, "https://alias.example.com/a.mp3") == "URL-14"


@pytest.mark.parametrize("inside", ["10.0.0.5", "169.254.169.254", "127.0.0.1", "[::1]", "inside.example.com"])
def test_redirect_inside(inside: str, stage: Stage) -> None:
    """A redirect of a public host to a place inside is refused."""
    stage.names.zone["media.example.com"] = [MEDIA]
    stage.names.zone["inside.example.com"] = ["10.0.0.5"]
    stage.media.serve["/inside"] = {"status": 302, "headers": {"Location": f"https://{inside}/a.mp3"}}
    assert rule(stage, "https://media.example.com/inside") == "URL-15"


def test_redirect_outside(stage: Stage) -> None:
    """A redirect to another public host is followed there."""
    stage.names.zone |= {"media.example.com": [MEDIA], "cdn.example.net": [CDN]}
    stage.media.serve["/cdn"] = {"status": 302, "headers": {"Location": "https://cdn.example.net/a.mp3"}}
    assert submit(stage, "https://media.example.com/cdn")[0] == ACCEPTED
    assert "Host: cdn.example.net" in stage.cdn.requests[-1]


@pytest.mark.parametrize("trouble", ["slow", "broken", "unknown"])
def test_name_server(trouble: str, stage: Stage) -> None:
    """A name server that is silent, fails or knows nothing refuses the recording within the time limit."""
    name = f"{trouble}.example.com"
    if trouble != "unknown":
        getattr(stage.names, trouble).add(name)
    started = time.monotonic()
    assert rule(stage, f"https://{name}/a.mp3") == "URL-18"
    assert time.monotonic() - started < TIMEOUT + 1


@pytest.mark.parametrize("name", ["wrong.example.org", "untrusted.example.org"])
def test_certificate(name: str, stage: Stage) -> None:
    """A certificate for another name, or of a CA that nobody knows, refuses the recording."""
    stage.names.zone[name] = [MEDIA]
    assert rule(stage, f"https://{name}/a.mp3") == "URL-18"


@pytest.mark.parametrize("behaviour", ["drip_head", "drip_body", "silent"])
def test_slow_origin(behaviour: str, stage: Stage) -> None:
    """An origin that drips a byte now and then, or says nothing, is given up at the time limit."""
    stage.names.zone["media.example.com"] = [MEDIA]
    stage.media.serve[f"/{behaviour}"] = {"behaviour": behaviour}
    started = time.monotonic()
    assert rule(stage, f"https://media.example.com/{behaviour}") == "URL-18"
    assert TIMEOUT - 0.5 < time.monotonic() - started < TIMEOUT + 1


@pytest.mark.parametrize(
    "host", ["10.0.0.5", "169.254.169.254", "127.0.0.1", "[::1]", "[::ffff:10.0.0.5]", "localhost"]
)
def test_inside_in_the_url(host: str, stage: Stage) -> None:
    """What is inside by its text is refused without a question to the name server."""
    asked = stage.names.asked.total()
    assert rule(stage, f"https://{host}/a.mp3") in {"URL-3", "URL-6", "URL-7", "URL-8", "URL-12", "URL-13"}
    assert stage.names.asked.total() == asked
