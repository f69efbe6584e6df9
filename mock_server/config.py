"""Settings: flag over environment over file over default. The only place that reads the environment."""

from __future__ import annotations

import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ByteSize,
    ConfigDict,
    Field,
    InstanceOf,
    ValidationError,
    field_validator,
)

from mock_server.checks.auth import Caller, Directory
from mock_server.media.policy import DEFAULT_PORT
from mock_server.reading import Mistake, Model, mistakes, one_of, short, shown, written
from mock_server.values import (
    Count,
    File,
    Host,
    HostNames,
    MediaPorts,
    Pace,
    Port,
    Seconds,
    Size,
    StandIns,
    Token,
    Whole,
)
from mock_server.webhooks.endpoints import Endpoint, Networks, WebhookTable
from mock_server.workspaces import ConfigError, RateLimit, WorkspaceTable, built_in, no_twins, some

ENVIRONMENT_PREFIX = "MOCK_SERVER_"
COMMAND_PORT = 4010  # of `mock-server`: clients find it there without asking
MAX_FILE = 1024 * 1024  # bytes


@dataclass(frozen=True, slots=True)
class Option:
    """How people give one setting: `--name`, `MOCK_SERVER_NAME` in the environment, `name` in the file.

    `metavar` and `help` are for the help of the command. An option with `many` values can be repeated.
    """

    metavar: str
    help: str
    many: bool = False
    name: str = ""

    @property
    def flag(self) -> str:
        """The option on the command line, `--in-flight`."""
        return "--" + self.name.replace("_", "-")

    @property
    def variable(self) -> str:
        """The environment variable, `MOCK_SERVER_IN_FLIGHT`."""
        return ENVIRONMENT_PREFIX + self.name.upper()


class Settings(Model):
    """All settings of one server. Values are read and checked wherever they come from: `Settings(port="4010")`.

    A server takes a free port unless `port` names one. The command listens on `COMMAND_PORT` instead. `callers` are
    the credentials it knows: those of the `workspaces` of the file, or else the built-in ones. Raises ConfigError.
    """

    model_config = ConfigDict(strict=False, coerce_numbers_to_str=True)

    host: Annotated[Host, Option("HOST", "address to listen on (127.0.0.1)")] = "127.0.0.1"
    port: Annotated[Port, Option("PORT", f"port to listen on; 0 picks a free one ({COMMAND_PORT})")] = 0
    config: Annotated[File | None, Option("FILE", "settings, workspaces, credentials and webhooks, in TOML")] = Field(
        default=None, exclude=True
    )
    media: Annotated[
        str,
        one_of(("simulated", "live")),
        Option(
            "MODE",
            "simulated: judge recordings by their URL, without a network; live: fetch and measure them (simulated)",
        ),
    ] = "simulated"
    media_ports: Annotated[
        MediaPorts, Option("PORTS", "ports that media URLs may use besides 443, such as 8443,9443", many=True)
    ] = frozenset({DEFAULT_PORT})
    media_timeout: Annotated[
        Seconds, Option("SECONDS", "time limit for fetching a recording, redirects included (30)")
    ] = 30.0
    media_max_bytes: Annotated[Size, Option("SIZE", "largest recording that is fetched (512MiB)")] = ByteSize(512 << 20)
    media_fetches: Annotated[Count, Option("N", "recordings fetched at a time; others wait, then get 429 (16)")] = 16
    media_ca: Annotated[
        File | None, Option("FILE", "certificates (PEM) to trust besides the usual ones when recordings are fetched")
    ] = None
    resolve: Annotated[
        StandIns,
        Option(
            "HOST:PORT:ADDRESS",
            "fetch recordings of this host and port from this address, as curl does (…:ADDRESS:PORT for another port)",
            many=True,
        ),
    ] = ()
    in_flight: Annotated[
        str,
        one_of(("wait", "conflict")),
        Option(
            "WHAT", "what a repeat does while the first submission is in flight: wait, or conflict, which is 409 (wait)"
        ),
    ] = "wait"
    unknown_fields: Annotated[
        str,
        one_of(("ignore", "refuse")),
        Option(
            "WHAT",
            "an unknown field or query parameter: ignore it, or refuse a body with 422, a query with 400 (ignore)",
        ),
    ] = "ignore"
    processing: Annotated[
        Pace, Option("TIME", "how long an engagement is processed, such as 500ms or 1m; 0 finishes at once (2s)")
    ] = timedelta(seconds=2)
    rate_limit: Annotated[
        RateLimit | None, Option("LIMIT", "requests a workspace may send, such as 100/minute (no limit)")
    ] = None
    webhook_timeout: Annotated[
        Seconds, Option("SECONDS", "time limit for a receiver to acknowledge a webhook (15)")
    ] = 15.0
    webhook_networks: Annotated[
        Networks,
        Option("NETWORKS", "where webhooks may go besides loopback, such as 172.17.0.0/16,10.1.2.3", many=True),
    ] = ()
    ready_file: Annotated[
        File | None, Option("FILE", "write addresses and credentials here, as JSON, once requests are answered")
    ] = None
    tls_cert: Annotated[File | None, Option("FILE", "certificate chain (PEM) to serve https")] = None
    tls_key: Annotated[File | None, Option("FILE", "private key (PEM) of the certificate")] = None
    seed: Annotated[Whole | None, Option("N", "make ids, and the chance of a fault, repeatable")] = None
    admin: Annotated[
        str, one_of(("on", "off")), Option("WHAT", "on or off: the control plane and its records (on)")
    ] = "on"
    admin_token: Annotated[
        Token | None,
        Option("TOKEN", "what the control plane asks for (nothing; if --host is not loopback, one is made)"),
    ] = Field(default=None, repr=False)
    allow_host: Annotated[
        HostNames, Option("NAME", "another name under which the control plane may be used", many=True)
    ] = ()
    log_format: Annotated[str, one_of(("text", "json")), Option("FORMAT", "text, or json: an object a line (text)")] = (
        "text"
    )
    log_level: Annotated[
        str,
        one_of(("debug", "info", "warning", "error")),
        Option("LEVEL", "how much to log on standard error (info)"),
    ] = "info"
    workspaces: (
        Annotated[list[WorkspaceTable], BeforeValidator(some("[[workspaces]]")), AfterValidator(no_twins)] | None
    ) = None
    webhooks: Annotated[list[WebhookTable], BeforeValidator(some("[[webhooks]]"))] | None = None
    callers: tuple[InstanceOf[Caller], ...] = Field(
        default_factory=lambda given: _callers(given.get("workspaces")), exclude=True
    )

    def __init__(self, /, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            found = sorted(mistakes(error, Settings), key=lambda one: one.code != "unknown")
            raise _setting_error(found[0]) from None  # a name that is not known may be why another one is missing
        self._check_media()
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ConfigError("--tls-cert and --tls-key go together: give both, or neither")
        for number, table in enumerate(self.webhooks or ()):
            if table.workspace is not None and self._workspace_id(table.workspace) is None:
                raise SettingError("webhooks", f"[{number}].workspace: {shown(table.workspace)} is not a workspace")

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """The endpoints of webhooks that the file names."""
        return tuple(table.configured(number, self._workspace_id) for number, table in enumerate(self.webhooks or ()))

    def _workspace_id(self, name: str) -> str | None:
        """Return the id of the workspace with this id or name."""
        found = Directory(self.callers).workspace(name)
        return None if found is None else found.id

    @field_validator("*", mode="before")
    @classmethod
    def _no_words_of_json(cls, value: object) -> object:
        """Refuse true and false, which pydantic reads as 1 and 0."""
        if isinstance(value, bool):
            raise ValueError("must be a text or a number")  # noqa: TRY004  pydantic collects these
        return value

    def _check_media(self) -> None:
        if self.media != "live" and (self.resolve or self.media_ca):
            raise ConfigError("--resolve and --media-ca are for recordings that are fetched: add --media live")
        for fixture in self.resolve:
            if fixture.port not in self.media_ports:
                raise ConfigError(
                    f"--resolve: no media URL may use port {fixture.port}: add --media-ports {fixture.port}"
                )


def _callers(workspaces: list[WorkspaceTable] | None) -> tuple[Caller, ...]:
    if workspaces is None:
        return built_in()
    return tuple(one for table in workspaces for one in table.callers())


class SettingError(ConfigError):
    """One setting that cannot be used: `key` is its name, `rest` what comes after the name in the message."""

    def __init__(self, key: str, rest: str) -> None:
        super().__init__(short(key) + rest)
        self.key, self.rest = key, rest


def _setting_error(mistake: Mistake) -> SettingError:
    key = str(mistake.place[0])
    value = "" if mistake.value is None else f" {mistake.value}"
    return SettingError(key, f"{written(mistake.place).removeprefix(key)}:{value} {mistake.message}")


OPTIONS = tuple(
    replace(option, name=name)
    for name, field in Settings.model_fields.items()
    for option in field.metadata
    if isinstance(option, Option)
)


def is_loopback(host: str) -> bool:
    """Tell whether only this machine can reach a server on this host."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def load(flags: Mapping[str, str], environment: Mapping[str, str]) -> Settings:
    """Return the settings. Raises ConfigError with one line that names the source and what is accepted."""
    values: dict[str, Any] = {"port": COMMAND_PORT}
    sources: dict[str, str] = {}
    config = flags.get("config", environment.get(ENVIRONMENT_PREFIX + "CONFIG") or None)
    if config is not None:
        document = _read_toml(config)
        sources = {key: f"{short(config)}: {short(key)}" for key in document}
        values |= document
    for option in OPTIONS:
        if option.name in flags:
            values[option.name], sources[option.name] = flags[option.name], option.flag
        elif environment.get(option.variable):
            values[option.name], sources[option.name] = environment[option.variable], option.variable
    try:
        return Settings(**values)
    except SettingError as error:
        raise ConfigError(sources.get(error.key, short(error.key)) + error.rest) from None


def _read_toml(text: str) -> dict[str, Any]:
    name, path = short(text), Path(text)
    try:
        if not text or "\0" in text:
            raise ConfigError("--config: must be the path of a file")
        found = path.stat()
        if not stat.S_ISREG(found.st_mode) or found.st_size > MAX_FILE:
            raise ConfigError(f"--config: cannot read {name}: it must be a file of at most {MAX_FILE:,} bytes")
        document = tomllib.loads(path.read_bytes().decode("utf-8"))
    except OSError as error:
        raise ConfigError(f"--config: cannot read {name}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{name}: not valid TOML: byte {error.start} is not UTF-8") from None
    except RecursionError:
        raise ConfigError(f"{name}: not valid TOML: it is nested too deeply") from None
    except ValueError as error:
        raise ConfigError(f"{name}: not valid TOML: {error}") from None
    for key in {"config", "callers"} & document.keys():  # settings, but not of a file
        raise ConfigError(f"{name}: {key}: is not a key of a file")
    return document
