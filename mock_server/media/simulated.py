"""A media world without a network: names, redirects and content types follow from the URL alone.

`mock-server routes` prints the paths of `media.mock.test`. Rules: URL-3 to URL-18, URL-28, URL-29.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable
from ipaddress import AddressValueError, IPv4Address, IPv6Address

from mock_server.media import Note, Recording
from mock_server.media.policy import Address, MediaUrl, Route, describe
from mock_server.media.refusals import (
    BROKEN_OFF,
    CERTIFICATE,
    MAX_REDIRECTS,
    MAX_SECONDS,
    NO_ANSWER,
    NO_NAME,
    TIMEOUT,
    admit,
    check_type,
    follow,
    judging_redirect,
    not_ok,
    too_many_redirects,
    unreachable,
)
from mock_server.problems import counted

SPECIAL_HOST = "media.mock.test"
DEADLINE = 30.0
PUBLIC_ADDRESS = IPv4Address("93.184.216.34")
DEFAULT_TYPE = "audio/mpeg"
FAILS_PROCESSING = "fails-processing"
# Names that lead inside: to an IPv4 or an IPv6 address, alone or beside a public one.
PRIVATE_NAMES: dict[str, tuple[Address, ...]] = {
    "private.mock.test": (IPv4Address("10.0.0.7"),),
    "private6.mock.test": (IPv6Address("fd00::7"),),
    "mixed.mock.test": (PUBLIC_ADDRESS, IPv4Address("10.0.0.7")),
    "mixed6.mock.test": (PUBLIC_ADDRESS, IPv6Address("fd00::7")),
}
# Public when it is looked up for the first time, where nothing answers; private from then on. The mock looks up once.
REBINDING = "rebind.mock.test"

# Suffixes of files whose content is always of that type. The suffix of a script (.php, .aspx, .cgi) is none of them: a
# script may serve a recording.
_TYPES = {
    "mp3": "audio/mpeg", "mpga": "audio/mpeg", "wav": "audio/wav", "ogg": "audio/ogg", "oga": "audio/ogg",
    "opus": "audio/opus", "m4a": "audio/mp4", "aac": "audio/aac", "flac": "audio/flac", "amr": "audio/amr",
    "aif": "audio/aiff", "aiff": "audio/aiff", "weba": "audio/webm", "wma": "audio/x-ms-wma", "au": "audio/basic",
    "mp4": "video/mp4", "m4v": "video/mp4", "webm": "video/webm", "mov": "video/quicktime", "mkv": "video/x-matroska",
    "avi": "video/x-msvideo", "mpeg": "video/mpeg", "mpg": "video/mpeg", "ogv": "video/ogg", "3gp": "video/3gpp",
    "wmv": "video/x-ms-wmv",
    "html": "text/html", "htm": "text/html", "txt": "text/plain", "md": "text/markdown",
    "csv": "text/csv", "css": "text/css", "js": "text/javascript", "vtt": "text/vtt", "json": "application/json",
    "xml": "application/xml", "pdf": "application/pdf", "zip": "application/zip", "gz": "application/gzip",
    "tar": "application/x-tar", "doc": "application/msword", "m3u8": "application/vnd.apple.mpegurl",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "rtf": "application/rtf",
    "exe": "application/octet-stream", "bin": "application/octet-stream", "png": "image/png", "jpg": "image/jpeg",
    "jpeg": "image/jpeg", "gif": "image/gif", "svg": "image/svg+xml", "webp": "image/webp", "ico": "image/x-icon",
}  # fmt: skip
# What the paths of the special host do, in the words of `mock-server routes`.
ROUTES = (
    ("/ok.mp3", "201: a recording"),
    ("/type/<type>/<subtype>/…", "201 for audio and video, else 422: not a recording"),
    ("/redirect/<n>/…", f"201 up to {MAX_REDIRECTS} redirects, 422 beyond"),
    ("/slow/<ms>/…", f"201 after <ms> milliseconds, 422 at once if that is beyond the time limit ({DEADLINE:.0f} s)"),
    ("/rebind/…", "201: the name is looked up once, so a second, private answer is never seen"),
    ("/404/… /403/… /500/…", "422: the host answers with that status"),
    ("/timeout/…", "422 at once: the host does not answer in time"),
    ("/redirect-private/…", "422: redirects to a private address"),
    ("/no-type/…", "422: no content type"),
    ("/truncated/…", "422: the recording breaks off"),
    ("/bad-certificate/…", "422: the certificate is not valid"),
    (f"/{FAILS_PROCESSING}/…", "201: a recording, and its processing ends as FAILED"),
)
_WILDCARD = re.compile(r"(?P<name>.*)\.(?:nip|sslip)\.io", re.ASCII)
_LOOPBACK_NAMES = (".localtest.me", ".lvh.me")  # and all below


class SimulatedMedia:
    """Answers from the URL alone. `pause` waits for a slow host, and `timeout` is the longest wait in seconds."""

    def __init__(self, pause: Callable[[float], object] = time.sleep, timeout: float = DEADLINE) -> None:
        self._pause = pause
        self._timeout = timeout

    def fetch(self, url: MediaUrl, note: Note) -> Recording:
        """Judge the URL and everything it leads to, and return the recording it pretends to be. Raises Refused."""
        admit(url, note)
        if url.literal is None:
            addresses = resolve(url.host)
            note(f"{url.host} is {', '.join(map(describe, addresses))}")
            Route(addresses)  # to judge them: nothing is dialled
        if url.host == REBINDING:
            raise unreachable(NO_ANSWER)
        content_type = self._special(url, note) if url.host == SPECIAL_HOST else type_of(url.target)
        note(f"serves {content_type}")
        return Recording(check_type(content_type), duration_of(url))

    def close(self) -> None:
        """Do nothing. Only a pause can be under way, and its owner ends it."""

    def _special(self, url: MediaUrl, note: Note) -> str:
        """Return the content type a path of the special host serves. Raises Refused for the paths that fail."""
        head, *rest = url.target.split("?")[0].strip("/").split("/")
        match head, rest:
            case "type", [kind, subtype, *_]:
                return f"{kind}/{subtype}"
            case "redirect", [count, *_] if _is_number(count):
                note(counted(int(count), "redirect"))
                if int(count) > MAX_REDIRECTS:
                    raise too_many_redirects()
            case "slow", [milliseconds, *_] if _is_number(milliseconds):
                if (seconds := int(milliseconds) / 1000) > self._timeout:
                    raise unreachable(TIMEOUT)
                self._pause(seconds)
            case "redirect-private", _:
                note("redirects to https://10.0.0.7/")
                with judging_redirect(note):
                    admit(follow(url, "https://10.0.0.7/"), note)
            case (("404" | "403" | "500"), _):
                raise not_ok(int(head))
            case (("timeout" | "truncated" | "bad-certificate"), _):
                raise unreachable(_FAILURES[head])
            case "no-type", _:
                return ""
        return type_of(url.target)


_FAILURES = {"timeout": TIMEOUT, "truncated": BROKEN_OFF, "bad-certificate": CERTIFICATE}


def resolve(host: str) -> tuple[Address, ...]:
    """Return the addresses a name has in the simulated world. Raises Refused if it has none."""
    if host == "invalid" or host.endswith(".invalid"):
        raise unreachable(NO_NAME)
    if f".{host}".endswith(_LOOPBACK_NAMES):
        return (IPv4Address("127.0.0.1"),)
    if match := _WILDCARD.fullmatch(host):
        return (_address_in(match["name"]),)
    return PRIVATE_NAMES.get(host, (PUBLIC_ADDRESS,))


def type_of(target: str) -> str:
    """Return the content type for the suffix of a path, or audio/mpeg if the suffix is missing or unknown."""
    # Not urlsplit: it raises on paths such as //[x, which the grammar admits.
    _, dot, suffix = target.partition("?")[0].rpartition(".")  # a suffix with a slash is in no table
    return _TYPES.get(suffix.lower(), DEFAULT_TYPE) if dot else DEFAULT_TYPE


def duration_of(url: MediaUrl) -> float:
    """Return the seconds in `?duration=`, or else 30 seconds to an hour, always the same for one URL."""
    for field in url.target.partition("?")[2].split("&"):
        name, _, value = field.partition("=")
        if name == "duration" and _is_number(value) and 0 < int(value) <= MAX_SECONDS:
            return float(value)
    digest = hashlib.sha256(url.text.encode()).digest()
    return 30.0 + int.from_bytes(digest[:4]) % 3571


def fails_processing(url: MediaUrl) -> bool:
    """Tell whether the recording at a URL is one that cannot be processed."""
    return url.host == SPECIAL_HOST and _head(url) == FAILS_PROCESSING


def _head(url: MediaUrl) -> str:
    """Return the first part of the path."""
    return url.target.partition("?")[0].strip("/").partition("/")[0]


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 9  # noqa: PLR2004  milliseconds of eleven days


def _address_in(name: str) -> Address:
    """Read the address out of a wildcard name: 10.0.0.1.nip.io, app-10-0-0-1.nip.io, 0a000001.nip.io, --1.sslip.io."""
    numbers = "(?:25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])"
    for pattern in (rf"(?:.*[.-])?({numbers}(?:\.{numbers}){{3}})", rf"(?:.*[.-])?({numbers}(?:-{numbers}){{3}})"):
        if match := re.fullmatch(pattern, name):
            return IPv4Address(".".join(str(int(part)) for part in re.split(r"[.-]", match[1])))
    last = name.rpartition(".")[2]
    if match := re.fullmatch(r"(?:.*-)?([0-9a-f]{8})", last):
        return IPv4Address(int(match[1], 16))
    try:
        return IPv6Address(last.replace("-", ":"))
    except AddressValueError:
        raise unreachable(NO_NAME) from None
