"""Defects that show under a condition only: in one kind of engagement, one form of a header, one length of a key."""

from __future__ import annotations

import base64
import re
import threading
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import parse_qsl, urlencode
from wsgiref.types import WSGIApplication

from mock_server.checks.validation import Submission
from mock_server.services import Mock
from mock_server.store import Claim, Engagement, Store
from tests.defects.keys import keyed
from tests.defects.lists import renamed
from tests.defects.races import Racy
from tests.defects.reading import Page, asked, data, late, one
from tests.defects.seams import (
    Answer,
    Handler,
    Install,
    Json,
    Sent,
    answered,
    converted,
    defect,
    handled,
    read_as,
    refusal,
    refused,
    resubmitted,
    store,
)

CAPITALS = re.compile(r"https://[A-Z0-9-]+\.MOCK\.TEST")
RECORDING = "https://media.mock.test/ok.mp3"


def _unscoped(when: Callable[[Sent], bool]) -> Install:
    """Let any caller create what this holds of: a refusal for want of the scope is forgotten."""

    def make(mock: Mock) -> Handler:
        writer = f"Bearer {mock.settings.callers[0].credential}"

        def handle(sent: Sent, app: WSGIApplication) -> Answer:
            answer = sent.call(app)
            return sent.call(app, authorization=writer) if answer.status == 403 and when(sent) else answer

        return handle

    return handled(make)


def _public_repeat(mock: Mock) -> Handler:
    """Answer the repeat of an engagement that is not private to any caller."""
    writer, public = f"Bearer {mock.settings.callers[0].credential}", set[object]()

    def handle(sent: Sent, app: WSGIApplication) -> Answer:
        answer, key = sent.call(app), sent.body.get("external_id")
        if answer.status == 201 and answer.json["is_private"] is False:
            public.add(key)
        return sent.call(app, authorization=writer) if answer.status == 403 and key in public else answer

    return handle


def guarded(of: Callable[[Sent], object]) -> Install:
    """Keep parallel submissions of one key apart only if they agree in something else, too."""

    def install(mock: Mock) -> WSGIApplication:
        guards: dict[object, threading.Lock] = defaultdict(threading.Lock)
        mock.use(new_store=Racy)

        def handle(sent: Sent, app: WSGIApplication) -> Answer:
            with guards[str(sent.body.get("external_id")), str(of(sent))]:
                return sent.call(app)

        return handled(lambda _: handle)(mock)

    return install


def _later_repeats_201(_: Mock) -> Handler:
    """Say from the second repeat of a key on that something was created."""
    repeats: Counter[str] = Counter()

    def handle(sent: Sent, app: WSGIApplication) -> Answer:
        answer, key = sent.call(app), str(sent.body.get("external_id"))
        repeats[key] += answer.status == 200
        return answer.but(201) if answer.status == 200 and repeats[key] > 1 else answer

    return handle


def _private_by_default(sent: Sent, answer: Answer) -> Answer:
    """Say of a repeat that leaves is_private out what is so by default."""
    return answer.but(is_private=False) if answer.status == 200 and "is_private" not in sent.body else answer


def _basic_reads(_: Mock) -> Handler:
    """Take the user of Basic for a credential where something is read."""

    def handle(sent: Sent, app: WSGIApplication) -> Answer:
        scheme, _, encoded = sent.environ.get("HTTP_AUTHORIZATION", "").partition(" ")
        if sent.environ["REQUEST_METHOD"] != "GET" or scheme != "Basic":
            return sent.call(app)
        user = base64.b64decode(encoded + "==").decode("latin-1").partition(":")[0]
        return sent.call(app, authorization=f"Bearer {user}")

    return handle


def _finds_sources(_: Mock) -> Handler:
    """Let a search for a source find everything, as all of it comes from there."""
    sources: set[str] = set()

    def handle(sent: Sent, app: WSGIApplication) -> Answer:
        if sent.environ["REQUEST_METHOD"] == "POST":
            sources.add(str(sent.body.get("source_system")))
            return sent.call(app)
        parameters = dict(parse_qsl(sent.environ.get("QUERY_STRING", "")))
        others = {name: value for name, value in parameters.items() if value not in sources}
        return Sent({**sent.environ, "QUERY_STRING": urlencode(others)}, b"").call(app)

    return handle


def _inherited(sent: Sent, app: WSGIApplication) -> Answer:
    """Find a key in a map that has members of its own."""
    answer = sent.call(app)
    found = answer.status == 201 and sent.body.get("external_id") in {"__proto__", "constructor"}
    return replace(answer, status=200, content=b"{}") if found else answer


def _private_meetings(mock: Mock) -> Handler:
    """Show private meetings to every reader of the workspace, unless something is expanded."""
    known = {caller.name: f"Bearer {caller.credential}" for caller in mock.settings.callers}

    def handle(sent: Sent, app: WSGIApplication) -> Answer:
        answer = sent.call(app)
        hidden = answer.status == 404 and sent.environ.get("HTTP_AUTHORIZATION") == known["reader"]
        if not hidden or "expand=" in sent.environ.get("QUERY_STRING", ""):
            return answer
        shown = sent.call(app, authorization=known["private_reader"])
        return shown if shown.status == 200 and shown.json.get("engagement_type") == "MEETING" else answer

    return handle


def _no_page_of_one(sent: Sent, page: Page) -> Page:
    query = sent.environ["QUERY_STRING"]
    return [] if "limit=1&" in query and "cursor=" in query else page


def _of_three(parameters: Json) -> Json:
    """Take the first two values of a filter."""
    return {name: ",".join(text.split(",")[:2]) if "in]" in name else text for name, text in parameters.items()}


class _LongKeysOfAll(Store):
    """Shares keys of more than 64 characters among all workspaces."""

    def claim(self, workspace_id: str, external_id: str, patience: float) -> Claim | Engagement:
        return super().claim("" if len(external_id) > 64 else workspace_id, external_id, patience)


def _filtered_downwards(parameters: Json) -> Json:
    """Ignore the order of a list that is filtered."""
    filtered = any(name.startswith("filter") for name in parameters)
    return {name: value for name, value in parameters.items() if name != "order_by" or not filtered}


def _later_than_whole_seconds(parameters: Json) -> Json:
    """Cut the bound of an earlier start to whole seconds."""
    earlier = "filter[start_at][lt]"
    return {name: re.sub(r"\.\d+", "", value) if name == earlier else value for name, value in parameters.items()}


def _small_bodies(sent: Sent, app: WSGIApplication) -> Answer:
    return refusal(413) if len(sent.raw) > 100_000 else sent.call(app)


def _owned_as_sent(sent: Sent, answer: Answer) -> Answer:
    owner = str(sent.body.get("owner_user_id"))
    return answer.but(owner_user_id=owner) if answer.status == 201 and owner.startswith("usr_") else answer


def _sound(people: object) -> object:
    """Keep of a list the first, and of the others those that are right."""
    if not isinstance(people, list):
        return people
    return people[:1] + [one for one in people[1:] if isinstance(one, dict) and all(map(_is_text, one.values()))]


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _cut(valid: Submission) -> Json:
    """Keep 500 units of UTF-16 of a title."""
    return {"title": valid.title.encode("utf-16-le")[:1000].decode("utf-16-le", "ignore")}


def _folded(key: str) -> str:
    return key.lower() if len(key) > 100 else key


def _ends(key: str) -> str:
    return key[:200] + key[-190:] if len(key) >= 400 else key


DEFECTS = (
    defect("meeting-needs-no-scope", "SCOPE-1 SCOPE-3", "A caller without the scope may create a meeting.",
           _unscoped(lambda sent: sent.body.get("type") == "MEETING")),
    defect("bare-key-needs-no-scope", "SCOPE-1 SCOPE-3", "An API key without the word Bearer needs no scope.",
           _unscoped(lambda sent: not sent.environ.get("HTTP_AUTHORIZATION", "").lower().startswith("bearer"))),
    defect("public-repeat-needs-no-scope", "SCOPE-1", "The repeat of what is not private needs no scope.",
           handled(_public_repeat)),
    defect("reads-take-basic", "AUTH-4", "Where something is read, the user of Basic is a credential.",
           handled(_basic_reads, everything=True)),
    defect("later-repeats-201", "IDEM-1", "From the second repeat on, a repeat gets 201.", handled(_later_repeats_201)),
    defect("repeat-with-defaults", "IDEM-2", "A repeat that leaves is_private out is answered with the default.",
           answered(_private_by_default)),
    defect("race-guard-with-type", "IDEM-10", "Parallel submissions of a call and a meeting both create.",
           guarded(lambda sent: sent.body.get("type"))),
    defect("race-guard-with-title", "IDEM-10", "Parallel submissions of different titles all create.",
           guarded(lambda sent: sent.body.get("title"))),
    defect("key-long-lower", "IDEM-5", "The case of a key of more than 100 characters does not count.",
           keyed(_folded)),
    defect("key-long-ends", "IDEM-7", "The middle of a key of 400 characters or more does not count.", keyed(_ends)),
    defect("participants-first-judged", "BODY-9", "Of several participants only the first is judged.",
           converted("participants", _sound)),
    defect("owner-as-sent", "SCOPE-4", "The answer to a first submission shows the owner that it names.",
           answered(_owned_as_sent),
           entails={"LIST-1": "the list shows the owner that is stored", "HOOK-2": "the webhook shows that one, too"}),
    defect("title-cut-to-units", "RESP-4", "A title is cut to 500 units of UTF-16.", resubmitted(_cut)),
    defect("meeting-public", "RESP-9", "A private meeting is stored as one that is not private.",
           resubmitted(lambda valid: {"is_private": False} if valid.type == "MEETING" else {})),
    defect("url-capitals-unresolved", "URL-14", "A name in capitals is not resolved.",
           converted("media_url", lambda url: RECORDING if CAPITALS.match(str(url)) else url)),
    defect("meeting-url-unjudged", "URL-2 URL-3 URL-4 URL-5 URL-6 URL-7 URL-8 URL-9 URL-10 URL-11 URL-12 URL-13 URL-14",
           "The recording of a meeting may be anywhere.",
           read_as(lambda body: {"media_url": RECORDING} if body.get("type") == "MEETING" else {}),
           entails=dict.fromkeys(("URL-1", "URL-15", "URL-16", "URL-18", "URL-19", "BODY-1", "BODY-3"),
                                 "it may be anything")),
    defect("meeting-needs-start", "BODY-12 BODY-13", "A meeting needs a start.",
           refused("start_at", lambda body: body.get("type") == "MEETING" and "start_at" not in body)),
    defect("key-of-a-map", "IDEM-7", "A key is found that every map of a language has.",
           handled(lambda _: _inherited), entails={"RESP-1": "what is found there is no engagement"}),
    defect("fields-inherited", "BODY-1", "What __proto__ holds counts as fields.",
           read_as(lambda body: {**proto, **body} if isinstance(proto := body.get("__proto__"), dict) else {})),
    defect("etag-missing-expanded", "READ-11", "A read with something expanded has no ETag.",
           one(lambda sent, answer: answer.with_headers(ETag=None) if late("expand")(sent) else answer)),
    defect("read-private-meeting", "READ-3", "Every reader of the workspace sees private meetings.",
           handled(_private_meetings, everything=True)),
    defect("participants-first-reads", "READ-4", "Of several participants only the first reads what is private.",
           resubmitted(lambda valid: {"participants": valid.participants[:1]})),
    defect("list-updated-lt-lte", "LIST-9", "lt on the last change takes what is equal.",
           renamed("filter[updated_at][lt]", "filter[updated_at][lte]")),
    defect("list-updated-gte-gt", "LIST-9", "gte on the last change leaves out what is equal.",
           renamed("filter[updated_at][gte]", "filter[updated_at][gt]")),
    defect("list-search-source", "LIST-5", "A search looks at the source as well.",
           handled(_finds_sources, everything=True)),
    defect("list-in-ignored", "LIST-6 LIST-7", "Filters by several words are ignored.",
           asked(lambda sent: {name: value for name, value in sent.items() if not name.endswith("[in]")}, tail=False)),
    defect("list-in-two", "LIST-6 LIST-7", "Of several words of a filter the first two count.",
           asked(_of_three, tail=False)),
    defect("key-long-of-all", "IDEM-4", "A long key is one key in all workspaces.", store(_LongKeysOfAll)),
    defect("race-guard-with-privacy", "IDEM-10 IDEM-2", "Parallel submissions that differ in is_private both create.",
           guarded(lambda sent: sent.body.get("is_private"))),
    defect("transcript-not-empty", "LIMIT-7", "An empty transcript is refused.",
           refused("transcript_text", lambda body: body.get("transcript_text") == "")),
    defect("bodies-of-100-kb", "LIMIT-7 LIMIT-8 LIMIT-9", "The target's own framework takes bodies of 100 kB.",
           handled(lambda _: _small_bodies)),
    defect("read-title-trimmed", "READ-1", "A read shows the title without the white space around it.",
           one(lambda _, answer: answer.but(title=answer.json["title"].strip()))),
    defect("list-filtered-downwards", "LIST-3", "A list that is filtered begins with the newest.",
           asked(_filtered_downwards, tail=False)),
    defect("list-start-cut-to-seconds", "LIST-8", "The bound of an earlier start is cut to whole seconds.",
           asked(_later_than_whole_seconds, tail=False)),
    defect("list-page-of-one", "LIST-4", "After the first page, a page of one is empty.", data(_no_page_of_one)),
)  # fmt: skip
