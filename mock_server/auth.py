"""Who is calling, and may they? Rules: AUTH-1 to AUTH-8, SCOPE-1 to SCOPE-7."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from limits import RateLimitItem

from mock_server.problems import Forbidden, Unauthorized

API_KEY_PREFIX = "sk-apik_"


@dataclass(frozen=True, slots=True)
class Workspace:
    """A tenant. Without a `rate_limit` of its own the server's default applies."""

    id: str
    name: str
    default_private: bool = False
    rate_limit: RateLimitItem | None = None


@dataclass(frozen=True, slots=True)
class Caller:
    """What a credential stands for. The credential itself is left out of the repr."""

    name: str
    credential: str = field(repr=False)
    workspace: Workspace
    user: str
    user_id: str
    scopes: frozenset[str]


class Directory:
    """The credentials the mock knows."""

    def __init__(self, callers: Iterable[Caller]) -> None:
        self.callers = tuple(callers)
        self._by_credential = {caller.credential: caller for caller in self.callers}

    def authenticate(self, authorization: str | None) -> Caller:
        """Return the caller of an Authorization header, in the form `Bearer <credential>` or a bare API key.

        Raises Unauthorized, which never repeats what was sent.
        """
        scheme, _, rest = (authorization or "").strip(" \t").partition(" ")
        if not scheme:
            raise Unauthorized(
                "No credential was sent. Add the header 'Authorization: Bearer <credential>'.", rule="AUTH-2"
            )
        if scheme.lower() == "bearer":
            credential = rest.lstrip(" ")
        elif not rest and scheme.startswith(API_KEY_PREFIX):
            credential = scheme
        else:
            raise Unauthorized(
                "The Authorization header must be 'Bearer <credential>', or an API key alone.", rule="AUTH-4"
            )
        try:
            return self._by_credential[credential]
        except KeyError:
            raise Unauthorized(
                "The credential is not known. Check that it is complete and belongs to this server.", rule="AUTH-3"
            ) from None


def require(caller: Caller, scope: str) -> None:
    """Raise Forbidden unless the caller has `scope`. No scope implies another (SCOPE-3)."""
    if scope not in caller.scopes:
        raise Forbidden(scope)
