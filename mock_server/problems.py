"""Every refusal is a problem: one class for each status, shown as problem+json (RFC 9457) in one place.

Rules: ERR-1, ERR-2, ERR-6. Raise one of these anywhere below the application. Its error handler renders it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

TYPE_BASE = "https://app.askelephant.ai/errors/"
MEDIA_TYPE = "application/problem+json"


def counted(number: int, noun: str) -> str:
    """Return a number with its noun: `1 character`, `12,000 characters`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


@dataclass(frozen=True, slots=True)
class FieldError:
    """One broken field: a pointer to it (RFC 6901), a stable code, what to do, and the rule that it breaks.

    `rule` is None for fields of the control plane, which has no rules.
    """

    field: str
    code: str
    message: str
    rule: str | None = None

    def as_json(self) -> dict[str, str]:
        """Return the member of `errors[]`."""
        shown = {"field": self.field, "code": self.code, "message": self.message}
        return shown if self.rule is None else {**shown, "rule": self.rule}


class Problem(Exception):  # noqa: N818  the term of RFC 9457
    """A refusal. Subclasses set `status`, `slug` (the last part of `type`) and `title`."""

    status: int = 500
    slug: str = "internal_error"
    title: str = "Internal server error"

    def __init__(self, detail: str, *, rule: str | None = None, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.rule = rule
        self.headers = dict(headers or {})
        self.errors: tuple[FieldError, ...] = ()

    def as_json(self, request_id: str) -> dict[str, object]:
        """Return the body of the response. It has `errors` only where fields are broken."""
        body: dict[str, object] = {
            "type": TYPE_BASE + self.slug,
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "request_id": request_id,
        }
        if self.errors:
            body["errors"] = [error.as_json() for error in self.errors]
        return body


class Malformed(Problem):
    """The body cannot be read as one JSON object."""

    status = 400
    slug = "malformed_request"
    title = "Malformed request"


class BadParameters(Problem):
    """Parameters of the query that cannot be used. Each is named by its error."""

    status = 400
    slug = "invalid_parameters"
    title = "Invalid parameters"

    def __init__(self, errors: Sequence[FieldError]) -> None:
        named = ", ".join(dict.fromkeys(error.field or "the query" for error in errors))
        count = (
            "1 parameter of the query cannot" if len(errors) == 1 else f"{len(errors)} parameters of the query cannot"
        )
        super().__init__(f"{count} be used: {named}.", rule=errors[0].rule)
        self.errors = tuple(errors)


class Unauthorized(Problem):
    """No credential, or one that is not valid."""

    status = 401
    slug = "unauthorized"
    title = "Unauthorized"

    def __init__(self, detail: str, *, rule: str) -> None:
        super().__init__(detail, rule=rule, headers={"WWW-Authenticate": "Bearer"})


class Forbidden(Problem):
    """The credential lacks `scope`."""

    status = 403
    slug = "forbidden"
    title = "Forbidden"

    def __init__(self, scope: str, rule: str = "SCOPE-1") -> None:
        super().__init__(
            f"This credential lacks the scope {scope}. Use one that has it.",
            rule=rule,
            headers={"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{scope}"'},
        )


class NotFound(Problem):
    """Nothing is served at this path, or no object has this id."""

    status = 404
    slug = "not_found"
    title = "Not found"


class MethodNotAllowed(Problem):
    """The path exists and takes only the methods in `allow`."""

    status = 405
    slug = "method_not_allowed"
    title = "Method not allowed"

    def __init__(self, allow: Sequence[str]) -> None:
        methods = ", ".join(sorted(allow))
        super().__init__(f"This path takes only {methods}.", rule="ERR-9", headers={"Allow": methods})


class InFlight(Problem):
    """The first submission of the key is still being processed."""

    status = 409
    slug = "conflict"
    title = "Conflict"

    def __init__(self) -> None:
        super().__init__(
            "Another submission of this external_id is being processed. Send the request again in a moment.",
            rule="IDEM-13",
            headers={"Retry-After": "1"},
        )


class Invalid(Problem):
    """Fields that break rules, in the order of the contract. `more` says that some are not listed."""

    status = 422
    slug = "validation_failed"
    title = "Validation failed"

    def __init__(self, errors: Sequence[FieldError], *, more: bool = False) -> None:
        fields = list(dict.fromkeys(error.field for error in errors))
        named = ", ".join(field or "the body" for field in fields[:10])
        count = "1 field breaks a rule" if len(fields) == 1 else f"{len(fields)} fields break a rule"
        dots = ", …" if len(fields) > 10 else ""  # noqa: PLR2004  a sentence, not a report
        super().__init__(f"{'At least ' * more}{count}: {named}{dots}.", rule=errors[0].rule)
        self.errors = tuple(errors)


class RateLimited(Problem):
    """The caller has sent as many requests as allowed. The limit ends in `retry_after` seconds."""

    status = 429
    slug = "rate_limited"
    title = "Too many requests"

    def __init__(self, limit: str, retry_after: int) -> None:
        seconds = "1 second" if retry_after == 1 else f"{retry_after} seconds"
        super().__init__(
            f"The limit of {limit} is used up. Send the request again in {seconds}.",
            rule="ERR-7",
            headers={"Retry-After": str(retry_after)},
        )


class InternalError(Problem):
    """The mock itself failed: a defect of this project."""

    def __init__(
        self,
        detail: str = "The server failed on this request. Send it again; if it fails again, report the request_id.",
    ) -> None:
        super().__init__(detail, rule="ERR-4")
