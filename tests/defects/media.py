"""Defects of the media policy: addresses, spellings, names, schemes, content types and statuses."""

from __future__ import annotations

import re
from collections.abc import Callable
from ipaddress import ip_address, ip_network

from mock_server.media import Media, Note, Recording
from mock_server.media.policy import MediaUrl, Refused
from mock_server.media.simulated import REBINDING, resolve, type_of
from tests.defects.seams import (
    FAILS,
    Answer,
    Defect,
    Install,
    answered_if,
    converted,
    defect,
    part,
    reached,
    refused,
    served,
)  # fmt: skip

GOOD = "https://media.example.com/call.mp3"


def inside(*networks: str, outside: str | None = None) -> Install:
    """Let literal addresses of these networks through, except those of one network."""
    nets = [ip_network(network) for network in networks]
    kept = ip_network(outside) if outside else None
    return reached(
        lambda url: (
            url.literal is not None
            and any(url.literal.version == net.version and url.literal in net for net in nets)
            and not (kept and url.literal in kept)
        )
    )


def rewritten(change: Callable[[str], str]) -> Install:
    """Take a URL for another one before it is judged."""
    return converted("media_url", lambda url: change(url) if isinstance(url, str) else url)


def spelled(host: str) -> Install:
    """Take hosts of this form (a pattern, any case) for names, which resolve to something public."""
    pattern = re.compile(rf"(?<=://)(?:{host})(?=[/?#:]|$)", re.IGNORECASE | re.ASCII)
    return rewritten(lambda url: pattern.sub("media.example.com", url))


def failing_url(pattern: str) -> Install:
    """Fail on URLs of this form."""

    def read(url: str) -> str:
        if re.fullmatch(pattern, url):
            raise RuntimeError("unexpected")
        return url

    return rewritten(read)


def named(pattern: str) -> Install:
    """Let hosts through whose name, as it was sent, matches."""
    return reached(lambda url: re.fullmatch(pattern, url.text.split("/")[2]) is not None)


def schemed(pattern: str) -> Install:
    """Take URLs with these schemes for https URLs."""
    return rewritten(lambda url: re.sub(rf"^(?:{pattern})", "https://", url))


def accepted(when: Callable[[str], bool]) -> Install:
    """Accept some URLs, whatever is behind them."""
    return rewritten(lambda url: GOOD if when(url) else url)


def typed(pattern: str) -> Install:
    """Accept content of these types."""
    return served(lambda url: re.fullmatch(pattern, _type(url)) is not None)


def untyped(pattern: str) -> Install:
    """Refuse recordings of these types."""
    return recorded(lambda url: re.fullmatch(pattern, _type(url)) is not None, "media_type")


def _type(url: MediaUrl) -> str:
    special = re.match(r"/type/([^/]+/[^/]+)", url.target)
    return special[1] if special and url.host == "media.mock.test" else type_of(url.target)


def recorded(when: Callable[[MediaUrl], bool], code: str) -> Install:
    """Refuse some good recordings."""

    class Picky:
        def __init__(self, right: Media) -> None:
            self.right = right

        def fetch(self, url: MediaUrl, note: Note) -> Recording:
            recording = self.right.fetch(url, note)
            if when(url):
                raise Refused("URL-17", code, "is not acceptable")
            return recording

        def close(self) -> None:
            self.right.close()

    return part(media=Picky)


def special(*heads: str) -> Install:
    """Accept what these paths of the special host stand for."""
    return served(lambda url: url.host == "media.mock.test" and url.target.split("/")[1] in heads)


def answered_for(rules: str, status: int) -> Install:
    """Give the refusals of some rules another status."""

    def concerned(answer: Answer) -> bool:
        return answer.status == 422 and any(re.fullmatch(rules, e["rule"]) for e in answer.json.get("errors", ()))

    return answered_if(concerned, lambda answer: answer.but(status, status=status))


def _resolves_inside(url: MediaUrl) -> bool:
    if url.literal is not None or not url.host.endswith((".nip.io", ".sslip.io", "localtest.me", "lvh.me")):
        return False
    try:
        return any(not address.is_global for address in resolve(url.host))
    except Refused:
        return False


def range_(name: str, rule: str, *networks: str, outside: str | None = None) -> Defect:
    """Return the defect of a range that is let through."""
    some = f" outside {outside}" if outside else ""
    install = inside(*networks, outside=outside)
    return defect(f"reach-{name}", rule, f"{' and '.join(networks)}{some} is let through.", install)


PRIVATE = r"URL-([3-9]|1[0-4])"
TEN, DOCKER, HOME = "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"
LOOP, LINK, LINK6, LOCAL6 = "127.0.0.0/8", "169.254.0.0/16", "fe80::/10", "fc00::/7"

RANGES = (
    range_("10", "URL-3", TEN),
    range_("10-but-first-16", "URL-3", TEN, outside="10.0.0.0/16"),
    range_("10-upper-half", "URL-3", "10.128.0.0/9"),
    range_("10-last", "URL-3", "10.255.255.255/32"),
    range_("172", "URL-4", DOCKER),
    range_("172-but-16", "URL-4", DOCKER, outside="172.16.0.0/16"),
    range_("172-upper-half", "URL-4", "172.24.0.0/13"),
    range_("172-31", "URL-4", "172.31.0.0/16"),
    range_("172-20", "URL-4", "172.20.0.0/16"),
    range_("192-168", "URL-5", HOME),
    range_("192-168-but-0", "URL-5", HOME, outside="192.168.0.0/24"),
    range_("192-168-255", "URL-5", "192.168.255.0/24"),
    range_("127", "URL-6", LOOP),
    range_("127-but-1", "URL-6", LOOP, outside="127.0.0.1/32"),
    range_("127-but-0-0", "URL-6", LOOP, outside="127.0.0.0/16"),
    range_("169-254", "URL-7", LINK),
    range_("169-254-but-metadata", "URL-7", LINK, outside="169.254.169.254/32"),
    range_("169-254-last", "URL-7", "169.254.255.0/24"),
    range_("ipv6-loopback", "URL-8", "::1/128"),
    range_("fe80", "URL-9", LINK6),
    range_("fe80-but-first-16", "URL-9", LINK6, outside="fe80::/16"),
    range_("fc00", "URL-10", LOCAL6),
    range_("fd00-only", "URL-10", "fd00::/8"),
    range_("fc00-only", "URL-10", "fc00::/8"),
    range_("all-ipv6", "URL-8 URL-9 URL-10 URL-12", "::/0"),
    defect("reach-scoped", "URL-9", "IPv6 addresses with a zone are let through.",
           reached(lambda url: getattr(url.literal, "scope_id", None) is not None)),
    defect("reach-metadata", "URL-7", "The metadata address of clouds is let through.", inside("169.254.169.254/32")),
    defect("reach-anywhere", "URL-3 URL-4 URL-5 URL-6 URL-7 URL-8 URL-9 URL-10",
           "No address is judged.", reached(lambda url: not url.host.endswith((".test", ".invalid")))),
)  # fmt: skip

SPELLINGS = (
    defect("spelled-with-a-dot", "URL-11", "An address with a dot behind it is taken for a name.",
           spelled(r"\d+(\.\d+){3}\.")),
    defect("spelled-wide", "URL-11", "An address in wide digits is taken for a name.",
           spelled(r"[０-９]+(\.\d+){3}")),
    defect("spelled-behind-a-name", "URL-11", "What stands before an at sign is taken for the host.",
           spelled(r"[a-z][a-z.:0-9]*@[^/?#]*"),
           entails=dict.fromkeys(("URL-3", "URL-4", "URL-5", "URL-6", "URL-7"), "of any range")),
    defect("spelled-with-a-port", "URL-3", "A host with a port is taken for a name.", spelled(r"[\d.]+:(443)?"),
           entails={"URL-6": "of any address"}),
    defect("spelled-decimal", "URL-11", "A decimal address is taken for a name.", spelled(r"[1-9]\d{4,}")),
    defect("spelled-octal", "URL-11", "Octal parts are taken for a name.", spelled(r"0[0-7]+(\.0?[0-7]+){3}")),
    defect("spelled-hex", "URL-11", "A hexadecimal address is taken for a name.", spelled("0x[0-9a-f]{7,8}")),
    defect("spelled-dotted-hex", "URL-11", "Four hexadecimal parts are taken for a name.",
           spelled(r"0x[0-9a-f]+(\.0x[0-9a-f]+){3}")),
    defect("spelled-short", "URL-11", "An address of two or three parts is taken for a name.",
           spelled(r"[1-9]\d*(\.\d+){1,2}")),
    defect("spelled-any", "URL-11", "All numeric hosts but plain addresses are taken for names.",
           spelled(r"(?!(?:(?:0|[1-9]\d{0,2})\.){3}(?:0|[1-9]\d{0,2})(?:[/?#:]|$))(0x)?[0-9a-f]*\d(\.(0x)?[0-9a-f]+)*")),
    defect("spelled-mapped", "URL-12", "IPv4-mapped addresses are not looked into.",
           reached(lambda url: getattr(url.literal, "ipv4_mapped", None) is not None)),
    defect("spelled-mapped-dotted", "URL-12", "IPv4-mapped addresses that end in dots are not looked into.",
           reached(lambda url: getattr(url.literal, "ipv4_mapped", None) is not None and "." in url.host)),
    defect("spelled-mapped-hex", "URL-12", "IPv4-mapped addresses in hexadecimal are not looked into.",
           reached(lambda url: getattr(url.literal, "ipv4_mapped", None) is not None and "." not in url.host)),
    defect("spelled-long-ipv6", "URL-8", "The IPv6 loopback written at length is let through.",
           reached(lambda url: url.literal == ip_address("::1") and url.host != "[::1]")),
    defect("named-localhost", "URL-13", "localhost is let through.", named(r"(?i:localhost)\.?")),
    defect("named-LOCALHOST", "URL-13", "localhost in upper case is let through.", named("(?=.*[A-Z])(?i:localhost)")),
    defect("named-localhost-dot", "URL-13", "localhost with a trailing dot is let through.", named(r"localhost\.")),
    defect("named-below-localhost", "URL-13", "Names below localhost are let through.", named(r".+\.localhost\.?")),
    defect("resolved-inside", "URL-14", "What a name resolves to is not judged.", reached(_resolves_inside)),
    defect("resolved-loopback", "URL-14", "Names that resolve to the loopback are let through.",
           named(r".*(127[.-]0[.-]0[.-]1|7f000001)\.(nip|sslip)\.io|(.+\.)?(localtest|lvh)\.me")),
    defect("resolved-link-local", "URL-14 URL-7", "Names that resolve to link-local addresses are let through.",
           named(r".*(169[.-]254[.-]\d+[.-]\d+|a9fe[0-9a-f]{4})\.(nip|sslip)\.io")),
    defect("resolved-10", "URL-14 URL-3", "Names that resolve to 10.0.0.0/8 are let through.",
           named(r"(.*[.-])?(10[.-]\d+[.-]\d+[.-]\d+|0a[0-9a-f]{6})\.(nip|sslip)\.io")),
    defect("resolved-twice", "URL-14", "A name is resolved for the check, and once more for the fetch.",
           reached(lambda url: url.host == REBINDING)),
    defect("resolved-without-ipv6", "URL-14", "Only the A records of a name are judged, and AAAA is dialled first.",
           reached(lambda url: url.host in {"private6.mock.test", "mixed6.mock.test"})),
    defect("resolved-first-only", "URL-14", "Only the first address of a name is judged.",
           reached(lambda url: url.host in {"mixed.mock.test", "mixed6.mock.test"})),
    defect("redirected-inside", "URL-15", "Where a redirect leads is not judged.", special("redirect-private")),
)  # fmt: skip

REST = (
    defect("scheme-http", "URL-1", "http is accepted.", schemed("http://")),
    defect("scheme-HTTP", "URL-1", "HTTP in upper case is accepted.", schemed("H[Tt][Tt][Pp]://")),
    defect("scheme-ftp", "URL-2", "ftp is accepted.", schemed("ftp://")),
    defect("scheme-file", "URL-2", "file is accepted.", accepted(lambda url: url.startswith("file:"))),
    defect("scheme-any", "URL-2", "Any scheme but http is accepted.", schemed("(?!(?i:https?):)[A-Za-z0-9+.-]+:(//)?")),
    defect("scheme-none", "URL-2 URL-19", "A URL that begins with its host is accepted.",
           rewritten(lambda url: url if "://" in url else f"https://{url.lstrip('/')}")),
    defect("url-anything", "URL-19 URL-2", "A text that is no URL is accepted.",
           accepted(lambda url: "://" not in url)),
    defect("url-without-host", "URL-19", "A URL without a host is accepted.",
           accepted(lambda url: re.match(r"https:/*([?#]|$)|https:///", url) is not None)),
    defect("url-with-space", "URL-19", "Spaces in a URL are removed.",
           rewritten(lambda url: url.replace(" ", ""))),
    defect("url-trimmed", "URL-19", "White space around a URL is dropped.", rewritten(str.strip)),
    defect("url-white-space", "URL-19", "Tabs and line ends in a URL are dropped, as browsers do.",
           rewritten(lambda url: re.sub(r"[\t\n\r]", "", url))),
    defect("url-blanks-escaped", "URL-19", "Blanks behind the host are written as escapes.",
           rewritten(lambda url: re.sub(r"(?<=[^ ]) (?=[^ ])", "%20", url) if url.startswith("https://") else url)),
    defect("url-any-slashes", "URL-19", "Any number of slashes and backslashes stands before the host, as in browsers.",
           rewritten(lambda url: re.sub(r"^https:[/\\]*(?=media)", "https://", url))),
    defect("fails-on-port", "ERR-4", "A port that no host has makes the server fail.",
           failing_url(r"https://[^/]+:[0-9]{5,}/.*")),
    defect("fails-on-punycode", "ERR-4", "A label that is no Punycode makes the server fail.",
           failing_url(r"https://xn--a\..*")),
    defect("fails-on-trailing-dot", "ERR-4", "A host with a trailing dot makes the server fail.",
           failing_url(r"https://[a-z.]+\./.*"), entails={"URL-13": "localhost. makes it fail, too"}),
    defect("scheme-capitals", "URL-17", "https in capitals is refused.",
           refused("media_url", lambda body: str(body.get("media_url")).startswith("HTTPS"))),
    defect("content-capitals", "URL-17", "A content type in capitals is refused.", untyped(r"(?=.*[A-Z]).*")),
    defect("content-any", "URL-16", "Any content is accepted.", typed("(?!audio/|video/).*")),
    defect("content-html", "URL-16", "Web pages are accepted.", typed("text/html")),
    defect("content-text", "URL-16", "Any text is accepted.", typed("text/.*")),
    defect("content-json", "URL-16", "JSON is accepted.", typed("application/json")),
    defect("content-application", "URL-16", "Any application/* is accepted.", typed("application/.*")),
    defect("content-image", "URL-16", "Images are accepted.", typed("image/.*")),
    defect("content-none", "URL-16", "Content without a type is accepted.", special("no-type")),
    defect("content-no-video", "URL-17", "Video is refused.", untyped("(?i:video)/.*")),
    defect("content-no-audio", "URL-17", "Audio is refused.", untyped("(?i:audio)/.*")),
    defect("content-mpeg-only", "URL-17", "Only MP3 is accepted.", untyped("(?i:(?!audio/mpeg).*)")),
    defect("query-refused", "URL-17", "A URL with a query, as signed URLs have, is refused.",
           recorded(lambda url: "?" in url.target, "invalid_url")),
    defect("unresolved-accepted", "URL-18", "A host that does not resolve is accepted.", named(r"(.+\.)?invalid\.?")),
    defect("missing-accepted", "URL-18", "A recording that is not there is accepted.", special("404", "403", "500")),
    defect("broken-accepted", "URL-18", "A recording that breaks off or times out is accepted.",
           special("timeout", "truncated", "bad-certificate")),
    defect("unreachable-500", "URL-18",
           "A recording that cannot be fetched makes the server fail.", answered_for("URL-18", 500),
           entails=FAILS | {"URL-14": "a name that leads inside at the second look-up is such a recording at first"}),
    defect("unreachable-502", "URL-18",
           "A recording that cannot be fetched gets 502 from the target itself.", answered_for("URL-18", 502),
           entails=FAILS | {"URL-14": "a name that leads inside at the second look-up is such a recording at first"}),
    defect("names-400", "URL-13 URL-14", "A name that leads inside is refused with 400.",
           answered_for("URL-13|URL-14", 400)),
    defect("mapped-400", "URL-12", "An IPv4-mapped private address is refused with 400.", answered_for("URL-12", 400)),
    defect("http-400", "URL-1", "http is refused with 400.", answered_for("URL-1", 400)),
    defect("http-403", "URL-1", "http is refused with 403.", answered_for("URL-1", 403)),
    defect("private-400", "URL-3 URL-4 URL-5 URL-6 URL-7 URL-8 URL-9 URL-10 URL-11 URL-12 URL-13 URL-14",
           "Private addresses are refused with 400.", answered_for(PRIVATE, 400)),
    defect("private-403", "URL-3 URL-4 URL-5 URL-6 URL-7 URL-8 URL-9 URL-10 URL-11 URL-12 URL-13 URL-14",
           "Private addresses are refused with 403.", answered_for(PRIVATE, 403)),
    defect("private-500", "URL-3 URL-4 URL-5 URL-6 URL-7 URL-8 URL-9 URL-10 URL-11 URL-12 URL-13 URL-14",
           "Private addresses make the server fail.", answered_for(PRIVATE, 500), entails=FAILS),
    defect("content-400", "URL-16", "Other content is refused with 400.", answered_for("URL-16", 400)),
    defect("content-415", "URL-16", "Other content is refused with 415.", answered_for("URL-16", 415)),
)  # fmt: skip

DEFECTS = (*RANGES, *SPELLINGS, *REST)

UNSEEN = {
    "resolved-ipv6": "a name whose IPv6 address is private: which names have one is nothing a run can rely on",
    "redirected-to-http": "the simulated world has no redirect to http",
    "type-with-parameters": "the simulated world serves parameters only under media.mock.test/type, on no deployment",
    "rebinding": "a name that resolves otherwise the second time: the simulated world looks it up once",
}
