"""Defects of idempotency: which key is looked up, how long it lives, and what a repeat returns."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from wsgiref.types import WSGIApplication

from mock_server.problems import InFlight, Invalid
from mock_server.services import Mock
from mock_server.store import Claim, Engagement, Key, Store
from mock_server.validation import Submission, Validator
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
    resubmitted,
    store,
)  # fmt: skip


def keyed(fold: Callable[[str], str]) -> Install:
    """Look keys up in another form."""

    class Folding(Store):
        def claim(self, workspace_id: str, external_id: str, patience: float) -> Claim | Engagement:
            return super().claim(workspace_id, fold(external_id), patience)

    return store(Folding)


def keyed_with(member: Callable[[Submission], object]) -> Install:
    """Make something else of a submission a part of its key."""
    return resubmitted(lambda valid: {"external_id": f"{valid.external_id}\0{member(valid)!r}"})


def _without_accents(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))


KEYS = (
    defect("key-cut-64", "IDEM-7", "Only the first 64 characters of a key count.", keyed(lambda key: key[:64])),
    defect("key-cut-100", "IDEM-7", "Only the first 100 characters of a key count.", keyed(lambda key: key[:100])),
    defect("key-cut-255", "IDEM-7", "Only the first 255 characters of a key count.", keyed(lambda key: key[:255])),
    defect("key-cut-499", "IDEM-7", "The 500th character of a key does not count.", keyed(lambda key: key[:499])),
    defect("key-cut-255-bytes", "IDEM-7 IDEM-8", "Only the first 255 bytes of a key count.",
           keyed(lambda key: key.encode()[:255].decode("utf-8", "ignore"))),
    defect("key-tail-only", "IDEM-7", "Only the last 32 characters of a key count.", keyed(lambda key: key[-32:])),
    defect("key-without-prefix", "IDEM-7", "What stands before the last colon of a key is dropped.",
           keyed(lambda key: key.rpartition(":")[2] or key)),
    defect("key-checksum", "IDEM-7", "Keys are compared by a 16-bit sum of their bytes: order does not count.",
           keyed(lambda key: str(sum(key.encode()) & 0xFFFF))),
    defect("key-casefold", "IDEM-5", "The case of a key does not count.", keyed(str.casefold)),
    defect("key-lower-ascii", "IDEM-5", "The case of ASCII letters in a key does not count.",
           keyed(lambda key: re.sub("[A-Z]", lambda match: match[0].lower(), key))),
    defect("key-trimmed", "IDEM-6", "White space around a key does not count.", keyed(str.strip)),
    defect("key-trimmed-left", "IDEM-6", "White space before a key does not count.", keyed(str.lstrip)),
    defect("key-trimmed-right", "IDEM-6", "White space after a key does not count.", keyed(str.rstrip)),
    defect("key-inner-space", "IDEM-6", "Several spaces in a key count as one.",
           keyed(lambda key: re.sub(r"(?<=\S) +(?=\S)", " ", key))),
    defect("key-without-accents", "IDEM-8", "Accents in a key do not count.", keyed(_without_accents)),
    defect("key-ascii-only", "IDEM-8", "Characters outside ASCII are dropped from a key.",
           keyed(lambda key: key.encode("ascii", "ignore").decode())),
    defect("key-question-marks", "IDEM-8", "Characters outside ASCII become question marks in a key.",
           keyed(lambda key: key.encode("ascii", "replace").decode())),
    defect("key-latin-1", "IDEM-8", "Characters outside Latin-1 become question marks in a key.",
           keyed(lambda key: key.encode("latin-1", "replace").decode("latin-1"))),
    defect("key-cut-at-emoji", "IDEM-8", "A key ends at its first character beyond the basic plane.",
           keyed(lambda key: re.split("[\U00010000-\U0010ffff]", key)[0])),
    defect("key-with-source-system", "IDEM-3", "source_system is part of the key.",
           keyed_with(lambda valid: valid.source_system)),
    defect("key-with-type", "IDEM-2", "The type is part of the key.", keyed_with(lambda valid: valid.type)),
    defect("key-with-title", "IDEM-2", "The title is part of the key.", keyed_with(lambda valid: valid.title)),
    defect("key-with-media-url", "IDEM-2", "The URL is part of the key.",
           keyed_with(lambda valid: valid.media_url.text)),
    defect("key-with-run-workflows", "IDEM-2", "run_workflows is part of the key.",
           keyed_with(lambda valid: valid.run_workflows)),
    defect("key-with-start", "IDEM-2", "The start is part of the key.", keyed_with(lambda valid: valid.start_at)),
    defect("key-with-privacy", "IDEM-2", "is_private is part of the key.",
           keyed_with(lambda valid: valid.is_private)),
    defect("key-with-participants", "IDEM-2", "The participants are part of the key.",
           keyed_with(lambda valid: valid.participants)),
    defect("key-with-transcript", "IDEM-2", "The transcript is part of the key.",
           keyed_with(lambda valid: valid.transcript)),
    defect("key-with-everything", "IDEM-2 IDEM-3", "Submissions are compared by a hash of the whole body.",
           keyed_with(lambda valid: valid)),
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
        with self._lock:
            for old in list(self._by_key)[:-10]:
                del self._by_key[old]


class _OneSecond(Store):
    def claim(self, workspace_id: str, external_id: str, patience: float) -> Claim | Engagement:
        found = super().claim(workspace_id, external_id, patience)
        if isinstance(found, Engagement) and datetime.now(UTC) - found.created_at > timedelta(seconds=1):
            self._by_key.pop((workspace_id, external_id), None)
            return super().claim(workspace_id, external_id, patience)
        return found


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


LIFE = (
    defect("key-global", "IDEM-4", "A key is one key in all workspaces.", store(_Global)),
    defect("key-exclusive", "IDEM-4", "A key of one workspace is refused in all others.", store(_Exclusive)),
    defect("key-expires-after-ten", "IDEM-11", "Only the last ten engagements are remembered.", store(_Ten)),
    defect("key-expires-after-a-second", "IDEM-11", "A key is forgotten after a second.", store(_OneSecond)),
    defect("key-expires-after-a-repeat", "IDEM-1 IDEM-11", "The second repeat creates again.", store(_OneRepeat)),
    defect("key-forgotten-when-refused", "IDEM-2 IDEM-9 IDEM-11", "A repeat that is refused frees the key.",
           _forgotten_when_refused),
    defect("no-idempotency", "IDEM-1", "Every repeat creates.", store(_Amnesiac)),
    defect("burnt-by-media", "IDEM-9", "A submission whose recording was refused takes the key with it.",
           store(_Burning)),
    defect("burnt-by-fields", "IDEM-9", "A submission refused with 422 takes the key with it.", burnt_by(422)),
    defect("burnt-by-scope", "SCOPE-5 IDEM-9", "A submission refused with 403 takes the key with it.", burnt_by(403)),
    defect("burnt-by-credential", "IDEM-9", "A submission refused with 401 takes the key with it.", burnt_by(401)),
    defect("stored-although-forbidden", "SCOPE-5 SCOPE-1", "A submission refused with 403 is stored all the same.",
           stored_although(403)),
    defect("stored-although-unusable", "IDEM-9", "A submission whose recording is refused is stored all the same.",
           stored_although(422, media_url="https://media.example.com/call.mp3")),
    defect("stored-although-untitled", "IDEM-9", "A submission whose title is refused is stored all the same.",
           stored_although(422, title="Untitled")),
)  # fmt: skip


def repeated(change: Callable[[Json, Json], Json]) -> Install:
    """Change the answer to a repeat: `change` gets what was sent and what is stored."""
    return answered(
        lambda sent, answer: answer.but(**change(sent.body, answer.json)) if answer.status == 200 else answer
    )


def updated(change: Callable[[Json], Json]) -> Install:
    """Let a repeat change what is stored."""

    def make(_: Mock) -> Handler:
        stored: dict[str, Json] = {}

        def handle(sent: Sent, app: WSGIApplication) -> Answer:
            answer = sent.call(app)
            if answer.status != 200:
                return answer
            known = stored.setdefault(answer.json["id"], {})
            known |= change(sent.body)
            return answer.but(**known)

        return handle

    return handled(make)


def instead_of_repeat(status: int, when: Callable[[Json, Json], bool] = lambda *_: True) -> Install:
    """Answer a repeat with an error, if what was sent and what is stored are such."""
    return answered(
        lambda sent, answer: refusal(status) if answer.status == 200 and when(sent.body, answer.json) else answer
    )


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


REPEATS = (
    defect("repeat-201", "IDEM-1", "A repeat is answered with 201.",
           answered_if(_is_200, lambda answer: answer.but(201))),
    defect("repeat-202", "IDEM-1", "A repeat is answered with 202.",
           answered_if(_is_200, lambda answer: answer.but(202))),
    defect("repeat-409", "IDEM-1", "A repeat is refused as a conflict.", instead_of_repeat(409)),
    defect("repeat-422", "IDEM-1", "A repeat is refused as a duplicate.", instead_of_repeat(422)),
    defect("repeat-409-if-different", "IDEM-2", "A repeat whose title or type differs is refused.",
           instead_of_repeat(409, _differs)),
    defect("repeat-of-the-latest", "IDEM-1 IDEM-2", "A repeat returns the engagement created last.", store(_Latest)),
    defect("repeat-with-another-id", "IDEM-1", "A repeat returns an id that nothing has.",
           repeated(lambda _, stored: {"id": stored["id"] + "x"})),
    defect("repeat-returns-nothing", "IDEM-1 RESP-1", "A repeat returns an empty object.",
           repeated(lambda _, stored: dict.fromkeys(stored, ...))),
    defect("repeat-echoes-title", "IDEM-2", "A repeat returns the title that was sent with it.",
           repeated(lambda sent, _: {"title": sent["title"]})),
    defect("repeat-echoes-type", "IDEM-2", "A repeat returns the type that was sent with it.",
           repeated(lambda sent, _: {"engagement_type": sent["type"]})),
    defect("repeat-echoes-start", "IDEM-2", "A repeat returns the start that was sent with it.",
           repeated(lambda sent, _: _moved(sent))),
    defect("repeat-echoes-privacy", "IDEM-2", "A repeat returns the privacy that was sent with it.",
           repeated(lambda sent, _: _private(sent))),
    defect("repeat-updates-title", "IDEM-2", "A repeat changes the stored title.",
           updated(lambda sent: {"title": sent["title"]})),
    defect("repeat-updates-type", "IDEM-2", "A repeat changes the stored type.",
           updated(lambda sent: {"engagement_type": sent["type"]})),
    defect("repeat-updates-start", "IDEM-2", "A repeat changes the stored start.", updated(_moved)),
    defect("repeat-updates-privacy", "IDEM-2", "A repeat changes the stored privacy.", updated(_private)),
    defect("repeat-is-public", "IDEM-2", "A repeat shows every engagement as public.",
           repeated(lambda *_: {"is_private": False})),
    defect("repeat-created-now", "IDEM-2", "A repeat returns another creation time.",
           repeated(lambda *_: {"created_at": _now(), "updated_at": _now()})),
    defect("repeat-started-now", "IDEM-2", "A repeat returns the time of the repeat as the start.",
           repeated(lambda *_: {"start_at": _now(), "engagement_at": _now(), "end_at": ...})),
    defect("repeat-touches", "IDEM-2", "A repeat moves updated_at although nothing changed.",
           repeated(lambda *_: {"updated_at": _now()})),
    defect("repeat-of-another-owner", "IDEM-2", "A repeat returns another owner.",
           repeated(lambda *_: {"owner_user_id": "usr_01JB5Z0Q4T8E6Y2C4A1B3D5F7G"})),
    defect("repeat-goes-back", "IDEM-2", "The processing of a new engagement has begun; a repeat shows it pending.",
           answered_if(_is_201, lambda answer: answer.but(processing_status="PROCESSING"))),
)  # fmt: skip

DEFECTS = (*KEYS, *LIFE, *REPEATS)

UNSEEN = {
    "key-crc-16-bits": "a good hash of 16 bits collides by chance only: once in two among 300 keys",
    "key-nfkc": "which Unicode normalisation forms are one key is an observation (IDEM-12), never a violation",
    "key-per-credential": "a run holds only one credential that may write in a workspace",
    "key-expires-after-completion": "the mock's engagements are never completed; a deployment's need longer than a run",
}
