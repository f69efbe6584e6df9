"""The refusals that both media worlds share: redirects, statuses, content types, recordings that do not come.

Two rules are about what a host serves. URL-18 refuses a recording that does not come. URL-29 refuses one that may have
come, but is beyond a limit of this server. The client reads these sentences, so they never repeat what a resolver or
another host said. That goes to the note. Rules: URL-15, URL-16, URL-18, URL-29.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from urllib.parse import quote, urljoin

from mock_server.media import Note
from mock_server.media.policy import DEFAULT_PORT, MediaUrl, Refused, check_host, describe, parse

MAX_REDIRECTS = 5
MAX_HOURS = 24
MAX_SECONDS = MAX_HOURS * 3600  # the longest recording

BAD_BODY = "comes in a body that this server cannot read as HTTP/1.1"
BAD_HEAD = "is on a host whose answer this server cannot read as HTTP/1.1"
BROKEN_OFF = "breaks off before its end"
CERTIFICATE = "has a certificate that is not valid"
NO_ANSWER = "is on a host that does not answer"
NO_NAME = "is on a host whose name does not resolve"
NO_REPLY = "is on a host that closes the connection without an answer"
NO_TLS = "is on a host with which no TLS connection can be made"
SLOW_NAME = "is on a host whose name is not resolved in time"
TIMEOUT = "does not answer in time"

_MEDIA_TYPE = re.compile(r"(?:audio|video)/[a-z0-9!#$&^_.+-]+", re.ASCII)
_NO_REFERENCE = re.compile(r"[\x00-\x1f\x7f\\]")  # about a backslash, browsers and other clients disagree
_UP_TO_HOST = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*:)?//[^/?#]*", re.ASCII)
_STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:", re.ASCII)
_STAYS = "-._~:/?[]@!$&'()*+,;=%"  # with letters and digits, what the grammar of `policy` admits
# What the page says of the URL, it says of the place a redirect leads to.
_OF_THE_PAGE = frozenset(f"URL-{number}" for number in range(1, 15))


def unreachable(what: str) -> Refused:
    """Return the refusal of a recording that does not come."""
    return Refused("URL-18", "unreachable", f"{what}: the recording must be fetched during the request")


def beyond(what: str, advice: str) -> Refused:
    """Return the refusal of a recording that is beyond a limit of this server."""
    return Refused("URL-29", "unreachable", f"{what}: {advice}")


def too_many_redirects() -> Refused:
    """Return the refusal of a chain of redirects that is too long."""
    return beyond(f"redirects more than {MAX_REDIRECTS} times", "link to the recording itself")


def not_ok(status: int) -> Refused:
    """Return the refusal of an answer with another status than 200. The phrase is that of the standard."""
    try:
        phrase = f" ({HTTPStatus(status).phrase})"
    except ValueError:
        phrase = ""
    what = f"is on a host that answers with status {status}{phrase}"
    success = HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES
    return beyond(what, "answer with 200 and the whole recording") if success else unreachable(what)


def not_a_recording() -> Refused:
    """Return the refusal of a body that is not a recording, whatever its content type says."""
    what = "does not serve a recording whose length can be told"
    return Refused("URL-29", "not_a_recording", f"{what}: serve one whole audio or video file")


def too_long() -> Refused:
    """Return the refusal of a recording that lasts too long."""
    return Refused("URL-29", "too_long", f"is longer than {MAX_HOURS} hours: serve a shorter recording")


def check_type(content_type: str) -> str:
    """Return the bare, lower-case content type. Raises Refused unless it is audio or video."""
    bare = content_type.partition(";")[0].strip().lower()
    if _MEDIA_TYPE.fullmatch(bare) is None:
        raise Refused("URL-16", "media_type", "does not serve a recording: the content type must be audio/* or video/*")
    return bare


def admit(url: MediaUrl, note: Note) -> None:
    """Judge the host as it stands in the URL; the note has the address that it spells. Raises Refused."""
    if url.literal is not None:
        note(f"the host is {describe(url.literal)}")
    check_host(url)


def follow(url: MediaUrl, location: str, ports: Collection[int] = (DEFAULT_PORT,)) -> MediaUrl:
    """Return where a redirect leads, through the same grammar as the first URL. Raises Refused.

    `location` is the field `Location`, a character for a byte; empty if it is not there, or says two things. What a URL
    may not hold behind the host is percent-encoded, as browsers and curl do.
    """
    if not location:
        raise unreachable("redirects without saying to which one place")
    if _NO_REFERENCE.search(location):
        raise unreachable("redirects to what is no URL")
    try:
        place = _encoded(location)
        return parse(place if _ABSOLUTE.match(place) else urljoin(f"https://{url.authority}{url.target}", place), ports)
    except ValueError:  # urljoin's, of brackets that do not match
        raise unreachable("redirects to what is no URL") from None


def _encoded(location: str) -> str:
    """Percent-encode what stands behind the host. The fragment goes: it is never sent."""
    host = match[0] if (match := _UP_TO_HOST.match(location)) else ""
    rest = _STRAY_PERCENT.sub("%25", location.removeprefix(host).partition("#")[0])
    return host + quote(rest, safe=_STAYS, encoding="latin-1")


@contextmanager
def judging_redirect(note: Note) -> Iterator[None]:
    """Turn the refusal of the place a redirect leads to into the refusal of the redirect. Raises Refused.

    URL-15 is about the places that the page forbids. A choice of ours keeps its own rule.
    """
    try:
        yield
    except Refused as refused:
        note(f"the redirect is refused: {refused.rule}, it {refused.message}")
        if refused.rule in _OF_THE_PAGE:
            message = "redirects to a place that is not allowed: redirect only to https URLs on public hosts"
            raise Refused("URL-15", refused.code, message) from None
        if refused.rule == "URL-19":
            raise unreachable("redirects to what is no URL") from None
        if refused.rule == "URL-18":
            raise
        raise Refused(refused.rule, refused.code, f"redirects to a URL that {refused.message}") from None
