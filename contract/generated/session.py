"""A target that Schemathesis sends to, as this kit knows it: what is sent, what came back, what is known of it.

Schemathesis' own requests and those of the checks go through the books of one client: one budget, one rate, one ledger,
and every answer is looked at (`invariants.py`).
"""

from __future__ import annotations

import copy
import re
import time
from collections import ChainMap, Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import schemathesis
from hypothesis import strategies as st
from schemathesis import Response as Answer

from contract.cases.keys import LONGEST
from contract.cases.verdict import Url
from contract.exchange import PATH, Body, Exchange, Request, Response
from contract.generated.recorder import GeneratedRecorder
from contract.judge.submission import Judgement, judge
from contract.outcome import CutShort
from contract.run.client import RecordingClient
from contract.run.session import Session
from contract.strategies import refused_urls
from contract.target.discretion import SAFE, shows

Case = schemathesis.Case[Any]
Operation = schemathesis.APIOperation[Any, Any, Any, Any]
PUBLIC_URL = re.compile(r"https://[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+([:/?#].*)?", re.ASCII | re.DOTALL)
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")  # all but tab and line feed; a JSON text may hold none raw
FRAMING = {"host", "content-length"}  # headers that a client makes by itself; another key has another length
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

        What is invalid is not repaired: only a valid key becomes unique, only a public https URL becomes that of a
        recording. Once the creations are used up, every valid key becomes that of a known engagement: a repeat. Where
        others would see what a faulty target makes of a case, it says that it is private and runs no workflows; if
        that does not suffice, a repeat is sent instead of it.
        """
        if isinstance(case.body, dict) and case.body:
            case.body = {**case.body, **self._changes(case.body)}
        if case.method == "POST" and self._shows(case):
            case.body, case.media_type = dict(self._anchor.document), "application/json"
        # In the place of a generated credential; `credential_is_needed` sends others. The rest is for gateways.
        case.headers.update({**self.client.config.headers, "Authorization": self.client.credential("writer")})
        self._hide_headers(case)
        key = case.body.get("external_id") if isinstance(case.body, dict) else None
        booked = Request(Body(b""), (), "writer", key if isinstance(key, str) else None, expect="observed")
        try:
            self.client.spend(booked)
        except CutShort as reason:
            self.session.stopped = str(reason)
            raise

    def _changes(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """Return what of a generated submission is sent in another way."""
        config = self.client.config
        changes: dict[str, Any] = {}
        key, url = document.get("external_id"), document.get("media_url")
        if isinstance(key, str) and 0 < len(key) <= LONGEST:
            changes["external_id"] = self._key(key)
        if isinstance(url, str) and url not in self.media and url not in self.drawn and PUBLIC_URL.fullmatch(url):
            changes["media_url"] = config.accepted[len(url) % len(config.accepted)]
        if config.discreet:
            changes |= {name: safe for name, safe in SAFE.items() if document.get(name, not safe) is (not safe)}
        return changes

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
        known = (config.rejected, config.redirect_to_private, config.unreachable, config.private_names)
        drawn = refused_urls(config.accepted, *known)
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
        headers = tuple((name, _text(value)) for name, value in sent.headers.items() if name.lower() not in FRAMING)
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
