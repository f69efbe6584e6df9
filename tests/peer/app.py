"""The peer's operation as a WSGI application: credentials, keys, answers and errors."""

from __future__ import annotations

import itertools
import json
import secrets
import string
import threading
import time
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Protocol

from tests.peer import media
from tests.peer.reading import Lacking, Reading, Unknown, Wrong
from tests.peer.stored import PATH, Caller, Record, shown
from tests.peer.submission import Fault, Path, Unreadable, faults, instant, read
from tests.peer.variant import Variant

ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
SLUGS = {400: "bad_request", 401: "authentication_required", 403: "insufficient_scope", 404: "unknown_path",
         405: "method_not_allowed", 409: "in_flight", 415: "unsupported_media_type", 422: "validation_failed",
         429: "too_many_requests"}  # fmt: skip
NAMES: dict[str, Callable[[Path], str]] = {
    "pointer": lambda path: "".join(f"/{part}" for part in path),
    "dotted": lambda path: ".".join(map(str, path)),
    "body": lambda path: ".".join(map(str, ("body", *path))),
    "jsonpath": lambda path: "$" + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path),
}

Headers = list[tuple[str, str]]


class StartResponse(Protocol):
    """What a WSGI server hands to its application."""

    def __call__(self, status: str, headers: Headers, /) -> object:
        """Begin the answer."""
        ...


class Refusal(Exception):  # noqa: N818  an answer
    """An error answer."""

    def __init__(self, status: int, detail: str, errors: list[Fault] | None = None, headers: Headers = []) -> None:  # noqa: B006
        super().__init__(detail)
        self.status, self.detail, self.errors, self.headers = status, detail, errors or [], headers


@dataclass
class Slot:
    """What becomes of one key: a record, once the lock of its first submission is let go."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    record: Record | None = None


class Peer:
    """One server's state and its WSGI application."""

    def __init__(self, variant: Variant) -> None:
        self.variant = variant
        self.credentials: dict[str, str] = {}
        self._callers: dict[str, Caller] = {}
        self._slots: dict[tuple[str, str], Slot] = {}
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._window = (0, 0)
        self._reading = Reading(self._records, variant)
        for name, workspace, scopes in (
            ("writer", "A", ("engagements:write", "engagements:read")),
            ("reader", "A", ("engagements:read",)),
            ("private_reader", "A", ("engagements:read", "engagements:private:read")),
            ("noscope", "A", ()),
            ("other_workspace", "B", ("engagements:write", "engagements:read")),
        ):
            key = secrets.token_hex(12)
            form = f"sk-apik_{key}.{secrets.token_hex(8)}" if variant.credential_form == "api_key" else f"eyJ{key}-~+/="
            self.credentials[name] = form
            self._callers[form] = Caller(name, workspace, frozenset(scopes))

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        content_type = "application/json"
        try:
            status, headers, answer = self._answer(environ)
        except Refusal as refusal:
            content_type = "application/problem+json"
            status, headers, answer = refusal.status, refusal.headers, self._problem(refusal)
        if self.variant.charset_parameter:
            content_type += "; charset=utf-8"
        content = json.dumps(answer, ensure_ascii=self.variant.escape_answers).encode("utf-8", "surrogatepass")
        headers = [("X-Api-Version", self.variant.api_version), *headers]
        if status == HTTPStatus.NOT_MODIFIED:
            start_response("304 Not Modified", headers)
            return []
        headers.insert(0, ("Content-Type", content_type))
        if not self.variant.chunked:
            headers.append(("Content-Length", str(len(content))))
        start_response(f"{status} {HTTPStatus(status).phrase}", headers)
        return [content[: len(content) // 2], content[len(content) // 2 :]]

    def _answer(self, environ: dict[str, Any]) -> tuple[int, Headers, dict[str, Any]]:
        path, method, reads = environ["PATH_INFO"], environ["REQUEST_METHOD"], self.variant.reading == "offered"
        below = path.removeprefix(PATH + "/") if path.startswith(PATH + "/") and reads else ""
        if path != PATH and not below:
            raise Refusal(404, "Unknown path.")
        if method == "GET" and reads:
            return self._read_back(environ, below)
        if method != "POST" or below:
            allowed = ", ".join([*(["GET"] if reads else []), *([] if below else ["POST"])])
            raise Refusal(405, f"Use {allowed}.", headers=[("Allow", allowed)])
        status, answer = self._create(environ)
        return status, [], answer

    def _read_back(self, environ: dict[str, Any], id_: str) -> tuple[int, Headers, dict[str, Any]]:
        caller, query = self._authenticate(environ.get("HTTP_AUTHORIZATION", "")), environ.get("QUERY_STRING", "")
        self._count()
        try:
            if not id_:
                return 200, [], self._reading.many(caller, query)
            answer = self._reading.one(caller, id_, query)
        except Lacking as scope:
            raise Refusal(403, f"This needs the scope {scope}.") from None
        except Wrong as parameter:
            raise Refusal(400, f"The parameter {parameter} cannot be used.") from None
        except Unknown:
            raise Refusal(404, "No engagement has this id.") from None
        tag = self._reading.tag(answer)
        return (304 if environ.get("HTTP_IF_NONE_MATCH") == tag else 200), [("ETag", tag)], answer

    def _records(self) -> list[Record]:
        with self._lock:
            return [slot.record for slot in self._slots.values() if slot.record is not None]

    def _create(self, environ: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        caller = self._authenticate(environ.get("HTTP_AUTHORIZATION", ""))
        if self.variant.scope_judged == "before_body":
            self._authorize(caller)
        self._count()
        sent_as = environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower()
        if self.variant.content_types == "json_only" and sent_as != "application/json":
            raise Refusal(415, "Send application/json.")
        body = self._read(environ["wsgi.input"].read())
        self._authorize(caller)
        if self.variant.key_lookup == "before_fetch":
            self._judged(lambda: media.check_syntax(body["media_url"]))
        if self.variant.key_lookup == "after_fetch":
            self._judged(lambda: self._fetch(body))
        return self._claim(caller, body)

    def _claim(self, caller: Caller, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        key = body["external_id"]
        key = unicodedata.normalize("NFC", key) if self.variant.normalise_keys else key
        with self._lock:
            slot = self._slots.setdefault((caller.workspace, key), Slot())
        stored = slot.record
        if stored is not None:
            return 200, shown(stored, self.variant)
        if not slot.lock.acquire(blocking=self.variant.in_flight == "wait"):
            raise Refusal(409, "The first submission of this external_id is in flight.")
        try:
            if slot.record is not None:  # while this one waited
                return 200, shown(slot.record, self.variant)
            self._judged(lambda: self._fetch(body))
            slot.record = self._record(caller, body)
            return self.variant.first_status, shown(slot.record, self.variant)
        finally:
            slot.lock.release()

    def _authenticate(self, header: str) -> Caller:
        scheme, _, credential = header.strip().partition(" ")
        if scheme.startswith("sk-apik_") and not credential:
            known = self._callers.get(scheme)
        elif scheme == "Bearer" or (self.variant.any_case_bearer and scheme.lower() == "bearer"):
            known = self._callers.get(credential.lstrip(" "))
        else:
            known = None
        if known is None:
            challenge = [("WWW-Authenticate", 'Bearer realm="api"')] if self.variant.challenge else []
            raise Refusal(401, "Send a valid credential.", headers=challenge)
        return known

    def _authorize(self, caller: Caller) -> None:
        if "engagements:write" not in caller.scopes:
            raise Refusal(403, "This needs the scope engagements:write.")

    def _count(self) -> None:
        most = self.variant.requests_per_second
        with self._lock:
            second, count = self._window
            now = int(time.monotonic())
            self._window = (now, count + 1 if second == now else 1)
            if most is not None and self._window[1] > most:
                raise Refusal(429, "Slow down.", headers=[("Retry-After", "1")])

    def _read(self, raw: bytes) -> dict[str, Any]:
        try:
            body = read(raw, self.variant)
        except Unreadable as error:
            raise Refusal(self.variant.refusal_status, str(error)) from None
        if found := list(faults(body, self.variant)):
            found = found if self.variant.all_errors else found[:1]
            raise Refusal(self.variant.refusal_status, "The body breaks rules.", found)
        return body

    def _fetch(self, body: dict[str, Any]) -> None:
        media.fetch(
            body["media_url"],
            whole_internet=self.variant.whole_internet,
            strict=self.variant.strict_addresses,
            follow=self.variant.follows_redirects,
        )

    def _judged(self, judge: Callable[[], object]) -> None:
        try:
            judge()
        except media.Unusable as error:
            status = 422 if error.exact else self.variant.refusal_status
            raise Refusal(status, "The recording cannot be used.", [(("media_url",), str(error))]) from None

    def _record(self, caller: Caller, body: dict[str, Any]) -> Record:
        now = datetime.now(UTC)
        private, start = body.get("is_private"), body.get("start_at")
        return Record(
            self._new_id("ngmt"), body, caller,
            private=self.variant.private_default if private is None else private,
            created_at=now, start_at=now if start is None else instant(start, self.variant),
        )  # fmt: skip

    def _new_id(self, prefix: str) -> str:
        if self.variant.id_style != "short":
            return f"{prefix}_" + "".join(
                secrets.choice(ALPHABET) for _ in range(26 if self.variant.id_style == "ulid" else 200)
            )
        with self._lock:
            number, digits = next(self._numbers), ""
        while number:
            number, digit = divmod(number, len(ALPHABET))
            digits = ALPHABET[digit] + digits
        return f"{prefix}_{digits}"

    def _problem(self, refusal: Refusal) -> dict[str, Any]:
        problem: dict[str, Any] = {
            "type": f"https://app.askelephant.ai/errors/{SLUGS[refusal.status]}",
            "title": HTTPStatus(refusal.status).phrase,
            "status": refusal.status,
            "detail": refusal.detail,
            "request_id": "rid_" + secrets.token_hex(12),
        }
        if refusal.errors and self.variant.error_names != "absent":
            name = NAMES[self.variant.error_names]
            problem["errors"] = [{"field": name(p), "code": "invalid", "message": why} for p, why in refusal.errors]
        return problem
