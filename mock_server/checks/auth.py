"""Who is calling, and may they? Rules: AUTH-1 to AUTH-8, SCOPE-1 to SCOPE-7, READ-2."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from mock_server.checks.rate import Rate
from mock_server.problems import Forbidden, Unauthorized

API_KEY_PREFIX = "sk-apik_"


@dataclass(frozen=True, slots=True)
class Scope:
    """What a credential may do, and the rule that asks for it."""

    name: str
    rule: str


WRITE, READ = Scope("engagements:write", "SCOPE-1"), Scope("engagements:read", "READ-2")


@dataclass(frozen=True, slots=True)
class Workspace:
    """A tenant. If it has no `rate_limit`, the default of the server applies."""

    id: str
    name: str
    default_private: bool = False
    rate_limit: Rate | None = None


@dataclass(frozen=True, slots=True)
class Caller:
    """Who a credential belongs to. The repr leaves the credential out.

    A `rate_limit` holds for this credential, in addition to the one of its workspace.
    """

    name: str
    credential: str = field(repr=False)
    workspace: Workspace
    user: str
    user_id: str
    scopes: frozenset[str]
    rate_limit: Rate | None = None


class Directory:
    """The credentials that the mock knows. A request sees all of a change, or nothing of it."""

    def __init__(self, callers: Iterable[Caller]) -> None:
        self._lock = threading.Lock()
        self._by_credential = {caller.credential: caller for caller in callers}
        self._workspaces = _workspaces(self.callers)

    @property
    def callers(self) -> tuple[Caller, ...]:
        """All callers, in the order in which they were added."""
        return tuple(self._by_credential.values())

    def change(self, changed: Callable[[tuple[Caller, ...]], Iterable[Caller]]) -> None:
        """Replace the callers with what the function returns for the present ones."""
        with self._lock:
            self._by_credential = {caller.credential: caller for caller in changed(self.callers)}
            self._workspaces = _workspaces(self.callers)

    @property
    def workspaces(self) -> Mapping[str, Workspace]:
        """All workspaces by id."""
        return self._workspaces

    def workspace(self, name: str) -> Workspace | None:
        """Return the workspace with this id, or else with this name."""
        by_name = (space for space in self._workspaces.values() if space.name == name)
        return self._workspaces.get(name) or next(by_name, None)

    def authenticate(self, authorization: str | None) -> Caller:
        """Return the caller of an Authorization header, in the form `Bearer <credential>` or a bare API key.

        Raises Unauthorized, which never repeats what was sent.
        """
        sent = (authorization or "").strip(" \t")
        scheme, _, rest = sent.partition(" ")
        if not scheme:
            raise Unauthorized(
                "No credential was sent. Add the header 'Authorization: Bearer <credential>'.", rule="AUTH-2"
            )
        if scheme.lower() == "bearer":
            credential = rest.lstrip(" ")
        elif scheme.startswith(API_KEY_PREFIX):
            credential = sent
        else:
            raise Unauthorized(
                "The Authorization header must be 'Bearer <credential>', or an API key alone.",
                rule="AUTH-4" if rest else "AUTH-3",
            )
        try:
            return self._by_credential[credential]
        except KeyError:
            raise Unauthorized(
                "The credential is not known. Check that it is complete and belongs to this server.", rule="AUTH-3"
            ) from None


def _workspaces(callers: Iterable[Caller]) -> dict[str, Workspace]:
    return {caller.workspace.id: caller.workspace for caller in callers}


def require(caller: Caller, scope: Scope) -> None:
    """Raise Forbidden unless the caller has `scope`. No scope includes another (SCOPE-3)."""
    if scope.name not in caller.scopes:
        raise Forbidden(scope.name, scope.rule)
