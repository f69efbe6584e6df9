"""URLs of recordings: what must be refused, and what the contract leaves open. What is accepted is configured.

The hosts are written from the contract: to take them from the code under test would prove nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from urllib.parse import urlsplit

from contract.cases.addresses import Place, literal, place
from contract.cases.submission import Submission, Table, by_rule, media, said
from contract.cases.verdict import EXACTLY_422, FREE, REFUSED, Url, Verdict
from contract.exchange import shown
from contract.spec.fields import fields

PRIVATE = "https://10.0.0.1/a.mp3"  # what stands for a private address where any will do
UNREACHABLE = ("https://does-not-exist.invalid/a.mp3",)
NO_URI, NO_TEXT = (fields()["media_url"].rules[keyword] for keyword in ("format", "type"))
Hosts = tuple[tuple[Verdict, str], ...]


def _exact(*hosts: str) -> Hosts:
    return tuple((EXACTLY_422, host) for host in hosts)


def _lenient(*hosts: str) -> Hosts:
    """Return hosts in a spelling that not every parser takes for a host: a target may take the URL for malformed."""
    return tuple((REFUSED, host) for host in hosts)


# Both edges of each range, usual addresses, and something in every part that a narrower mask would let through.
_HOSTS: dict[str, Hosts] = {
    "URL-3": (
        *_exact("10.0.0.0", "10.0.0.1", "10.0.0.255", "10.1.2.3", "10.10.10.10", "10.63.255.255", "10.64.0.1"),
        *_exact("10.127.255.255", "10.128.0.1", "10.192.4.4", "10.200.0.1", "10.255.0.1", "10.255.255.255"),
        *_exact("10.0.0.1:443"),
        *_lenient("10.0.0.1:"),
    ),
    "URL-4": _exact("172.16.0.0", *(f"172.{second}.{second}.1" for second in range(16, 32)), "172.31.255.255"),
    "URL-5": _exact(
        *("192.168.0.0", "192.168.0.1", "192.168.1.1", "192.168.63.9", "192.168.100.100", "192.168.127.255"),
        *("192.168.128.1", "192.168.178.1", "192.168.200.5", "192.168.255.255"),
    ),
    "URL-6": _exact(
        *("127.0.0.1", "127.0.0.0", "127.0.0.2", "127.0.1.1", "127.1.2.3", "127.63.1.1", "127.127.127.127"),
        *("127.128.0.1", "127.200.0.1", "127.255.255.254", "127.255.255.255"),
    ),
    "URL-7": _exact(
        *("169.254.0.0", "169.254.0.1", "169.254.169.254", "169.254.170.2", "169.254.100.100", "169.254.127.1"),
        *("169.254.128.1", "169.254.255.255"),
    ),
    "URL-8": _exact("[::1]", "[0:0:0:0:0:0:0:1]", "[0000:0000:0000:0000:0000:0000:0000:0001]", "[::0001]"),
    "URL-9": (
        *_exact("[fe80::1]", "[fe80::]", "[FE80::abcd]", "[fe8f::1]", "[fe90::1]", "[fea0::1]", "[febf:ffff::1]"),
        *_lenient("[fe80::1%25eth0]", "[fe80::1%25lo]"),
    ),
    "URL-10": _exact("[fc00::1]", "[fc00::]", "[fd00::1]", "[fd12:3456:789a::1]", "[fd00:ec2::254]", "[fdff:ffff::1]"),
}
# The same addresses in another form, by the address. Some parsers do not take these spellings for a host.
_SPELLED = {
    "127.0.0.1": (
        *("2130706433", "0x7f000001", "0X7F000001", "017700000001"),  # one number
        *("0x7f.0x0.0x0.0x1", "0x7f.1", "0177.0.0.1", "0000177.0.0.1", "127.0.0.01", "127.1", "127.0.1"),
        *("127.0.0.1.", "2130706433."),  # as a name of the DNS
        *("１２７.0.0.1", "127。0。0。1", "%31%32%37.0.0.1", "127%2e0.0.1", "media.example.com:443@127.0.0.1"),
    ),
    "10.0.0.1": (
        *("167772161", "0x0a000001", "012.0.0.1", "10.1", "10.0.0.1.", "media.example.com@10.0.0.1"),
        *("10.0.0.1#@media.example.com", "10.0.0.1?@media.example.com"),  # what stands before the mark is the host
    ),
    "169.254.169.254": ("2852039166", "0xA9FEA9FE", "0251.0376.0251.0376", "0xa9.254.0251.254"),
    "172.16.0.1": ("2886729729",),
    "192.168.1.1": ("3232235777", "0xc0.0xa8.0x1.0x1", "0300.0250.0001.0001", "192.168.257"),
}
_MAPPED = {
    "127.0.0.1": ("[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:ffff:7f00:1]"),
    "10.0.0.1": ("[::ffff:10.0.0.1]", "[::FFFF:a00:1]"),
    "172.16.0.1": ("[::ffff:172.16.0.1]",),
    "192.168.1.1": ("[::ffff:192.168.1.1]",),
    "169.254.169.254": ("[::ffff:169.254.169.254]", "[::ffff:a9fe:a9fe]"),
}
_OWN_NAMES = {
    "127.0.0.1": ("localhost", "LOCALHOST", "LocalHost", "localhost.", "sub.localhost", "localhost:443"),
}
_OTHER_NAMES = {
    "127.0.0.1": ("127.0.0.1.nip.io", "127.0.0.1.sslip.io", "localtest.me"),
    "10.0.0.1": ("10.0.0.1.nip.io",),
    "10.1.2.3": ("10-1-2-3.sslip.io",),
    "172.16.0.1": ("172.16.0.1.sslip.io",),
    "192.168.1.1": ("app.192.168.1.1.nip.io",),
    "169.254.169.254": ("169-254-169-254.nip.io",),
}

# What may stand behind a host, and may keep a target from looking at it.
_ELSEWHERE = ("", "?a.mp3", "/a.mp3?expires=1", "/a.mp3#t=1", ":8443/a.mp3", f"/{'a' * 300}.mp3")


def _on(verdict: Verdict, host: str, rule: str) -> Iterator[Url]:
    yield Url(f"https://{host}/a.mp3", verdict, rule, f"a recording on {host}")
    for rest in _ELSEWHERE if host in {"10.0.0.1", "127.0.0.1"} else ():
        yield Url(f"https://{host}{rest}", REFUSED, rule, f"a recording at {host}{rest[:40]}")


def usual(place: Place) -> Url:
    """Return a URL on a private address in its usual form: the plainer case of whatever else leads there."""
    return Url(f"https://{literal(place.address)}/a.mp3", EXACTLY_422, place.rule, f"the address {place.address}")


def _leading_to(hosts: Mapping[str, Sequence[str]], verdict: Verdict, rule: str) -> tuple[Url, ...]:
    """Return a URL on each of these hosts, which are given by the private address that they lead to."""
    return tuple(
        replace(url, plainer=usual(place(address)))
        for address, others in hosts.items()
        for host in others
        for url in _on(verdict, host, rule)
    )


# Every host where nobody may fetch a recording from, by rule.
HOSTS: dict[str, tuple[Url, ...]] = {
    **{rule: tuple(url for verdict, host in each for url in _on(verdict, host, rule)) for rule, each in _HOSTS.items()},
    "URL-11": _leading_to(_SPELLED, REFUSED, "URL-11"),
    "URL-12": _leading_to(_MAPPED, EXACTLY_422, "URL-12"),
    "URL-13": _leading_to(_OWN_NAMES, EXACTLY_422, "URL-13"),
    "URL-14": _leading_to(_OTHER_NAMES, EXACTLY_422, "URL-14"),
}
SCHEMES = ("ftp", "ws", "wss", "gopher", "s3", "httpss", "rtsp", "view-source:https", "url:https", "blob:https")
OTHER_SCHEMES = ("file:///etc/passwd", "data:audio/mpeg;base64,SUQzBAAAAAAAAA==", "javascript:alert(1)")
NO_URIS = (
    *("", "   ", "recording.mp3", "not a url", "https:", "https://", "https:///a.mp3", "https://:443/a.mp3"),
    *("https://exa mple.com/a.mp3", "https://[::1/a.mp3", "https://[/a.mp3", "https://media.example.com:port/a.mp3"),
    *("//media.example.com/a.mp3", "https://[::1::]/a.mp3", "https://[10.0.0.1]/a.mp3"),
    *("https://[::1].example.com/a.mp3", "https://[::1]a.mp3"),
    *(
        "https://media.example.com\\@10.0.0.1/a.mp3",
        "https:////media.example.com/a.mp3",
        "https://media.example.com\0/",
    ),
)


def over_http(accepted: Sequence[str]) -> tuple[Url, ...]:
    """Return accepted recordings over http."""
    return tuple(
        Url(f"{scheme}:{url.partition(':')[2]}", EXACTLY_422, "URL-1", f"a recording over {scheme}")
        for url in accepted
        for scheme in ("http", "HTTP", "Http")
    )


def in_capitals(accepted: str) -> str:
    """Return an accepted recording with its scheme in capitals, which is the same URL (RFC 3986, 3.1)."""
    scheme, colon, rest = accepted.partition(":")
    return f"{scheme.upper()}{colon}{rest}"


def with_query(accepted: str) -> str:
    """Return an accepted recording with its host in capitals and with a query, unless it has one.

    Most hosts serve the same file for it. The query has an escape, and names that are private only as a host.
    """
    parts = urlsplit(accepted)
    if parts.query or parts.fragment:
        return accepted
    return f"{parts.scheme}://{parts.netloc.upper()}{parts.path}?from=localhost&by=10.0.0.1&at=%31"


def other_schemes(accepted: str) -> tuple[Url, ...]:
    """Return an accepted recording under other schemes than https and http, and under none, also without slashes."""
    rest = accepted.partition(":")[2]
    texts = (*(f"{scheme}:{rest}" for scheme in SCHEMES), *OTHER_SCHEMES, rest, rest.removeprefix("//"))
    return tuple(Url(text, REFUSED, "URL-2", f"the URL {text}") for text in texts)


def no_uris(accepted: str) -> tuple[Url, ...]:
    """Return texts that are no URI with a host; parsers of browsers read an accepted recording from some of them."""
    scheme, _, rest = accepted.partition("://")
    host = urlsplit(accepted).netloc
    read = [f" {accepted}", f"{accepted} ", f"\t{accepted}", f"{accepted}\n", f"{accepted}#a b", f"{accepted}#\0"]
    read += [accepted.replace(host, f"{host[:3]}{white}{host[3:]}", 1) for white in ("\n", "\t", " ", "\\")]
    read += [f"{scheme}:/{rest}", f"{scheme}:{rest}", f"{scheme}:///{rest}", f"{scheme}:\\\\{rest}", f"<{accepted}>"]
    return tuple(no_uri(text) for text in (*NO_URIS, *read))


def no_uri(text: str) -> Url:
    """Return a text that is no URI with a host."""
    return Url(text, REFUSED, NO_URI, f"the text {shown(text)}")


def configured(
    rejected: Sequence[str],
    redirect_to_private: Sequence[str],
    unreachable: Sequence[str],
    private_names: Sequence[str] = (),
) -> tuple[Url, ...]:
    """Return the URLs of a configuration that a target must refuse.

    A private name may be public at its first look-up, where nothing serves a recording. To a target that looks up once
    it is a recording that cannot be fetched, which it may refuse with 400.
    """
    names = (*private_names, *(name.upper() for name in private_names[:1]))  # in whatever case, it is the same name
    return (
        *(Url(url, EXACTLY_422, "URL-16", f"the recording {url}") for url in rejected),
        *(Url(url, EXACTLY_422, "URL-15", f"a redirect at {url}") for url in redirect_to_private),
        *(Url(f"https://{name}/a.mp3", REFUSED, "URL-14", f"the private name {name}") for name in names),
        *(Url(url, REFUSED, "URL-18", f"the recording {url}, which cannot be fetched") for url in unreachable),
    )


def named_elsewhere(rejected: str) -> Url:
    """Return the URL of what is no recording, with the name of a recording in its query and in its fragment."""
    url = f"{rejected.partition('#')[0]}{'&' if '?' in rejected else '?'}file=a.mp3#a.mp3"
    return Url(url, EXACTLY_422, "URL-16", f"the recording {url}")


def wrapped(accepted: str) -> tuple[Submission, ...]:
    """Return an accepted recording where a lenient server finds it, and no text: in a list, and in an object."""
    values = ([accepted], {"url": accepted, "uri": accepted, "href": accepted})
    return tuple(Submission({"media_url": value}, REFUSED, NO_TEXT, said("media_url", value)) for value in values)


def as_table(urls: Sequence[Url]) -> Table:
    """Return the submissions with these URLs, by rule."""
    return by_rule(map(media, urls))


def refused_hosts(*rules: str) -> dict[str, tuple[Submission, ...]]:
    """Return the submissions with a recording on a host that these rules refuse."""
    return {rule: tuple(map(media, HOSTS[rule])) for rule in rules}


# Where the contract is silent.
SPECIAL = ("0.0.0.0", "100.64.0.1", "192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "[2001:db8::1]", "[::]")  # noqa: S104  nothing listens
NEIGHBOURS = (
    *("9.255.255.255", "11.0.0.0", "172.15.255.255", "172.32.0.0", "192.167.255.255", "192.169.0.0"),
    *("126.255.255.255", "128.0.0.0", "169.253.255.255", "169.255.0.0"),
)
NOWHERE = (
    "media",
    "media.local",
    "media.internal",
    "256.0.0.1",
    "media..example.com",
    "media%2eexample.com",
    "xn--a.invalid",
)
TUNNELLED = ("[64:ff9b::7f00:1]", "[2002:7f00:1::1]", "[2001:0:7f00:1:0:0:80ff:fffe]", "[::7f00:1]")


def on(hosts: Sequence[str], rule: str) -> tuple[Url, ...]:
    """Return URLs on hosts of which the contract says nothing."""
    return tuple(Url(f"https://{host}/a.mp3", FREE, rule, host) for host in hosts)


def variations(accepted: str) -> Iterator[Url]:
    """Yield an accepted URL with something about it that the contract leaves open."""
    host, rest = urlsplit(accepted).netloc, accepted.partition("://")[2]
    for text, rule, why in (
        (f"https://user:password@{rest}", "URL-21", "user information"),
        (accepted.replace(host, f"{host}:8443", 1), "URL-22", "a port of its own"),
        (accepted.replace(host, f"{host}:99999", 1), "URL-22", "a port that no host has"),
        (accepted.replace(host, f"{host}.", 1), "URL-22", "a trailing dot"),
        (accepted.replace(host, f"{host}:22", 1), "URL-22", "another port of its own"),
        (accepted.replace(host, f"{host}:443", 1), "URL-22", "the default port"),
        (f"HTTPS://{rest}", "URL-22", "the scheme in upper case"),
        (f"{accepted}#t=1", "URL-22", "a fragment"),
    ):
        yield Url(text, FREE, rule, f"an accepted recording with {why}")
