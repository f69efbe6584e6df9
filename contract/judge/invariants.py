"""What must hold of every single answer, whatever it was asked for. The client checks each one it gets.

Each check takes an exchange and yields (rule, expected, actual) for what is wrong. It is silent about answers it does
not understand: those of proxies (413, 431, 502 to 504) and of other paths.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from jsonschema import Draft202012Validator

from contract.exchange import PATH, SHORTEST_SECRET, Exchange
from contract.spec import document as spec

Finding = tuple[str, str, str]

EXPANDED = ("transcript", "media_url", "companies", "contacts", "owner", "action_items", "signals", "tags")
FROM_PROXIES = (413, 414, 431, 502, 503, 504)
CLOCK_SKEW = timedelta(minutes=15)
ENGAGEMENT_ID = re.compile(r"ngmt_[A-Za-z0-9]+")
USER_ID = re.compile(r"usr_[A-Za-z0-9]+")
# Stack traces in the languages that servers are written in; a JSON text may hold their line ends as escapes.
TRACES = re.compile(
    r"Traceback \(most recent"
    r"|(?:\n|\\n)\s*(?:\\t)?(?:at|from) \S+[(: ]"
    r"|goroutine \d+ \["
    r"|panicked at "
    r"|Caused by: "
    r'|\.(?:py|rb|php|go|rs|java|kt|cs|[jt]sx?)(?:\\?")?[:,(] ?(?:line )?\d+'
)


def check(exchange: Exchange) -> Iterator[Finding]:
    """Yield every finding on one exchange."""
    request, response = exchange.request, exchange.response
    yield from _secrets(exchange)
    if response.status in FROM_PROXIES or (request.method, request.path) != ("POST", PATH):
        return
    if response.status >= 500:
        yield "ERR-4", "an answer below 500", f"{response.status}"
    if response.ok:
        yield from _success(exchange)
    elif response.status >= 400:
        yield from _error(exchange)


def _secrets(exchange: Exchange) -> Iterator[Finding]:
    response = exchange.response
    text = response.content.decode("utf-8", "replace") + "\n".join(response.headers.values())
    sent = next((value for name, value in exchange.request.headers if name == "Authorization"), "")
    token = sent.rpartition(" ")[2]
    body = exchange.request.body.content.decode("utf-8", "replace")
    for secret in {token, token.rpartition(".")[2]}:
        if len(secret) >= SHORTEST_SECRET and secret in text and secret not in body:  # a title may be anything
            yield "AUTH-6", "an answer without the credential", "the answer repeats the credential that was sent"
            return


def _success(exchange: Exchange) -> Iterator[Finding]:
    response = exchange.response
    if not response.headers.get("x-api-version"):
        yield "RESP-5", "the header X-Api-Version", f"{response.status} without it"
    if not isinstance(response.json, dict):
        yield "RESP-1", "a JSON object", f"{response.media_type or 'no content type'}: {_beginning(exchange)}"
        return
    engagement = response.engagement
    yield from _shape(engagement)
    for name in EXPANDED:
        if name in engagement:
            yield "RESP-6", f"no {name}, as nothing was expanded", f"{name} is there"
    yield from _times(engagement)


def _shape(engagement: dict[str, Any]) -> Iterator[Finding]:
    for error in _validator().iter_errors(engagement):
        field = str(error.path[0]) if error.path else ""
        if error.validator == "pattern":
            rule = "RESP-2"
        elif error.validator in {"enum", "const"}:
            rule = "RESP-10"
        else:
            rule = "RESP-1"
        yield rule, f"{field or 'the answer'} as documented", error.message[:200]
    for field in ("id", "owner_user_id", "host_user_id"):  # JSON Schema's $ lets a trailing line feed through
        pattern = ENGAGEMENT_ID if field == "id" else USER_ID
        value = engagement.get(field)
        if isinstance(value, str) and value.endswith("\n") and pattern.fullmatch(value) is None:
            yield "RESP-2", f"{field} as documented", repr(value)
    if isinstance(url := engagement.get("meeting_url"), str) and not re.match(r"[A-Za-z][A-Za-z0-9+.-]*:.", url):
        yield "RESP-1", "meeting_url as a URI", repr(url)
    for field in _INSTANTS:
        if isinstance(value := engagement.get(field), str) and instant(value) is None:
            yield "RESP-1", f"{field} as a date and time", repr(value)


_INSTANTS = ("created_at", "updated_at", "engagement_at", "start_at", "end_at")


def _times(engagement: dict[str, Any]) -> Iterator[Finding]:
    start, end = (instant(engagement.get(name)) for name in ("start_at", "end_at"))
    seconds = engagement.get("duration_seconds")
    if start and end and isinstance(seconds, int | float):
        off = (end - start).total_seconds() - seconds
        if abs(off) > 1:
            yield (
                "RESP-7",
                f"end_at {seconds} s after start_at",
                f"end_at − start_at is {(end - start).total_seconds()} s",
            )
    created, updated = (instant(engagement.get(name)) for name in ("created_at", "updated_at"))
    if created and updated and updated < created:
        yield "RESP-11", "updated_at not before created_at", f"{updated} is before {created}"


def _error(exchange: Exchange) -> Iterator[Finding]:
    response = exchange.response
    text = response.content.decode("utf-8", "replace")
    if "<html" in text.lower() or response.media_type == "text/html":
        yield "ERR-3", "no HTML in an error", f"{response.media_type}: {_beginning(exchange)}"
    if TRACES.search(text):
        yield "ERR-3", "no stack trace in an error", _beginning(exchange)
    if not response.headers.get("x-api-version"):
        yield "ERR-2", "the header X-Api-Version on an error", f"{response.status} without it"
    if response.status == 429 and not (response.headers.get("retry-after") or "").isdigit():
        yield "ERR-7", "Retry-After in seconds", repr(response.headers.get("retry-after"))
    if response.media_type != "application/problem+json":
        yield "ERR-1", "application/problem+json", response.media_type or "no content type"
    yield from _problem(response.json, response.status)


def _problem(problem: Any, status: int) -> Iterator[Finding]:
    if not isinstance(problem, dict):
        yield "ERR-1", "a problem as a JSON object", type(problem).__name__
        return
    for name, kind in (("type", str), ("title", str), ("status", int), ("detail", str), ("request_id", str)):
        if not isinstance(problem.get(name), kind):
            yield "ERR-1", f"{name} in a problem", repr(problem.get(name))
    if isinstance(problem.get("status"), int) and problem["status"] != status:
        yield "ERR-1", f"status {status} in the problem", str(problem["status"])
    for rule, name, pattern in (
        ("ERR-6", "request_id", r"rid_[A-Za-z0-9_-]+"),
        ("ERR-1", "type", r"https://\S+/errors/[a-z0-9_]+"),
    ):
        if isinstance(value := problem.get(name), str) and not re.fullmatch(pattern, value):
            yield rule, f"{name} of the form {pattern}", repr(value)[:120]
    errors = problem.get("errors", [])
    if not isinstance(errors, list) or not all(isinstance(entry, dict) for entry in errors):
        yield "ERR-1", "errors as a list of objects", repr(errors)[:80]
        return
    for entry in errors:
        if not all(isinstance(entry.get(name), str) for name in ("field", "code", "message")):
            yield "ERR-1", "field, code and message in each of errors[]", repr(entry)[:120]


def instant(value: Any) -> datetime | None:
    """Return the instant of an ISO 8601 text with an offset, or None."""
    if not isinstance(value, str):
        return None
    try:
        parsed = datetime.fromisoformat(value.upper() if value[-1:] == "z" else value)
    except ValueError:
        return None
    return parsed if parsed.tzinfo else None


def now_at(exchange: Exchange) -> datetime:
    """Return the time of an exchange by the target's own clock, or by ours if it does not say."""
    try:
        return parsedate_to_datetime(exchange.response.headers["date"]).astimezone(UTC)
    except (KeyError, ValueError):
        return datetime.fromtimestamp(exchange.started, UTC)


def _beginning(exchange: Exchange) -> str:
    return repr(exchange.response.content[:120].decode("utf-8", "replace"))


@functools.cache
def _validator() -> Draft202012Validator:
    return Draft202012Validator(spec.document()["components"]["schemas"]["Engagement"])
