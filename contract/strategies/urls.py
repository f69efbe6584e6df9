"""Media URLs, each with the verdict that follows from how it was made. Rules: URL-1 to URL-26."""

from __future__ import annotations

import string
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address, IPv6Address

from hypothesis import strategies as st

from contract.cases import urls as table
from contract.cases.addresses import LOOPBACK, Place, literal
from contract.cases.urls import UNREACHABLE
from contract.cases.verdict import ACCEPTED, EXACTLY_422, FREE, REFUSED, Url, Verdict
from contract.strategies.addresses import mapped, private, special, spelled, spelled_ipv6, swept, tunnelled
from contract.strategies.evenly import evenly

Urls = st.SearchStrategy[Url]
_ENDS = st.sampled_from(("/a.mp3", "/", "", "/a.mp3?x=1", "/a.mp3#t=1"))
_LABELS = st.text(string.ascii_lowercase + string.digits, min_size=1, max_size=12)
# Where a zone lets addresses through, it does so for those that it is made for, too.
_ZONED = next(url for url in table.HOSTS["URL-9"] if "%25" in url.value)
_FULL_WIDTH = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}


def media_urls(  # noqa: PLR0913  the keys of [media]
    *,
    accepted: Sequence[str] = (),
    rejected: Sequence[str] = (),
    redirect_to_private: Sequence[str] = (),
    unreachable: Sequence[str] = UNREACHABLE,
    private_names: Sequence[str] = (),
    strangers: bool = False,
) -> Urls:
    """Draw a URL of any verdict.

    The arguments are those of `[media]` in contract.toml: what the target is known to reach. With `strangers`, public
    addresses that belong to somebody are drawn too; only a target that fetches nothing should be sent those.
    """
    refused = refused_urls(accepted, rejected, redirect_to_private, unreachable, private_names)
    kinds = [refused, free_urls(accepted, strangers)]
    return evenly([accepted_urls(accepted), *kinds] if accepted else kinds)


def accepted_urls(accepted: Sequence[str]) -> Urls:
    """Draw one of the recordings that the target is known to accept, as it is configured. Rule: URL-17."""
    return st.sampled_from(list(accepted)).map(_judge(ACCEPTED, "URL-17", "a recording on a public host"))


def refused_urls(
    accepted: Sequence[str] = (),
    rejected: Sequence[str] = (),
    redirect_to_private: Sequence[str] = (),
    unreachable: Sequence[str] = UNREACHABLE,
    private_names: Sequence[str] = (),
) -> Urls:
    """Draw a URL that a conforming target refuses, for any reason."""
    kinds = [private_urls()] * 3 + [disguised_urls()] * 2
    kinds += [inside_names(), other_schemes(), not_urls(accepted), unresolvable_urls(), written_urls()]
    for urls in (
        table.configured(rejected, (), ()),
        table.configured((), redirect_to_private, ()),
        table.configured((), (), unreachable),
        table.configured((), (), (), private_names),
    ):
        kinds += [st.sampled_from(urls)] if urls else []
    if accepted:
        kinds.append(st.sampled_from(table.over_http(accepted)))
    return evenly(kinds)


def written_urls() -> Urls:
    """Draw a URL of the table on a host where nobody may fetch from, each rule as often. Rules: URL-3 to URL-14."""
    return evenly([st.sampled_from(urls) for urls in table.HOSTS.values()])


@st.composite
def private_urls(draw: st.DrawFn, version: int | None = None) -> Url:
    """Draw a URL on a private address in its usual form, refused with exactly 422. Rules: URL-3 to URL-10."""
    return _private(draw(private(version)), draw(_ENDS))


def private_sweeps() -> st.SearchStrategy[list[Url]]:
    """Draw URLs all over one private network, each refused with exactly 422. Rules: URL-3 to URL-10."""
    return swept().map(lambda places: [_private(place, "/a.mp3") for place in places])


def _private(place: Place, end: str) -> Url:
    why = f"an address of a private network, {place.address}"
    return Url(f"https://{literal(place.address)}{end}", EXACTLY_422, place.rule, why)


@st.composite
def disguised_urls(draw: st.DrawFn) -> Url:
    """Draw a URL on a private address that is written in another way, or has something around it.

    A target may refuse it as private or as malformed. Rules: URL-3 to URL-12.
    """
    disguise = draw(st.sampled_from(_DISGUISES))
    place = draw(private(disguise.version), label="place")
    host, rule = draw(disguise.write(place))
    why = f"the private address {place.address}, {disguise.name}"
    return Url(f"https://{host}{draw(_ENDS)}", REFUSED, rule or place.rule, why, plainer=disguise.plainer(place))


class _Disguise:
    """A way to write a private address; `write` draws the host and its rule (None: that of the network).

    `plainer` is what has to be refused first: the address in its usual form, unless something else is given.
    """

    def __init__(
        self,
        name: str,
        version: int | None,
        write: Callable[[Place], st.SearchStrategy[tuple[str, str | None]]],
        plainer: Callable[[Place], Url] = table.usual,
    ) -> None:
        self.name, self.version, self.write, self.plainer = name, version, write, plainer

    def __repr__(self) -> str:
        return self.name


def _ipv4(place: Place) -> IPv4Address:
    return IPv4Address(int(place.address))


def _with_rule(hosts: st.SearchStrategy[str], rule: str | None = None) -> st.SearchStrategy[tuple[str, str | None]]:
    return st.tuples(hosts, st.just(rule))


def _zoned(place: Place) -> st.SearchStrategy[tuple[str, str | None]]:
    zones = st.sampled_from(("eth0", "lo", "1"))
    return zones.map(lambda zone: (f"[{place.address}%25{zone}]", None))


def _percent(host: str) -> str:
    return "".join(f"%{ord(char):02x}" if char.isalnum() else char for char in host)


def _around(place: Place) -> st.SearchStrategy[tuple[str, str | None]]:
    host = literal(place.address)
    behind = (f"user@{host}", f"user:password@{host}", f"media.example.com@{host}")
    ports = (f"{host}:443", f"{host}:8443")
    return st.sampled_from([*((form, "URL-11") for form in behind), *((form, None) for form in ports)])


_DISGUISES = (
    _Disguise("spelled otherwise", 4, lambda place: _with_rule(spelled(_ipv4(place)), "URL-11")),
    _Disguise("with a trailing dot", 4, lambda place: _with_rule(st.just(f"{place.address}."), "URL-11")),
    _Disguise("percent-encoded", 4, lambda place: _with_rule(st.just(_percent(str(place.address))), "URL-11")),
    _Disguise(
        "in full-width digits",
        4,
        lambda place: _with_rule(
            st.sampled_from([str(place.address).translate(_FULL_WIDTH), str(place.address).replace(".", "\u3002")]),
            "URL-11",
        ),
    ),
    _Disguise("mapped into IPv6", 4, lambda place: _with_rule(mapped(_ipv4(place)), "URL-12")),
    _Disguise("written at length", 6, lambda place: _with_rule(spelled_ipv6(IPv6Address(int(place.address))))),
    _Disguise("with a zone", 6, _zoned, lambda _: _ZONED),
    _Disguise("with user information or a port", None, _around),
)

_OWN_NAMES = ("localhost", "LOCALHOST", "LocalHost", "localhost.", "localhost:443", "user@localhost")
_LOOPBACK_NAMES = ("localtest.me", "sub.localtest.me")
# Public services that resolve a name to the address in it.
_WILDCARDS = (
    "{0}.nip.io",
    "{0}.sslip.io",
    "{1}.nip.io",
    "{1}.sslip.io",
    "app.{0}.nip.io",
    "app-{1}.nip.io",
    "{2}.nip.io",
    "{0}.NIP.io",
    "{0}.nip.io.",
)


_OWN_HOSTS = st.one_of(
    st.sampled_from((*_OWN_NAMES, _percent("localhost"), "localhost".translate(_FULL_WIDTH))),
    _LABELS.map(lambda label: f"{label}.localhost"),
)


@st.composite
def inside_names(draw: st.DrawFn) -> Url:
    """Draw a URL on a name that is the machine itself, or resolves inside. Rules: URL-13, URL-14."""
    kind = draw(st.sampled_from(("own", "loopback", "wildcard")))
    place = draw(private(4)) if kind == "wildcard" else LOOPBACK
    if kind == "own":
        host, rule = draw(_OWN_HOSTS), "URL-13"
    elif kind == "loopback":
        host, rule = draw(st.sampled_from(_LOOPBACK_NAMES)), "URL-14"
    else:
        dashed, hexadecimal = str(place.address).replace(".", "-"), f"{int(place.address):08x}"
        host, rule = draw(st.sampled_from(_WILDCARDS)).format(place.address, dashed, hexadecimal), "URL-14"
    return Url(f"https://{host}{draw(_ENDS)}", REFUSED, rule, "a name that leads inside", plainer=table.usual(place))


def other_schemes() -> Urls:
    """Draw a URL with another scheme than http and https. Rule: URL-2."""
    usual = st.sampled_from(table.SCHEMES)
    drawn = st.from_regex(r"[a-z][a-z0-9+.-]{1,8}", fullmatch=True).filter(lambda text: text not in ("http", "https"))
    schemes = st.one_of(usual, drawn).map(lambda scheme: f"{scheme}://media.example.com/a.mp3")
    rest = st.sampled_from(table.OTHER_SCHEMES)
    return st.one_of(schemes, rest).map(_judge(REFUSED, "URL-2", "a scheme that is not https"))


def not_urls(accepted: Sequence[str] = ()) -> Urls:
    """Draw a text that is no URI with a host. Rule: URL-19."""
    broken = st.sampled_from(table.no_uris(accepted[0]) if accepted else tuple(map(table.no_uri, table.NO_URIS)))
    words = st.text(string.ascii_letters + string.digits + " ./-_?", max_size=40)
    return st.one_of(broken, words.map(table.no_uri))


def unresolvable_urls() -> Urls:
    """Draw a URL on a name that never resolves (RFC 6761), in ASCII or not. Rule: URL-18."""
    labels = st.one_of(_LABELS, st.sampled_from(("b\u00fccher", "\u4f8b\u3048", "fa\u00df", "xn--bcher-kva")))
    urls = labels.map(lambda label: f"https://{label}.invalid/a.mp3")
    return urls.map(_judge(REFUSED, "URL-18", "a name that does not resolve"))


def free_urls(accepted: Sequence[str] = (), strangers: bool = False) -> Urls:  # noqa: FBT001, FBT002  the only switch
    """Draw a URL of which the contract says nothing: accepted or refused, both are right. Rules: URL-20 to URL-25."""
    unusual = special().map(
        lambda address: Url(f"https://{literal(address)}/a.mp3", FREE, "URL-20", "a special address")
    )
    inner = private(4).flatmap(lambda place: tunnelled(_ipv4(place)))
    tunnels = inner.map(lambda host: Url(f"https://{host}/a.mp3", FREE, "URL-25", "a private address in a tunnel"))
    kinds = [unusual, tunnels]
    if accepted:
        kinds.append(st.sampled_from(list(accepted)).flatmap(lambda url: st.sampled_from(list(table.variations(url)))))
    if strangers:
        kinds.append(st.sampled_from(table.on(table.NEIGHBOURS, "URL-24")))
    return evenly(kinds)


def _judge(verdict: Verdict, rule: str, why: str) -> Callable[[str], Url]:
    return lambda value: Url(value, verdict, rule, why)
