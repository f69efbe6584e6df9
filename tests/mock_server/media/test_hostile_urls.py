"""Mutated URLs, names and redirects against live media: nothing inside is dialled, and no request fails.

What is looked up and dialled is the test's. An address counts as inside by Python's own tables, not by those of the
mock.
"""

from __future__ import annotations

import random
import socket
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any

import pytest

from contract.cases.urls import HOSTS, NO_URIS, OTHER_SCHEMES
from mock_server import Settings, create_app
from mock_server.media.live.fetch import Limits, LiveMedia
from mock_server.media.policy import Address
from mock_server.services import Mock
from tests.kit import media_cases
from tests.kit.http import PATH, WRITER
from tests.kit.origin import Certificates, Origin
from tests.kit.submissions import submission

MEDIA = "https://media.example.com"
PUBLIC = ("93.184.216.34", "8.8.8.8", "2606:2800:220:1:248:1893:25c8:1946", "::ffff:93.184.216.34")
INSIDE_4 = ("10.0.0.7", "127.0.0.1", "169.254.169.254", "172.31.255.255", "192.168.1.1", "100.64.0.1")
INSIDE = (
    *(*INSIDE_4, "224.0.0.1", "255.255.255.255", "::", "::1", "fe80::1", "fd00:ec2::254"),
    *("::ffff:127.0.0.1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::"),
)
CORPUS = [case.url for case in media_cases.load() if isinstance(case.url, str)]
CORPUS += [url.value for urls in HOSTS.values() for url in urls] + [*NO_URIS, *OTHER_SCHEMES]
NAT64 = IPv6Network("64:ff9b::/96")


def is_inside(address: Address) -> bool:
    """Tell whether an address is not one of the public network."""
    if isinstance(address, IPv6Address):
        mapped = address.ipv4_mapped or (IPv4Address(int(address) & 0xFFFFFFFF) if address in NAT64 else None)
        address = mapped or address
        if isinstance(address, IPv6Address) and (address.sixtofour or address.teredo):
            return True
    return not address.is_global or address.is_multicast


def spelled(source: random.Random) -> str:
    """Return an inside IPv4 address in one of the spellings that some reader takes for it."""
    address = IPv4Address(source.choice(INSIDE_4))
    parts, number = str(address).split("."), int(address)
    odd = [f"{int(part):o}".rjust(4, "0") if source.random() < 0.5 else hex(int(part)) for part in parts]
    last = f"{number & 0xFFFF:x}"
    forms = [
        *(str(number), hex(number), f"0{number:o}", ".".join(odd), f"{parts[0]}.{number & 0xFFFFFF}"),
        *(f"[::ffff:{address}]", f"[64:ff9b::{address}]", f"[::{address}]", f"[2002:{number >> 16:x}:{last}::]"),
        *(f"{address}.", f"{address}.nip.io", f"{'-'.join(parts)}.sslip.io", "。".join(parts)),
        *(str(address).replace("1", "１"), f"[fe80::{last}%25eth0]", f"%{ord(parts[0][0]):02x}{str(address)[1:]}"),
    ]
    return source.choice(forms)


def _host(url: str, source: random.Random) -> str:
    start, _, rest = url.partition("://")
    return f"{start}://{spelled(source)}/{rest.partition('/')[2]}"


def _before_host(url: str, source: random.Random) -> str:
    bait = source.choice(["media.example.com@", "a.example.com#@", "a.example.com?@", "a.example.com\\@", "/"])
    return url.replace("://", f"://{bait}", 1)


def _after_host(url: str, source: random.Random) -> str:
    tail = source.choice(["#", "?", "\\", "/", ":443", ":0443", ":80", ":", ".", "%00", "%2e", "\t", "@a.example.com"])
    start, mark, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    return f"{start}{mark}{host}{tail}{slash}{path}"


def _spliced(url: str, source: random.Random) -> str:
    other = source.choice(CORPUS)
    return url[: source.randrange(len(url) + 1)] + other[source.randrange(len(other) + 1) :]


def _one_character(url: str, source: random.Random) -> str:
    at = source.randrange(len(url) + 1)
    new = source.choice('\0\t\r\n \\@#?:/.%[]{}|^`"<>aZ09-_~。．／：＠ａ１ı\u200d\u202e\ud800\xad')
    return url[:at] + new + url[at + source.randrange(2) :]


def _in_capitals(url: str, source: random.Random) -> str:
    return "".join(one.upper() if source.random() < 0.5 else one for one in url)


MUTATIONS: tuple[Callable[[str, random.Random], str], ...] = (
    _host, _before_host, _after_host, _spliced, _one_character, _one_character, _in_capitals,
)  # fmt: skip


def hostile(source: random.Random) -> str:
    """Return a URL of the corpus, changed up to three times."""
    url = source.choice(CORPUS)
    for _ in range(source.randrange(4)):
        url = source.choice(MUTATIONS)(url, source)
    return url


@dataclass
class Network:
    """Answers every question about a name with some addresses, and remembers each answer and each dial."""

    source: random.Random
    origin: tuple[str, int]
    answers: dict[str, list[list[Address]]] = field(default_factory=dict)
    dialled: list[tuple[str, Address]] = field(default_factory=list)
    mixed: bool = False

    def resolve(self, host: str, _: int) -> list[Address]:
        """Return the addresses of a name: those of the media host are public, others are whatever comes."""
        certain = host == "media.example.com" and not self.mixed
        pools = [PUBLIC] if certain else [PUBLIC, PUBLIC, INSIDE, PUBLIC + INSIDE]
        found = [ip_address(self.source.choice(self.source.choice(pools))) for _ in range(self.source.randrange(1, 4))]
        self.answers.setdefault(host, []).append(found)
        return found

    def dial(self, host: str, address: Address, _: int) -> tuple[str, int]:
        """Lead every dial to the origin on loopback."""
        self.dialled.append((host, address))
        return self.origin


@pytest.fixture
def connected(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Return where this process connects to from now on; it may not ask the system for the address of a name."""
    places: list[Any] = []
    connect = socket.socket.connect

    def noted(self: socket.socket, place: Any) -> None:
        places.append(place)
        connect(self, place)

    def never(*_: object, **__: object) -> Any:
        pytest.fail("the system was asked for a name")

    monkeypatch.setattr(socket.socket, "connect", noted)
    monkeypatch.setattr(socket, "getaddrinfo", never)
    return places


@pytest.fixture
def plain_origin(certificates: Certificates) -> Iterator[Origin]:
    """Return an origin that serves a recording at every path, but for the redirects of the test."""
    with closing(Origin(certificates)) as origin:
        yield origin


@pytest.mark.parametrize("count", [150, pytest.param(3000, marks=pytest.mark.soak)])
def test_nothing_inside_is_dialled(
    count: int, certificates: Certificates, plain_origin: Origin, connected: list[Any]
) -> None:
    """Of so many hostile inputs, half of them behind redirects, none makes the mock dial or fail."""
    source = random.Random(count)
    network = Network(source, plain_origin.address)
    limits = Limits(timeout=5, max_bytes=4 * 1024 * 1024)
    statuses: Counter[int] = Counter()
    with closing(LiveMedia(limits, certificates.trust(), network.resolve, network.dial)) as media:
        mock = Mock(Settings())
        mock.services = replace(mock.services, media=media)
        post = create_app(mock=mock).test_client().post
        for number in range(count):
            url = hostile(source)
            network.mixed = bool(source.randrange(2))
            if number % 2:
                location = url.encode("utf-8", "replace").decode()
                status = source.choice([301, 302, 303, 307, 308])
                plain_origin.serve[f"/{number}"] = {"status": status, "headers": {"Location": location}}
                url = f"{MEDIA}/{number}"
            before = len(network.dialled)
            answer = post(PATH, json=submission(media_url=url), headers={"Authorization": f"Bearer {WRITER}"})
            statuses[answer.status_code] += 1
            dialled = network.dialled[before:]
            assert [place for place in dialled if is_inside(place[1])] == [], (url, dialled)
            assert answer.status_code in {201, 422}, (url, answer.text)
    assert set(connected) <= {plain_origin.address}
    assert statuses[201] > count / 50, statuses  # some are harmless, or all would be refused for another reason
    assert statuses[422] > count / 2, statuses
    assert any(is_inside(one) for answers in network.answers.values() for found in answers for one in found)


def test_the_oracle_knows_inside_from_public() -> None:
    """What the test takes for inside is inside, and what it takes for public is public."""
    assert [one for one in INSIDE if not is_inside(ip_address(one))] == []
    assert [one for one in PUBLIC if is_inside(ip_address(one))] == []
