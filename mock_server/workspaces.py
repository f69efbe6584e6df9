"""Workspaces and credentials: the built-in ones, those of a configuration file, and new ones for a test."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator
from typing import Annotated

from pydantic import BeforeValidator, Field, InstanceOf

from mock_server.checks.auth import API_KEY_PREFIX, Caller, Workspace
from mock_server.checks.rate import Rate, parse_rate
from mock_server.ids import derived
from mock_server.reading import Accepts, Mistake, Model, Name, Place, harmless, parsed, refuse, suggestion, written

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
    """A setting that cannot be used: one line that says which, and what is accepted. Control characters are escaped."""

    def __init__(self, message: str) -> None:
        super().__init__(harmless(message))


def _scope(text: object) -> object:
    if text not in SCOPES:
        raise ValueError(f"is not a scope; {suggestion(str(text), SCOPES)}")
    return text


def some(header: str) -> Callable[[object], object]:
    """Return a check that a file holds at least one table with this header."""

    def check(tables: object) -> object:
        if not isinstance(tables, list) or not tables or not all(isinstance(table, dict) for table in tables):
            raise ValueError(f"must be one or more tables, each begun with {header}")
        return tables

    return check


RateLimit = Annotated[InstanceOf[Rate], parsed(parse_rate)]
Scopes = list[Annotated[str, BeforeValidator(_scope)]]
Credential = Annotated[
    str,
    Field(pattern=r"^[!-~]{1,500}$"),
    Accepts("1 to 500 characters of printable ASCII without spaces, or no header can carry it"),
]


class CredentialTable(Model):
    """One `[[workspaces.credentials]]` of a file. Without a user it is `<name>@example.com`."""

    name: Name
    credential: Credential = Field(repr=False)
    scopes: Scopes = Field(default_factory=list)
    user: Name | None = None
    rate_limit: RateLimit | None = None

    def caller(self, workspace: Workspace) -> Caller:
        """Return the caller whose credential this is."""
        return caller(workspace, self.name, self.credential, self.scopes, self.user, self.rate_limit)


class WorkspaceTable(Model):
    """One `[[workspaces]]` of a file. Without an id it has one that follows from its name."""

    name: Name
    id: Name | None = None
    default_private: bool = False
    rate_limit: RateLimit | None = None
    credentials: Annotated[
        list[CredentialTable], BeforeValidator(some("[[workspaces.credentials]]")), Field(validate_default=True)
    ] = Field(default_factory=list)

    def callers(self) -> list[Caller]:
        """Return the callers of the workspace."""
        workspace_id = self.id or derived("wrks", self.name)
        workspace = Workspace(workspace_id, self.name, self.default_private, self.rate_limit)
        return [table.caller(workspace) for table in self.credentials]


def no_twins(tables: list[WorkspaceTable]) -> list[WorkspaceTable]:
    """Return the tables. Refuses two workspaces of one name or id, and two credentials of one name or value."""
    refuse(_twins(tables))
    return tables


def _twins(tables: list[WorkspaceTable]) -> Iterator[Mistake]:
    """Yield each second one. What is the same is not shown, because it may be a credential."""
    seen: dict[tuple[int, object, str], Place] = {}
    for place, value in _names(tables):
        first = seen.setdefault((len(place), place[-1], value), place)
        if first != place:
            yield Mistake(place, "value", f"is the same as {written(('workspaces', *first))}; make them differ")


def _names(tables: list[WorkspaceTable]) -> Iterator[tuple[Place, str]]:
    """Yield what must be different in a file, with its place."""
    for number, table in enumerate(tables):
        yield (number, "name"), table.name
        yield (number, "id"), table.id or derived("wrks", table.name)
        for position, one in enumerate(table.credentials):
            yield (number, "credentials", position, "name"), one.name
            yield (number, "credentials", position, "credential"), one.credential


def built_in() -> tuple[Caller, ...]:
    """Return the credentials of a server without a configuration file."""
    first, second = (Workspace(derived("wrks", name), name) for name in ("A", "B"))
    reading = ("engagements:read",)
    writing = ("engagements:write", "engagements:read")
    return tuple(
        caller(workspace, name, f"sk-apik_{secret}.local", scopes, f"{secret}@example.com")
        for workspace, name, secret, scopes in (
            (first, "writer", "writer", (*writing, "companies:read", "contacts:read", "users:read")),
            (first, "reader", "reader", reading),
            (first, "private_reader", "private", (*reading, "engagements:private:read")),
            (first, "noscope", "noscope", ()),
            (second, "other_workspace", "other", writing),
        )
    )


def caller(  # noqa: PLR0913, PLR0917  all that makes a caller
    workspace: Workspace,
    name: str,
    credential: str,
    scopes: Iterable[str],
    user: str | None = None,
    rate_limit: Rate | None = None,
) -> Caller:
    """Return a caller. Without a user it is `<name>@example.com`; the id follows from workspace and e-mail address."""
    user = user or f"{name}@example.com"
    return Caller(name, credential, workspace, user, derived("usr", workspace.id, user), frozenset(scopes), rate_limit)


def new_callers(workspace: Workspace, rate_limit: Rate | None = None) -> tuple[Caller, ...]:
    """Return new credentials for a workspace, named as those of the built-in workspace A. Each gets `rate_limit`."""
    like = [built for built in built_in() if built.workspace.name == "A"]
    return tuple(caller(workspace, one.name, new_credential(), one.scopes, rate_limit=rate_limit) for one in like)


def new_credential() -> str:
    """Return an API key that nobody else has."""
    return f"{API_KEY_PREFIX}{secrets.token_hex(8)}.{secrets.token_hex(16)}"
