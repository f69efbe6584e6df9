"""Workspaces and credentials: the built-in ones, those of a configuration file, and new ones for a test."""

from __future__ import annotations

import difflib
import re
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from limits import RateLimitItem

from mock_server.checks.auth import API_KEY_PREFIX, Caller, Workspace
from mock_server.ids import derived

SCOPES = (
    "engagements:read",
    "engagements:write",
    "engagements:private:read",
    "companies:read",
    "companies:write",
    "contacts:read",
    "contacts:write",
    "users:read",
    "tags:read",
    "tags:write",
    "transcript_timelines:read",
    "transcript_comments:write",
)


class ConfigError(Exception):
    """A setting that cannot be used: one line that says which, and what is accepted."""


def built_in() -> tuple[Caller, ...]:
    """Return the credentials of a server without a configuration file."""
    first, second = (Workspace(derived("wrks", name), name) for name in ("A", "B"))
    reading = ("engagements:read",)
    writing = ("engagements:write", "engagements:read")
    return tuple(
        caller(workspace, name, f"sk-apik_{secret}.local", f"{secret}@example.com", scopes)
        for workspace, name, secret, scopes in (
            (first, "writer", "writer", (*writing, "companies:read", "contacts:read", "users:read")),
            (first, "reader", "reader", reading),
            (first, "private_reader", "private", (*reading, "engagements:private:read")),
            (first, "noscope", "noscope", ()),
            (second, "other_workspace", "other", writing),
        )
    )


def caller(workspace: Workspace, name: str, credential: str, user: str, scopes: Iterable[str]) -> Caller:
    """Return a caller; the id of its user follows from workspace and e-mail address."""
    user_id = derived("usr", workspace.id, user)
    return Caller(name, credential, workspace, user, user_id, frozenset(scopes))


def new_callers(workspace: Workspace, rate_limit: RateLimitItem | None = None) -> tuple[Caller, ...]:
    """Return new credentials for a workspace, named as those of the built-in workspace A. Each gets `rate_limit`."""
    like = [built for built in built_in() if built.workspace.name == "A"]
    made = (caller(workspace, one.name, new_credential(), f"{one.name}@example.com", one.scopes) for one in like)
    return tuple(replace(one, rate_limit=rate_limit) for one in made)


def new_credential() -> str:
    """Return an API key that nobody else has."""
    return f"{API_KEY_PREFIX}{secrets.token_hex(8)}.{secrets.token_hex(16)}"


def read_workspaces(tables: object, source: str, rate_limit: Callable[[str], RateLimitItem]) -> tuple[Caller, ...]:
    """Return the credentials of `[[workspaces]]`. Raises ConfigError naming file, key and accepted values."""
    callers: list[Caller] = []
    names: set[str] = set()
    ids: set[str] = set()
    for number, table in enumerate(_tables(tables, f"{source}: workspaces")):
        where = f"{source}: workspaces[{number}]"
        read = _Reader(table, where, ("name", "id", "default_private", "rate_limit", "credentials"))
        name = read.text("name")
        if name in names:
            raise ConfigError(f"{where}.name: {name!r} is there twice; each workspace needs a name of its own")
        names.add(name)
        workspace_id = read.text("id", derived("wrks", name))
        if workspace_id in ids:  # two tenants with one id would share their keys
            raise ConfigError(f"{where}.id: {workspace_id!r} is there twice; each workspace needs an id of its own")
        ids.add(workspace_id)
        workspace = Workspace(
            id=workspace_id,
            name=name,
            default_private=read.boolean("default_private", default=False),
            rate_limit=read.parsed("rate_limit", rate_limit),
        )
        callers += _credentials(table.get("credentials", []), where, workspace, rate_limit)
    _no_twins(callers, source)
    return tuple(callers)


def _credentials(
    tables: object, where: str, workspace: Workspace, rate_limit: Callable[[str], RateLimitItem]
) -> Iterable[Caller]:
    for number, table in enumerate(_tables(tables, f"{where}.credentials")):
        place = f"{where}.credentials[{number}]"
        read = _Reader(table, place, ("name", "credential", "scopes", "user", "rate_limit"))
        credential = read.text("credential")
        if not (credential.isascii() and credential.isprintable() and " " not in credential):
            raise ConfigError(f"{place}.credential: must be printable ASCII without spaces, or no header can carry it")
        name = read.text("name")
        made = caller(workspace, name, credential, read.text("user", f"{name}@example.com"), read.scopes())
        yield replace(made, rate_limit=read.parsed("rate_limit", rate_limit))


def _no_twins(callers: list[Caller], source: str) -> None:
    for what, values in (("name", [c.name for c in callers]), ("credential", [c.credential for c in callers])):
        for number, value in enumerate(values):
            if value in values[:number]:
                shown = f" {value!r}" if what == "name" else ""
                raise ConfigError(f"{source}: two credentials have the same {what}{shown}; make them differ")


def _tables(value: object, where: str) -> list[dict[str, Any]]:
    header = re.sub(r"\[\d+\]", "", where.rpartition(": ")[2])
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value) or not value:
        raise ConfigError(f"{where}: must be one or more tables, each begun with [[{header}]]")
    return value


class _Reader:
    """Reads the keys of one table and says exactly which is wrong."""

    def __init__(self, table: Mapping[str, Any], where: str, accepted: Iterable[str]) -> None:
        self._table = table
        self._where = where
        accepted = list(accepted)
        for key in table:
            if key not in accepted:
                raise ConfigError(f"{where}.{unknown(key, accepted)}")

    def text(self, key: str, default: str | None = None) -> str:
        value = self._table.get(key, default)
        if not isinstance(value, str) or not value:
            problem = "is missing" if value is None else "must be a text that is not empty"
            raise ConfigError(f'{self._where}.{key}: {problem}, such as {key} = "…"')
        return value

    def boolean(self, key: str, *, default: bool) -> bool:
        value = self._table.get(key, default)
        if not isinstance(value, bool):
            raise ConfigError(f"{self._where}.{key}: must be true or false")
        return value

    def parsed(self, key: str, parse: Callable[[str], RateLimitItem]) -> RateLimitItem | None:
        if key not in self._table:
            return None
        try:
            return parse(str(self._table[key]))
        except ValueError as error:
            raise ConfigError(f"{self._where}.{key}: {self._table[key]!r} {error}") from None

    def scopes(self) -> list[str]:
        value = self._table.get("scopes", [])
        if not isinstance(value, list):
            raise ConfigError(f"{self._where}.scopes: must be a list of scopes")
        for scope in value:
            if scope not in SCOPES:
                raise ConfigError(f"{self._where}.scopes: {scope!r} is not a scope; {suggestion(str(scope), SCOPES)}")
        return value


def unknown(key: str, accepted: Iterable[str]) -> str:
    """Say that a key is not known, with the nearest one that is, or all of them."""
    return f"{key}: unknown key; {suggestion(key, accepted)}"


def suggestion(word: str, accepted: Iterable[str]) -> str:
    """Say which accepted word is nearest, or list them all."""
    accepted = list(accepted)
    near = difflib.get_close_matches(word, accepted, n=1)
    return f"did you mean {near[0]}?" if near else f"accepted are {', '.join(accepted)}"
