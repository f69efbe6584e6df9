"""Recordings that an integrator serves from a machine of their own, under a public name (`--resolve`, as curl's).

Only whoever starts the server names them, one host and port each. Rules: URL-14.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_address

from mock_server.media.policy import Address, Refused, check_host, judge, parse

_FIXTURE = re.compile(
    r"(?P<host>[^:\[\]]+):(?P<port>[0-9]{1,5}):(?P<address>\[[^\]]+\]|[^:\[\]]+)(?::(?P<socket_port>[0-9]{1,5}))?",
    re.ASCII,
)
# A fixture is on this machine or on a network of one's own. Other special addresses lead to no web server of anybody's.
_OWN_NETWORKS = frozenset({"URL-3", "URL-4", "URL-5", "URL-6", "URL-8", "URL-10"})
MAX_PORT = 65535


@dataclass(frozen=True, slots=True)
class Fixture:
    """A host and port of URLs, and the socket that really serves them: `address` and `socket_port`."""

    host: str
    port: int
    address: Address
    socket_port: int


def read_fixture(text: str) -> Fixture:
    """Read `host:port:address`; `:port` may follow if the socket has another port.

    Raises ValueError saying what is accepted.
    """
    match = _FIXTURE.fullmatch(text)
    if match is None:
        raise ValueError("must be host:port:address, such as media.example.com:443:127.0.0.1 (or …:127.0.0.1:8443)")
    port = int(match["port"])
    socket_port = int(match["socket_port"] or port)
    if not (0 < port <= MAX_PORT and 0 < socket_port <= MAX_PORT):
        raise ValueError(f"has a port that is not from 1 to {MAX_PORT}")
    try:
        url = parse(f"https://{match['host']}:{port}/", {port})
        check_host(url)
    except Refused as refused:
        raise ValueError(f"needs the public name of a host: it {refused.message}") from None
    if url.literal is not None:
        raise ValueError("needs the name of a host, not an address")
    return Fixture(url.host, port, _address(match["address"]), socket_port)


def _address(text: str) -> Address:
    try:
        address = ip_address(text.strip("[]"))
    except ValueError:
        raise ValueError("must end in an IP address, IPv6 in brackets") from None
    if (denied := judge(address)) is not None and denied[0] not in _OWN_NETWORKS:
        raise ValueError("must lead to loopback, a private network or a public address")
    return address
