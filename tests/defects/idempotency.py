"""Defects of idempotency: whose a key is, how long it lives, what uses it up, and what a repeat returns."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from wsgiref.types import WSGIApplication

from mock_server.checks.validation import Submission, Validator
from mock_server.problems import InFlight, Invalid
from mock_server.services import Mock
from mock_server.store import Claim, Engagement, Key, Store
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
    part,
    refusal,
    store,
)  # fmt: skip


class _Global(Store):
    def claim(self, _workspace_id: str, external_id: str, patience: float) -> Claim | Engagement:
        return super().claim("", external_id, patience)


class _Exclusive(Store):
    def claim(self, workspace_id: str, external_id: str, patience: float) -> Claim | Engagement:
        if any(key[1] == external_id and key[0] != workspace_id for key in self._by_key):
            raise InFlight
        return super().claim(workspace_id, external_id, patience)


class _Ten(Store):
    def put(self, key: Key, engagement: Engagement) -> None:
        super().put(key, engagement)
        for old in list(self._by_key)[:-10]:
            self._by_key.pop(old, None)


def _hundred_requests(mock: Mock) -> Handler:
    """Forget a key once a hundred requests of any kind came after the one that made its engagement."""
    count, seen = itertools.count(), dict[str, int]()

    def handle(sent: Sent, app: WSGIApplication) -> Answer:
        number, known = next(count), mock.state.store._by_key
        for key, engagement in list(known.items()):
            if number - seen.setdefault(engagement.id, number) > 100:
                known.pop(key, None)
        return sent.call(app)

    return handle


def _one_second(mock: Mock) -> WSGIApplication:
    clock = mock.services.clock

    class Expiring(Store):
        def claim(self, workspace_id: str, external_id: str, patience: float) -> Claim | Engagement:
            known = self._by_key.get((workspace_id, external_id))
            if known and clock.now() - known.created_at > timedelta(seconds=1):
                self._by_key.pop((workspace_id, external_id), None)
            return super().claim(workspace_id, external_id, patience)

    return store(Expiring)(mock)


class _OneRepeat(Store):
    def claim(self, workspace_id: str, external_id: str, patience: float) -> Claim | Engagement:
        found = super().claim(workspace_id, external_id, patience)
        if isinstance(found, Engagement):
            self._by_key.pop((workspace_id, external_id), None)
        return found


class _Amnesiac(Store):
    def put(self, key: Key, engagement: Engagement) -> None:
        """Forget at once."""


class _Latest(Store):
    latest: Engagement

    def put(self, key: Key, engagement: Engagement) -> None:
        self.latest = engagement
        super().put(key, engagement)

    def claim(self, workspace_id: str, external_id: str, patience: float) -> Claim | Engagement:
        found = super().claim(workspace_id, external_id, patience)
        return self.latest if isinstance(found, Engagement) else found


class _Burning(Store):
    """A claim that ends without an engagement takes the key with it."""

    def __init__(self) -> None:
        super().__init__()
        self.burnt: set[Key] = set()

    def claim(self, workspace_id: str, external_id: str, patience: float) -> Claim | Engagement:
        if (workspace_id, external_id) in self.burnt:
            raise InFlight
        return super().claim(workspace_id, external_id, patience)

    def release(self, claim: Claim) -> None:
        if claim.key not in self._by_key:
            self.burnt.add(claim.key)
        super().release(claim)


def burnt_by(status: int) -> Install:
    """Answer 409 for keys that were refused with this status once."""

    def make(_: Mock) -> Handler:
        burnt: set[str] = set()

        def handle(sent: Sent, app: WSGIApplication) -> Answer:
            key = str(sent.body.get("external_id"))
            answer = sent.call(app)
            if answer.status == status:
                burnt.add(key)
            return refusal(409) if answer.status == 201 and key in burnt else answer

        return handle

    return handled(make)


BURNT = {
    "LIST-17": "what was answered with 409 is stored, and in the list",
    "IDEM-4": "a refusal takes the key of other workspaces with it, too",
}
LISTED = {"LIST-17": "what was refused is in the list", "HOOK-3": "hundreds are told of, and the last one waits"}


def stored_although(status: int, **repair: Any) -> Install:
    """Create what is refused with this status, behind the client's back; `repair` makes it acceptable."""

    def make(mock: Mock) -> Handler:
        writer = next(caller for caller in mock.settings.callers if caller.name == "writer")

        def handle(sent: Sent, app: WSGIApplication) -> Answer:
            answer = sent.call(app)
            if answer.status == status and sent.body.get("external_id"):
                sent.call(app, sent.body | repair, f"Bearer {writer.credential}")
            return answer

        return handle

    return handled(make)


def _forgotten_when_refused(mock: Mock) -> WSGIApplication:
    class Forgetting(Validator):
        def validate(self, document: Json) -> Submission:
            try:
                return super().validate(document)
            except Invalid:
                known = mock.state.store._by_key
                for key in [key for key in known if key[1] == document.get("external_id")]:
                    del known[key]
                raise

    return part(validator=lambda _: Forgetting())(mock)


def _answers_by_body(_: Mock) -> Handler:
    """Keep the answer to each body, whoever sent it."""
    kept: dict[bytes, Answer] = {}

    def handle(sent: Sent, app: WSGIApplication) -> Answer:
        answer = sent.call(app)
        if answer.status in {200, 201}:
            answer = kept.setdefault(sent.raw, answer).but(answer.status)
        return answer

    return handle


def _drafts(_: Mock) -> Handler:
    """Keep the title of a submission that was refused, and use it for the next of its key."""
    drafts: dict[str, Any] = {}

    def handle(sent: Sent, app: WSGIApplication) -> Answer:
        answer, key = sent.call(app), f"{sent.environ.get('HTTP_AUTHORIZATION')} {sent.body.get('external_id')}"
        if answer.status == 422 and isinstance(sent.body.get("title"), str):
            drafts.setdefault(key, sent.body["title"])
        return answer.but(title=drafts[key]) if answer.status == 201 and drafts.get(key) else answer

    return handle


def _written_when_refused(_: Mock) -> Handler:
    """Let a repeat that is refused change the title that is stored."""
    titles: dict[str, Any] = {}

    def handle(sent: Sent, app: WSGIApplication) -> Answer:
        answer, key = sent.call(app), str(sent.body.get("external_id"))
        if answer.status == 201:
            titles[key] = sent.body["title"]
        elif answer.status == 422 and titles.get(key):
            titles[key] = sent.body.get("title") or titles[key]
        return answer.but(title=titles[key]) if answer.status == 200 else answer

    return handle


LIFE = (
    defect("key-global", "IDEM-4", "A key is one key in all workspaces.", store(_Global)),
    defect("key-exclusive", "IDEM-4", "A key of one workspace is refused in all others.", store(_Exclusive)),
    defect("answers-by-body", "IDEM-4", "The same body from another workspace gets the same engagement.",
           handled(_answers_by_body),
           entails={"IDEM-2": "a repeat is answered as at first, after a changed one showed a later status"}),
    defect("draft-kept", "IDEM-9", "After a refusal the title that was sent with it stays.", handled(_drafts),
           entails={"IDEM-2": "a repeat shows another title than the first answer"}),
    defect("repeat-refused-and-written", "IDEM-2", "A repeat that is refused changes the stored title.",
           handled(_written_when_refused)),
    defect("key-expires-after-ten", "IDEM-11", "Only the last ten engagements are remembered.", store(_Ten),
           entails={"IDEM-1": "a repeat after ten others creates again"}),
    defect("key-expires-after-a-hundred-requests", "IDEM-11", "A hundred requests later a key is forgotten.",
           handled(_hundred_requests, everything=True)),
    defect("key-expires-after-a-second", "IDEM-11", "A key is forgotten after a second.", _one_second,
           entails={"IDEM-1": "a repeat after a second creates again"}),
    defect("key-expires-after-a-repeat", "IDEM-1 IDEM-11", "The second repeat creates again.", store(_OneRepeat),
           entails={"IDEM-10": "parallel submissions create several engagements"}),
    defect("key-forgotten-when-refused", "IDEM-1 IDEM-2 IDEM-11", "A repeat that is refused frees the key.",
           _forgotten_when_refused),
    defect("no-idempotency", "IDEM-1", "Every repeat creates.", store(_Amnesiac),
           entails={"IDEM-10": "parallel submissions all create", "IDEM-11": "no key is remembered"}),
    defect("burnt-by-media", "IDEM-9", "A submission whose recording was refused takes the key with it.",
           store(_Burning)),
    defect("burnt-by-fields", "IDEM-9", "A submission refused with 422 takes the key with it.", burnt_by(422),
           entails=BURNT),
    defect("burnt-by-scope", "SCOPE-5 IDEM-9", "A submission refused with 403 takes the key with it.", burnt_by(403),
           entails=BURNT),
    defect("burnt-by-credential", "IDEM-9", "A submission refused with 401 takes the key with it.", burnt_by(401),
           entails=BURNT),
    defect("stored-although-forbidden", "SCOPE-5 SCOPE-1", "A submission refused with 403 is stored all the same.",
           stored_although(403), entails=LISTED),
    defect("stored-although-unusable", "IDEM-9", "A submission whose recording is refused is stored all the same.",
           stored_although(422, media_url="https://media.example.com/call.mp3"), entails=LISTED),
    defect("stored-although-untitled", "IDEM-9", "A submission whose title is refused is stored all the same.",
           stored_although(422, title="Untitled"), entails=LISTED),
)  # fmt: skip


def repeated(change: Callable[[Json, Json], Json]) -> Install:
    """Change the answer to a repeat: `change` gets what was sent and what is stored."""
    return answered(
        lambda sent, answer: answer.but(**change(sent.body, answer.json)) if answer.status == 200 else answer
    )


def updated(change: Callable[[Json], Json], *, shows: bool = True) -> Install:
    """Let a repeat change what is stored. `shows` says whether its own answer has the change already."""

    def make(_: Mock) -> Handler:
        stored: dict[str, Json] = {}

        def handle(sent: Sent, app: WSGIApplication) -> Answer:
            answer = sent.call(app)
            if answer.status != 200:
                return answer
            before = stored.get(answer.json["id"], {})
            after = stored[answer.json["id"]] = before | change(sent.body)
            return answer.but(**(after if shows else before))

        return handle

    return handled(make)


def instead_of_repeat(status: int, when: Callable[[Json, Json], bool] = lambda *_: True) -> Install:
    """Answer a repeat with an error, if what was sent and what is stored are such."""
    return answered(
        lambda sent, answer: refusal(status) if answer.status == 200 and when(sent.body, answer.json) else answer
    )


def _begins_again(_: Mock) -> Handler:
    """Begin the processing of an engagement again after a repeat that came when it was completed."""
    begun: set[str] = set()

    def handle(sent: Sent, app: WSGIApplication) -> Answer:
        answer = sent.call(app)
        if answer.status != 200:
            return answer
        if (id_ := answer.json["id"]) in begun:
            return answer.but(processing_status="PENDING")
        if answer.json["processing_status"] == "COMPLETED":
            begun.add(id_)
        return answer

    return handle


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _is_200(answer: Answer) -> bool:
    return answer.status == 200


def _is_201(answer: Answer) -> bool:
    return answer.status == 201


def _moved(sent: Json) -> Json:
    return {"start_at": sent["start_at"]} if "start_at" in sent else {}


def _private(sent: Json) -> Json:
    return {"is_private": sent["is_private"]} if "is_private" in sent else {}


def _differs(sent: Json, stored: Json) -> bool:
    return bool(sent["title"] != stored["title"] or sent["type"] != stored["engagement_type"])


RACE = {"IDEM-10": "what loses a race does not get the engagement with 200"}
OLD_END = {"RESP-7": "the end is still that of the first start"}

REPEATS = (
    defect("repeat-begins-again", "IDEM-2", "A repeat begins the processing again.", handled(_begins_again)),
    *(defect(f"repeat-title-{name}", "IDEM-2", f"A repeat shows the title as it is stored: {said}.",
             repeated(lambda _, stored, change=change: {"title": change(stored["title"])}),
             entails={"RESP-4": "the title in the answer is not the one submitted"})
      for name, said, change in (
          ("255", "cut after 255 characters", lambda title: title[:255]),
          ("trimmed", "without white space around it", str.strip),
          ("bmp", "with ? for what is beyond the basic plane", lambda title: re.sub("[^\0-\uffff]", "?", title)),
      )),
    defect("repeat-start-in-seconds", "IDEM-2", "A repeat shows the start as it is stored, in seconds.",
           repeated(lambda _, stored: {"start_at": re.sub(r"\.\d+", "", stored["start_at"])})),
    defect("repeat-201", "IDEM-1", "A repeat is answered with 201.",
           answered_if(_is_200, lambda answer: answer.but(201)), entails=RACE),
    defect("repeat-202", "IDEM-1", "A repeat is answered with 202.",
           answered_if(_is_200, lambda answer: answer.but(202)), entails=RACE),
    defect("repeat-409", "IDEM-1", "A repeat is refused as a conflict.", instead_of_repeat(409)),
    defect("repeat-422", "IDEM-1", "A repeat is refused as a duplicate.", instead_of_repeat(422),
           entails=RACE),
    defect("repeat-409-if-different", "IDEM-2", "A repeat whose title or type differs is refused.",
           instead_of_repeat(409, _differs)),
    defect("repeat-of-the-latest", "IDEM-1 IDEM-2", "A repeat returns the engagement created last.", store(_Latest),
           entails={"IDEM-11": "at the end of a run its first key returns the last engagement"}),
    defect("repeat-with-another-id", "IDEM-1", "A repeat returns an id that nothing has.",
           repeated(lambda _, stored: {"id": stored["id"] + "x"}), entails=RACE),
    defect("repeat-returns-nothing", "IDEM-1 RESP-1", "A repeat returns an empty object.",
           repeated(lambda _, stored: dict.fromkeys(stored, ...)), entails=RACE),
    defect("repeat-echoes-title", "IDEM-2", "A repeat returns the title that was sent with it.",
           repeated(lambda sent, _: {"title": sent["title"]})),
    defect("repeat-echoes-type", "IDEM-2", "A repeat returns the type that was sent with it.",
           repeated(lambda sent, _: {"engagement_type": sent["type"]})),
    defect("repeat-echoes-start", "IDEM-2", "A repeat returns the start that was sent with it.",
           repeated(lambda sent, _: _moved(sent)), entails=OLD_END),
    defect("repeat-echoes-privacy", "IDEM-2", "A repeat returns the privacy that was sent with it.",
           repeated(lambda sent, _: _private(sent))),
    defect("repeat-updates-title", "IDEM-2", "A repeat changes the stored title.",
           updated(lambda sent: {"title": sent["title"]})),
    defect("repeat-updates-title-later", "IDEM-2", "A repeat returns what is stored, and then stores its own title.",
           updated(lambda sent: {"title": sent["title"]}, shows=False)),
    defect("repeat-updates-type", "IDEM-2", "A repeat changes the stored type.",
           updated(lambda sent: {"engagement_type": sent["type"]})),
    defect("repeat-updates-start", "IDEM-2", "A repeat changes the stored start.", updated(_moved),
           entails=OLD_END),
    defect("repeat-updates-privacy", "IDEM-2", "A repeat changes the stored privacy.", updated(_private)),
    defect("repeat-is-public", "IDEM-2", "A repeat shows every engagement as public.",
           repeated(lambda *_: {"is_private": False})),
    defect("repeat-created-now", "IDEM-2", "A repeat returns another creation time.",
           repeated(lambda *_: {"created_at": _now(), "updated_at": _now()})),
    defect("repeat-started-now", "IDEM-2", "A repeat returns the time of the repeat as the start.",
           repeated(lambda *_: {"start_at": _now(), "engagement_at": _now(), "end_at": ...})),
    defect("repeat-of-another-length", "IDEM-2", "A repeat tells the length of another recording.",
           repeated(lambda _, stored: {"duration_seconds": stored["duration_seconds"] + 1})),
    defect("repeat-touches", "IDEM-2", "A repeat moves updated_at although nothing changed.",
           repeated(lambda *_: {"updated_at": _now()})),
    defect("repeat-of-another-owner", "IDEM-2", "A repeat returns another owner.",
           repeated(lambda *_: {"owner_user_id": "usr_01JB5Z0Q4T8E6Y2C4A1B3D5F7G"})),
    defect("repeat-goes-back", "IDEM-2", "The processing of a new engagement has begun; a repeat shows it pending.",
           answered_if(_is_201, lambda answer: answer.but(processing_status="PROCESSING")),
           entails={"READ-15": "it is read as pending, too"}),
)  # fmt: skip

DEFECTS = (*LIFE, *REPEATS)

UNSEEN = {
    "key-as-number": "a key of this suite begins with the mark of its run, so none is a number",
    "key-crc-16-bits": "a good hash of 16 bits collides by chance only: once in two among 300 keys",
    "key-nfkc": "which Unicode normalisation forms are one key is an observation (IDEM-12), never a violation",
    "key-per-credential": "a run holds only one credential that may write in a workspace",
    "key-expires-after-completion": "the mock's engagements are never completed; a deployment's need longer than a run",
}
