"""Endpoints: where deliveries go, with which secret, of which events. And how a file or an order describes one."""

from __future__ import annotations

import base64
import binascii
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, InstanceOf

from mock_server.ids import derived
from mock_server.reading import Accepts, Model, Name, one_of, parsed
from mock_server.values import listed
from mock_server.webhooks.events import TYPES, Event

SECRET_PREFIX = "whsec_"  # noqa: S105  the beginning of every secret
SECRET_BYTES = range(24, 65)  # what Standard Webhooks admits
MAX_URL = 2000  # characters
MAX_PORT = 65535
MAX_COPIES = 10
ORDERS = IN_ORDER, REVERSED = ("in_order", "reversed")

_URL = re.compile(
    r"(?P<scheme>https?)://(?:\[(?P<ipv6>[0-9A-Fa-f:.]+)\]|(?P<name>[A-Za-z0-9._-]+))(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<target>(?:[/?][!\"$-~]*)?)",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Target:
    """The parts of the URL of an endpoint. `target` is path and query."""

    secure: bool
    host: str
    port: int
    target: str
    authority: str


def parse(url: str) -> Target:
    """Return the parts of a URL. Raises ValueError."""
    match = _URL.fullmatch(url) if len(url) <= MAX_URL else None
    if match is None or not 0 < (port := int(match["port"] or (443 if match["scheme"] == "https" else 80))) <= MAX_PORT:
        raise ValueError("not a URL of an endpoint")
    target = match["target"] if match["target"].startswith("/") else "/" + match["target"]
    authority = url.partition("://")[2].partition("/")[0].partition("?")[0]
    return Target(match["scheme"] == "https", match["ipv6"] or match["name"], port, target, authority)


def new_secret() -> str:
    """Return a secret that nobody else has."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES.start)).decode()


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where deliveries go. Without a `workspace` (an id) it is told of all. The repr leaves the secret out.

    `copies` is how often each delivery is sent. With the order `reversed`, the deliveries about an engagement are kept
    until the last one is due, and are sent from the last to the first.
    """

    id: str
    url: str
    secret: str = field(repr=False)
    events: tuple[str, ...] = TYPES
    workspace: str | None = None
    copies: int = 1
    order: str = IN_ORDER

    def wants(self, event: Event) -> bool:
        """Tell whether it is to be told of an event."""
        return self.workspace in {None, event.workspace} and event.type in self.events


def _url(text: str) -> str:
    parse(text)
    return text


def _secret(text: str) -> str:
    try:
        key = base64.b64decode(text.removeprefix(SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not text.startswith(SECRET_PREFIX) or len(key) not in SECRET_BYTES:
        raise ValueError("not a secret")
    return text


def _some(types: list[str]) -> list[str]:
    if not types:
        raise ValueError("must name at least one event")
    return types


Url = Annotated[
    str, AfterValidator(_url), Accepts("an http or https URL in ASCII, without user information and fragment")
]
Secret = Annotated[
    str,
    AfterValidator(_secret),
    Accepts(f"{SECRET_PREFIX} and the base64 form of {SECRET_BYTES.start} to {SECRET_BYTES.stop - 1} bytes"),
]
Networks = Annotated[
    tuple[Annotated[InstanceOf[IPv4Network] | InstanceOf[IPv6Network], parsed(ip_network)], ...],
    BeforeValidator(listed),
    Accepts("addresses or networks with commas between, such as 172.17.0.0/16,10.1.2.3"),
]
Types = Annotated[list[Annotated[str, one_of(TYPES)]], AfterValidator(_some)]


class EndpointOrder(Model):
    """An endpoint as people describe it."""

    url: Url
    secret: Secret | None = Field(default=None, repr=False)
    events: Types = Field(default_factory=lambda: list(TYPES))
    copies: Annotated[int, Field(ge=1, le=MAX_COPIES), Accepts(f"a whole number from 1 to {MAX_COPIES}")] = 1
    order: Annotated[str, one_of(ORDERS)] = IN_ORDER

    def endpoint(self, endpoint_id: str, workspace_id: str | None) -> Endpoint:
        """Return the endpoint, with a new secret if none is given."""
        secret, chosen = self.secret or new_secret(), tuple(one for one in TYPES if one in self.events)
        return Endpoint(endpoint_id, self.url, secret, chosen, workspace_id, self.copies, self.order)


class WebhookTable(EndpointOrder):
    """One `[[webhooks]]` of a file. Its workspace is given by name or id."""

    secret: Secret = Field(repr=False)
    workspace: Name | None = None

    def configured(self, number: int, workspace_id: Callable[[str], str | None]) -> Endpoint:
        """Return the endpoint. `number` is its place in the file; `workspace_id` finds a workspace by name or id."""
        owner = None if self.workspace is None else workspace_id(self.workspace)
        return self.endpoint(derived("ep", str(number), self.url), owner)
