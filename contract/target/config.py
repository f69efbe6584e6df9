"""The target of a run and how to treat it: flag over environment over file over default.

The environment is handed in. Every value remembers where it came from, and credentials show themselves to nobody.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from contract.target.reading import CREDENTIALS, Deviation, Reader, read_toml
from contract.target.receiver import Webhooks
from contract.target.values import (
    ConfigError,
    parse_address,
    parse_base_url,
    parse_count,
    parse_email,
    parse_file,
    parse_form,
    parse_proxy,
    parse_rate,
    parse_seconds,
    parse_secret,
)

LOOPBACK_RATE, REMOTE_RATE = None, 5.0
REMOTE_REQUESTS, REMOTE_CREATIONS = 2000, 200
# No name under .invalid ever resolves (RFC 6761), so this is unreachable for every deployment.
UNREACHABLE = "https://does-not-exist.invalid/a.mp3"


@dataclass(frozen=True, slots=True, repr=False)
class Credential:
    """A credential by its name in the configuration. `header` is the value of Authorization; repr hides it."""

    name: str
    value: str
    raw: bool = False

    @property
    def header(self) -> str:
        """The Authorization header: the value after Bearer, unless it brings a scheme or is to be sent bare."""
        return self.value if self.raw or " " in self.value else f"Bearer {self.value}"

    @property
    def token(self) -> str:
        """The credential without a scheme."""
        return self.value.rpartition(" ")[2]

    def __repr__(self) -> str:
        return f"Credential({self.name}, ********)"


@dataclass(frozen=True, slots=True)
class Config:
    """A target, ready to be tested.

    `rate` is in requests a second; None means no limit. `timeout` and `patience` are in seconds. `reader_email` is the
    address of the user of the credential `reader`.
    """

    base_url: str
    credentials: Mapping[str, Credential]
    accepted: tuple[str, ...]
    reader_email: str | None = None
    rejected: tuple[str, ...] = ()
    redirect_to_private: tuple[str, ...] = ()
    private_names: tuple[str, ...] = ()
    unreachable: tuple[str, ...] = (UNREACHABLE,)
    rate: float | None = None
    max_requests: int | None = None
    max_creations: int | None = None
    visible: bool = False
    patience: float = 300.0
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    ca_file: Path | None = None
    client_cert: Path | None = None
    client_key: Path | None = None
    proxy: str | None = field(default=None, repr=False)
    timeout: float = 60.0
    webhooks: Webhooks | None = None
    waived: Mapping[str, str] = field(default_factory=dict)
    deviations: Mapping[str, Deviation] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def discreet(self) -> bool:
        """Whether nothing may be sent that other people would see or be mailed about."""
        return not (self.loopback or self.visible)

    @property
    def valid_headers(self) -> frozenset[str]:
        """Every Authorization header that a configured credential makes valid, in each form that a target may take."""
        known = self.credentials.values()
        return frozenset(header for each in known for header in (each.header, f"Bearer {each.token}", each.token))

    @property
    def loopback(self) -> bool:
        """Whether the target is on this machine."""
        return is_loopback(self.base_url)


def is_loopback(url: str) -> bool:
    """Tell whether a URL leads to this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def names_target(flags: Mapping[str, str | None], environment: Mapping[str, str]) -> bool:
    """Tell whether a target is configured at all. If not, a run starts the mock."""
    by_variable = environment.get("CONTRACT_BASE_URL") or environment.get("CONTRACT_CONFIG")
    return bool(flags.get("base_url") or flags.get("config") or by_variable)


def load(flags: Mapping[str, str | None], environment: Mapping[str, str]) -> Config:
    """Return the configuration. Raises ConfigError with one line for the first value that cannot be used."""
    path = flags.get("config") or environment.get("CONTRACT_CONFIG")
    source = "--config" if flags.get("config") else "CONTRACT_CONFIG"
    reader = Reader(read_toml(Path(path), source) if path else {}, str(path), flags, environment)
    base_url = parse_base_url(reader.required("base_url", "--base-url, CONTRACT_BASE_URL"))
    credentials = _credentials(reader)
    accepted = reader.urls("media.accepted")
    if not accepted:
        raise ConfigError(
            "media.accepted is missing: set CONTRACT_MEDIA_ACCEPTED, or accepted under [media], to https URLs of"
            " recordings that the target can fetch"
        )
    return Config(
        base_url=base_url,
        credentials=credentials,
        accepted=accepted,
        reader_email=reader.parsed("credentials.reader_email", parse_email, None),
        rejected=reader.urls("media.rejected"),
        redirect_to_private=reader.urls("media.redirect_to_private"),
        private_names=reader.names("media.private_names"),
        unreachable=reader.urls("media.unreachable") or (UNREACHABLE,),
        **_limits(reader, loopback=is_loopback(base_url)),
        **_http(reader),
        webhooks=_webhooks(reader),
        waived=reader.reasons("waived"),
        deviations=reader.deviations(),
        sources=reader.sources,
    )


def _credentials(reader: Reader) -> dict[str, Credential]:
    raw = reader.parsed("credentials.credential_form", parse_form, "bearer") == "raw"
    tokens = {name: reader.value(f"credentials.{name}") for name in CREDENTIALS}
    if tokens["writer"] is None:
        raise ConfigError("credentials.writer is missing: set CONTRACT_WRITER, or writer under [credentials]")
    return {name: Credential(name, token, raw) for name, token in tokens.items() if token is not None}


def _http(reader: Reader) -> dict[str, Any]:
    """Return how the target is reached: headers, trust, a certificate of the client, a proxy, the time limit."""
    cert, key = (reader.parsed(f"http.client_{name}", parse_file, None) for name in ("cert", "key"))
    if key is not None and cert is None:
        raise ConfigError("http.client_key is the key of http.client_cert, which is missing")
    return {
        "headers": reader.headers(),
        "ca_file": reader.parsed("http.ca_file", parse_file, None),
        "client_cert": cert,
        "client_key": key,
        "proxy": reader.parsed("http.proxy", parse_proxy, None),
        "timeout": reader.parsed("http.timeout", parse_seconds, 60.0),
    }


def _webhooks(reader: Reader) -> Webhooks | None:
    """Return where webhooks are listened for. Raises ConfigError if only a part of it is there."""
    address = reader.parsed("webhooks.listen", parse_address, None)
    secret = reader.parsed("webhooks.secret", parse_secret, None)
    if (address is None) is not (secret is None):
        raise ConfigError(
            "webhooks.listen and webhooks.secret go together: an address such as 0.0.0.0:8800, and whsec_…"
        )
    return None if address is None or secret is None else Webhooks(address[0], address[1], secret)


def with_limits(config: Config, flags: Mapping[str, str | None], environment: Mapping[str, str]) -> Config:
    """Return the configuration of a target that a run starts itself, with the limits that are set. Raises ConfigError.

    Without a target there is no file to read them from.
    """
    limits = _limits(Reader({}, "", flags, environment), loopback=config.loopback)
    return replace(config, **limits)


def _limits(reader: Reader, *, loopback: bool) -> dict[str, Any]:
    return {
        "rate": reader.parsed("limits.rate", parse_rate, LOOPBACK_RATE if loopback else REMOTE_RATE),
        "max_requests": reader.parsed("limits.max_requests", parse_count, None if loopback else REMOTE_REQUESTS),
        "patience": reader.parsed("limits.patience", parse_seconds, 300.0),
        "visible": reader.flag("limits.visible"),
        "max_creations": reader.parsed("limits.max_creations", parse_count, None if loopback else REMOTE_CREATIONS),
    }
