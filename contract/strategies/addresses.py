"""Addresses of private and special networks, and the spellings under which they can be reached."""

from __future__ import annotations

from functools import cache
from ipaddress import IPv4Address, IPv6Address, ip_network

from hypothesis import strategies as st

from contract.cases.addresses import PRIVATE, SPECIAL, Address, Network, Place
from contract.strategies.evenly import evenly


def addresses(network: Network) -> st.SearchStrategy[Address]:
    """Draw an address of a network, its edges more often; shrinks to the first."""
    last = network.num_addresses - 1
    offsets = st.integers(0, last) if last < 256 else st.one_of(st.integers(0, last), st.sampled_from((0, 1, last)))
    return offsets.map(lambda offset: network[offset])


@cache
def private(version: int | None = None) -> st.SearchStrategy[Place]:
    """Draw an address that the contract calls private, of IPv4, IPv6 or both."""
    chosen = [(network, rule) for network, rule in PRIVATE if version in (None, network.version)]
    # The only network of IPv4 that ends inside a number is the one that is most often got wrong: it comes more often.
    weights = [2 if network == ip_network("172.16.0.0/12") else 1 for network, _ in chosen]
    drawn = [st.builds(Place, addresses(network), st.just(rule)) for network, rule in chosen]
    return evenly([place for place, weight in zip(drawn, weights, strict=True) for _ in range(weight)])


@st.composite
def swept(draw: st.DrawFn) -> list[Place]:
    """Draw a private network, and an address in each sixteenth of it: a mask that is too narrow leaves one out."""
    network, rule = draw(st.sampled_from(PRIVATE))
    parts = min(16, network.num_addresses)
    size = network.num_addresses // parts
    offset = draw(st.one_of(st.integers(0, size - 1), st.sampled_from((0, size - 1))))
    return [Place(network[part * size + offset], rule) for part in range(parts)]


@cache
def special() -> st.SearchStrategy[Address]:
    """Draw an address that is not globally reachable, and of which the contract says nothing."""
    return evenly([addresses(network) for network in SPECIAL])


_RADIX = (str, lambda part: f"0{part:o}", hex, lambda part: f"0X{part:X}", lambda part: f"{part:#06x}")


@st.composite
def spelled(draw: st.DrawFn, address: IPv4Address) -> str:
    """Draw a spelling that C libraries read as this IPv4 address: one to four parts, each decimal, octal or hex.

    It is never the usual one.
    """
    count = draw(st.sampled_from((4, 1, 2, 3)), label="parts")
    parts = [*address.packed[: count - 1], int.from_bytes(address.packed[count - 1 :])]
    radix = st.lists(st.sampled_from(_RADIX), min_size=count, max_size=count)
    if count == 4:
        radix = radix.filter(lambda chosen: any(write is not str for write in chosen))
    return ".".join(write(part) for write, part in zip(draw(radix), parts, strict=True))


def spelled_ipv6(address: IPv6Address) -> st.SearchStrategy[str]:
    """Draw a spelling of an IPv6 address: short or whole, in either case. In brackets."""
    texts = [address.compressed, address.exploded, address.compressed.upper(), address.exploded.upper()]
    return st.sampled_from([f"[{text}]" for text in texts])


def mapped(address: IPv4Address) -> st.SearchStrategy[str]:
    """Draw a spelling of ::ffff:0:0/96 with this address inside. In brackets."""
    inside = IPv6Address((0xFFFF << 32) + int(address))
    dotted = st.sampled_from([f"[::ffff:{address}]", f"[::FFFF:{address}]", f"[0:0:0:0:0:ffff:{address}]"])
    return st.one_of(dotted, spelled_ipv6(inside))


def tunnelled(address: IPv4Address) -> st.SearchStrategy[str]:
    """Draw an IPv6 address that carries this one to a tunnel: NAT64, 6to4, Teredo, IPv4-compatible. In brackets."""
    number = int(address)
    carriers = (
        (0x64FF9B << 96) + number,
        (0x2002 << 112) + (number << 80) + 1,
        (0x20010000 << 96) + (number ^ 0xFFFFFFFF),
        number,
    )
    return st.sampled_from([IPv6Address(carrier) for carrier in carriers]).flatmap(spelled_ipv6)
