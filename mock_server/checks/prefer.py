"""A client can ask for an outcome with `Prefer: code=429` (RFC 7240). The answer has `Preference-Applied`."""

from __future__ import annotations

import re
from collections.abc import Callable

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

DETAIL = "The request asked for this answer with the header Prefer."
RETRY_AFTER = 1

# The statuses that a client can ask for, with the problem that the API itself would answer.
PREFERABLE: dict[int, Callable[[], Problem]] = {
    400: lambda: Malformed(DETAIL),
    401: lambda: Unauthorized(DETAIL, rule="AUTH-3"),
    403: lambda: Forbidden("engagements:write"),
    404: lambda: NotFound(DETAIL),
    409: InFlight,
    422: lambda: Invalid([FieldError("", "preferred", DETAIL)]),
    429: lambda: RateLimited("no requests, as the header Prefer asks for,", RETRY_AFTER),
    500: InternalError,
}
_CODE = re.compile(r'code\s*=\s*"?(\d{3})"?\s*(?:;.*)?', re.ASCII | re.IGNORECASE | re.DOTALL)


def preferred(header: str) -> Problem | None:
    """Return the problem that a Prefer header asks for; None if it asks for nothing that is known.

    By RFC 7240 an unknown preference is ignored, and the first of two counts.
    """
    for preference in header.split(","):
        if match := _CODE.fullmatch(preference.strip()):
            if (outcome := PREFERABLE.get(int(match[1]))) is None:
                return None
            problem = outcome()
            problem.rule = None
            problem.headers["Preference-Applied"] = f"code={match[1]}"
            return problem
    return None
