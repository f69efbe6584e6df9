"""What must hold of every single answer, whatever it was asked for. Each answer of a run is checked.

Each check takes an exchange and yields findings. It is silent about answers it does not understand: those of proxies
(413, 502 and the like, pages of firewalls) and of other paths.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from jsonschema import Draft202012Validator, ValidationError

from contract.between import page
from contract.exchange import SHORTEST_SECRET, Exchange, Request
from contract.instants import instant, is_instant
from contract.judge.finding import Finding
from contract.spec import document as spec
from contract.spec.fields import pattern

EXPANDED = ("transcript", "media_url", "companies", "contacts", "owner", "action_items", "signals", "tags")
CLOCK_SKEW = timedelta(minutes=15)
# Stack traces in the languages that servers are written in; a JSON text may hold their line ends as escapes.
TRACES = re.compile(
    r"Traceback \(most recent"
    r"|(?:\n|\\n)[ \t]*(?:\\t)?(?:at|from) \S{1,300}[(: ]"
    r"|goroutine \d+ \["
    r"|panicked at "
    r"|Caused by: "
    r'|\.(?:py|rb|php|go|rs|java|kt|cs|[jt]sx?)(?:\\?")?[:,(] ?(?:line )?\d+'
)


# What a conforming target answers without a look at the body. A test that sends such a request, a read, or several
# requests at once judges them.
SAY_NOTHING_OF_BODIES = ("unauthorized", "forbidden")


def rule_of_failure(request: Request) -> str:
    """Return the rule that says that nothing like this request makes a server fail."""
    if request.submits:
        return "ERR-4"
    return "LIST-14" if request.reads is None else "READ-18"


def _rule_of_shape(request: Request) -> str:
    if request.submits:
        return "RESP-1"
    return "LIST-1" if request.reads is None else "READ-1"


def check(exchange: Exchange) -> Iterator[Finding]:
    """Yield every finding on one exchange."""
    request, response = exchange.request, exchange.response
    yield from _secrets(exchange)
    if not request.served or response.from_proxy or page(request, response):
        return
    bodies = request.submits and request.expect not in SAY_NOTHING_OF_BODIES and not exchange.burst
    if response.status >= 500 and bodies:
        yield Finding("ERR-4", "an answer below 500", f"{response.status}")
    if response.ok and not response.headers.get("x-api-version"):
        yield Finding("RESP-5", "the header X-Api-Version", f"{response.status} without it")
    if response.ok and isinstance(response.json, dict) and "json" not in response.media_type:
        yield Finding(_rule_of_shape(request), "application/json", response.media_type or "no content type")
    if response.ok and request.submits:
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
            yield Finding(
                "AUTH-6", "an answer without the credential", "the answer repeats the credential that was sent"
            )
            return


def _success(exchange: Exchange) -> Iterator[Finding]:
    response = exchange.response
    if not isinstance(response.json, dict):
        yield Finding("RESP-1", "a JSON object", _no_object(exchange))
        return
    engagement = response.engagement
    yield from shape(engagement, exchange.shown)
    for name in EXPANDED:
        if name in engagement:
            yield Finding("RESP-6", f"no {name}, as nothing was expanded", f"{name} is there")
    yield from times(engagement)


def shape(engagement: dict[str, Any], shown: Callable[[Any], str]) -> Iterator[Finding]:
    """Yield what is not as documented in the members of an engagement. `shown` writes a value for people."""
    for error in _validator().iter_errors(engagement):
        field = str(error.path[0]) if error.path else ""
        if error.validator == "pattern":
            rule = "RESP-2"
        elif error.validator in {"enum", "const"}:
            rule = "RESP-10"
        else:
            rule = "RESP-1"
        what = f"{field or 'the answer'} as documented{_demand(error)}"
        yield Finding(rule, what, _complaint(error, engagement, shown))
    for field in ("id", "owner_user_id", "host_user_id"):  # JSON Schema's $ lets a trailing line feed through
        value = engagement.get(field)
        if isinstance(value, str) and value.endswith("\n") and not re.fullmatch(pattern("Engagement", field), value):
            yield Finding("RESP-2", f"{field} as documented", shown(value))
    if isinstance(url := engagement.get("meeting_url"), str) and not re.match(r"[A-Za-z][A-Za-z0-9+.-]*:.", url):
        yield Finding("RESP-1", "meeting_url as a URI", shown(url))
    for field in _INSTANTS:
        if isinstance(value := engagement.get(field), str) and not is_instant(value):
            yield Finding("RESP-1", f"{field} as a date and time", shown(value))


_INSTANTS = ("created_at", "updated_at", "engagement_at", "start_at", "end_at")


def times(engagement: dict[str, Any]) -> Iterator[Finding]:
    """Yield what does not agree among the times of an engagement."""
    start, end = (instant(engagement.get(name)) for name in ("start_at", "end_at"))
    seconds = engagement.get("duration_seconds")
    if start and end and isinstance(seconds, int | float):
        off = (end - start).total_seconds() - seconds
        if abs(off) > 1:
            yield Finding(
                "RESP-7",
                f"end_at {seconds} s after start_at",
                f"end_at − start_at is {(end - start).total_seconds()} s",
            )
    created, updated = (instant(engagement.get(name)) for name in ("created_at", "updated_at"))
    if created and updated and updated < created:
        yield Finding("RESP-11", "updated_at not before created_at", f"{updated} is before {created}")


def _error(exchange: Exchange) -> Iterator[Finding]:
    response = exchange.response
    text = response.content.decode("utf-8", "replace")
    if "<html" in text.lower() or response.media_type == "text/html":
        yield Finding("ERR-3", "no HTML in an error", f"{response.media_type}: {_beginning(exchange)}")
    if TRACES.search(text):
        yield Finding("ERR-3", "no stack trace in an error", _beginning(exchange))
    if not response.headers.get("x-api-version"):
        yield Finding("ERR-2", "the header X-Api-Version on an error", f"{response.status} without it")
    if response.status == 429 and not re.fullmatch(r"[0-9]+", response.headers.get("retry-after", "")):
        yield Finding("ERR-7", "Retry-After in seconds", exchange.shown(response.headers.get("retry-after")))
    if response.media_type != "application/problem+json":
        yield Finding("ERR-1", "application/problem+json", response.media_type or "no content type")
    if isinstance(response.json, dict):
        yield from _problem(exchange)
    else:
        yield Finding("ERR-1", "a problem as a JSON object", response.malformed or _beginning(exchange))


def _no_object(exchange: Exchange) -> str:
    response = exchange.response
    why = f" ({response.malformed})" if response.malformed else ""
    return f"{response.media_type or 'no content type'}{why}: {_beginning(exchange)}"


def _problem(exchange: Exchange) -> Iterator[Finding]:
    problem, status, shown = exchange.response.json, exchange.response.status, exchange.shown
    for name, kind in (("type", str), ("title", str), ("status", int), ("detail", str), ("request_id", str)):
        if not isinstance(problem.get(name), kind):
            yield Finding("ERR-1", f"{name} in a problem", shown(problem[name]) if name in problem else f"no {name}")
    if isinstance(problem.get("status"), int) and problem["status"] != status:
        yield Finding("ERR-1", f"status {status} in the problem", str(problem["status"]))
    for rule, name in (("ERR-6", "request_id"), ("ERR-1", "type")):
        form = pattern("Problem", name)
        if isinstance(value := problem.get(name), str) and not re.fullmatch(form, value):
            yield Finding(rule, f"{name} of the form {form}", shown(value))
    errors = problem.get("errors", [])
    if not isinstance(errors, list) or not all(isinstance(entry, dict) for entry in errors):
        yield Finding("ERR-1", "errors as a list of objects", shown(errors))
        return
    for entry in errors:
        if not all(isinstance(entry.get(name), str) for name in ("field", "code", "message")):
            yield Finding("ERR-1", "field, code and message in each of errors[]", shown(entry))


def now_at(exchange: Exchange) -> datetime:
    """Return the time of an exchange by the target's own clock, or by ours if it does not say."""
    ours = datetime.fromtimestamp(exchange.started, UTC)
    try:
        said = parsedate_to_datetime(exchange.response.headers["date"]).astimezone(UTC)
    except (KeyError, ValueError, OverflowError, IndexError):
        return ours
    return said if 1971 <= said.year < 9000 else ours


def _beginning(exchange: Exchange) -> str:
    return exchange.redact(exchange.response.content.decode("utf-8", "replace"))


def _complaint(error: ValidationError, engagement: dict[str, Any], shown: Callable[[Any], str]) -> str:
    """Say what is wrong with a value, and not how the validator puts it."""
    if error.validator == "required":
        return f"no {', '.join(name for name in _required() if name not in engagement)}"
    if error.validator == "type":
        return f"the {_kind(error.instance)} {shown(error.instance)}"
    return shown(error.instance)


def _demand(error: ValidationError) -> str:
    """Say what the schema asks of a value, where that is short."""
    wanted: Any = error.validator_value
    match error.validator:
        case "type":
            return f": {' or '.join([wanted] if isinstance(wanted, str) else wanted)}"
        case "enum":
            return f": {', '.join(map(str, wanted))}"
        case "const" | "pattern":
            return f": {wanted}"
    return ""


def _kind(value: Any) -> str:
    """Return the JSON type of a value."""
    kinds = ((bool, "boolean"), (str, "string"), (int | float, "number"), (list, "array"), (dict, "object"))
    return next((name for kind, name in kinds if isinstance(value, kind)), "value")


@functools.cache
def _required() -> list[str]:
    required: list[str] = spec.document()["components"]["schemas"]["Engagement"]["required"]
    return required


@functools.cache
def _validator() -> Draft202012Validator:
    return Draft202012Validator(spec.document()["components"]["schemas"]["Engagement"])
