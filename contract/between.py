"""What stands between a run and the application: gateways and firewalls, whose answers say nothing of the contract."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import unquote

from contract.exchange import Request, Response

LONGEST_WAIT = 120.0  # seconds that Retry-After is obeyed for
BLOCKED = (403, 406, 451)  # what a firewall answers to a request that it does not like
NO_LENGTH = (411, 501)  # what a gateway answers that asks for a length, or does not know bodies in chunks
# How the pages of widespread ones can be told from an application's, whatever their status.
_SIGNS = re.compile(
    r"request (?:was )?(?:rejected|blocked)|support id|incident id|attention required|cf-error|web application firewall"
    r"|access denied|has been blocked|security policy|mod_security|incapsula|akamai|sucuri|fortiweb|wordfence"
    r"|<center>(?:nginx|openresty|cloudflare|awselb|microsoft-azure)",
    re.IGNORECASE,
)
# What servers of HTTP refuse before an application sees it: NUL, what is no escape, and an escaped slash in a path.
_NO_TARGET = re.compile(r"%(?:00|(?![\da-f]{2}))|^[^?]*%(?:2f|5c)", re.IGNORECASE)
OF_NO_TARGET = (400, 404)
EXPECTED_REFUSALS = ("unauthorized", "forbidden")  # a gateway may be the one that checks credentials


def page(request: Request, response: Response) -> str | None:
    """Say that an answer is the page of a firewall or a gateway, or None if the application may have written it.

    The application's own answers are JSON and carry X-Api-Version. One of its own that lacks both is told by its
    status: the API has no use for 403, 406 and 451 but for credentials, nor for a word about lengths. A path that is
    none may be refused by the server of HTTP.
    """
    if response.headers.get("x-api-version") or request.expect in EXPECTED_REFUSALS:
        return None
    if response.status in OF_NO_TARGET and _is_no_target(request.path):
        return f"{response.status}, as the path may not be read by what is in front of the target"
    if "json" in response.media_type:
        return None
    if response.from_proxy:  # these say it by themselves, and 413 says more
        return None
    text = response.content[:20_000].decode("utf-8", "replace")
    sure = response.status in BLOCKED or (
        (request.chunked or not request.body.content) and response.status in NO_LENGTH
    )
    if sure or (response.media_type == "text/html" and _SIGNS.search(text)):
        return f"{response.status} {response.media_type}".strip() + " from something in front of the target"
    return None


def _is_no_target(path: str) -> bool:
    """Tell whether a path with its query is one that may never reach the application."""
    try:
        unquote(path, errors="strict")
    except UnicodeDecodeError:
        return True
    return bool(_NO_TARGET.search(path))


def retry_after(response: Response, now: float) -> float | None:
    """Return the seconds that an answer asks to wait for, at most LONGEST_WAIT; None if it does not say.

    Whole seconds are the documented form. A date and a decimal are understood as well. `now` is in seconds since 1970.
    """
    text = response.headers.get("retry-after", "").strip()
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?", text):
        return min(float(text[:20]), LONGEST_WAIT)
    try:
        moment = parsedate_to_datetime(text)
        seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - datetime.fromtimestamp(now, UTC)
    except (ValueError, OverflowError, IndexError):
        return None
    return min(max(seconds.total_seconds(), 0.0), LONGEST_WAIT)
