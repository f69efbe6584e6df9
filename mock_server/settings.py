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

from mock_server.auth import Caller
from mock_server.rate_limit import parse_limit
from mock_server.workspaces import ConfigError, built_in, read_workspaces, unknown

ENVIRONMENT_PREFIX = "MOCK_SERVER_"


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings of one server, checked. `callers` are the credentials it knows."""

    host: str = "127.0.0.1"
    port: int = 4010
    media: str = "simulated"
    in_flight: str = "wait"
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
    Option("media", one_of("simulated"), "MODE", "simulated: judge recordings by their URL, without a network"),
    Option(
        "in_flight",
        one_of("wait", "conflict"),
        "WHAT",
        "a repeat during the first submission: wait, or conflict for 409",
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
    values: dict[str, Any] = {}
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
    if (settings.tls_cert is None) != (settings.tls_key is None):
        raise ConfigError("--tls-cert and --tls-key go together: give both, or neither")
    return settings


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
        return ",".join(f"{_text(part, source, many=False)}" for part in value)
    if isinstance(value, bool) or not isinstance(value, str | int | None):
        raise ConfigError(f"{source}: must be a text or a number")
    return None if value is None else str(value)
