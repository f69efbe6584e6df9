"""A client can ask for an outcome with `Prefer: code=429` (RFC 7240). The answer has `Preference-Applied`."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from mock_server.checks.auth import Scope
from mock_server.problems import (
    FieldError,
    Forbidden,
    InFlight,
    InternalError,
    Invalid,
    Malformed,
    NotFound,
    Problem,
    RateLimited,
    Unauthorized,
)
from mock_server.redaction import redacted

DETAIL = "The request asked for this answer with the header Prefer."
RETRY_AFTER = 1

# The statuses that a client can ask for, with the problem that the API itself would answer.
PREFERABLE: dict[int, Callable[[Scope], Problem]] = {
    400: lambda _: Malformed(DETAIL),
    401: lambda _: Unauthorized(DETAIL, rule="AUTH-3"),
    403: lambda scope: Forbidden(scope.name),
    404: lambda _: NotFound(DETAIL),
    409: lambda _: InFlight(),
    422: lambda _: Invalid([FieldError("", "preferred", DETAIL)]),
    429: lambda _: RateLimited("no requests, as the header Prefer asks for,", RETRY_AFTER),
    500: lambda _: InternalError(),
}
LONGEST = 200  # characters of the header that the note repeats
# A quoted part that has no end ends with the header, also behind a lone backslash: so it is never read again.
_PREFERENCE = re.compile(r'(?:[^,"]|"(?:[^"\\]|\\.)*(?:"|\\?$))+', re.DOTALL)
_CODE = re.compile(r'code\s*=\s*(?:"(\d{3})"|(\d{3}))\s*(?:;.*)?', re.ASCII | re.IGNORECASE | re.DOTALL)
_ANY_CODE = re.compile(r"code\s*(?:[=;].*)?", re.IGNORECASE | re.DOTALL)


class Preference(NamedTuple):
    """What becomes of a Prefer header: the problem to answer with, if any, and what the trace says of the rest."""

    problem: Problem | None
    note: str


def preferred(header: str, scope: Scope) -> Preference:
    """Judge a Prefer header of a request that needs `scope`.

    By RFC 7240 an unknown preference is ignored, and the first of two for `code` counts.
    """
    problem, ignored, decided = None, [], False
    for preference in filter(None, map(str.strip, _PREFERENCE.findall(header))):
        match = None if decided else _CODE.fullmatch(preference)
        decided = decided or _ANY_CODE.fullmatch(preference) is not None
        if match is not None and (code := int(match[1] or match[2])) in PREFERABLE:
            problem = _asked_for(code, scope)
        else:
            ignored.append(preference)
    return Preference(problem, _not_applied(", ".join(ignored)) if ignored else "")


def _asked_for(code: int, scope: Scope) -> Problem:
    problem = PREFERABLE[code](scope)
    problem.rule = None
    problem.headers["Preference-Applied"] = f"code={code}"
    return problem


def _not_applied(text: str) -> str:
    shown = ascii(redacted(text[:LONGEST]))[1:-1] + ("…" if len(text) > LONGEST else "")
    return f"not applied: {shown}; the mock applies the first code that is one of {', '.join(map(str, PREFERABLE))}"
