"""Private and special networks, each with its rule.

The tables are the suite's own, written from the contract: to take them from the code under test would prove nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address

# What the page names, and the private range of IPv6; each with its rule.
PRIVATE: tuple[tuple[Network, str], ...] = tuple(
    (ip_network(network), rule)
    for network, rule in (
        ("10.0.0.0/8", "URL-3"),
        ("172.16.0.0/12", "URL-4"),
        ("192.168.0.0/16", "URL-5"),
        ("127.0.0.0/8", "URL-6"),
        ("169.254.0.0/16", "URL-7"),
        ("::1/128", "URL-8"),
        ("fe80::/10", "URL-9"),
        ("fc00::/7", "URL-10"),
    )
)
# Not globally reachable either, but not on the page: the contract is silent (URL-20).
SPECIAL: tuple[Network, ...] = tuple(
    map(
        ip_network,
        (
            *("0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15"),
            *("198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4", "168.63.129.16/32"),
            *("::/128", "2001:db8::/32", "fec0::/10", "ff00::/8", "100::/64", "3fff::/20"),
        ),
    )
)


@dataclass(frozen=True, slots=True)
class Place:
    """An address and the rule of its network."""

    address: Address
    rule: str


def place(text: str) -> Place:
    """Return a private address with the rule of its network."""
    address = ip_address(text)
    return Place(address, next(rule for network, rule in PRIVATE if address in network))


LOOPBACK = place("127.0.0.1")


def literal(address: Address) -> str:
    """Return an address as the host of a URL, in its usual form."""
    return str(address) if address.version == 4 else f"[{address}]"
