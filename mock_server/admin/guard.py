"""Who may use the control plane: a check of the token, and checks that keep foreign web pages out.

A web page that the developer visits can send requests to loopback. It can use a name of its own that leads to
127.0.0.1 (DNS rebinding), or a form, which a browser sends without asking first. So Host and Origin must be names of
this server, and every request that changes something must be JSON. A browser says where a request comes from
(Sec-Fetch-Site): from another site or port only a page may be opened, by a link. No answer has a CORS header.
"""

from __future__ import annotations

import base64
import hmac
from ipaddress import ip_address
from urllib.parse import urlsplit

from flask import Request, Response

from mock_server.config import is_loopback
from mock_server.problems import Problem
from mock_server.redaction import redacted_bytes
from mock_server.services import Mock

READING = frozenset({"GET", "HEAD"})
OWN_SITES = frozenset({"same-origin", "none"})  # a page of this server, and an address that a person typed
PAGE_OPENED = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}  # in a window, not in a frame
WILDCARDS = frozenset({"0.0.0.0", "::", ""})  # noqa: S104  compared with, not bound
SAFETY = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class TokenNeeded(Problem):
    """The control plane wants its token."""

    status = 401
    slug = "unauthorized"
    title = "Unauthorized"

    def __init__(self) -> None:
        super().__init__(
            "The control plane needs its token: 'Authorization: Bearer <admin token>', or the token as the password "
            "of Basic authentication.",
            headers={"WWW-Authenticate": 'Basic realm="mock-server control plane", charset="UTF-8"'},
        )


class NotFromHere(Problem):
    """The request did not come from a tool or from a page of this server."""

    status = 403
    slug = "forbidden"
    title = "Forbidden"


class Guard:
    """Admits requests to the control plane, or raises a problem."""

    def __init__(self, mock: Mock) -> None:
        self._token = mock.admin_token
        self._own = {mock.settings.host.lower(), *mock.settings.allow_host} - WILDCARDS
        # A server on all addresses answers to any of them. That is safe: a page can rebind a name, not an address.
        self._any_address = mock.settings.host in WILDCARDS

    def check(self, request: Request, *, page: bool = False) -> None:
        """Raise Problem unless the request is admitted. `page` says that it asks for an HTML page."""
        self._check_host(request)
        self._check_origin(request)
        self._check_site(request, page=page)
        self._check_token(request)

    def _check_host(self, request: Request) -> None:
        host = _hostname("//" + request.environ.get("HTTP_HOST", ""))
        if host is None or not self._is_own(host):
            raise NotFromHere(
                "The Host is not a name of this server. Use loopback, or start it with --allow-host NAME."
            )

    def _check_origin(self, request: Request) -> None:
        origin = request.headers.get("Origin")
        if origin is not None:
            host = _hostname(origin)
            if host is None or not self._is_own(host):
                raise NotFromHere("The Origin is not this server. The control plane is not for other web pages.")
        if request.method in READING:
            return
        foreign = origin is not None and origin != f"{request.scheme}://{request.environ.get('HTTP_HOST')}"
        if (foreign or request.content_length) and request.mimetype != "application/json":
            raise NotFromHere("Send JSON: 'Content-Type: application/json'. Nothing else is taken here.")

    @staticmethod
    def _check_site(request: Request, *, page: bool) -> None:
        """Refuse what a browser sends for a page of somebody else. Tools do not send this header."""
        if request.headers.get("Sec-Fetch-Site", "none") in OWN_SITES:
            return
        opened = all(request.headers.get(name) == value for name, value in PAGE_OPENED.items())
        if not (page and opened and request.method == "GET"):
            raise NotFromHere(
                "A web page of another origin sent this request. The control plane is not for other web pages."
            )

    def _check_token(self, request: Request) -> None:
        if self._token is None:
            if not is_loopback(request.remote_addr or "127.0.0.1"):
                raise NotFromHere("From another machine the control plane needs a token: set --admin-token.")
        elif not hmac.compare_digest(_sent_token(request).encode(), self._token.encode()):
            raise TokenNeeded

    def _is_own(self, host: str) -> bool:
        return host in self._own or is_loopback(host) or (self._any_address and _is_address(host))


def cover(response: Response) -> Response:
    """Cover every API key in an answer of the control plane, wherever a client may have put it."""
    if not (response.is_streamed or response.direct_passthrough):
        response.set_data(redacted_bytes(response.get_data()))
    return response


def harden(response: Response) -> Response:
    """Add headers that make a browser keep an answer of the control plane from other pages."""
    for name, value in SAFETY.items():
        response.headers.setdefault(name, value)
    return response


def _hostname(url: str) -> str | None:
    try:
        name = urlsplit(url).hostname
    except ValueError:
        return None
    return name or None


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _sent_token(request: Request) -> str:
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(value, validate=True).decode().partition(":")[2]
        except ValueError:
            pass
    return ""
