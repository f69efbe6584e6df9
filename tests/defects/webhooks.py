"""Defects of webhooks: each changes what is posted, or leaves it out. The log of deliveries knows nothing of it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from wsgiref.types import WSGIApplication

from standardwebhooks.webhooks import Webhook

from mock_server import create_app
from mock_server.services import Mock
from mock_server.webhooks.network import Outcome
from tests.defects.seams import Install, Json, defect

Posted = tuple[dict[str, str], Json]
Change = Callable[[dict[str, str], Json], Posted | None]
SIGNED = ("svix-id", "svix-timestamp", "svix-signature")


def posted(change: Change, *, signed: bool = True) -> Install:
    """Post other headers or another event, `signed` anew; nothing where `change` returns None."""

    def install(mock: Mock) -> WSGIApplication:
        sender = mock.state.webhooks._sender  # there is one way out, and nobody else replaces it
        right = sender.post

        def post(url: str, headers: Mapping[str, str], body: bytes) -> Outcome:
            changed = change(dict(headers), json.loads(body))
            if changed is None:
                return Outcome(0.0, 204)
            wrong, event = changed
            content = json.dumps(event).encode()
            endpoint = next(one for one in mock.state.webhooks.endpoints if one.url == url)
            if signed and all(name in wrong for name in SIGNED):
                wrong["svix-signature"] = _signature(endpoint.secret, wrong, content)
            return right(url, wrong, content)

        sender.post = post  # type: ignore[method-assign]
        return create_app(mock=mock)

    return install


def _signature(secret: str, headers: Mapping[str, str], content: bytes) -> str:
    at = datetime.fromtimestamp(int(headers["svix-timestamp"]), UTC)
    return Webhook(secret).sign(headers["svix-id"], at, content.decode())


def event(**members: object) -> Install:
    """Post events with other members; one that becomes `...` is left out."""
    return posted(lambda headers, sent: (headers, {n: v for n, v in (sent | members).items() if v is not ...}))


def without(*kinds: str) -> Install:
    """Post everything but these kinds of events."""
    return posted(lambda headers, sent: None if sent["type"] in kinds else (headers, sent))


def _before(headers: dict[str, str], sent: Json, value: Callable[[Json], object]) -> Posted:
    data = sent["data"]
    if "previous_attributes" in data:
        sent = {**sent, "data": {**data, "previous_attributes": value(data)}}
    return headers, sent


def _with(sent: Json, **members: object) -> Json:
    data = sent["data"]
    return {**sent, "data": {**data, "object": {**data["object"], **members}}}


CREATED, UPDATED = "v1.engagement.created", "v1.engagement.updated"
TRANSCRIBED = "v1.engagement.transcript_timeline.completed"
DEFECTS = (
    defect("hook-unsigned", "HOOK-1", "Webhooks have no signature.",
           posted(lambda headers, sent: ({n: v for n, v in headers.items() if n != "svix-signature"}, sent))),
    defect("hook-other-key", "HOOK-1", "Webhooks are signed with another key.",
           posted(lambda headers, sent: ({**headers, "svix-signature": f"v1,{'A' * 43}="}, sent), signed=False)),
    defect("hook-signed-then-changed", "HOOK-1", "The body is written anew after it was signed.",
           posted(lambda headers, sent: (headers, {**sent, "sent_at": time.time()}), signed=False)),
    defect("hook-no-workspace", "HOOK-2", "Events have no workspace_id.", event(workspace_id=...)),
    defect("hook-created-at-number", "HOOK-2", "created_at is a number of seconds.", event(created_at=1_772_444_400)),
    defect("hook-bare-engagement", "HOOK-2 HOOK-3", "data is the engagement itself.",
           posted(lambda headers, sent: (headers, {**sent, "data": sent["data"]["object"]}))),
    defect("hook-bare-version", "HOOK-2", "api_version is v2.", event(api_version="v2")),
    defect("hook-event-id-number", "HOOK-2", "The id of an event is a number.", event(id="1234567")),
    defect("hook-one-event-id", "HOOK-2", "All events have one id.", event(id="evt_1")),
    defect("hook-before-everywhere", "HOOK-2", "previous_attributes is in every event.",
           posted(lambda headers, sent: (
               headers, {**sent, "data": {"previous_attributes": {}, **sent["data"]}}))),
    defect("hook-title", "HOOK-2", "An event shows the title in upper case.",
           posted(lambda headers, sent: (headers, _with(sent, title=sent["data"]["object"]["title"].upper())))),
    defect("hook-public", "HOOK-2", "An event shows is_private false.",
           posted(lambda headers, sent: (headers, _with(sent, is_private=False)))),
    defect("hook-id-of-engagement", "HOOK-7", "svix-id is made from the engagement, so all its events have one.",
           posted(lambda headers, sent: ({**headers, "svix-id": f"msg_{sent['data']['object']['id']}"}, sent))),
    defect("hook-no-meeting", "HOOK-3", "Webhooks tell of calls alone.",
           posted(lambda headers, sent: (
               None if sent["data"]["object"]["engagement_type"] == "MEETING" else (headers, sent)))),
    defect("hook-before-in-words", "HOOK-4", "previous_attributes has the status in other words.",
           posted(lambda headers, sent: _before(
               headers, sent, lambda data: {**data["previous_attributes"], "processing_status": "waiting"}))),
    defect("hook-no-created", "HOOK-3", "A creation sends no webhook.", without(CREATED)),
    defect("hook-nothing", "HOOK-3", "No webhook is sent.", without(CREATED, UPDATED, TRANSCRIBED)),
    defect("hook-before-empty", "HOOK-4", "previous_attributes is empty.",
           posted(lambda headers, sent: _before(headers, sent, lambda _: {}))),
    defect("hook-before-is-now", "HOOK-4", "previous_attributes has the values of now.",
           posted(lambda headers, sent: _before(
               headers, sent, lambda data: {n: data["object"].get(n) for n in data["previous_attributes"]}))),
    defect("hook-no-transcript", "HOOK-5", "A finished transcript sends no webhook.", without(TRANSCRIBED)),
)  # fmt: skip
UNSEEN = {"hook-never-again": "The profile quick does not wait for a second attempt; standard does."}
