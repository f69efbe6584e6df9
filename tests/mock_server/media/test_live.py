"""How live media behaves on the network, beyond the cases: hops, addresses, and what a request looks like."""

from __future__ import annotations

import socket
from ipaddress import ip_address
from typing import Any

import pytest

from mock_server.media.policy import Refused, Route
from tests.kit.live_media import MEDIA, NewWorld
from tests.kit.origin import SECONDS

PUBLIC = "93.184.216.34"
pytestmark = pytest.mark.usefixtures("temporary_folder")


@pytest.mark.parametrize("behaviour", ["hints", "chunked"])
def test_unusual_but_right(behaviour: str, new_world: NewWorld) -> None:
    """Early hints are not the answer, and a body may come one byte a chunk."""
    world = new_world()
    url = world.serve(f"/{behaviour}", behaviour=behaviour)
    assert world.fetch(url) == pytest.approx(SECONDS, abs=0.5)


@pytest.mark.parametrize("behaviour", ["cl_short", "chunk_short", "cut"])
def test_broken_off(behaviour: str, new_world: NewWorld) -> None:
    """A body that stops early is refused, also where only TLS can tell that it did."""
    world = new_world()
    refused = world.refusal(world.serve(f"/{behaviour}", behaviour=behaviour))
    assert (refused.rule, refused.message.split(":")[0]) == ("URL-18", "breaks off before its end")


def test_redirects(new_world: NewWorld) -> None:
    """Five redirects are followed, relative ones too; each hop looks its name up once."""
    world = new_world()
    assert world.fetch(world.redirects(5)) == pytest.approx(SECONDS, abs=0.5)
    assert (len(world.resolver.log), len(world.dialled)) == (6, 6)


def test_too_many_redirects(new_world: NewWorld) -> None:
    """The sixth redirect is refused before its place is looked up."""
    world = new_world()
    assert world.refusal(world.redirects(6)).rule == "URL-29"
    assert len(world.resolver.log) == 6


@pytest.mark.parametrize(
    "location",
    [
        "https://inside.example.com/a.mp3",
        "//127.0.0.1/a.mp3",
        "https://2130706433/a.mp3",
        "http://media.example.com/a.mp3",
        "ftp://media.example.com/a.mp3",
        "https://localhost/a.mp3",
        "//[::ffff:10.0.0.7]/a b.mp3",
    ],
)
def test_redirect_inside(location: str, new_world: NewWorld) -> None:
    """A redirect to a place that is not allowed is refused by its rule alone; the trace has the reason."""
    world = new_world({"media.example.com": [PUBLIC], "inside.example.com": [PUBLIC, "10.0.0.7"]})
    refused = world.refusal(world.serve("/inside", status=307, headers={"Location": location}))
    assert refused.rule == "URL-15"
    assert "redirect only to https URLs on public hosts" in refused.message
    assert len(world.dialled) == 1
    assert "the redirect is refused: URL-" in world.notes[-1]


def test_rebinding_between_hops(new_world: NewWorld) -> None:
    """A name that was public on the first hop and is private on the second is refused there."""
    world = new_world({"media.example.com": [[PUBLIC], ["127.0.0.1"]]})
    assert world.refusal(world.redirects(1)).rule == "URL-15"
    assert world.dialled == [ip_address(PUBLIC)]


def test_route_of_private_address() -> None:
    """There is no way to a private address: what holds the addresses that may be dialled refuses to hold it."""
    with pytest.raises(Refused, match="not public"):
        Route((ip_address(PUBLIC), ip_address("::ffff:10.0.0.1")))


def test_literal(new_world: NewWorld) -> None:
    """A public address in the URL is dialled without a lookup, and its certificate is for the address."""
    world = new_world()
    for host in (PUBLIC, "[2606:2800:220:1:248:1893:25c8:1946]"):
        assert world.fetch(f"https://{host}/a.mp3") == pytest.approx(SECONDS, abs=0.5)
        assert f"\r\nHost: {host}\r\n" in world.origin.requests[-1]
    assert world.resolver.log == []


def test_request(new_world: NewWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """The origin sees path and query, the name, no encodings, nothing of the caller; no proxy comes between."""
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    world = new_world(ports=frozenset({443, 8443}))
    world.fetch(f"{MEDIA}:8443?a=%20b#part")
    head = world.origin.requests[-1].split("\r\n")
    assert head[:2] == ["GET /?a=%20b HTTP/1.1", "Host: media.example.com:8443"]
    assert [line.split(":")[0] for line in head[2:] if line] == [
        "Accept", "Accept-Encoding", "User-Agent", "Connection",
    ]  # fmt: skip
    assert "Accept-Encoding: identity" in head


def test_trace(new_world: NewWorld) -> None:
    """The trace tells each hop: addresses, connection, status, content type, size and length."""
    world = new_world()
    world.fetch(world.redirects(1))
    told = "\n".join(world.notes)
    for part in (
        f"media.example.com is {PUBLIC}",
        f"connected to {PUBLIC} port 443",
        "https://media.example.com/hop/1 answers 302",
        "https://media.example.com/hop/0 answers 200, content type 'audio/mpeg'",
        "received ",
        "'by': 'packets'",
    ):
        assert part in told


def test_private_answer(new_world: NewWorld) -> None:
    """A name with one private address is refused by URL-14 whatever the range; only the trace says which."""
    for address, told in (("10.0.0.1", "private, URL-3"), ("169.254.169.254", "link-local, URL-7")):
        world = new_world({"media.example.com": [PUBLIC, address]})
        refused = world.refusal(MEDIA + "/a.mp3")
        assert (refused.rule, refused.message.split(":")[0]) == (
            "URL-14",
            "is on a name that leads to an address that is not public",
        )
        assert f"{address} ({told})" in world.notes[0]
        assert world.dialled == []


def test_next_address(new_world: NewWorld) -> None:
    """An address that does not answer is passed over for the next one; four are tried."""
    addresses = [f"93.184.216.{n}" for n in range(1, 6)]
    world = new_world({"media.example.com": addresses})
    with socket.create_server(("127.0.0.1", 0)) as taken:
        nobody = taken.getsockname()
    tried = world.media._dial

    def dial(host: str, address: Any, port: int) -> tuple[str, int]:
        there = tried(host, address, port)
        return there if str(address).endswith(answering) else nobody

    world.media._dial = dial
    answering = ".4"
    assert world.fetch(MEDIA + "/a.mp3") == pytest.approx(SECONDS, abs=0.5)
    answering = ".5"
    assert "does not answer" in world.refusal(MEDIA + "/a.mp3").message
    assert [str(address)[-1] for address in world.dialled] == list("12341234")
