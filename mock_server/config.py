"""Settings: flag over environment over file over default. The only place that reads the environment."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from limits import RateLimitItem

from mock_server.checks.auth import Caller
from mock_server.checks.rate_limit import parse_limit
from mock_server.media.live.fixtures import Fixture, read_fixtures
from mock_server.media.policy import DEFAULT_PORT
from mock_server.workspaces import ConfigError, built_in, read_workspaces, unknown

ENVIRONMENT_PREFIX = "MOCK_SERVER_"
COMMAND_PORT = 4010  # of `mock-server`: clients find it there without asking
MAX_TIMEOUT = 3600  # seconds


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings of one server, checked. `callers` are the credentials it knows.

    A server takes a free port unless `port` names one. The command listens on `COMMAND_PORT` instead.
    """

    host: str = "127.0.0.1"
    port: int = 0
    media: str = "simulated"
    media_ports: frozenset[int] = frozenset({DEFAULT_PORT})
    media_timeout: float = 30.0
    media_max_bytes: int = 512 * 1024 * 1024
    media_fetches: int = 16
    media_ca: Path | None = None
    resolve: tuple[Fixture, ...] = ()
    in_flight: str = "wait"
    unknown_fields: str = "ignore"
    rate_limit: RateLimitItem | None = None
    ready_file: Path | None = None
    tls_cert: Path | None = None
    tls_key: Path | None = None
    seed: int | None = None
    admin: str = "on"
    admin_token: str | None = field(default=None, repr=False)
    allow_host: tuple[str, ...] = ()
    log_format: str = "text"
    log_level: str = "info"
    config: Path | None = None
    callers: tuple[Caller, ...] = field(default_factory=built_in)


@dataclass(frozen=True, slots=True)
class Option:
    """One setting: `--name` on the command line, `MOCK_SERVER_NAME` in the environment, `name` in the file.

    `parse` turns text into the value and raises ValueError saying what is accepted. A flag with `many` values can be
    repeated; elsewhere they are a comma list.
    """

    name: str
    parse: Callable[[str], Any]
    metavar: str
    help: str
    many: bool = False

    @property
    def flag(self) -> str:
        """The option on the command line, `--in-flight`."""
        return "--" + self.name.replace("_", "-")

    @property
    def variable(self) -> str:
        """The environment variable, `MOCK_SERVER_IN_FLIGHT`."""
        return ENVIRONMENT_PREFIX + self.name.upper()


def one_of(*accepted: str) -> Callable[[str], str]:
    """Return a parser that takes only these words."""

    def parse(text: str) -> str:
        if text not in accepted:
            raise ValueError(f"must be {' or '.join(accepted)}")
        return text

    return parse


def port(text: str) -> int:
    """Read a TCP port; 0 picks a free one."""
    if not (text.isascii() and text.isdigit() and int(text) <= 65535):  # noqa: PLR2004  the largest port there is
        raise ValueError("must be a port from 0 to 65535; 0 picks a free one")
    return int(text)


def integer(text: str) -> int:
    """Read a whole number."""
    try:
        return int(text)
    except ValueError:
        raise ValueError("must be a whole number") from None


def ports(text: str) -> frozenset[int]:
    """Read the ports that media URLs may use besides 443."""
    entries = [entry.strip() for entry in text.split(",")]
    if not all(re.fullmatch(r"[0-9]{1,5}", entry, re.ASCII) and 0 < int(entry) <= 65535 for entry in entries):  # noqa: PLR2004  the largest port there is
        raise ValueError("must be ports from 1 to 65535 with commas between, such as 8443,9443")
    return frozenset({DEFAULT_PORT, *map(int, entries)})


def seconds(text: str) -> float:
    """Read a time limit in seconds."""
    if not re.fullmatch(r"[0-9]{1,4}(\.[0-9]{1,3})?", text, re.ASCII) or not 0 < float(text) <= MAX_TIMEOUT:
        raise ValueError(f"must be seconds, more than 0 and at most {MAX_TIMEOUT}")
    return float(text)


def size(text: str) -> int:
    """Read a size: bytes, or 64KiB, 512MiB, 2GiB."""
    match = re.fullmatch(r"([0-9]{1,12})\s*(KiB|MiB|GiB)?", text, re.ASCII | re.IGNORECASE)
    if match is None or not int(match[1]):
        raise ValueError("must be a size such as 512MiB, or a number of bytes")
    return int(match[1]) << {"": 0, "kib": 10, "mib": 20, "gib": 30}[(match[2] or "").lower()]


def count(text: str) -> int:
    """Read how many there may be of something, at least one."""
    if not re.fullmatch(r"[0-9]{1,4}", text, re.ASCII) or not int(text):
        raise ValueError("must be a number from 1 to 9999")
    return int(text)


def rate_limit(text: str) -> RateLimitItem:
    """Read a rate limit such as `100/minute`."""
    try:
        return parse_limit(text)
    except ValueError:
        raise ValueError("must be a rate limit such as 100/minute, 5/second or 1000 per hour") from None


def host(text: str) -> str:
    """Read a host to bind."""
    try:
        if text.strip() and text.isprintable() and text.encode("idna"):
            return text
    except UnicodeError:
        pass
    raise ValueError("must be an address or a name, such as 127.0.0.1")


def path(text: str) -> Path:
    """Read the path of a file."""
    if not text or "\0" in text:
        raise ValueError("must be the path of a file")
    return Path(text)


def token(text: str) -> str:
    """Read a token that a header can carry."""
    if not re.fullmatch(r"[!-~]{8,200}", text, re.ASCII):
        raise ValueError("must be 8 to 200 printable ASCII characters without spaces")
    return text


def hosts(text: str) -> tuple[str, ...]:
    """Read names of hosts."""
    names = tuple(name.strip().lower() for name in text.split(","))
    if not all(re.fullmatch(r"[a-z0-9._-]+|\[?[0-9a-f:.]+\]?", name, re.ASCII) for name in names):
        raise ValueError("must be names or addresses without a port, such as mock or 172.17.0.2")
    return tuple(name.strip("[]") for name in names)


def is_loopback(host: str) -> bool:
    """Tell whether only this machine can reach a server on this host."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


OPTIONS = (
    Option("host", host, "HOST", "address to listen on (127.0.0.1)"),
    Option("port", port, "PORT", "port to listen on; 0 picks a free one (4010)"),
    Option("config", path, "FILE", "workspaces and credentials, in TOML"),
    Option(
        "media",
        one_of("simulated", "live"),
        "MODE",
        "simulated: judge recordings by their URL, without a network; live: fetch and measure them",
    ),
    Option("media_ports", ports, "PORTS", "ports that media URLs may use besides 443, such as 8443,9443", many=True),
    Option("media_timeout", seconds, "SECONDS", "time limit for fetching a recording, redirects included (30)"),
    Option("media_max_bytes", size, "SIZE", "largest recording that is fetched (512MiB)"),
    Option("media_fetches", count, "N", "recordings fetched at a time; others wait, then get 429 (16)"),
    Option("media_ca", path, "FILE", "certificates (PEM) to trust besides the usual ones when recordings are fetched"),
    Option(
        "resolve",
        read_fixtures,
        "HOST:PORT:ADDRESS",
        "fetch recordings of this host and port from this address, as curl does (…:ADDRESS:PORT for another port)",
        many=True,
    ),
    Option(
        "in_flight",
        one_of("wait", "conflict"),
        "WHAT",
        "a repeat during the first submission: wait, or conflict for 409",
    ),
    Option(
        "unknown_fields",
        one_of("ignore", "refuse"),
        "WHAT",
        "a field of a body that the API does not know: ignore it, or refuse the body with 422 (ignore)",
    ),
    Option("rate_limit", rate_limit, "LIMIT", "requests a workspace may send, such as 100/minute (no limit)"),
    Option("ready_file", path, "FILE", "write addresses and credentials here, as JSON, once requests are answered"),
    Option("tls_cert", path, "FILE", "certificate chain (PEM) to serve https"),
    Option("tls_key", path, "FILE", "private key (PEM) of the certificate"),
    Option("seed", integer, "N", "make ids, and the luck of faults, repeatable"),
    Option("admin", one_of("on", "off"), "WHAT", "the control plane and its records (on)"),
    Option(
        "admin_token", token, "TOKEN", "what the control plane asks for (nothing; made up if --host is not loopback)"
    ),
    Option("allow_host", hosts, "NAME", "another name under which the control plane may be used", many=True),
    Option("log_format", one_of("text", "json"), "FORMAT", "text, or json: an object a line (text)"),
    Option(
        "log_level", one_of("debug", "info", "warning", "error"), "LEVEL", "how much to log on standard error (info)"
    ),
)


def load(flags: Mapping[str, str], environment: Mapping[str, str]) -> Settings:
    """Return the settings. Raises ConfigError with one line that names the source and what is accepted."""
    config = flags.get("config") or environment.get(ENVIRONMENT_PREFIX + "CONFIG")
    document = _read_toml(Path(config)) if config else {}
    values: dict[str, Any] = {"port": COMMAND_PORT}
    for option in OPTIONS:
        for source, text in (
            (option.flag, flags.get(option.name)),
            (option.variable, environment.get(option.variable) or None),
            (
                f"{config}: {option.name}",
                _text(document.get(option.name), f"{config}: {option.name}", many=option.many),
            ),
        ):
            if text is not None:
                values[option.name] = _parsed(option, source, text)
                break
    if "workspaces" in document:
        values["callers"] = read_workspaces(document["workspaces"], f"{config}", rate_limit)
    settings = Settings(**values)
    _check_media(settings)
    if (settings.tls_cert is None) != (settings.tls_key is None):
        raise ConfigError("--tls-cert and --tls-key go together: give both, or neither")
    return settings


def _check_media(settings: Settings) -> None:
    if settings.media != "live" and (settings.resolve or settings.media_ca):
        raise ConfigError("--resolve and --media-ca are for recordings that are fetched: add --media live")
    for fixture in settings.resolve:
        if fixture.port not in settings.media_ports:
            raise ConfigError(f"--resolve: no media URL may use port {fixture.port}: add --media-ports {fixture.port}")


def _parsed(option: Option, source: str, text: str) -> Any:
    try:
        return option.parse(text)
    except ValueError as error:
        shown = "" if option.name == "admin_token" else f" {text!r}"
        raise ConfigError(f"{source}:{shown} {error}") from None


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"--config: cannot read {path}: {error.strerror}") from None
    except ValueError as error:  # not TOML, or not UTF-8
        raise ConfigError(f"{path}: not valid TOML: {error}") from None
    accepted = [option.name for option in OPTIONS if option.name != "config"] + ["workspaces"]
    for key in document:
        if key not in accepted:
            raise ConfigError(f"{path}: {unknown(key, accepted)}")
    return document


def _text(value: object, source: str, *, many: bool) -> str | None:
    if many and isinstance(value, list) and value:
        return ",".join(str(_text(item, source, many=False)) for item in value)
    if isinstance(value, bool) or not isinstance(value, str | int | float | None):
        raise ConfigError(f"{source}: must be a text or a number")
    return None if value is None else str(value)
