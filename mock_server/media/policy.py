"""Decides whether a URL may be fetched. Pure functions: no clock, no network, no settings. Rules: URL-1 to URL-28.

A URL has to match one strict ASCII grammar before any parser sees it, so that no two parsers can read it
differently. Addresses are judged by our own tables, because those of `ipaddress` differ between patch releases.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

DEFAULT_PORT = 443
MAX_URL = 8192  # characters; signed links with session tokens have thousands
MAX_PORT_DIGITS = 5
MAX_HOST = 253
MAX_LABEL = 63


class Refused(Exception):  # noqa: N818  a verdict, as a problem is
    """The URL, or what it leads to, is not acceptable: the rule, a stable code, and what to do in a sentence."""

    def __init__(self, rule: str, code: str, message: str) -> None:
        super().__init__(message)
        self.rule = rule
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class MediaUrl:
    """A URL that passed the grammar. `host` is lower case without a trailing dot; `target` is path and query.

    `literal` is the address that the host spells, if it spells one, in whatever form.
    """

    text: str
    host: str
    port: int
    target: str
    literal: Address | None = None

    @property
    def authority(self) -> str:
        """Host and port as they stand in a URL and in the header Host; the default port is left out."""
        return self.host if self.port == DEFAULT_PORT else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Route:
    """Where a recording may be fetched: its addresses. All of them are public, or there is no Route.

    A name with one private address is refused: URL-14. If no address is in a range of the page, the rule of the first
    address that is not public refuses the name. The message does not say which address it is, because then anybody
    could find out about the names of this network.
    """

    addresses: tuple[Address, ...]

    def __post_init__(self) -> None:
        rules = [denied[0] for denied in map(judge, self.addresses) if denied is not None]
        if rules:
            rule = rules[0] if _OF_THE_PAGE.isdisjoint(rules) else "URL-14"
            raise private(rule, "is on a name that leads to an address that is not public")


# Runs of characters between escapes, in linear time. Possessive quantifiers would be plainer, but Python 3.11.2, which
# Debian has, matches too much with them.
_RUN = r"[A-Za-z0-9\-._~:/?\[\]@!$&'()*+,;=]*"
_REST = rf"{_RUN}(?:%[0-9A-Fa-f]{{2}}{_RUN})*"
_URL = re.compile(
    r"[Hh][Tt][Tt][Pp][Ss]://"
    r"(?P<host>\[[0-9A-Fa-f:.]+(?:%[A-Za-z0-9._~%-]+)?\]|[A-Za-z0-9._-]+)"
    r"(?::(?P<port>[0-9]*))?"
    rf"(?P<target>(?:[/?]{_REST})?)(?:#{_REST})?",
    re.ASCII,
)
# A host that RFC 3986 allows, and so a URI, but that no name in the DNS and no address has.
_ODD_HOST = re.compile(
    r"https://(?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2}|\[v[0-9A-Fa-f]+\.[A-Za-z0-9._~!$&'()*+,;=:-]+\])+"
    rf"(?::[0-9]*)?(?:[/?]{_REST})?(?:#{_REST})?",
    re.ASCII | re.IGNORECASE,
)
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):", re.ASCII)
_AUTHORITY = re.compile(r"https:[/\\]*([^/?#\\]*)", re.IGNORECASE)
_PRINTABLE = re.compile(r"[!-~]*", re.ASCII)
_NAME = re.compile(rf"[a-z0-9_-]{{1,{MAX_LABEL}}}(?:\.[a-z0-9_-]{{1,{MAX_LABEL}}})*", re.ASCII)
_NUMERIC_LABEL = re.compile(r"[0-9]+|0x[0-9a-f]*", re.ASCII)
_NUMBER = re.compile(r"0x[0-9a-f]+|0[0-7]*|[1-9][0-9]{0,9}", re.ASCII)

# Names that only a local network or a machine itself knows (RFC 6762, 7686, 8375).
_LOCAL_SUFFIXES = (".local", ".localdomain", ".internal", ".intranet", ".home.arpa", ".onion")

# The page's ranges carry a rule each; everything else that is not globally reachable is URL-20.
_OF_THE_PAGE = frozenset({*(f"URL-{number}" for number in range(3, 11)), "URL-12"})
_IPV4_DENIED: tuple[tuple[Network, str, str], ...] = tuple(
    (IPv4Network(network), rule, label)
    for network, rule, label in (
        ("10.0.0.0/8", "URL-3", "private"),
        ("172.16.0.0/12", "URL-4", "private"),
        ("192.168.0.0/16", "URL-5", "private"),
        ("127.0.0.0/8", "URL-6", "loopback"),
        ("169.254.0.0/16", "URL-7", "link-local"),
        ("0.0.0.0/8", "URL-20", "this-network"),
        ("100.64.0.0/10", "URL-20", "carrier-grade NAT"),
        ("192.0.0.0/24", "URL-20", "protocol-assignment"),
        ("192.0.2.0/24", "URL-20", "documentation"),
        ("192.88.99.0/24", "URL-20", "6to4 relay"),
        ("198.18.0.0/15", "URL-20", "benchmarking"),
        ("198.51.100.0/24", "URL-20", "documentation"),
        ("203.0.113.0/24", "URL-20", "documentation"),
        ("224.0.0.0/3", "URL-20", "multicast or reserved"),
        ("168.63.129.16/32", "URL-20", "cloud platform"),
    )
)
_IPV6_DENIED: tuple[tuple[Network, str, str], ...] = tuple(
    (IPv6Network(network), rule, label)
    for network, rule, label in (
        ("::1/128", "URL-8", "loopback"),
        ("fe80::/10", "URL-9", "link-local"),
        ("fc00::/7", "URL-10", "unique-local"),
        ("::/128", "URL-20", "unspecified"),
        ("::/96", "URL-25", "IPv4-compatible"),
        ("2001::/32", "URL-25", "Teredo"),
        ("2001::/23", "URL-20", "protocol-assignment"),
        ("2001:db8::/32", "URL-20", "documentation"),
        ("2002::/16", "URL-25", "6to4"),
        ("3fff::/20", "URL-20", "documentation"),
    )
)
_IPV6_GLOBAL = IPv6Network("2000::/3")
# IPv4 inside IPv6 is judged as the IPv4 address it reaches.
_IPV4_INSIDE: tuple[tuple[IPv6Network, str], ...] = (
    (IPv6Network("::ffff:0:0/96"), "URL-12"),
    (IPv6Network("64:ff9b::/96"), "URL-25"),
)


def parse(text: str, ports: Collection[int] = (DEFAULT_PORT,)) -> MediaUrl:
    """Return the parts of an acceptable media URL. Raises Refused for anything that the grammar does not admit.

    This does not judge the host: `check_host` does, and `Route` judges the addresses that it resolves to.
    """
    if len(text) > MAX_URL:
        raise Refused("URL-27", "too_long", f"has {len(text):,} characters; the limit for a URL is {MAX_URL:,}")
    match = _URL.fullmatch(text)
    if match is None:
        raise _explain(text)
    port = _port(match["port"] or str(DEFAULT_PORT), ports)
    host, target = match["host"].lower(), match["target"]
    target = target if target.startswith("/") else "/" + target
    if host.startswith("["):
        return MediaUrl(text, host, port, target, _ipv6(host[1:-1]))
    return _named(MediaUrl(text, host.removesuffix("."), port, target))


def _port(digits: str, ports: Collection[int]) -> int:
    digits = digits.lstrip("0") or "0"
    if len(digits) > MAX_PORT_DIGITS or int(digits) not in ports:
        used = digits if len(digits) <= MAX_PORT_DIGITS else f"of {len(digits)} digits"
        allowed = ("allowed is " if len(ports) == 1 else "allowed are ") + ", ".join(map(str, sorted(ports)))
        raise Refused("URL-22", "url_port", f"uses port {used}; {allowed} (setting media-ports)")
    return int(digits)


def check_host(url: MediaUrl) -> None:
    """Raise Refused for a literal address that is not public, and for names that never leave the local network."""
    if url.literal is not None:
        _check_literal(url.host, url.literal)
        return
    host = url.host
    if host == "localhost" or host.endswith(".localhost"):
        raise private("URL-13", "names the server itself")
    if "." not in host or host.endswith(_LOCAL_SUFFIXES):
        raise private("URL-28", "is on a name that only a local network knows")


def describe(address: Address) -> str:
    """Return the address and what forbids it, for the trace."""
    denied = judge(address)
    return str(address) if denied is None else f"{address} ({denied[1]}, {denied[0]})"


def _check_literal(host: str, address: Address) -> None:
    usual = host.startswith("[") or host == str(address)
    if (denied := judge(address)) is not None:
        rule, label = denied
        rule = rule if usual or rule not in _OF_THE_PAGE else "URL-11"
        raise private(rule, f"leads to an address that is not public ({label})")
    if not usual:
        message = "spells an IPv4 address in an unusual way: write it as four decimal numbers"
        raise Refused("URL-28", "invalid_url", message)


@lru_cache(1024)  # many recordings come from few hosts
def judge(address: Address) -> tuple[str, str] | None:
    """Return the rule and the name of the range that forbids this address, or None if it is globally reachable."""
    if isinstance(address, IPv4Address):
        return _lookup(address, _IPV4_DENIED)
    if address.scope_id is not None:
        return judge(IPv6Address(int(address))) or ("URL-20", "with a zone")
    for network, rule in _IPV4_INSIDE:
        if address in network:
            if (inside := judge(IPv4Address(int(address) & 0xFFFFFFFF))) is None:
                return None
            return (rule if inside[0] in _OF_THE_PAGE else inside[0]), f"{inside[1]}, written in IPv6"
    elsewhere = None if address in _IPV6_GLOBAL else ("URL-20", "not globally reachable")
    return _lookup(address, _IPV6_DENIED) or elsewhere


def _lookup(address: Address, table: Iterable[tuple[Network, str, str]]) -> tuple[str, str] | None:
    return next(((rule, label) for network, rule, label in table if address in network), None)


def private(rule: str, what: str) -> Refused:
    """Return the refusal of a host that is not public."""
    return Refused(rule, "private_address", f"{what}: serve the recording from a public host")


def _ipv6(text: str) -> IPv6Address:
    try:
        return IPv6Address(text)
    except ValueError:
        raise Refused("URL-19", "invalid_url", "has a host in brackets that is not an IPv6 address") from None


def _named(url: MediaUrl) -> MediaUrl:
    """Judge the form of a host without brackets: an IPv4 address in any spelling, or a name."""
    if _NUMERIC_LABEL.fullmatch(url.host.rpartition(".")[2]):
        if (address := _ipv4(url.host)) is None:
            raise Refused("URL-28", "invalid_url", "has a numeric host that is not an IPv4 address")
        return replace(url, literal=address)
    if len(url.host) > MAX_HOST or _NAME.fullmatch(url.host) is None:
        message = f"has a host that the DNS cannot hold: labels have 1 to {MAX_LABEL} characters, a name {MAX_HOST}"
        raise Refused("URL-28", "invalid_url", message)
    return url


def _ipv4(text: str) -> IPv4Address | None:
    """Return the address that a text means to C libraries: one to four numbers, decimal, octal or hexadecimal."""
    parts = text.split(".")
    if len(parts) > 4 or not all(map(_NUMBER.fullmatch, parts)):  # noqa: PLR2004  bytes of an address
        return None
    *head, last = (int(part, 16 if part.startswith("0x") else 8 if part.startswith("0") else 10) for part in parts)
    if any(number >> 8 for number in head) or last >> 8 * (4 - len(head)):
        return None
    return IPv4Address(sum(number << 8 * (3 - place) for place, number in enumerate(head)) + last)


def _explain(text: str) -> Refused:  # noqa: PLR0911  one return a reason
    """Find the most helpful reason why the grammar did not match."""
    scheme = _SCHEME.match(text)
    if scheme is None:
        return Refused("URL-19", "invalid_url", "is not a URL: write it with its scheme, as https://host/path")
    if (name := scheme[1].lower()) != "https":
        rule = "URL-1" if name == "http" else "URL-2"
        return Refused(rule, "url_scheme", "must use the https scheme")
    authority = match[1] if (match := _AUTHORITY.match(text)) else ""
    if "@" in authority:
        return Refused("URL-21", "url_userinfo", "has user information before the host: remove it")
    if not authority.isascii():
        return Refused("URL-23", "invalid_url", "has a host outside ASCII: write it in its xn-- form")
    if _ODD_HOST.fullmatch(text):
        message = "has a host with other characters than letters, digits, hyphens, underscores and dots"
        return Refused("URL-28", "invalid_url", message)
    if _PRINTABLE.fullmatch(text) is None:
        message = "has a space, a control character or one outside ASCII: percent-encode it"
        return Refused("URL-19", "invalid_url", message)
    return Refused("URL-19", "invalid_url", "is not a valid https URL: check the host, the port and percent-encoding")
