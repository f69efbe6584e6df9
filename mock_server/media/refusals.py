"""The refusals that both media worlds share: redirects, content types, recordings that cannot be fetched.

The client reads these sentences, so they never repeat what a resolver or another host said. That goes to the note.
Rules: URL-15, URL-16, URL-18.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from urllib.parse import urljoin

from mock_server.media import Note
from mock_server.media.policy import DEFAULT_PORT, MediaUrl, Refused, parse

MAX_REDIRECTS = 5
MAX_SECONDS = 24 * 3600  # the longest recording

BROKEN_OFF = "breaks off before its end"
CERTIFICATE = "has a certificate that is not valid"
NO_ANSWER = "is on a host that does not answer"
NO_NAME = "is on a host whose name does not resolve"
NOT_THERE = "is not there: the host does not answer with 200"
REDIRECTS = f"redirects more than {MAX_REDIRECTS} times"
TIMEOUT = "does not answer in time"

_MEDIA_TYPE = re.compile(r"(?:audio|video)/[a-z0-9!#$&^_.+-]+", re.ASCII)
_LOCATION = re.compile(r"[!-\[\]-~]+", re.ASCII)  # printable ASCII without the backslash, which parsers disagree about
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:", re.ASCII)


def unreachable(what: str) -> Refused:
    """Return the refusal of a recording that cannot be fetched."""
    return Refused("URL-18", "unreachable", f"{what}: the recording must be fetched during the request")


def not_a_recording() -> Refused:
    """Return the refusal of a body that is not a recording, whatever its content type says."""
    message = "does not serve a recording whose length can be told: serve one whole audio or video file"
    return Refused("URL-16", "not_a_recording", message)


def check_type(content_type: str) -> str:
    """Return the bare, lower-case content type. Raises Refused unless it is audio or video."""
    bare = content_type.partition(";")[0].strip().lower()
    if _MEDIA_TYPE.fullmatch(bare) is None:
        raise Refused("URL-16", "media_type", "does not serve a recording: the content type must be audio/* or video/*")
    return bare


def follow(url: MediaUrl, location: str, ports: Collection[int] = (DEFAULT_PORT,)) -> MediaUrl:
    """Return where the `Location` of a redirect leads, through the same grammar as the first URL. Raises Refused."""
    if _LOCATION.fullmatch(location) is None:
        raise Refused("URL-19", "invalid_url", "is empty, or holds what no URL holds")
    if _ABSOLUTE.match(location):
        return parse(location, ports)
    try:
        return parse(urljoin(f"https://{url.authority}{url.target}", location), ports)
    except ValueError:  # urljoin's, of brackets that do not match
        raise Refused("URL-19", "invalid_url", "is not a reference to a URL") from None


@contextmanager
def judging_redirect(note: Note) -> Iterator[None]:
    """Turn a refusal of the place a redirect leads to into the refusal of the redirect. Raises Refused (URL-15)."""
    try:
        yield
    except Refused as refused:
        note(f"the redirect is refused: {refused.rule}, it {refused.message}")
        message = "redirects to a place that is not allowed: redirect only to https URLs on public hosts"
        raise Refused("URL-15", refused.code, message) from None
