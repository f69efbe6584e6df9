"""Defects of errors: their shape, their headers, what they give away, and failing on hostile bodies."""

from __future__ import annotations

import json
import re
import traceback
from collections.abc import Callable
from dataclasses import replace
from wsgiref.types import WSGIApplication

from mock_server import Settings
from mock_server.services import Mock
from tests.defects.seams import (
    Answer,
    Handler,
    Install,
    Json,
    Sent,
    answered,
    answered_if,
    defect,
    handled,
    parsed,
    problem,
    refusal,
)  # fmt: skip

PAGE = b"<!DOCTYPE html><html><head><title>Error</title></head><body><h1>Something went wrong</h1></body></html>"


def is_error(answer: Answer) -> bool:
    """Tell whether an answer is an error."""
    return answer.status >= 400


def of(*statuses: int) -> Callable[[Answer], bool]:
    """Return a test for some statuses."""
    return lambda answer: answer.status in statuses


def sent_as(
    content_type: str, content: Callable[[Answer], bytes], when: Callable[[Answer], bool] = is_error
) -> Install:
    """Send errors in another format."""
    return answered_if(
        when, lambda answer: replace(answer, content=content(answer)).with_headers(Content_Type=content_type)
    )


def same(answer: Answer) -> bytes:
    """Return the content as it is."""
    return answer.content


def page(_: Answer) -> bytes:
    """Return an HTML page."""
    return PAGE


def headless(when: Callable[[Answer], bool]) -> Install:
    """Leave X-Api-Version out of some errors."""
    return answered_if(when, lambda answer: answer.with_headers(X_Api_Version=None))


def _trace(_: Json) -> Json:
    return {"detail": "Traceback (most recent call last):\n" + "".join(traceback.format_stack())}


# The rules that refuse a body.
REFUSING = (
    *(f"BODY-{n}" for n in (2, 3, 4, 5, 6, 7, 9, 14, 15)),
    *(f"LIMIT-{n}" for n in range(1, 11)),
    *(f"URL-{n}" for n in range(1, 20) if n != 17),
)

JAVA = "java.lang.IllegalArgumentException\n\tat com.example.api.Engagements.create(Engagements.java:217)"

SHAPE = (
    defect("error-html", "ERR-1 ERR-3", "Errors are HTML pages.", sent_as("text/html", page)),
    defect("error-html-401", "ERR-1 ERR-3", "A 401 is an HTML page.", sent_as("text/html", page, of(401))),
    defect("error-html-422", "ERR-1 ERR-3", "A 422 is an HTML page.", sent_as("text/html", page, of(422))),
    defect("error-html-400", "ERR-1 ERR-3", "What is not JSON gets an HTML page.", sent_as("text/html", page, of(400))),
    defect("error-html-in-problem", "ERR-3", "The detail of a problem is an HTML page.",
           problem(lambda _: {"detail": PAGE.decode()})),
    defect("error-plain-text", "ERR-1", "Errors are plain text.",
           sent_as("text/plain", lambda answer: str(answer.json["detail"]).encode())),
    defect("error-application-json", "ERR-1", "Errors are application/json.", sent_as("application/json", same)),
    defect("error-text-json", "ERR-1", "Errors are sent as text/plain.", sent_as("text/plain", same)),
    defect("error-empty", "ERR-1", "Errors have no body.", sent_as("application/problem+json", lambda _: b"")),
    defect("error-empty-403", "ERR-1",
           "A 403 has no body.", sent_as("application/problem+json", lambda _: b"", of(403))),
    defect("error-string", "ERR-1", "An error is a JSON string.",
           sent_as("application/problem+json", lambda answer: json.dumps(answer.json["detail"]).encode())),
    defect("error-list", "ERR-1", "An error is a list of one problem.",
           sent_as("application/problem+json", lambda answer: b"[" + answer.content + b"]")),
    defect("error-error-member", "ERR-1", "The problem stands in a member error.",
           sent_as("application/problem+json", lambda answer: b'{"error":' + answer.content + b"}")),
    defect("error-status-200", "ERR-1 BODY-1", "Refused bodies are answered with 200.",
           answered_if(of(400, 422), lambda answer: answer.but(200)),
           entails={"RESP-1": "a problem with 200 is no engagement",
                    "IDEM-2": "a repeat that is refused gets 200 without the engagement",
                    **dict.fromkeys(REFUSING, "what it refuses is answered with 200")}),
    defect("error-status-member", "ERR-1",
           "The member status is always 400.", problem(lambda p: {"status": 400 + (p["status"] == 400)})),
    defect("error-status-text", "ERR-1",
           "The member status is a text.", problem(lambda p: {"status": str(p["status"])})),
    *(defect(f"error-without-{name}", "ERR-1",
             f"Problems lack {name}.", problem(lambda _, name=name: {name: ...}))  # type: ignore[misc]
      for name in ("type", "title", "status", "detail")),
    defect("error-without-request-id", "ERR-1 ERR-6",
           "Problems lack request_id.", problem(lambda _: {"request_id": ...})),
    defect("error-type-about-blank", "ERR-1",
           "The type of problems is about:blank.", problem(lambda _: {"type": "about:blank"})),
    defect("error-type-word", "ERR-1", "The type of problems is a bare word.",
           problem(lambda p: {"type": p["type"].rpartition("/")[2]})),
    defect("error-detail-object", "ERR-1",
           "The detail of problems is an object.", problem(lambda p: {"detail": {"text": p["detail"]}})),
    defect("error-errors-object", "ERR-1", "errors is an object by field.",
           problem(lambda p: {"errors": {e["field"]: e["message"] for e in p["errors"]}} if "errors" in p else {})),
    defect("error-errors-texts", "ERR-1", "errors is a list of texts.",
           problem(lambda p: {"errors": [e["message"] for e in p["errors"]]} if "errors" in p else {})),
    defect("error-version-missing", "ERR-2", "Errors lack X-Api-Version.", headless(is_error)),
    defect("error-version-missing-401", "ERR-2", "A 401 lacks X-Api-Version.", headless(of(401))),
    defect("error-version-missing-403", "ERR-2", "A 403 lacks X-Api-Version.", headless(of(403))),
    defect("error-version-missing-400", "ERR-2", "A 400 lacks X-Api-Version.", headless(of(400))),
    defect("error-version-missing-422", "ERR-2", "A 422 lacks X-Api-Version.", headless(of(422))),
    defect("error-trace-python", "ERR-3", "Errors hold a stack trace.", problem(_trace)),
    defect("error-trace-java", "ERR-3", "Errors hold a stack trace of Java.", problem(lambda _: {"exception": JAVA})),
    defect("error-trace-malformed", "ERR-3", "What is not JSON gets a stack trace.",
           problem(lambda p: _trace(p) if p["status"] == 400 else {})),
    defect("error-field-other", "ERR-5", "Errors confuse type with title, and external_id with source_system.",
           problem(lambda p: _renamed(p, {"title": "type", "type": "title", "external_id": "source_system",
                                          "source_system": "external_id"}))),
    defect("error-field-first", "ERR-5", "Errors always name type.", problem(lambda p: _renamed(p, {}, "type"))),
    defect("error-field-body", "ERR-5",
           "Errors name a field that does not exist.", problem(lambda p: _renamed(p, {}, "input"))),
    defect("error-field-media", "ERR-5",
           "A refused recording is blamed on the title.", problem(lambda p: _renamed(p, {"media_url": "title"}))),
    defect("error-field-camel-case", "ERR-5", "Errors name fields as the classes of the server do.",
           problem(lambda p: _renamed(p, {"source_system": "sourceSystem", "media_url": "mediaUrl",
                                          "run_workflows": "runWorkflows", "external_id": "externalId"}))),
    defect("error-field-url", "ERR-5",
           "A refused recording is blamed on a field that is called url.",
           problem(lambda p: _renamed(p, {"media_url": "url"}))),
    defect("error-request-id-of-the-client", "ERR-6 ERR-1", "A request_id is taken from X-Request-Id.",
           answered(lambda sent, answer: answer.but(request_id=sent.environ["HTTP_X_REQUEST_ID"])
                    if answer.status >= 400 and "HTTP_X_REQUEST_ID" in sent.environ else answer)),
    defect("error-request-id-constant", "ERR-6", "All errors have one request_id.",
           problem(lambda _: {"request_id": "rid_01JB5Z0Q4T3V2K8M6N9P7R5S4W"})),
    defect("error-request-id-bare", "ERR-6 ERR-1",
           "request_id lacks its prefix.", problem(lambda p: {"request_id": p["request_id"][4:]})),
    defect("error-request-id-req", "ERR-6 ERR-1", "request_id begins with req_.",
           problem(lambda p: {"request_id": p["request_id"].replace("rid_", "req_")})),
    defect("error-request-id-null", "ERR-6 ERR-1", "request_id is null.", problem(lambda _: {"request_id": None})),
    defect("error-request-id-per-status", "ERR-6", "One request_id stands for all errors of a status.",
           problem(lambda p: {"request_id": f"rid_{p['status']}"})),
)  # fmt: skip


def _renamed(document: Json, names: dict[str, str], default: str | None = None) -> Json:
    if "errors" not in document:
        return {}
    errors = []
    for error in document["errors"]:
        name = error["field"].split("/")[1] if "/" in error["field"] else ""
        errors.append(error | {"field": f"/{names.get(name, default or name)}"})
    return {"errors": errors}


def failing(when: Callable[[bytes], bool]) -> Install:
    """Fail on some bodies, with an exception that nobody expected."""

    def read(raw: bytes, right: Callable[[bytes], Json]) -> Json:
        if when(raw):
            raise RuntimeError("unexpected")
        return right(raw)

    return parsed(read)


def failing_on(when: Callable[[Json], bool]) -> Install:
    """Fail on some documents."""

    def read(raw: bytes, right: Callable[[bytes], Json]) -> Json:
        document = right(raw)
        if when(document):
            raise RuntimeError("unexpected")
        return document

    return parsed(read)


def cut_off(when: Callable[[bytes], bool]) -> Install:
    """Close the connection on some bodies, without an answer."""

    def make(_: Mock) -> Handler:
        def handle(sent: Sent, app: WSGIApplication) -> Answer:
            if when(sent.raw):
                sent.environ["mock_server.connection"].cut("close")
            return sent.call(app)

        return handle

    return handled(make)


def hanging(when: Callable[[bytes], bool]) -> Install:
    """Never answer some bodies."""

    def make(mock: Mock) -> Handler:
        def handle(sent: Sent, app: WSGIApplication) -> Answer:
            if when(sent.raw):
                mock.stopping.wait()
            return sent.call(app)

        return handle

    return handled(make)


def limited(edit: Callable[[Answer], Answer]) -> Install:
    """Let twenty requests a second through and answer the others wrongly."""

    def install(mock: Mock) -> WSGIApplication:
        mock.settings = Settings(rate_limit="20/second")
        mock.use()
        return answered_if(of(429), edit)(mock)

    return install


def is_json(raw: bytes) -> bool:
    """Tell whether a body can be read."""
    try:
        json.loads(raw)
    except (ValueError, RecursionError):
        return False
    return True


def is_utf8(raw: bytes) -> bool:
    """Tell whether a body is UTF-8."""
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True


def depth(raw: bytes) -> int:
    """Return how deep the brackets of a body are nested."""
    deepest = level = 0
    for bracket in re.findall(rb"[\[\]{}]", raw[:1_000_000]):
        level += 1 if bracket in b"[{" else -1
        deepest = max(deepest, level)
    return deepest


SURROGATE = re.compile(rb"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])")

SURROGATE_IN = re.compile("[\ud800-\udfff]")
ESCAPED = "a transcript within its limits, written with escapes, is not accepted"
LARGE = {"LIMIT-8": "a transcript of 950,000 bytes is not accepted", "LIMIT-9": ESCAPED}

FAILURES = (
    defect("fails-on-nesting", "ERR-4", "Deep nesting makes the server fail.", failing(lambda raw: depth(raw) > 500)),
    defect("fails-on-bad-json", "ERR-4 BODY-15", "What is not JSON makes the server fail.",
           failing(lambda raw: not is_json(raw))),
    defect("fails-on-hours", "ERR-4", "A start whose offset has no minutes makes the server fail.",
           failing_on(lambda body: bool(re.search(r"T.*[+-]\d\d$", str(body.get("start_at")))))),
    defect("fails-on-no-body", "ERR-4 BODY-15", "An empty body makes the server fail.", failing(lambda raw: not raw)),
    defect("fails-on-list", "ERR-4 BODY-14", "A list as the body makes the server fail.",
           failing(lambda raw: raw.lstrip().startswith(b"[") and depth(raw) < 500)),
    defect("fails-on-scalar", "ERR-4 BODY-14", "A text, number or null as the body makes the server fail.",
           failing(lambda raw: is_json(raw) and raw.lstrip()[:1] not in b"[{")),
    defect("fails-on-bad-utf8", "ERR-4 BODY-15", "What is not UTF-8 makes the server fail.",
           failing(lambda raw: not is_utf8(raw))),
    defect("fails-on-surrogate", "ERR-4", "Half a surrogate pair makes the server fail.",
           failing(lambda raw: SURROGATE.search(raw) is not None)),
    defect("fails-late-on-prototype", "ERR-4", "A field named __proto__ makes the server fail when it stores.",
           answered(lambda sent, answer: refusal(500) if answer.status == 201 and b"__proto" in sent.raw else answer)),
    defect("fails-on-odd-type", "ERR-4 BODY-4", "A type that is not Unicode makes the server fail.",
           failing_on(lambda body: SURROGATE_IN.search(str(body.get("type"))) is not None)),
    defect("fails-on-odd-name", "ERR-4", "A name of a participant that is not Unicode makes the server fail.",
           failing(lambda raw: b'"name": "\\ud' in raw)),
    defect("fails-on-text-of-object", "ERR-4 BODY-7", "A start with a member toString makes the server fail.",
           failing_on(lambda body: isinstance(start := body.get("start_at"), dict) and "toString" in start)),
    defect("fails-on-last-instant", "ERR-4", "A start at the end of the calendar makes the server fail.",
           failing_on(lambda body: str(body.get("start_at")).startswith("9999-12-31"))),
    defect("fails-on-far-offset", "ERR-4", "A start with an offset of more than sixteen hours makes the server fail.",
           failing_on(lambda body: re.search(r"[+-](1[6-9]|2[0-3]):\d\d$", str(body.get("start_at"))) is not None)),
    defect("fails-on-nul", "ERR-4", "A NUL character makes the server fail.", failing(lambda raw: b"\\u0000" in raw),
           entails=dict.fromkeys(("URL-19", "BODY-7", "BODY-4"), "a NUL in a URL, a date or a type is not refused")),
    defect("fails-on-huge-number", "ERR-4", "A number of hundreds of digits makes the server fail.",
           failing(lambda raw: re.search(rb"\d{300}", raw) is not None)),
    defect("fails-on-exponent", "ERR-4", "A number beyond the range of floats makes the server fail.",
           failing(lambda raw: re.search(rb"\d[eE]\+?[0-9]{3,}", raw) is not None)),
    defect("fails-on-long-text", "ERR-4", "A text of more than a million characters makes the server fail.",
           failing(lambda raw: len(raw) > 1_000_000),
           entails={"LIMIT-9": ESCAPED}),
    defect("fails-on-emoji", "ERR-4 RESP-4", "A character beyond the basic plane in the title makes the server fail.",
           failing_on(lambda body: isinstance(title := body.get("title"), str) and max(title, default="") > "\uffff"),
           entails={"LIMIT-1": "501 such characters are not refused"}),
    defect("fails-on-wrong-title", "ERR-4 BODY-3", "A title that is no text makes the server fail.",
           failing_on(lambda body: not isinstance(body.get("title", ""), str)),
           entails={"BODY-2": "a title that is null is not refused"}),
    defect("fails-on-null-url", "ERR-4 BODY-2", "A media_url that is null makes the server fail.",
           failing_on(lambda body: "media_url" in body and body["media_url"] is None)),
    defect("fails-on-bad-url", "ERR-4 URL-19", "A URL with an open bracket makes the server fail.",
           failing_on(lambda body: "[" in str(body.get("media_url")) and "]" not in str(body.get("media_url")))),
    defect("fails-on-bad-date", "ERR-4 BODY-7", "A start that is no date makes the server fail.",
           failing_on(lambda body: "start_at" in body and not re.match(r"\d{4}-\d\d-\d\d", str(body["start_at"])))),
    defect("fails-on-participants", "ERR-4 BODY-9", "A participant that is no object makes the server fail.",
           failing_on(lambda body: isinstance(group := body.get("participants"), list)
                      and not all(isinstance(person, dict) for person in group))),
    defect("drops-bad-json", "ERR-4 BODY-15", "The connection is closed on what is not JSON.",
           cut_off(lambda raw: not is_json(raw)),
           entails=dict.fromkeys(("AUTH-2", "AUTH-3"), "whoever may not call gets no 401")
           | {"ERR-1": "there is no error"}),
    defect("drops-nesting", "ERR-4",
           "The connection is closed on deep nesting.", cut_off(lambda raw: depth(raw) > 500)),
    defect("drops-bad-utf8", "ERR-4 BODY-15", "The connection is closed on what is not UTF-8.",
           cut_off(lambda raw: not is_utf8(raw))),
    defect("drops-long-text", "ERR-4 LIMIT-7", "The connection is closed on a megabyte of text.",
           cut_off(lambda raw: len(raw) > 900_000), entails=LARGE),
    defect("hangs-on-long-text", "ERR-4 LIMIT-7", "A megabyte of text is never answered.",
           hanging(lambda raw: len(raw) > 900_000), entails=LARGE),
    defect("hangs-on-nesting", "ERR-4", "Deep nesting is never answered.", hanging(lambda raw: depth(raw) > 500)),
    defect("429-without-retry-after", "ERR-7", "A 429 does not say when to come back.",
           limited(lambda answer: answer.with_headers(Retry_After=None))),
    defect("429-with-a-word", "ERR-7", "A 429 asks to come back soon.",
           limited(lambda answer: answer.with_headers(Retry_After="soon"))),
)  # fmt: skip

DEFECTS = (*SHAPE, *FAILURES)

UNSEEN = {
    "unavailable-on-long-text": "503 for a large body: it may come from something in front of the target",
    "429-as-403": "a refusal for too many requests under another status looks like any other refusal",
    "fails-on-17-mib": "how large a body may be is an observation (ERR-10)",
    "fails-on-duplicate-keys-refused": "whether a key may be there twice is an observation (BODY-19)",
    "leaks-memory": "what a server keeps of a request is not seen",
}
