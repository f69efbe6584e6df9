"""A media world that is the real one: the recording is fetched during the request, as the API does.

READ THIS BEFORE CHANGING IT. This is a program that fetches URLs a stranger supplies. For each hop: the URL through
one grammar (policy.parse), its name looked up once (resolver), all answers judged (policy.Route), only those dialled
(network.PinnedBackend), TLS for the name. Redirects begin again at the top. One deadline is over everything. Answers
name the rule; addresses and sizes go to the note. Rules: URL-3 to URL-18, URL-28, URL-29.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from importlib.metadata import version
from itertools import count
from pathlib import Path

import httpcore

from mock_server.media import Note, Recording
from mock_server.media.live.duration import Prober
from mock_server.media.live.network import (
    MAX_DETAIL,
    Deadline,
    Dial,
    Failure,
    Halt,
    PinnedBackend,
    Stopping,
    direct,
    failures,
)
from mock_server.media.live.resolver import Lookup, Resolve, system_resolve
from mock_server.media.live.slots import FetchSlots
from mock_server.media.live.spool import Spool
from mock_server.media.policy import DEFAULT_PORT, MediaUrl, Refused, Route, describe
from mock_server.media.refusals import (
    BAD_BODY,
    BAD_HEAD,
    BROKEN_OFF,
    MAX_REDIRECTS,
    NO_REPLY,
    admit,
    beyond,
    check_type,
    follow,
    judging_redirect,
    not_ok,
    too_many_redirects,
)
from mock_server.problems import InternalError, counted

USER_AGENT = f"engagement-contract-kit/{version('engagement-contract-kit')}"
REDIRECT_STATUSES = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True, slots=True)
class Limits:
    """What a fetch may cost: `timeout` in seconds for all of it, `max_bytes` of body, `fetches` at a time.

    Beyond `in_memory` bytes a body goes to disk.
    """

    timeout: float = 30.0
    max_bytes: int = 512 * 1024 * 1024
    in_memory: int = 8 * 1024 * 1024
    fetches: int = 16
    ports: frozenset[int] = frozenset({DEFAULT_PORT})


@dataclass(frozen=True, slots=True)
class Head:
    """The status and header fields of a response."""

    status: int
    fields: tuple[tuple[str, str], ...]

    def values(self, name: str) -> list[str]:
        """Return the values of a field, one for each time that it is there."""
        return [value for field, value in self.fields if field == name]

    def only(self, name: str) -> str:
        """Return the one value of a field; nothing if it is missing, or says two things."""
        values = set(self.values(name))
        return values.pop() if len(values) == 1 else ""

    def shown(self, name: str) -> str:
        """Return a field for the trace: escaped, and not at any length."""
        return repr(", ".join(self.values(name)))[:MAX_DETAIL]

    def codings(self) -> set[str]:
        """Return the content codings but `identity`. Object stores send the field empty where there is none."""
        listed = ",".join(self.values("content-encoding")).split(",")
        return {coding.strip().lower() for coding in listed} - {"", "identity"}


class LiveMedia:
    """Fetches recordings. `resolve` and `dial` are how it sees the network; what lies between them judges addresses.

    Close it to end everything under way.
    """

    def __init__(
        self, limits: Limits, trust: ssl.SSLContext, resolve: Resolve = system_resolve, dial: Dial = direct
    ) -> None:
        trust.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF  # Python 3.11.2, Debian's, takes any cut for an end
        self._limits = limits
        self._trust = trust
        self._dial = dial
        self._lookup = Lookup(resolve)
        self._slots = FetchSlots(limits.fetches, limits.timeout)
        self._halt = Halt()
        self._prober = Prober()

    def fetch(self, url: MediaUrl, note: Note) -> Recording:
        """Fetch the recording and measure it. Raises Refused, RateLimited or InternalError."""
        admit(url, note)
        deadline = Deadline(self._limits.timeout, self._halt)
        try:
            with self._slots.holding(deadline), Spool(self._limits.in_memory) as spool:
                content_type = self._download(url, deadline, spool, note)
                return Recording(content_type, self._prober.measure(spool, deadline, note))
        except Failure as failure:
            note(f"failed: {failure}")
            raise failure.refused from None
        except Stopping:
            raise InternalError("The server is stopping. Send the request again when it is back.") from None

    def close(self) -> None:
        """End all fetches at once; each of them fails."""
        self._halt.stop()
        self._prober.close()

    def _download(self, url: MediaUrl, deadline: Deadline, spool: Spool, note: Note) -> str:
        """Put the body into the spool and return its content type. Follows redirects. Raises Refused or Failure."""
        route = self._route(url, deadline, note)
        for redirects in count(1):
            with self._get(url, route, deadline, note) as (head, body):
                if head.status not in REDIRECT_STATUSES:
                    content_type = self._judge(head)
                    self._receive(body, spool, deadline)
                    note(f"received {counted(spool.size, 'byte')}")
                    return content_type
            if redirects > MAX_REDIRECTS:
                break
            with judging_redirect(note):
                url = follow(url, head.only("location"), self._limits.ports)
                note(f"redirects to https://{url.authority}{url.target}")
                admit(url, note)
                route = self._route(url, deadline, note)
        raise too_many_redirects()

    def _route(self, url: MediaUrl, deadline: Deadline, note: Note) -> Route:
        """Return where a URL leads: itself if it is an address, else its name looked up once. Raises Refused."""
        if url.literal is not None:
            return Route((url.literal,))
        addresses = self._lookup(url.host, url.port, deadline)
        note(f"{url.host} is {', '.join(map(describe, addresses))}")
        return Route(addresses)

    @contextmanager
    def _get(
        self, url: MediaUrl, route: Route, deadline: Deadline, note: Note
    ) -> Iterator[tuple[Head, Iterable[bytes]]]:
        """Ask for a URL on a connection of its own. Raises Failure, also while the body is read."""
        origin = httpcore.URL(scheme=b"https", host=_dialled_name(url), port=url.port, target=url.target.encode())
        headers: dict[bytes | str, bytes | str] = {
            "Host": url.authority,
            "Accept": "audio/*, video/*",
            "Accept-Encoding": "identity",
            "User-Agent": USER_AGENT,
            "Connection": "close",
        }
        backend = PinnedBackend(route, deadline, self._dial, note)
        with (
            failures(backend, NO_REPLY, BAD_HEAD),
            httpcore.HTTPConnection(origin.origin, ssl_context=self._trust, network_backend=backend) as connection,
            connection.stream("GET", origin, headers=headers) as response,
        ):
            head = Head(response.status, tuple(_decoded(field) for field in response.headers))
            note(
                f"https://{url.authority}{url.target} answers {head.status},"
                f" content type {head.shown('content-type')}, length {head.shown('content-length')}"
            )
            yield head, _pieces(response, backend)

    def _judge(self, head: Head) -> str:
        """Return the content type of a response that may be a recording. Raises Refused."""
        if head.status != HTTPStatus.OK:
            raise not_ok(head.status)
        content_type, *_ = [check_type(value) for value in head.values("content-type") or [""]]
        if head.codings():
            raise beyond("comes with a content encoding that was not asked for", "serve it without one")
        if any(int(length) > self._limits.max_bytes for length in head.values("content-length")):
            raise self._too_large()
        return content_type

    def _receive(self, body: Iterable[bytes], spool: Spool, deadline: Deadline) -> None:
        for piece in body:
            deadline.left()  # many small chunks arrive in one read
            spool.write(piece)
            if spool.size > self._limits.max_bytes:
                raise self._too_large()

    def _too_large(self) -> Refused:
        return beyond(f"is larger than {counted(self._limits.max_bytes, 'byte')}", "serve a smaller recording")


def trusted(ca_file: Path | None) -> ssl.SSLContext:
    """Return what certificates are checked with: the usual authorities and those in `ca_file`. Raises OSError."""
    trust = httpcore.default_ssl_context()
    if ca_file is not None:
        trust.load_verify_locations(cafile=ca_file)
    return trust


def _pieces(response: httpcore.Response, backend: PinnedBackend) -> Iterator[bytes]:
    """Yield the body. Raises Failure."""
    with failures(backend, BROKEN_OFF, BAD_BODY):
        yield from response.iter_stream()


def _dialled_name(url: MediaUrl) -> bytes:
    """Return the host as TLS wants it: an IPv6 address without its brackets."""
    return (url.host if url.literal is None else str(url.literal)).encode()


def _decoded(field: tuple[bytes, bytes]) -> tuple[str, str]:
    name, value = field
    return name.decode("latin-1").lower(), value.decode("latin-1")
