"""Defects of reading back: one engagement, and lists. Each stands before the application, as a cache does."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any
from urllib.parse import parse_qsl, urlencode
from wsgiref.types import WSGIApplication

from mock_server.clock import rfc3339
from mock_server.services import Mock
from tests.defects import seams
from tests.defects.seams import FAILS, Answer, Handler, Install, Json, Sent, defect, refusal

PATH = "/api/v2/engagements"
handled = partial(seams.handled, everything=True)
Page = list[Json]
ODD = set("%\0\ufffd'\u00f0 ")


def one(edit: Callable[[Sent, Answer], Answer]) -> Install:
    """Change the answers to reads of one engagement that succeed."""
    return _on(lambda sent: sent.environ["PATH_INFO"].startswith(f"{PATH}/"), edit)


def many(edit: Callable[[Sent, Answer], Answer]) -> Install:
    """Change the pages of lists."""
    return _on(lambda sent: sent.environ["PATH_INFO"] == PATH, edit)


def _on(when: Callable[[Sent], bool], edit: Callable[[Sent, Answer], Answer]) -> Install:
    def handle(sent: Sent, app: WSGIApplication) -> Answer:
        answer = sent.call(app)
        reads = sent.environ["REQUEST_METHOD"] == "GET" and when(sent)
        return edit(sent, answer) if reads and answer.status == 200 else answer

    return handled(lambda _: handle)


def member(**values: Any) -> Install:
    """Read members with fixed values; `...` leaves one out."""
    return one(lambda _, answer: answer.but(**values))


def data(change: Callable[[Sent, Page], Page]) -> Install:
    """Change the engagements of a page."""
    return many(lambda sent, answer: answer.but(data=change(sent, answer.json["data"])))


def asked(change: Callable[[Json], Json], *, tail: bool | None = None) -> Install:
    """Read as if other parameters had been sent; of one engagement (tail), of lists, or of both."""

    def handle(sent: Sent, app: WSGIApplication) -> Answer:
        path = sent.environ["PATH_INFO"]
        if sent.environ["REQUEST_METHOD"] != "GET" or tail is (path == PATH):
            return sent.call(app)
        parameters = change(dict(parse_qsl(sent.environ.get("QUERY_STRING", ""), keep_blank_values=True)))
        return Sent({**sent.environ, "QUERY_STRING": urlencode(parameters)}, b"").call(app)

    return handled(lambda _: handle)


def without(*names: str, tail: bool | None = None) -> Install:
    """Ignore parameters."""
    return asked(lambda sent: {name: value for name, value in sent.items() if name not in names}, tail=tail)


def renamed(before: str, after: str) -> Install:
    """Take one parameter for another."""
    return asked(lambda sent: {after if name == before else name: value for name, value in sent.items()})


def seen_by(change: Callable[[dict[str, str], str], str], *, tail: bool | None = None) -> Install:
    """Take the reader for another one: `change` gets the credentials by name, and the header that was sent."""

    def make(mock: Mock) -> Handler:
        credentials = {caller.name: f"Bearer {caller.credential}" for caller in mock.settings.callers}

        def handle(sent: Sent, app: WSGIApplication) -> Answer:
            if sent.environ["REQUEST_METHOD"] != "GET" or tail is (sent.environ["PATH_INFO"] == PATH):
                return sent.call(app)
            return sent.call(app, authorization=change(credentials, sent.environ.get("HTTP_AUTHORIZATION", "")))

        return handle

    return handled(make)


def as_another(name: str, other: str, *, tail: bool | None = None) -> Install:
    """Let one credential read as another one does."""
    return seen_by(lambda known, sent: known[other] if sent == known[name] else sent, tail=tail)


def _not_found_is_empty(sent: Sent, app: WSGIApplication) -> Answer:
    answer = sent.call(app)
    missing = sent.environ["REQUEST_METHOD"] == "GET" and answer.status == 404
    return Answer(200, {**answer.headers, "Content-Type": "application/json"}, b"{}") if missing else answer


def _by_the_beginning(sent: Sent, app: WSGIApplication) -> Answer:
    """Find an engagement by the first letters of its id."""
    answer, path = sent.call(app), sent.environ["PATH_INFO"]
    if sent.environ["REQUEST_METHOD"] != "GET" or answer.status != 404:
        return answer
    listed = Sent({**sent.environ, "PATH_INFO": PATH, "QUERY_STRING": "limit=100"}, b"").call(app)
    beginning = path.rpartition("/")[2][:25]
    found = [shown for shown in listed.json.get("data", []) if shown["id"][:25] == beginning]
    return Answer(200, listed.headers, json.dumps(found[0]).encode()) if found and len(beginning) == 25 else answer


def _expands_for_all(sent: Sent, app: WSGIApplication) -> Answer:
    """Expand what a scope guards for everybody."""
    answer, query = sent.call(app), dict(parse_qsl(sent.environ.get("QUERY_STRING", "")))
    if sent.environ["REQUEST_METHOD"] != "GET" or answer.status != 403 or "expand" not in query:
        return answer
    names = query.pop("expand").split(",")
    answer = Sent({**sent.environ, "QUERY_STRING": urlencode(query)}, b"").call(app)
    return answer.but(**{name: None if name == "owner" else [] for name in names}) if answer.status == 200 else answer


def _odd_fails(sent: Sent, app: WSGIApplication) -> Answer:
    odd = sent.environ["REQUEST_METHOD"] == "GET" and ODD & set(sent.environ["PATH_INFO"])
    return refusal(500) if odd else sent.call(app)


def _odd_query_fails(sent: Sent, app: WSGIApplication) -> Answer:
    query = dict(parse_qsl(sent.environ.get("QUERY_STRING", "")))
    limit = query.get("limit", "1")
    return refusal(500) if sent.environ["REQUEST_METHOD"] == "GET" and not limit.isdigit() else sent.call(app)


def _back(_: Mock) -> Handler:
    """Show COMPLETED and PENDING in turns."""
    turns: dict[str, int] = {}

    def handle(sent: Sent, app: WSGIApplication) -> Answer:
        answer, path = sent.call(app), sent.environ["PATH_INFO"]
        if sent.environ["REQUEST_METHOD"] != "GET" or answer.status != 200 or path == PATH:
            return answer
        turns[path] = turns.get(path, 0) + 1
        return answer.but(processing_status="COMPLETED" if turns[path] % 2 else "PENDING")

    return handle


def _rewritten(_: Mock) -> Handler:
    """Store the title of the latest submission of a key; repeats are answered as they should be."""
    ids: dict[str, str] = {}
    titles: dict[str, str] = {}

    def handle(sent: Sent, app: WSGIApplication) -> Answer:
        answer = sent.call(app)
        if sent.environ["REQUEST_METHOD"] == "POST" and answer.status < 300:
            ids[answer.json["id"]] = str(sent.body.get("external_id"))
            titles[answer.json["id"]] = str(sent.body.get("title"))
        elif answer.status == 200 and (id_ := sent.environ["PATH_INFO"].rpartition("/")[2]) in titles:
            return answer.but(title=titles[id_])
        return answer

    return handle


def _stored_all_the_same(_: Mock) -> Handler:
    """Store the first submissions whose recording is refused, and refuse them."""
    stored: list[str] = []

    def handle(sent: Sent, app: WSGIApplication) -> Answer:
        answer = sent.call(app)
        refused = sent.environ["REQUEST_METHOD"] == "POST" and answer.status == 422
        if refused and len(stored) < 3 and "media_url" in answer.content.decode():
            stored.append(f"{sent.body.get('external_id')} stored")
            url = "https://media.mock.test/ok.mp3"
            sent.call(app, body={**sent.body, "external_id": stored[-1], "media_url": url})
        return answer

    return handle


def _offsets(_: Mock) -> Handler:
    """Let a cursor count engagements from the first one at the moment of its use."""

    def handle(sent: Sent, app: WSGIApplication) -> Answer:
        if sent.environ["REQUEST_METHOD"] != "GET" or sent.environ["PATH_INFO"] != PATH:
            return sent.call(app)
        parameters = dict(parse_qsl(sent.environ.get("QUERY_STRING", "")))
        start, limit = parameters.pop("cursor", "0"), parameters.get("limit", "25")
        if not (start.isdigit() and limit.isdigit()) or len(start + limit) > 8:
            return sent.call(app)
        found, cursor = [], None
        while True:
            wanted = {**parameters, "limit": "100", **({"cursor": cursor} if cursor else {})}
            answer = Sent({**sent.environ, "QUERY_STRING": urlencode(wanted)}, b"").call(app)
            if answer.status != 200:
                return answer
            found += answer.json["data"]
            if (cursor := answer.json["next_cursor"]) is None:
                break
        end = int(start) + int(limit)
        more = end < len(found)
        return answer.but(data=found[int(start) : end], has_more=more, next_cursor=str(end) if more else None)

    return handle


def _first_word(parameters: Json, name: str) -> Json:
    return {**parameters, name: parameters[name].split(",")[0]} if name in parameters else parameters


def _without_some(_: Sent, page: Page) -> Page:
    return [shown for shown in page if sum(shown["id"].encode()) % 10]


EXPANDED = {"signals": [], "tags": [], "action_items": []}
READS = (
    defect("read-missing", "READ-1", "What was created is not found by its id.",
           one(lambda *_: refusal(404))),
    defect("read-title", "READ-1", "A read shows the title in upper case.",
           one(lambda _, answer: answer.but(title=answer.json["title"].upper()))),
    defect("read-created-now", "READ-1", "A read shows the present time as created_at.",
           one(lambda _, answer: answer.but(created_at=rfc3339(datetime.now(UTC))))),
    defect("read-public", "READ-1", "A read shows is_private false.", member(is_private=False)),
    defect("read-no-type", "READ-1", "A read has no engagement_type.", member(engagement_type=...)),
    defect("read-wrapped", "READ-1", "A read answers with the engagement inside data.",
           one(lambda _, answer: Answer(200, answer.headers, json.dumps({"data": answer.json}).encode()))),
    defect("read-in-a-list", "READ-1", "A read answers with a list of one.",
           one(lambda _, answer: Answer(200, answer.headers, json.dumps([answer.json]).encode()))),
    defect("read-after-rewrite", "IDEM-2", "A repeat is answered with what is stored, and overwrites the title.",
           handled(_rewritten), entails={"READ-1": "what is read is not what was created"}),
    defect("read-without-credential", "AUTH-2", "Who sends no credential reads as the writer.",
           seen_by(lambda known, sent: sent or known["private_reader"])),
    defect("read-unknown-credential", "AUTH-3", "Any credential reads.",
           seen_by(lambda known, sent: sent if sent in {"", *known.values()} else known["private_reader"])),
    defect("read-without-scope", "READ-2", "Reading needs no scope.", as_another("noscope", "private_reader")),
    defect("read-private", "READ-3", "Everybody in the workspace reads private engagements.",
           as_another("reader", "private_reader", tail=True)),
    defect("read-private-hidden", "READ-4", "The scope engagements:private:read is not known.",
           as_another("private_reader", "reader", tail=True),
           entails={"READ-1": "what was created is not read by who may read it"}),
    defect("read-other-workspace", "READ-6", "Ids are looked up in all workspaces.",
           as_another("other_workspace", "private_reader", tail=True)),
    defect("read-unknown-empty", "READ-7", "An id that nobody has gets 200 and an empty object.",
           handled(lambda _: _not_found_is_empty),
           entails={"READ-3": "a hidden engagement gets 200", "READ-6": "a hidden engagement gets 200"}),
    defect("read-beginning-of-id", "READ-7", "The first 25 letters of an id suffice.",
           handled(lambda _: _by_the_beginning)),
    defect("read-odd-id-500", "READ-18", "An id with odd characters makes the server fail.",
           handled(lambda _: _odd_fails), entails=FAILS),
    defect("expand-ignored", "READ-8", "expand is ignored.", without("expand", tail=True),
           entails={"READ-10": "nothing is refused for want of a scope"}),
    defect("expand-unasked", "READ-8", "A read is always expanded.",
           one(lambda _, answer: answer.but(**{**EXPANDED, **answer.json}))),
    defect("expand-first-only", "READ-8", "expand takes the first name alone.",
           asked(lambda sent: _first_word(sent, "expand"), tail=True)),
    defect("expand-without-scope", "READ-10", "Expanding needs no scope of its own.",
           handled(lambda _: _expands_for_all)),
    defect("etag-missing", "READ-11", "A read has no ETag.", one(lambda _, answer: answer.with_headers(ETag=None))),
    defect("etag-constant", "READ-12", "The ETag is that of the id.",
           one(lambda _, answer: answer.with_headers(ETag=f'"{answer.json["id"]}"'))),
    defect("status-back", "READ-15", "processing_status goes back and forth.", handled(_back),
           entails={"READ-12": "the ETag is that of what was stored"}),
)  # fmt: skip
LISTS = (
    defect("list-array", "LIST-1", "A list is a bare array.",
           many(lambda _, answer: Answer(200, answer.headers, json.dumps(answer.json["data"]).encode()))),
    defect("list-object", "LIST-1", "object is engagements.", many(lambda _, answer: answer.but(object="engagements"))),
    defect("list-no-has-more", "LIST-1", "has_more is missing.", many(lambda _, answer: answer.but(has_more=...))),
    defect("list-cursor-empty", "LIST-1", "next_cursor is an empty text on the last page.",
           many(lambda _, answer: answer.but(next_cursor=answer.json["next_cursor"] or ""))),
    defect("list-no-type", "LIST-1", "The engagements of a list have no engagement_type.",
           data(lambda _, page: [{n: v for n, v in shown.items() if n != "engagement_type"} for shown in page]),
           entails={"LIST-6": "the filter shows what does not say its type"}),
    defect("list-ends-early", "LIST-4", "The first page says that it is the last.",
           many(lambda _, answer: answer.but(has_more=False, next_cursor=None)),
           entails={"LIST-17": "what is on other pages is not in the list"}),
    defect("list-limit-ignored", "LIST-2", "limit is ignored.", without("limit", tail=False),
           entails={"LIST-1": "a page has more than was asked for"}),
    defect("list-default-10", "LIST-2", "Ten engagements are on a page by default.",
           asked(lambda sent: {"limit": "10", **sent}, tail=False)),
    defect("list-most-50", "LIST-2", "A page has at most 50 engagements.",
           asked(lambda sent: {**sent, "limit": "50"} if sent.get("limit") == "100" else sent, tail=False)),
    defect("list-order-ignored", "LIST-3", "order_by is ignored.", without("order_by", tail=False)),
    defect("list-oldest-first", "LIST-3", "Lists begin with the oldest.",
           asked(lambda sent: {"order_by": "updated_at:asc", **sent}, tail=False)),
    defect("list-cursor-ignored", "LIST-4", "Every page is the first.", without("cursor", tail=False)),
    defect("list-cursor-skips", "LIST-4", "Each page after the first lacks its first engagement.",
           data(lambda sent, page: page[1:] if "cursor=" in sent.environ["QUERY_STRING"] else page),
           entails={"LIST-17": "what is skipped is not in the list"}),
    defect("list-cursor-offset", "LIST-4", "A cursor is an offset.", handled(_offsets)),
    defect("list-search-ignored", "LIST-5", "search is ignored.", without("search", tail=False)),
    defect("list-type-ignored", "LIST-6", "The filter on the type is ignored.",
           without("filter[engagement_type][eq]", "filter[engagement_type][in]", tail=False)),
    defect("list-type-in-first", "LIST-6", "in takes the first type alone.",
           asked(lambda sent: _first_word(sent, "filter[engagement_type][in]"), tail=False)),
    defect("list-status-ignored", "LIST-7", "The filter on the status is ignored.",
           without("filter[processing_status][eq]", "filter[processing_status][in]", tail=False)),
    defect("list-start-gt-gte", "LIST-8", "gt on the start takes what is equal.",
           renamed("filter[start_at][gt]", "filter[start_at][gte]")),
    defect("list-start-lte-lt", "LIST-8", "lte on the start leaves out what is equal.",
           renamed("filter[start_at][lte]", "filter[start_at][lt]")),
    defect("list-start-ignored", "LIST-8", "The filter on the start is ignored.",
           without(*(f"filter[start_at][{name}]" for name in ("gt", "gte", "lt", "lte")), tail=False)),
    defect("list-updated-swapped", "LIST-9", "lt on the last change is taken for gt.",
           renamed("filter[updated_at][lt]", "filter[updated_at][gt]")),
    defect("list-other-workspace", "LIST-10", "Lists are of all workspaces.",
           as_another("other_workspace", "private_reader", tail=False)),
    defect("list-private", "LIST-11", "Everybody's lists hold private engagements.",
           as_another("reader", "private_reader", tail=False)),
    defect("list-private-hidden", "LIST-11", "No list holds private engagements.",
           data(lambda _, page: [shown for shown in page if not shown["is_private"]]),
           entails={"LIST-17": "they are not listed at all", "LIST-2": "pages lack them",
                    "LIST-4": "pages lack them", "LIST-5": "searches lack them"}),
    defect("list-expand-ignored", "LIST-12", "expand is ignored in lists.", without("expand", tail=False)),
    defect("list-expanded", "LIST-12", "The engagements of a list are always expanded.",
           data(lambda _, page: [{**EXPANDED, **shown} for shown in page])),
    defect("list-odd-500", "LIST-14", "A limit that is no number makes the server fail.",
           handled(lambda _: _odd_query_fails), entails=FAILS),
    defect("list-loses-some", "LIST-17", "Some engagements are in no list.", data(_without_some),
           entails=dict.fromkeys(("LIST-2", "LIST-4", "LIST-11"), "they are missing there")),
    defect("list-refused", "LIST-17", "What was refused for its recording is in the list.",
           handled(_stored_all_the_same)),
)  # fmt: skip
DEFECTS = (*READS, *LISTS)
UNSEEN: dict[str, str] = {
    "read-participant-hidden": "The e-mail address of a credential's user is not known to the suite.",
    "read-link-for-ever": "The link to the recording is not opened: it may lead anywhere.",
}
