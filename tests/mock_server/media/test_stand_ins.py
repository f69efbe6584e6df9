"""Fixtures of `--resolve`: they move the host and port that they name, and nothing else."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing
from ipaddress import ip_address

import pytest

from mock_server.media.live.fetch import Limits, LiveMedia
from mock_server.media.live.fixtures import Fixture
from mock_server.media.live.resolver import StandIns
from mock_server.media.policy import Address, Refused, parse
from tests.kit import media_cases
from tests.kit.origin import SECONDS, Certificates, Origin

OTHERS = {
    "other.example.com": ["3ffe::1"],
    "second.example.com": ["93.184.216.34", "3ffe::1"],
    "next.example.com": ["3ffe::2"],
}
PORTS = frozenset({443, 8443})


class Network:
    """A network on which nobody answers. It keeps what was dialled on it."""

    def __init__(self) -> None:
        self.dialled: list[tuple[str, Address, int]] = []
        with socket.create_server(("127.0.0.1", 0)) as taken:
            self.nobody: tuple[str, int] = taken.getsockname()

    def dial(self, host: str, address: Address, port: int) -> tuple[str, int]:
        """Note it, and lead to a port without a listener."""
        self.dialled.append((host, address, port))
        return self.nobody


@pytest.fixture
def network() -> Network:
    """Return a network."""
    return Network()


@pytest.fixture
def media(certificates: Certificates, origin: Origin, network: Network) -> Iterator[LiveMedia]:
    """Return live media with fixtures for media.example.com and cdn.example.com on port 443."""
    address, port = ip_address(origin.address[0]), origin.address[1]
    fixtures = [Fixture(host, 443, address, port) for host in ("media.example.com", "cdn.example.com")]
    stand_ins = StandIns(fixtures, media_cases.FakeResolver(OTHERS), network.dial)
    with closing(LiveMedia(Limits(ports=PORTS), certificates.trust(), stand_ins.resolve, stand_ins.dial)) as media:
        yield media


def fetch(media: LiveMedia, url: str) -> float:
    """Return the length of a recording."""
    return media.fetch(parse(url, PORTS), lambda _: None).duration_seconds


def test_the_hosts_that_are_named_are_moved(media: LiveMedia, network: Network) -> None:
    """Each host of a fixture is served from its socket, in any spelling."""
    for host in ("media.example.com", "cdn.example.com", "Media.EXAMPLE.com."):
        assert fetch(media, f"https://{host}/a.mp3") == pytest.approx(SECONDS, abs=0.5)
    assert network.dialled == []


@pytest.mark.parametrize(
    "where",
    [*OTHERS, "[3ffe::1]", "[3ffe::2]", "[3ffe:0::0001]"],
)
def test_another_host_with_the_pretend_address_is_not_moved(
    where: str, media: LiveMedia, network: Network, origin: Origin
) -> None:
    """A name that resolves to the address of a fixture, or the address itself, does not lead to the local socket."""
    before = len(origin.requests)
    with pytest.raises(Refused):
        fetch(media, f"https://{where}/a.mp3")
    assert [host for host, _, _ in network.dialled] == [str(ip_address(where[1:-1])) if "[" in where else where] * len(
        network.dialled
    )
    assert len(network.dialled) >= 1
    assert len(origin.requests) == before


def test_a_redirect_to_another_host_is_not_moved(media: LiveMedia, network: Network, origin: Origin) -> None:
    """The same holds for the second hop: the first is served locally, the other is not."""
    origin.serve["/to-other"] = {"status": 302, "headers": {"Location": "https://other.example.com/a.mp3"}}
    with pytest.raises(Refused):
        fetch(media, "https://media.example.com/to-other")
    assert [(host, str(address)) for host, address, _ in network.dialled] == [("other.example.com", "3ffe::1")]


def test_another_port_is_not_moved(media: LiveMedia, network: Network) -> None:
    """A fixture moves one port; on another one its host is what the resolver says."""
    with pytest.raises(Refused) as refused:
        fetch(media, "https://media.example.com:8443/a.mp3")
    assert (refused.value.rule, network.dialled) == ("URL-18", [])
