"""The target that Schemathesis sends to, as this kit knows it: what is sent, what came back, what is known of it.

Schemathesis' own requests and those of the checks go through the books of one client: one budget, one rate, one ledger,
and every answer is looked at (`invariants.py`).
"""

from __future__ import annotations

import copy
import os
import re
import time
from collections import ChainMap, Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import schemathesis
from hypothesis import strategies as st
from schemathesis import Response as Answer
from schemathesis.python import wsgi

from contract.cases import urls
from contract.cases.keys import LONGEST
from contract.cases.verdict import ACCEPTED, Url
from contract.exchange import PATH, Body, Exchange, Request, Response
from contract.generated.recorder import GeneratedRecorder
from contract.judge.submission import Judgement, judge
from contract.outcome import CutShort
from contract.run.client import RecordingClient
from contract.run.profile import Profile
from contract.run.session import REPORT_DIR, Session, open_session
from contract.strategies import refused_urls
from contract.target import simulated
from contract.target.config import Config, ConfigError, is_loopback, load
from contract.target.discretion import shows
from contract.target.wsgi import WsgiTransport

Case = schemathesis.Case[Any]
Operation = schemathesis.APIOperation[Any, Any, Any, Any]
PUBLIC_URL = re.compile(r"https://[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+([:/?#].*)?", re.ASCII | re.DOTALL)
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")  # all but tab and line feed; a JSON text may hold none raw
REMEMBERED = 2000  # engagements, and drawn URLs: memory stays bounded in a night


@dataclass(frozen=True, slots=True)
class JudgedExchange:
    """One of Schemathesis' requests with its answer, and what a conforming target would have done.

    `judgement` is None where nothing can be said: another method or path, another credential, not JSON. `known` is what
    the run knew before of the engagement in the answer.
    """

    exchange: Exchange
    judgement: Judgement | None
    known: Mapping[str, Any]

    @property
    def is_first(self) -> bool:
        """Whether a submission that may be accepted made a new engagement."""
        may_be = self.judgement is not None and not self.judgement.rules
        return may_be and self.exchange.response.id is not None and not self.known


@dataclass(slots=True, eq=False, repr=False)
class Target:
    """A session whose submissions come from Schemathesis. Not for use from several threads."""

    session: Session
    recorder: GeneratedRecorder
    media: dict[str, Url]
    hostile: tuple[Url, ...]
    drawn: dict[str, Url] = field(default_factory=dict)
    probes: Counter[str] = field(default_factory=Counter)
    asked: set[str] = field(default_factory=set)
    sticky: set[str] = field(default_factory=set)
    accepted: int = 0
    last: tuple[str, JudgedExchange] | None = None

    @property
    def client(self) -> RecordingClient:
        """What the checks send with."""
        return self.session.client

    @property
    def may_create(self) -> bool:
        """Whether the budget has room for another engagement or two, and for the one that each submission needs."""
        limit = self.client.config.max_creations
        return limit is None or self.client.creations + 2 < limit

    def prepare(self, case: Case) -> None:
        """Make a submission safe and plausible before it is sent, and enter it into the books. Raises CutShort.

        What is invalid is never repaired: only a valid key becomes unique, only a public https URL becomes that of a
        recording. Once the creations are used up, every valid key becomes that of a known engagement: a repeat. So does
        the whole case where others would see what a faulty target makes of it.
        """
        document = case.body if isinstance(case.body, dict) else {}
        changes: dict[str, Any] = {}
        key, url = document.get("external_id"), document.get("media_url")
        if isinstance(key, str) and 0 < len(key) <= LONGEST:
            changes["external_id"] = self._key(key)
        if isinstance(url, str) and url not in self.media and url not in self.drawn and PUBLIC_URL.fullmatch(url):
            accepted = self.client.config.accepted
            changes["media_url"] = accepted[len(url) % len(accepted)]
        if self.client.config.discreet:
            changes |= {"run_workflows": False} if document.get("run_workflows") is True else {}
            changes |= {"is_private": True} if document.get("is_private", False) is False else {}
        if document:
            case.body = {**document, **changes}
        if case.method == "POST" and self._shows(case):
            case.body, case.media_type = dict(self._anchor.document), "application/json"
            changes["external_id"] = self._anchor.request.key
        # In the place of a generated credential; `credential_is_needed` sends others. The rest is for gateways.
        case.headers.update({**self.client.config.headers, "Authorization": self.client.credential("writer")})
        self._hide_headers(case)
        booked = Request(Body(b""), (), "writer", changes.get("external_id"), expect="observed")
        try:
            self.client.spend(booked)
        except CutShort as reason:
            self.session.stopped = str(reason)
            raise

    @property
    def _anchor(self) -> Exchange:
        """The engagement of the pre-flight. Raises CutShort if there is none."""
        if self.client.anchor is None:
            raise CutShort("nothing was created that could be repeated")
        return self.client.anchor

    def _shows(self, case: Case) -> bool:
        """Tell whether other people would see, or be mailed about, what a faulty target makes of a case."""
        if not self.client.config.discreet:
            return False
        try:
            return shows(Body.of(case.body).content) is not None
        except (TypeError, ValueError):  # no JSON, such as no body at all
            return True

    def _hide_headers(self, case: Case) -> None:
        """Have Schemathesis leave out of its own lines what the configured headers hold."""
        output = case.operation.schema.config.output.sanitization
        names = {name.lower() for name in self.client.config.headers}
        output.keys_to_sanitize = (*output.keys_to_sanitize, *(names - set(output.keys_to_sanitize)))

    def hostile_urls(self) -> st.SearchStrategy[str]:
        """Draw URLs that the target must refuse, and remember why."""
        config = self.client.config
        drawn = refused_urls(config.accepted, config.rejected, config.redirect_to_private, config.unreachable)
        return drawn.map(self._learn)

    def _learn(self, url: Url) -> str:
        if len(self.drawn) > REMEMBERED:
            self.drawn.clear()
        self.drawn[url.value] = url
        return url.value

    def _key(self, drawn: str) -> str:
        """Return a key never used before, as long as the drawn one if that has room for the run's mark.

        The number stands at its end, so that keys that are cut, or compared by their beginning, collide.
        """
        client = self.client
        if not self.may_create and client.anchor is not None and client.anchor.request.key is not None:
            return client.anchor.request.key
        number = client.key().removeprefix(client.run_id)
        middle = drawn.removeprefix(client.run_id)
        return client.run_id + middle[: max(0, len(drawn) - len(client.run_id) - len(number))] + number

    def hear(self, case: Case, answer: Answer) -> JudgedExchange:
        """Enter an answer into the books, take credentials out of it, and say what was to be expected."""
        request, response = self._request(case, answer), _response(answer)
        exchange = self.client.exchange(request, response, time.time() - answer.elapsed)
        known = {response.id: self._known(response.id)} if response.id in self.client.ids else {}
        self.client.heard(exchange)
        self._forget()
        _redact(answer, exchange)
        judged = request.credential == "writer" and (request.method, request.path) == ("POST", PATH)
        judged = judged and _is_json(request) and request.body.document is not None
        key_is_new = request.key is None or self.client.anchor is None or request.key != self.client.anchor.request.key
        judgement = judge(request.body.document, ChainMap(self.drawn, self.media)) if judged and key_is_new else None
        heard = JudgedExchange(exchange, judgement, known)
        self.accepted += heard.is_first
        self.last = (case.id, heard)
        return heard

    def heard(self, case: Case, answer: Answer) -> JudgedExchange:
        """Return what was heard of this case."""
        if self.last is not None and self.last[0] == case.id:
            return self.last[1]
        return self.hear(case, answer)

    def due(self, name: str, every: int) -> bool:
        """Tell whether it is time for a probe: the first time, every so often, and always once it found something.

        Else Hypothesis, which sends a failing case again, would not see it fail.
        """
        self.probes[name] += 1
        self.asked.add(name)
        return name in self.sticky or self.probes[name] % every == 1

    def _known(self, number: str) -> dict[str, Any]:
        return self.client.engagements.get(number, {})

    def _forget(self) -> None:
        """Let go of what only the suite looks at again."""
        self.client.milestones.clear()
        if len(self.client.ids) > REMEMBERED:
            self.client.forget()

    def _request(self, case: Case, answer: Answer) -> Request:
        """Return the request as it was sent, as far as the transport tells."""
        sent = answer.request
        headers = tuple((name, _text(value)) for name, value in sent.headers.items())
        authorization = next((value for name, value in headers if name.lower() == "authorization"), None)
        writer = self.client.credential("writer")
        document = copy.copy(case.body) if isinstance(case.body, dict | list | str | int | float | bool) else None
        content = sent.body.encode() if isinstance(sent.body, str) else sent.body or b""
        if not content and document is not None:
            content = Body.of(document).content  # in this process there is no wire
        key = document.get("external_id") if isinstance(document, dict) else None
        root = self.client.config.base_url
        return Request(
            Body(content if isinstance(content, bytes) else b"", document),
            headers,
            "writer" if authorization == writer else None,
            key if isinstance(key, str) else None,
            method=str(sent.method),
            path=str(sent.url).partition("?")[0].removeprefix(root),
        )


def open_target(base_url: str, app: Any = None) -> Target:
    """Return the target at this URL, or this application, as the environment describes it, after a pre-flight.

    Raises ConfigError, PreflightFailed and CutShort, each with a sentence that says what to do.
    """
    environment: Mapping[str, str] = os.environ
    if is_loopback(base_url):
        environment = {"CONTRACT_MEDIA_ACCEPTED": ",".join(simulated.ACCEPTED)} | dict(os.environ)
    config = load({"base_url": base_url}, environment)
    transport = None if app is None else WsgiTransport(app, config.base_url)
    report_dir = None if config.loopback else Path(REPORT_DIR)
    session = open_session(
        config, Profile.of("quick", None), report_dir=report_dir, transport=transport, recorder=GeneratedRecorder()
    )
    return adopt(session)


class Targets:
    """The targets of this process: the one that a run brought along, or one for each URL and application."""

    def __init__(self) -> None:
        self.given: Target | None = None
        self._found: dict[tuple[str, int], Target | Exception] = {}

    def of(self, operation: Operation) -> Target:
        """Return the target of an operation, opened when it is first met. Raises what `open_target` raises."""
        if self.given is not None:
            return self.given
        url = operation.base_url or ""
        if operation.app is not None:
            url = f"http://{wsgi.HOST}{urlsplit(url).path}"
        elif not url.startswith("http"):
            raise ConfigError("Schemathesis knows no base URL: add --url, or schema.config.update(base_url=…)")
        return self.at(url, operation.app, operation.schema.config.workers)

    def at(self, base_url: str, app: Any, workers: int) -> Target:
        """Return the target at this URL, or this application."""
        if workers > 1:
            raise ConfigError("contract.schemathesis keeps one set of books: use --workers 1")
        place = (base_url, id(app))
        if place not in self._found:
            try:
                self._found[place] = open_target(base_url, app)
            except Exception as reason:  # noqa: BLE001  whatever it is: the next case would meet it again
                self._found[place] = reason
        if isinstance(found := self._found[place], Exception):
            raise found.with_traceback(None) from None  # its sentence says it all
        return found

    def opened(self) -> list[Target]:
        """Return all targets that passed their pre-flight."""
        given = [] if self.given is None else [self.given]
        return given + [found for found in self._found.values() if isinstance(found, Target)]


targets = Targets()


def adopt(session: Session) -> Target:
    """Return a session of its own recorder as a target, after a pre-flight. Raises what `Session.begin` raises."""
    if not isinstance(session.recorder, GeneratedRecorder):
        raise TypeError("a target needs a session with GeneratedRecorder as its recorder")
    session.begin()
    accepted = {url: Url(url, ACCEPTED, "URL-17", "a configured recording") for url in session.config.accepted}
    return Target(session, session.recorder, accepted, tuple(_hostile(session.config)))


def _hostile(config: Config) -> Iterator[Url]:
    """Yield the URLs of the table that every run tries in turn."""
    yield from urls.over_http(config.accepted[:1])[:1]
    yield from urls.configured(config.rejected, config.redirect_to_private, config.unreachable)
    for several in zip_longest(*urls.HOSTS.values()):  # a bit of each network before more of one
        yield from (url for url in several if url is not None)


def _response(answer: Answer) -> Response:
    headers = {name: ", ".join(map(str, values)) for name, values in answer.headers.items()}
    return Response(answer.status_code, headers, answer.content, answer.elapsed)


def _redact(answer: Answer, exchange: Exchange) -> None:
    """Take credentials and control codes out of an answer: Schemathesis shows and stores answers as they are."""
    text = answer.content.decode("utf-8", "surrogateescape")
    if (shown := _CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", exchange.redact(text))) != text:
        answer.content = shown.encode("utf-8", "surrogateescape")
        answer.clear_cache()
    answer.headers = {
        name: [_CONTROL.sub("?", exchange.redact(str(value))) for value in values]
        for name, values in answer.headers.items()
    }


def _is_json(request: Request) -> bool:
    kind = next((value for name, value in request.headers if name.lower() == "content-type"), "")
    return kind.partition(";")[0].strip().lower() == "application/json"


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value
