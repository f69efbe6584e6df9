"""What a defect is, and the places where one goes in: each function here replaces one component of the mock.

An install function gets a mock of its own and returns the application to serve. Whatever a defect remembers is made
in there, so that no server knows of another.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from http import HTTPStatus
from typing import Any
from uuid import uuid4
from wsgiref.types import StartResponse, WSGIApplication

from werkzeug.test import run_wsgi_app

from mock_server import create_app
from mock_server.checks.auth import Caller, Directory
from mock_server.checks.unknown import UnknownFields
from mock_server.checks.validation import Submission, Validator
from mock_server.media import Media, Note, Recording
from mock_server.media.policy import MediaUrl
from mock_server.presenter import Present
from mock_server.problems import FieldError, Invalid, Problem, Unauthorized
from mock_server.services import Mock
from mock_server.store import Engagement, Store

Json = dict[str, Any]
Install = Callable[[Mock], WSGIApplication]
SURROGATE = re.compile("[\ud800-\udfff]")

FAILS = {"ERR-4": "nothing that is sent may make a server fail"}  # what a 500 in the place of a refusal entails

# What a lenient server takes in the place of a field that it should have refused.
STAND_INS: dict[str, Callable[[], Any]] = {
    "type": lambda: "CALL",
    "title": lambda: "Untitled",
    "source_system": lambda: "unknown",
    "external_id": lambda: uuid4().hex,
    "media_url": lambda: "https://media.example.com/call.mp3",
    "run_workflows": lambda: True,
    "start_at": lambda: "2026-01-01T00:00:00Z",
    "is_private": lambda: False,
    "participants": list,
    "transcript_text": str,
}


@dataclass(frozen=True, slots=True)
class Defect:
    """One thing that is wrong: the rules it is about (any of them may be the one that shows it) and how it gets in.

    `entails` are the rules that it breaks besides, each with the reason.
    """

    name: str
    rules: tuple[str, ...]
    description: str
    install: Install
    entails: Mapping[str, str] = field(default_factory=dict)


def defect(
    name: str, rules: str, description: str, install: Install, *, entails: Mapping[str, str] | None = None
) -> Defect:
    """Return a defect; `rules` are ids with spaces between them."""
    return Defect(name, tuple(rules.split()), description, install, entails or {})


# Services


def part(**makers: Callable[[Any], Any]) -> Install:
    """Replace services: each is made from the right one."""

    def install(mock: Mock) -> WSGIApplication:
        mock.use(**{name: make(getattr(mock.services, name)) for name, make in makers.items()})
        return create_app(mock=mock)

    return install


def store(new: Callable[[], Store]) -> Install:
    """Replace the store."""
    return part(new_store=lambda _: new)


def shown(change: Callable[[Json, Engagement], Json]) -> Install:
    """Show an engagement with other members; one that becomes `...` is left out."""

    def wrong(right: Present) -> Present:
        return lambda engagement, at: _changed(document := right(engagement, at), change(document, engagement))

    return part(present=wrong)


def problem(change: Callable[[Json], Json]) -> Install:
    """Show a problem with other members; one that becomes `...` is left out."""

    def wrong(right: Callable[[Problem, str], Json]) -> Callable[[Problem, str], Json]:
        return lambda error, request_id: _changed(document := right(error, request_id), change(document))

    return part(render=wrong)


def parsed(read: Callable[[bytes, Callable[[bytes], Json]], Json]) -> Install:
    """Read bodies in another way: `read` gets the bytes and the right parser."""
    return part(parse=lambda right: lambda raw: read(raw, right))


def _changed(document: Json, changes: Json) -> Json:
    return {name: value for name, value in (document | changes).items() if value is not ...}


# Validation


@dataclass(frozen=True)
class Judge:
    """A validator that looks at another document than the one sent, or returns another submission."""

    right: Validator
    before: Callable[[Json], Json] = lambda document: document
    after: Callable[[Submission, Json], Submission] = lambda submission, _: submission

    def validate(self, document: Json) -> Submission:
        """Return the submission, or raise Invalid, as the right validator would for the other document."""
        return self.after(self.right.validate(self.before(document)), document)

    def ignored(self, document: Json) -> UnknownFields:
        """Return the unknown fields that the right validator ignores."""
        return self.right.ignored(document)


def read_as(change: Callable[[Json], Json]) -> Install:
    """Take some members of the body for others, before they are judged."""
    return part(validator=lambda right: Judge(right, lambda document: document | change(document)))


def converted(name: str, convert: Callable[[Any], Any]) -> Install:
    """Convert one member before it is judged."""
    return read_as(lambda document: {name: convert(document[name])} if name in document else {})


def excused(name: str, when: Callable[[Any], bool]) -> Install:
    """Accept a member without judging it, and keep it as it was sent. What is not Unicode is judged still."""
    attribute = {"transcript_text": "transcript"}.get(name, name)

    def concerns(document: Json) -> bool:
        return name in document and when(document[name]) and not SURROGATE.search(str(document[name]))

    def before(document: Json) -> Json:
        return document | {name: STAND_INS[name]()} if concerns(document) else document

    def after(submission: Submission, document: Json) -> Submission:
        return replace(submission, **{attribute: document[name]}) if concerns(document) else submission

    return part(validator=lambda right: Judge(right, before, after))


def refused(name: str, when: Callable[[Json], bool]) -> Install:
    """Refuse a valid body and blame one member."""

    def before(document: Json) -> Json:
        if when(document):
            raise Invalid([FieldError(f"/{name}", "invalid", "is not acceptable", "BODY-1")])
        return document

    return part(validator=lambda right: Judge(right, before))


def resubmitted(change: Callable[[Submission], Json]) -> Install:
    """Make another submission of a valid body."""
    return part(validator=lambda right: Judge(right, after=lambda valid, _: replace(valid, **change(valid))))


# Media


@dataclass(frozen=True)
class Gullible:
    """A media world that takes some URLs for others."""

    right: Media
    instead: Callable[[MediaUrl], MediaUrl]

    def fetch(self, url: MediaUrl, note: Note) -> Recording:
        """Judge the other URL."""
        return self.right.fetch(self.instead(url), note)

    def close(self) -> None:
        """Close the right world."""
        self.right.close()


def reached(when: Callable[[MediaUrl], bool]) -> Install:
    """Let some hosts through; what they serve is judged still."""

    def instead(url: MediaUrl) -> MediaUrl:
        return replace(url, host="media.example.com", literal=None) if when(url) else url

    return part(media=lambda right: Gullible(right, instead))


def served(when: Callable[[MediaUrl], bool]) -> Install:
    """Let some content through; its host is judged still."""
    return part(media=lambda right: Gullible(right, lambda url: replace(url, target="/a.mp3") if when(url) else url))


# Credentials


def admitted(find: Callable[[str, tuple[Caller, ...]], Caller | None]) -> Install:
    """Accept further Authorization headers: `find` gets one that is not acceptable, and all callers."""

    class Lenient(Directory):
        def authenticate(self, authorization: str | None) -> Caller:
            try:
                return super().authenticate(authorization)
            except Unauthorized:
                if (found := find(authorization or "", self.callers)) is None:
                    raise
                return found

    return part(directory=lambda right: Lenient(right.callers))


def seen_as(change: Callable[[Caller], Caller]) -> Install:
    """Take a caller for another one. `change` may raise a problem."""

    class Mistaken(Directory):
        def authenticate(self, authorization: str | None) -> Caller:
            return change(super().authenticate(authorization))

    return part(directory=lambda right: Mistaken(right.callers))


# Answers


@dataclass(frozen=True)
class Answer:
    """An answer of the mock on its way out."""

    status: int
    headers: dict[str, str]
    content: bytes

    @cached_property
    def json(self) -> Json:
        """The parsed body."""
        parsed: Json = json.loads(self.content)
        return parsed

    def but(self, code: int | None = None, /, **members: Any) -> Answer:
        """Return the answer with another status, and other members; one that becomes `...` is left out."""
        content = json.dumps(_changed(self.json, members)).encode() if members else self.content
        return replace(self, status=code or self.status, content=content)

    def with_headers(self, **values: str | None) -> Answer:
        """Return the answer with other headers, written with underscores; one that becomes None is left out."""
        named = {name.replace("_", "-"): value for name, value in values.items()}
        headers = {**self.headers, **named}
        return replace(self, headers={name: value for name, value in headers.items() if value is not None})


def refusal(status: int, detail: str = "The server refuses this.") -> Answer:
    """Return a problem of an application that has nothing to do with the mock's own errors."""
    document = {"type": "https://app.askelephant.ai/errors/refused", "title": "Refused", "status": status}
    document |= {"detail": detail, "request_id": f"rid_{uuid4().hex}"}
    headers = {"Content-Type": "application/problem+json", "X-Api-Version": "v2"}
    return Answer(status, headers, json.dumps(document).encode())


@dataclass(frozen=True)
class Sent:
    """A request on its way in."""

    environ: Json
    raw: bytes

    @cached_property
    def body(self) -> Json:
        """The parsed body; empty if it is not an object."""
        try:
            document = json.loads(self.raw, parse_int=float)  # numbers of any length, as the mock reads them
        except (ValueError, RecursionError):
            return {}
        return document if isinstance(document, dict) else {}

    def call(self, app: WSGIApplication, body: Json | None = None, authorization: str | None = None) -> Answer:
        """Hand the request to the application, if need be with another body or credential."""
        raw = self.raw if body is None else json.dumps(body).encode()
        environ = self.environ | {"wsgi.input": io.BytesIO(raw)}
        if body is not None:
            environ["CONTENT_LENGTH"] = str(len(raw))
        if authorization is not None:
            environ["HTTP_AUTHORIZATION"] = authorization
        pieces, status, headers = run_wsgi_app(app, environ, buffered=True)
        return Answer(int(status[:3]), dict(headers), b"".join(pieces))


Edit = Callable[[Sent, Answer], Answer]
Handler = Callable[[Sent, WSGIApplication], Answer]


def handled(make: Callable[[Mock], Handler], *, everything: bool = False) -> Install:
    """Put a layer before the create, or before `everything` under /api; the control plane is left alone."""

    def install(mock: Mock) -> WSGIApplication:
        app, handle = create_app(mock=mock), make(mock)

        def wrapped(environ: Json, start_response: StartResponse) -> Iterable[bytes]:
            reading = environ["REQUEST_METHOD"] in {"GET", "HEAD"}
            if not environ["PATH_INFO"].startswith("/api") or (reading and not everything):
                return app(environ, start_response)
            answer = handle(Sent(environ, _read(environ)), app)
            headers = {**answer.headers, "Content-Length": str(len(answer.content))}
            start_response(f"{answer.status} {HTTPStatus(answer.status).phrase}", list(headers.items()))
            return [answer.content]

        return wrapped

    return install


def answered(edit: Edit) -> Install:
    """Change answers on their way out."""
    return handled(lambda _: lambda sent, app: edit(sent, sent.call(app)))


def answered_if(when: Callable[[Answer], bool], edit: Callable[[Answer], Answer]) -> Install:
    """Change some of the answers, whatever was sent."""
    return answered(lambda _, answer: edit(answer) if when(answer) else answer)


def _read(environ: Json) -> bytes:
    """Return the body, or as much of it as comes: what breaks off breaks off for the application too."""
    pieces, length = [], int(environ.get("CONTENT_LENGTH") or -1)
    if length < 0 and not environ.get("wsgi.input_terminated"):
        return b""
    try:
        while piece := environ["wsgi.input"].read(1 << 16):
            pieces.append(piece)
    except (OSError, ValueError):
        pass
    return b"".join(pieces)
