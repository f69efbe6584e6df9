"""Defects of reading one engagement, and what those of lists are made of too.

Each stands before the application, as a cache does.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import parse_qsl, urlencode
from wsgiref.types import WSGIApplication

from mock_server.clock import rfc3339
from mock_server.services import Mock
from tests.defects import seams
from tests.defects.seams import Answer, Handler, Install, Json, Sent, defect, refusal

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


def late(parameter: str, header: str = "") -> Callable[[Sent], bool]:
    """Tell whether a request has a parameter, or a header."""
    return lambda sent: f"{parameter}=" in sent.environ.get("QUERY_STRING", "") or bool(sent.environ.get(header))


def where(when: Callable[[Sent], bool], change: Callable[[dict[str, str], str], str]) -> Install:
    """Take the reader for another one in some requests alone."""

    def make(mock: Mock) -> Handler:
        credentials = {caller.name: f"Bearer {caller.credential}" for caller in mock.settings.callers}

        def handle(sent: Sent, app: WSGIApplication) -> Answer:
            if sent.environ["REQUEST_METHOD"] != "GET" or not when(sent):
                return sent.call(app)
            return sent.call(app, authorization=change(credentials, sent.environ.get("HTTP_AUTHORIZATION", "")))

        return handle

    return handled(make)


def instead(name: str, other: str) -> Callable[[dict[str, str], str], str]:
    """Take one credential for another."""
    return lambda known, sent: known[other] if sent == known[name] else sent


def found_as(text: Callable[[str], str]) -> Install:
    """Look an engagement up by what becomes of the id in the path."""

    def handle(sent: Sent, app: WSGIApplication) -> Answer:
        head, _, id_ = sent.environ["PATH_INFO"].rpartition("/")
        if sent.environ["REQUEST_METHOD"] != "GET" or not head.endswith("/engagements"):
            return sent.call(app)
        return Sent({**sent.environ, "PATH_INFO": f"{head}/{text(id_)}"}, b"").call(app)

    return handled(lambda _: handle)


def _not_modified(when: Callable[[Sent], bool]) -> Install:
    def handle(sent: Sent, app: WSGIApplication) -> Answer:
        known = sent.environ["REQUEST_METHOD"] == "GET" and sent.environ.get("HTTP_IF_NONE_MATCH")
        return Answer(304, {"X-Api-Version": "v2"}, b"") if known and when(sent) else sent.call(app)

    return handled(lambda _: handle)


def _done(**values: Any) -> Install:
    """Read an engagement whose processing is completed with other values."""
    return one(lambda _, answer: answer.but(**values) if answer.json["processing_status"] == "COMPLETED" else answer)


def _not_found_is_empty(sent: Sent, app: WSGIApplication) -> Answer:
    answer = sent.call(app)
    missing = sent.environ["REQUEST_METHOD"] == "GET" and answer.status == 404
    return Answer(200, {**answer.headers, "Content-Type": "application/json"}, b"{}") if missing else answer


def _by_the_beginning(sent: Sent, app: WSGIApplication) -> Answer:
    """Find an engagement by the first letters of its id."""
    answer, path = sent.call(app), sent.environ["PATH_INFO"]
    if sent.environ["REQUEST_METHOD"] != "GET" or answer.status != 404:
        return answer
    listed = Sent({**sent.environ, "PATH_INFO": PATH, "QUERY_STRING": "limit=100&order_by=updated_at:asc"}, b"").call(
        app
    )
    beginning = path.rpartition("/")[2][:25]
    found = [shown for shown in listed.json.get("data", []) if shown["id"][:25] == beginning]
    return Answer(200, listed.headers, json.dumps(found[0]).encode()) if found and len(beginning) == 25 else answer


def expands_for_all(sent: Sent, app: WSGIApplication) -> Answer:
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


def first_word(parameters: Json, name: str) -> Json:
    """Return parameters of which one has its first word alone."""
    return {**parameters, name: parameters[name].split(",")[0]} if name in parameters else parameters


EXPANDED = {"signals": [], "tags": [], "action_items": []}


def _an_hour_later(moment: str) -> str:
    return rfc3339(datetime.fromisoformat(moment) + timedelta(hours=1))


DEFECTS = (
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
    defect("read-participant-hidden", "READ-4", "Who takes part does not read a private engagement.",
           seams.seen_as(lambda who: replace(who, user="nobody@example.com") if who.name == "reader" else who)),
    defect("read-other-workspace", "READ-6", "Ids are looked up in all workspaces.",
           as_another("other_workspace", "private_reader", tail=True)),
    defect("read-unknown-empty", "READ-7", "An id that nobody has gets 200 and an empty object.",
           handled(lambda _: _not_found_is_empty),
           entails={"READ-3": "a hidden engagement gets 200", "READ-6": "a hidden engagement gets 200"}),
    defect("read-beginning-of-id", "READ-7", "The first 25 letters of an id suffice.",
           handled(lambda _: _by_the_beginning)),
    defect("read-odd-id-500", "READ-18", "An id with odd characters makes the server fail.",
           handled(lambda _: _odd_fails)),
    defect("expand-ignored", "READ-8", "expand is ignored.", without("expand", tail=True),
           entails={"READ-10": "nothing is refused for want of a scope"}),
    defect("expand-unasked", "READ-8", "A read is always expanded.",
           one(lambda _, answer: answer.but(**{**EXPANDED, **answer.json}))),
    defect("expand-first-only", "READ-8", "expand takes the first name alone.",
           asked(lambda sent: first_word(sent, "expand"), tail=True),
           entails={"READ-10": "the second name is not looked at, whatever scope it needs"}),
    defect("expand-without-scope", "READ-10", "Expanding needs no scope of its own.",
           handled(lambda _: expands_for_all)),
    defect("etag-missing", "READ-11", "A read has no ETag.", one(lambda _, answer: answer.with_headers(ETag=None))),
    defect("etag-constant", "READ-12", "The ETag is that of the id.",
           one(lambda _, answer: answer.with_headers(ETag=f'"{answer.json["id"]}"'))),
    defect("read-done-title", "READ-1", "Processing puts another title in the place of the one submitted.",
           _done(title="A conversation")),
    defect("read-title-escaped", "READ-1", "A read shows the title as HTML.",
           one(lambda _, answer: answer.but(title=html.escape(answer.json["title"])))),
    defect("read-done-public", "READ-1", "Processing sets is_private back.", _done(is_private=False)),
    defect("read-end-wrong", "RESP-7", "A read shows the end an hour too late.",
           one(lambda _, answer: answer.but(end_at=_an_hour_later(answer.json["end_at"]))
               if answer.json.get("end_at") else answer)),
    defect("read-public-left-out", "READ-1", "A read leaves is_private out.", member(is_private=...)),
    defect("read-expanded-alone", "READ-1", "With expand the members of the engagement are left out.",
           one(lambda sent, answer: answer.but(created_at=..., start_at=...) if late("expand")(sent) else answer)),
    defect("read-no-version", "RESP-5", "Reads have no X-Api-Version.",
           one(lambda _, answer: answer.with_headers(X_Api_Version=None))),
    defect("read-any-scheme", "AUTH-4", "A credential under any scheme reads.",
           seen_by(lambda _, sent: re.sub(r"^\w+ ", "Bearer ", sent))),
    defect("read-bare-key-refused", "AUTH-5", "Reads want the word Bearer before an API key.",
           seen_by(lambda _, sent: sent if sent.startswith("Bearer ") else "Bearer nobody")),
    defect("read-other-case-of-token", "AUTH-3", "Credentials are compared without regard to case, in reads.",
           seen_by(lambda known, sent: next((v for v in known.values() if v.lower() == sent.lower()), sent))),
    defect("read-private-expanded", "READ-3", "With expand everybody reads private engagements.",
           where(lambda sent: sent.environ["PATH_INFO"] != PATH and late("expand")(sent),
                  instead("reader", "private_reader"))),
    defect("read-private-304", "READ-3", "If-None-Match is answered before the reader is looked at.",
           _not_modified(lambda sent: sent.environ["HTTP_IF_NONE_MATCH"] == "*")),
    defect("read-304-always", "READ-1", "Whatever ETag is sent, the answer is 304.", _not_modified(lambda _: True),
           entails={"READ-3": "it is 304 for who may not read it"}),
    defect("read-other-workspace-expanded", "READ-6", "With expand ids are looked up in all workspaces.",
           where(lambda sent: sent.environ["PATH_INFO"] != PATH and late("expand")(sent),
                  instead("other_workspace", "private_reader"))),
    defect("read-id-trimmed", "READ-7", "White space around an id is cut off.", found_as(str.strip)),
    defect("read-id-any-kind", "READ-7", "The prefix of an id is not looked at.",
           found_as(lambda id_: f"ngmt_{id_.rpartition('_')[2]}")),
    defect("read-id-cut-at-nul", "READ-7", "An id ends at NUL.", found_as(lambda id_: id_.partition("\0")[0])),
    defect("expand-scope-of-first", "READ-10", "The scope of the first member alone is asked for.",
           handled(lambda _: lambda sent, app: expands_for_all(sent, app)
                   if "expand=tags%2C" in sent.environ["QUERY_STRING"].replace(",", "%2C") else sent.call(app))),
    defect("status-back", "READ-15", "processing_status goes back and forth.", handled(_back),
           entails={"READ-12": "the ETag is that of what was stored"}),
)  # fmt: skip
UNSEEN: dict[str, str] = {
    "read-link-for-ever": "The link to the recording is not opened: it may lead anywhere.",
}
