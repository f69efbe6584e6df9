"""Defects of habit: keys compared as numbers, headers of other APIs, members that are assigned as they come."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from urllib.parse import parse_qsl
from wsgiref.types import WSGIApplication

from mock_server.clock import rfc3339
from mock_server.services import Mock
from mock_server.store import Claim, Engagement, Store
from tests.defects.auth import matched
from tests.defects.conditions import guarded
from tests.defects.keys import keyed
from tests.defects.reading import found_as, late, many, one, where
from tests.defects.seams import Answer, Handler, Sent, answered, converted, defect, refusal, refused, store
from tests.defects.seams import handled as submitted

RECORDING = "https://media.mock.test/ok.mp3"
NAMED_BEHIND = r"https://media\.mock\.test/[^?#]*[?#].*\.mp3$"


def _as_number(key: str) -> str:
    """Compare keys that look like numbers as numbers."""
    return repr(float(key)) if re.fullmatch(r"\+?\d+(\.\d*)?(e\d+)?", key) else key


def _header_as_key(sent: Sent, app: WSGIApplication) -> Answer:
    """Take the key from the header of other APIs, where it is sent."""
    header = sent.environ.get("HTTP_IDEMPOTENCY_KEY")
    return sent.call(app, {**sent.body, "external_id": header}) if header and sent.body else sent.call(app)


def _query_as_fields(sent: Sent, app: WSGIApplication) -> Answer:
    """Keep one bag of parameters, in which the query comes last."""
    query = dict(parse_qsl(sent.environ["QUERY_STRING"]))
    return sent.call(app, {**sent.body, **query}) if query and sent.body else sent.call(app)


class _CachedForAll(Store):
    """Keeps what was repeated in a cache that all workspaces share."""

    def __init__(self) -> None:
        super().__init__()
        self._repeated: dict[str, str] = {}  # workspace by key

    def claim(self, workspace_id: str, external_id: str, patience: float) -> Claim | Engagement:
        found = super().claim(self._repeated.get(external_id, workspace_id), external_id, patience)
        if isinstance(found, Engagement):
            self._repeated.setdefault(external_id, workspace_id)
        return found


def _elsewhere(url: object) -> object:
    """Take for public what stands on a private host in another form than the usual one."""
    return RECORDING if re.fullmatch(r"https://(10|127)\.0\.0\.1(?!/a\.mp3$|[.\w]).*", str(url)) else url


def _created_as_sent(sent: Sent, answer: Answer) -> Answer:
    at = sent.body.get("created_at")
    return answer.but(created_at=at) if answer.status == 201 and isinstance(at, str) else answer


def _as_text(_: Sent, answer: Answer) -> Answer:
    return answer.with_headers(Content_Type="text/html") if answer.status == 200 else answer


def _read_now(_: Sent, answer: Answer) -> Answer:
    now = rfc3339(datetime.now(UTC))
    return answer.but(updated_at=now).with_headers(ETag=f'"{now}"')


def _refuses_another_type(_: Mock) -> Handler:
    types: dict[str, object] = {}

    def handle(sent: Sent, app: WSGIApplication) -> Answer:
        answer, key, kind = sent.call(app), str(sent.body.get("external_id")), sent.body.get("type")
        if answer.status == 201:
            types[key] = kind
        return refusal(422) if answer.status == 200 and types[key] != kind else answer

    return handle


DEFECTS = (
    defect("key-as-number", "IDEM-7", "Keys that look like numbers are compared as numbers.", keyed(_as_number)),
    defect("key-of-digits-without-zeros", "IDEM-7", "Zeros before a key of digits do not count.",
           keyed(lambda key: key.lstrip("0") if key.isdigit() else key)),
    defect("key-in-header", "IDEM-7", "The header Idempotency-Key takes the place of external_id.",
           submitted(lambda _: _header_as_key)),
    defect("query-as-fields", "IDEM-2", "What the query names takes the place of what the body says.",
           submitted(lambda _: _query_as_fields)),
    defect("key-in-entities", "IDEM-7", "Entities of HTML in a key are read.",
           keyed(lambda key: key.replace("&amp;", "&"))),
    defect("key-without-escapes", "IDEM-7", "Backslashes in a key are dropped.",
           keyed(lambda key: re.sub(r"\\(.)", r"\1", key))),
    defect("key-cached-for-all", "IDEM-4", "What was repeated is cached for all workspaces.", store(_CachedForAll)),
    defect("race-guard-of-short-keys", "IDEM-10", "Parallel submissions of a long key all create.",
           guarded(lambda sent: object() if len(str(sent.body.get("external_id"))) > 64 else None)),
    defect("created-as-sent", "RESP-11", "created_at is what the submission says.", answered(_created_as_sent),
           entails={"LIST-1": "the list shows when it was made", "HOOK-2": "the webhook says that, too"}),
    defect("repeat-as-html", "RESP-1", "A repeat is JSON of the type text/html.", answered(_as_text)),
    defect("read-as-text", "READ-1", "A read is JSON of the type text/plain.",
           one(lambda _, answer: answer.with_headers(Content_Type="text/plain"))),
    defect("list-as-text", "LIST-1", "A list is JSON of the type text/plain.",
           many(lambda _, answer: answer.with_headers(Content_Type="text/plain"))),
    defect("search-needs-no-scope", "READ-2", "A search needs no scope.",
           where(late("search"), lambda known, sent: known["private_reader"] if sent == known["noscope"] else sent)),
    defect("cursor-needs-no-scope", "READ-2", "A later page needs no scope.",
           where(late("cursor"), lambda known, sent: known["private_reader"] if sent == known["noscope"] else sent)),
    defect("credential-dots", "AUTH-3", "Dots in a credential do not count.",
           matched(lambda token, known: token.replace(".", "") == known.replace(".", ""))),
    defect("url-names-private", "URL-17", "A URL that names localhost in its query is refused.",
           refused("media_url", lambda body: "localhost" in str(body.get("media_url")).partition("?")[2])),
    defect("media-named-behind", "URL-16", "What has a recording's name in its query is taken for one.",
           converted("media_url", lambda url: RECORDING if re.match(NAMED_BEHIND, str(url)) else url)),
    defect("read-with-format", "READ-7", "An id with .json behind it is that id.",
           found_as(lambda id_: id_.removesuffix(".json"))),
    defect("updated-with-every-read", "READ-15", "updated_at is the time of the read.", one(_read_now)),
    defect("repeat-of-another-type", "IDEM-2", "A repeat of another type is refused.",
           submitted(_refuses_another_type)),
    defect("private-elsewhere", "URL-3 URL-6", "A host is looked at before a plain path alone.",
           converted("media_url", _elsewhere), entails={"URL-11": "also before a mark that ends the host"}),
)  # fmt: skip
