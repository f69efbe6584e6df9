"""Defects of lists: pages, orders, searches and filters. Each stands before the application, as a cache does."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from urllib.parse import parse_qsl, unquote, urlencode
from wsgiref.types import WSGIApplication

from mock_server.services import Mock
from tests.defects.reading import (
    EXPANDED,
    PATH,
    Page,
    as_another,
    asked,
    data,
    expands_for_all,
    first_word,
    handled,
    instead,
    late,
    many,
    where,
    without,
)
from tests.defects.seams import Answer, Handler, Install, Json, Sent, defect, refusal


def renamed(before: str, after: str) -> Install:
    """Take one parameter for another."""
    return asked(lambda sent: {after if name == before else name: value for name, value in sent.items()})


def _search_by(taken: Callable[[str], str]) -> Install:
    """Search for what becomes of the text."""
    return asked(lambda sent: {n: taken(v) if n == "search" else v for n, v in sent.items()}, tail=False)


def _pattern(sign: str) -> Install:
    """Take a sign in a search for any letters: search for what stands before it, and compare what comes after."""

    def handle(sent: Sent, app: WSGIApplication) -> Answer:
        parameters = dict(parse_qsl(sent.environ.get("QUERY_STRING", "")))
        before, found, after = parameters.get("search", "").partition(sign)
        if sent.environ["PATH_INFO"] != PATH or not (found and before and after):
            return sent.call(app)
        query = urlencode({**parameters, "search": before})
        answer = Sent({**sent.environ, "QUERY_STRING": query}, b"").call(app)
        return answer.but(data=[one for one in answer.json["data"] if after in one["title"]], has_more=False,
                          next_cursor=None) if answer.status == 200 else answer  # fmt: skip

    return handled(lambda _: handle)


def _utc_is_taken(parameters: Json) -> Json:
    """Read the time of a filter and ignore its offset."""
    return {n: re.sub(r"[+-]\d\d:\d\d$", "Z", v) if "_at]" in n else v for n, v in parameters.items()}


def _last_bound(parameters: Json) -> Json:
    """Keep the last filter alone."""
    last = [name for name in parameters if name.startswith("filter")][-1:]
    return {n: v for n, v in parameters.items() if not n.startswith("filter") or n in last}


def _bad_dates(when: Callable[[str], bool]) -> Install:
    """Refuse some spellings of an instant."""

    def handle(sent: Sent, app: WSGIApplication) -> Answer:
        parameters = dict(parse_qsl(sent.environ.get("QUERY_STRING", "")))
        wrong = any("_at]" in name and when(value) for name, value in parameters.items())
        return refusal(400) if wrong and sent.environ["PATH_INFO"] == PATH else sent.call(app)

    return handled(lambda _: handle)


def _shorter(_: Sent, page: Page) -> Page:
    return [{**shown, "title": shown["title"][:40]} for shown in page]


def _beginning(sent: Sent, page: Page) -> Page:
    text = dict(parse_qsl(sent.environ["QUERY_STRING"])).get("search", "").strip()
    return [shown for shown in page if shown["title"].strip().startswith(text)]


def _end(sent: Sent, answer: Answer) -> Answer:
    text = dict(parse_qsl(sent.environ["QUERY_STRING"])).get("search", "").strip()
    found = [shown for shown in answer.json["data"] if shown["title"].strip().endswith(text)]
    return answer.but(data=found) if found else answer.but(data=[], has_more=False, next_cursor=None)


def _forgets_the_filter(_: Mock) -> Handler:
    """Let a cursor lead on through the list without its filters."""

    def handle(sent: Sent, app: WSGIApplication) -> Answer:
        parameters = dict(parse_qsl(sent.environ.get("QUERY_STRING", "")))
        filters = [name for name in parameters if name.startswith("filter")]
        if sent.environ["PATH_INFO"] != PATH or sent.environ["REQUEST_METHOD"] != "GET" or not filters:
            return sent.call(app)
        plain = {name: value for name, value in parameters.items() if name not in filters}
        if "cursor" in parameters:
            return Sent({**sent.environ, "QUERY_STRING": urlencode(plain)}, b"").call(app)
        first, bare = sent.call(app), Sent({**sent.environ, "QUERY_STRING": urlencode(plain)}, b"").call(app)
        cursor = bare.json.get("next_cursor") if first.status == 200 and first.json["has_more"] else None
        return first.but(next_cursor=cursor, has_more=cursor is not None) if first.status == 200 else first

    return handle


def _cursor_of_anybody(_: Mock) -> Handler:
    """Let a cursor lead whoever has it on through the list of who got it."""
    owners: dict[str, str] = {}

    def handle(sent: Sent, app: WSGIApplication) -> Answer:
        cursor = dict(parse_qsl(sent.environ.get("QUERY_STRING", ""))).get("cursor", "")
        who = sent.environ.get("HTTP_AUTHORIZATION", "")
        answer = sent.call(app, authorization=owners.get(cursor, who))
        if sent.environ["PATH_INFO"] == PATH and sent.environ["REQUEST_METHOD"] == "GET" and answer.status == 200:
            owners[answer.json.get("next_cursor") or ""] = owners.get(cursor, who)
            owners.pop("", None)
        return answer

    return handle


def _odd_query_fails(sent: Sent, app: WSGIApplication) -> Answer:
    query = dict(parse_qsl(sent.environ.get("QUERY_STRING", "")))
    limit = query.get("limit", "1")
    return refusal(500) if sent.environ["REQUEST_METHOD"] == "GET" and not limit.isdigit() else sent.call(app)


def _fails_on_a_second(beginning: str, *, tail: bool = False) -> Handler:
    """Fail where a parameter that begins so comes twice: it is a list then, and no text."""

    def handle(sent: Sent, app: WSGIApplication) -> Answer:
        names = [name for name, _ in parse_qsl(sent.environ["QUERY_STRING"]) if name.startswith(beginning)]
        reads = sent.environ["REQUEST_METHOD"] == "GET" and tail is (sent.environ["PATH_INFO"] != PATH)
        return refusal(500) if reads and len(set(names)) < len(names) else sent.call(app)

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


def _without_some(_: Sent, page: Page) -> Page:
    return [shown for shown in page if sum(shown["id"].encode()) % 10]


def _at_most_99(_: Mock) -> Handler:
    """Refuse the longest page."""

    def handle(sent: Sent, app: WSGIApplication) -> Answer:
        return refusal(400) if "limit=100" in sent.environ.get("QUERY_STRING", "") else sent.call(app)

    return handle


def _full_goes_on(_: Mock) -> Handler:
    """Say of a last page that is full that there are more, and show an empty one after it."""

    def handle(sent: Sent, app: WSGIApplication) -> Answer:
        parameters = dict(parse_qsl(sent.environ.get("QUERY_STRING", "")))
        if parameters.get("cursor") == "end":
            first = Sent({**sent.environ, "QUERY_STRING": "limit=1"}, b"").call(app)
            return first.but(data=[], has_more=False, next_cursor=None) if first.status == 200 else first
        answer = sent.call(app)
        if answer.status != 200 or sent.environ["PATH_INFO"] != PATH or sent.environ["REQUEST_METHOD"] != "GET":
            return answer
        full = str(len(answer.json["data"])) == parameters.get("limit", "25")
        return answer.but(has_more=True, next_cursor="end") if full and not answer.json["has_more"] else answer

    return handle


DEFECTS = (
    defect("list-array", "LIST-1", "A list is a bare array.",
           many(lambda _, answer: Answer(200, answer.headers, json.dumps(answer.json["data"]).encode()))),
    defect("list-object", "LIST-1", "object is engagements.", many(lambda _, answer: answer.but(object="engagements"))),
    defect("list-no-has-more", "LIST-1", "has_more is missing.", many(lambda _, answer: answer.but(has_more=...))),
    defect("list-cursor-empty", "LIST-1", "next_cursor is an empty text on the last page.",
           many(lambda _, answer: answer.but(next_cursor=answer.json["next_cursor"] or ""))),
    defect("list-cursor-left-out", "LIST-1", "next_cursor is missing on the last page.",
           many(lambda _, answer: answer if answer.json["next_cursor"] else answer.but(next_cursor=...))),
    defect("list-full-page-goes-on", "LIST-1", "A page that is full is never the last one.", handled(_full_goes_on)),
    defect("list-no-type", "LIST-1", "The engagements of a list have no engagement_type.",
           data(lambda _, page: [{n: v for n, v in shown.items() if n != "engagement_type"} for shown in page]),
           entails={"LIST-6": "the filter shows what does not say its type"}),
    defect("list-ends-early", "LIST-4", "The first page says that it is the last.",
           many(lambda _, answer: answer.but(has_more=False, next_cursor=None)),
           entails={"LIST-17": "what is on other pages is not in the list"}),
    defect("list-limit-99", "LIST-2", "A page may have 99 engagements and not 100.", handled(_at_most_99)),
    defect("list-limit-ignored", "LIST-2", "limit is ignored.", without("limit", tail=False),
           entails={"LIST-1": "a page has more than was asked for"}),
    defect("list-default-10", "LIST-2", "Ten engagements are on a page by default.",
           asked(lambda sent: {"limit": "10", **sent}, tail=False)),
    defect("list-most-50", "LIST-2", "A page has at most 50 engagements.",
           asked(lambda sent: {**sent, "limit": "50"} if sent.get("limit") == "100" else sent, tail=False)),
    defect("list-order-ignored", "LIST-3", "order_by is ignored.", without("order_by", tail=False)),
    defect("list-oldest-first", "LIST-3", "Lists begin with the oldest.",
           asked(lambda sent: {"order_by": "updated_at:asc", **sent}, tail=False)),
    defect("list-plain-oldest-first", "LIST-3", "Lists without a search begin with the oldest.",
           asked(lambda sent: sent if "search" in sent else {"order_by": "updated_at:asc", **sent}, tail=False)),
    defect("list-plain-ends", "LIST-17", "A list without a search ends after its first page.",
           many(lambda sent, answer: answer if "search=" in sent.environ["QUERY_STRING"]
                else answer.but(has_more=False, next_cursor=None)),
           entails={"LIST-4": "no other page follows"}),
    defect("list-filter-twice-500", "LIST-14", "A filter that comes twice makes the server fail.",
           handled(lambda _: _fails_on_a_second("filter"))),
    defect("read-expand-twice-500", "LIST-14", "expand that comes twice makes the server fail, where one is read.",
           handled(lambda _: _fails_on_a_second("expand", tail=True))),
    defect("list-cursor-ignored", "LIST-4", "Every page is the first.", without("cursor", tail=False)),
    defect("list-cursor-skips", "LIST-4", "Each page after the first lacks its first engagement.",
           data(lambda sent, page: page[1:] if "cursor=" in sent.environ["QUERY_STRING"] else page),
           entails={"LIST-17": "what is skipped is not in the list"}),
    defect("list-cursor-offset", "LIST-4", "A cursor is an offset.", handled(_offsets)),
    defect("list-search-ignored", "LIST-5", "search is ignored.", without("search", tail=False)),
    defect("list-type-ignored", "LIST-6", "The filter on the type is ignored.",
           without("filter[engagement_type][eq]", "filter[engagement_type][in]", tail=False)),
    defect("list-type-in-first", "LIST-6", "in takes the first type alone.",
           asked(lambda sent: first_word(sent, "filter[engagement_type][in]"), tail=False)),
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
    defect("list-without-meetings", "LIST-17", "A list without search and filters lacks meetings.",
           data(lambda sent, page: page if re.search("search|filter", sent.environ["QUERY_STRING"])
                else [one for one in page if one["engagement_type"] != "MEETING"])),
    defect("list-participant-hidden", "LIST-11", "No list holds the private engagements of who takes part.",
           data(lambda sent, page: [one for one in page if not one["is_private"]]
                if sent.environ["HTTP_AUTHORIZATION"].endswith("_reader.local") else page)),
    defect("list-private-hidden", "LIST-11", "No list holds private engagements.",
           data(lambda _, page: [shown for shown in page if not shown["is_private"]]),
           entails={"LIST-17": "they are not listed at all", "LIST-2": "pages lack them",
                    "LIST-4": "pages lack them", "LIST-5": "searches lack them"}),
    defect("list-expand-ignored", "LIST-12", "expand is ignored in lists.", without("expand", tail=False)),
    defect("list-expanded", "LIST-12", "The engagements of a list are always expanded.",
           data(lambda _, page: [{**EXPANDED, **shown} for shown in page])),
    defect("list-odd-500", "LIST-14", "A limit that is no number makes the server fail.",
           handled(lambda _: _odd_query_fails)),
    defect("list-loses-some", "LIST-17", "Some engagements are in no list.", data(_without_some),
           entails=dict.fromkeys(("LIST-2", "LIST-4", "LIST-11"), "they are missing there")),
    defect("list-search-end", "LIST-5", "search looks at the end of a title.", many(_end),
           entails=dict.fromkeys(("LIST-2", "LIST-4", "LIST-11", "LIST-17"), "the run is not found by the beginning")),
    defect("list-search-beginning", "LIST-5", "search looks at the beginning of a title.", data(_beginning),
           entails={"LIST-17": "a title that begins with white space is not found by what follows it"}),
    *(defect(f"list-search-{name}", "LIST-5", f"A search takes {sign} for any letters.", _pattern(sign))
      for name, sign in (("percent", "%"), ("underscore", "_"), ("dot", "."), ("star", "*"))),
    defect("list-search-plus", "LIST-5", "A search is decoded twice: a plus is a space.",
           _search_by(lambda text: text.replace("+", " "))),
    defect("list-search-decoded-twice", "LIST-5", "A search is decoded twice.", _search_by(unquote)),
    defect("list-search-escapes", "LIST-5", "A backslash in a search is taken for an escape.",
           _search_by(lambda text: re.sub(r"\\(.)", r"\1", text))),
    defect("list-search-html", "LIST-5", "A search is written as HTML.", _search_by(html.escape)),
    defect("list-search-ascii", "LIST-5", "A search is read as Latin-1.",
           _search_by(lambda text: text.encode("utf-8", "replace").decode("latin-1"))),
    defect("list-search-without-filter", "LIST-5", "With a filter, search is ignored.",
           asked(lambda sent: {n: v for n, v in sent.items() if n != "search" or not any("type" in k for k in sent)},
                 tail=False), entails={"LIST-4": "a search is not followed to its end"}),
    defect("list-start-wall-clock", "LIST-8 LIST-9", "The offset in a filter is ignored.", asked(_utc_is_taken)),
    defect("list-start-needs-z", "LIST-8 LIST-9", "A filter takes UTC alone.",
           _bad_dates(lambda text: not text.endswith("Z"))),
    defect("list-start-needs-fraction", "LIST-8", "A filter takes times with a fraction alone.",
           _bad_dates(lambda text: "." not in text), entails={"LIST-9": "a bound has no fraction there either"}),
    defect("list-last-filter", "LIST-7 LIST-8 LIST-9", "Of several filters the last one counts.", asked(_last_bound)),
    defect("list-type-creatable", "LIST-6", "The filter on the type takes CALL and MEETING alone.",
           handled(lambda _: lambda sent, app: refusal(400) if "DOCUMENT" in sent.environ.get("QUERY_STRING", "")
                   else sent.call(app))),
    defect("list-cursor-without-filter", "LIST-4", "A cursor leads on without the filters.",
           handled(_forgets_the_filter), entails={"LIST-6": "later pages show other types"}),
    defect("list-cursor-of-anybody", "LIST-10", "A cursor works in every workspace.", handled(_cursor_of_anybody),
           entails={"READ-2": "it works without the scope, too"}),
    *(defect(f"list-private-{name}", "LIST-11", f"Everybody's lists {what} hold private engagements.",
             where(lambda sent, parameter=parameter: sent.environ["PATH_INFO"] == PATH and late(parameter)(sent),
                    instead("reader", "private_reader")))
      for name, what, parameter in (
          ("upwards", "with an order", "order_by"), ("filtered", "with a filter", "%5Bin%5D"),
          ("expanded", "with expand", "expand"))),
    defect("list-other-workspace-filtered", "LIST-10", "Lists with a filter are of all workspaces.",
           where(lambda sent: sent.environ["PATH_INFO"] == PATH and late("%5Bin%5D")(sent),
                  instead("other_workspace", "private_reader"))),
    defect("list-expanded-for-all", "LIST-12", "In lists, members need no scope of their own.",
           handled(lambda _: lambda sent, app: expands_for_all(sent, app)
                   if sent.environ["PATH_INFO"] == PATH else sent.call(app))),
    defect("list-title-short", "LIST-1", "Titles are cut in lists.", data(_shorter)),
    defect("list-refused", "LIST-17", "What was refused for its recording is in the list.",
           handled(_stored_all_the_same)),
)  # fmt: skip
