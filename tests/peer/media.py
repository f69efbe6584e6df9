"""The peer's internet: which hosts exist, what they resolve to, and what they serve. Nothing is fetched."""

from __future__ import annotations

import re
import socket
import time
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

Address = IPv4Address | IPv6Address

HOSTS = ("media.example.com", "cdn.example.org", "media.mock.test")
FETCH_SECONDS = 0.002  # long enough for parallel submissions to meet
PUBLIC = IPv4Address("151.101.1.69")
SUFFIXES = {
    **dict.fromkeys(("mp3", "wav", "ogg", "m4a", "flac", "aac", "opus"), "audio"),
    **dict.fromkeys(("mp4", "webm", "mov", "mkv"), "video"),
    **dict.fromkeys(("html", "htm", "txt", "csv"), "text"),
    **dict.fromkeys(("json", "pdf", "zip", "xml", "bin"), "application"),
    **dict.fromkeys(("png", "jpg", "jpeg", "gif", "svg"), "image"),
}
# What the page names, and unique-local addresses, which are the private range of IPv6.
INSIDE = [
    ip_network(net)
    for net in (
        *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "169.254.0.0/16"),
        *("::1/128", "fe80::/10", "fc00::/7"),
    )
]


class Unusable(Exception):  # noqa: N818  a verdict
    """The recording cannot be used. `exact`: the page demands 422 for this refusal."""

    def __init__(self, reason: str, *, exact: bool) -> None:
        super().__init__(reason)
        self.exact = exact


def check_syntax(url: str) -> str:
    """Return the host of an https URL, lower case. Raises Unusable."""
    if url.lower().startswith("http://"):
        raise Unusable("is not https", exact=True)
    if not re.fullmatch(r"https://[!-\[\]-~]+", url, re.ASCII | re.IGNORECASE):  # printable, without a backslash
        raise Unusable("is not an https URL", exact=False)
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise Unusable("is not a URL", exact=False) from None
    bracketed = parts.netloc.rpartition("@")[2].startswith("[")
    pattern = r"[0-9a-f:.]+(%[\w.~%-]+)?" if bracketed else r"([a-z0-9_-]{1,63}\.)*[a-z0-9_-]{1,63}\.?"
    if not re.fullmatch(pattern, host, re.ASCII):
        raise Unusable("has no usable host", exact=False)
    return host.removesuffix(".")


def fetch(url: str, *, whole_internet: bool, strict: bool, follow: bool = True) -> None:
    """Return if the URL leads to a recording on a public host. Raises Unusable."""
    host, parts = check_syntax(url), urlsplit(url)
    if strict and ("@" in parts.netloc or parts.port not in {None, 443}):
        raise Unusable("has user information or a port of its own", exact=False)
    addresses = _literal(host) or _resolve(host, whole_internet=whole_internet)
    if not all(_is_public(address, strict=strict) for address in addresses):
        raise Unusable("leads to a private address", exact=True)
    time.sleep(FETCH_SECONDS)
    if not whole_internet and host not in HOSTS:
        raise Unusable("cannot be reached", exact=False)
    kind = _special(parts.path, follow=follow) if host == "media.mock.test" else None
    suffix = parts.path.rpartition("/")[2].rpartition(".")[2].lower()
    if (kind or SUFFIXES.get(suffix, "application")) not in {"audio", "video"}:
        raise Unusable("is not a recording", exact=True)


def _special(path: str, *, follow: bool) -> str | None:
    """Return the kind of content a path of the special host serves, or None to go by its suffix."""
    head, *rest = path.strip("/").split("/")
    match head, rest:
        case "type", [kind, _, *_]:
            return kind.lower()
        case "redirect-private", _:
            raise Unusable("redirects to a private address", exact=True)
        case (("404" | "403" | "500" | "timeout" | "truncated" | "bad-certificate"), _):
            raise Unusable("cannot be fetched", exact=False)
        case "redirect", [count, *_] if count.isdigit() and int(count[:9]) > (5 if follow else 0):
            raise Unusable("redirects too often", exact=False)
        case "no-type", _:
            return "none"
    return None


def _literal(host: str) -> list[Address]:
    """Return the address that a host without a name stands for, in any spelling that C libraries know."""
    if ":" in host:
        try:
            return [ip_address(host.partition("%")[0])]
        except ValueError:
            raise Unusable("is not an IPv6 address", exact=False) from None
    if not re.fullmatch(r"[0-9]+|0x[0-9a-f]*", host.rpartition(".")[2], re.ASCII):
        return []
    try:
        return [IPv4Address(socket.inet_aton(host))]
    except OSError:
        raise Unusable("is not an IPv4 address", exact=True) from None


def _resolve(host: str, *, whole_internet: bool) -> list[Address]:
    if re.fullmatch(r"(.+\.)?(localhost|localtest\.me|lvh\.me)", host):
        return [IPv4Address("127.0.0.1")]
    if "." not in host or re.fullmatch(r".+\.(internal|local|localdomain|home\.arpa)", host):
        return [IPv4Address("10.0.0.2")]
    if wildcard := re.fullmatch(r"(?:.*[.-])?(\d{1,3}(?:[.-]\d{1,3}){3})\.(?:nip|sslip)\.io", host, re.ASCII):
        return _literal(wildcard[1].replace("-", "."))
    if wildcard := re.fullmatch(r"(?:.*[.-])?([0-9a-f]{8})\.nip\.io", host, re.ASCII):
        return [IPv4Address(int(wildcard[1], 16))]
    if wildcard := re.fullmatch(r"(?:.*\.)?([0-9a-f-]+)\.sslip\.io", host, re.ASCII):
        return _literal(wildcard[1].replace("-", ":"))
    if host in HOSTS or (whole_internet and not re.fullmatch(r"(.+\.)?(invalid|test)", host)):
        return [PUBLIC]
    raise Unusable("does not resolve", exact=False)


def _is_public(address: Address, *, strict: bool) -> bool:
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        return _is_public(address.ipv4_mapped, strict=strict)
    inside = any(address.version == net.version and address in net for net in INSIDE)
    return not inside and ((address.is_global and not address.is_multicast) or not strict)
