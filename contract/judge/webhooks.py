"""The judgement on webhooks. Rules: HOOK-1, HOOK-2, HOOK-4, HOOK-7."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from standardwebhooks.webhooks import Webhook

from contract.exchange import shown
from contract.instants import instant
from contract.judge.finding import Finding
from contract.judge.invariants import shape
from contract.message import Message

TOLERANCE = 300.0  # seconds between the time of a message and its arrival: beyond that receivers refuse it
HEADERS = ("svix-id", "svix-timestamp", "svix-signature")
CREATED, UPDATED = "v1.engagement.created", "v1.engagement.updated"
TRANSCRIBED = "v1.engagement.transcript_timeline.completed"
TEXTS = ("id", "type", "api_version", "created_at", "workspace_id")
FORMS = {"id": r"evt_[A-Za-z0-9]+", "type": r"v1\..+", "api_version": "v1", "workspace_id": r"wrks_[A-Za-z0-9]+"}


def judge_signature(message: Message, secret: str) -> Finding | None:
    """Say what is wrong unless a message is signed with the secret of its endpoint."""
    if missing := [name for name in HEADERS if name not in message.headers]:
        return Finding("HOOK-1", f"the headers {', '.join(HEADERS)}", f"no {', '.join(missing)}")
    stamp = message.headers["svix-timestamp"]
    try:
        moment = datetime.fromtimestamp(int(stamp), UTC)
    except (ValueError, OverflowError, OSError):
        return Finding("HOOK-1", "svix-timestamp in seconds since 1970", shown(stamp))
    # A body that is no UTF-8 is signed with other bytes than these, and no JSON.
    signature = Webhook(secret).sign(message.id, moment, message.content.decode("utf-8", "replace"))
    if signature not in message.headers["svix-signature"].split(" "):
        expected = "a signature over id, timestamp and body, with the secret of the endpoint"
        return Finding("HOOK-1", expected, shown(message.headers["svix-signature"]))
    if abs(moment.timestamp() - message.at) > TOLERANCE:
        return Finding("HOOK-1", "svix-timestamp of the attempt", f"{shown(stamp)} at {message.at:.0f}")
    return None


def judge_event(message: Message) -> Iterator[Finding]:
    """Say what is missing in the envelope of an event, or wrong with the engagement in it."""
    event, engagement = message.event, message.engagement
    for name in TEXTS:
        if not isinstance(event.get(name), str):
            yield Finding("HOOK-2", f"{name} as a text", shown(event.get(name)))
        elif name in FORMS and not re.fullmatch(FORMS[name], event[name]):
            yield Finding("HOOK-2", f"{name} of the form {FORMS[name]}", shown(event[name]))
    if event.get("type") != UPDATED and (before := _previous(message)) is not None:
        yield Finding("HOOK-2", "previous_attributes in updates alone", shown(before))
    if instant(event.get("created_at")) is None:
        yield Finding("HOOK-2", "created_at as a date and time", shown(event.get("created_at")))
    if not engagement:
        yield Finding("HOOK-2", "the engagement in data.object", shown(event.get("data")))
    elif (wrong := next(shape(engagement, shown), None)) is not None:
        yield Finding("HOOK-2", wrong.expected, wrong.actual)


def judge_update(message: Message) -> Finding | None:
    """Say what is wrong unless an update has the values of before of what it changed."""
    before = _previous(message)
    if not isinstance(before, dict) or not before:
        return Finding("HOOK-4", "what changed in previous_attributes", shown(before))
    if same := [
        name
        for name, value in before.items()
        # A time in whole seconds may be the same after a change.
        if name != "updated_at" and name in message.engagement and message.engagement[name] == value
    ]:
        return Finding("HOOK-4", f"{same[0]} as it was before", f"{shown(before[same[0]])}, as it is now")
    valued = {name: value for name, value in before.items() if value is not None}  # null: it had none
    if (wrong := next(shape({**message.engagement, **valued}, shown), None)) is not None:
        return Finding("HOOK-4", f"{wrong.expected}, before the change too", wrong.actual)
    return None


def _previous(message: Message) -> Any:
    data = message.event.get("data")
    return data.get("previous_attributes") if isinstance(data, dict) else None


def judge_several(messages: Sequence[Message]) -> Iterator[Finding]:
    """Say what is wrong unless the messages of one endpoint are told apart, and are of one workspace."""
    events: dict[str, str] = {}
    for message in messages:
        event = str(message.event.get("id"))
        if events.setdefault(event, message.id) != message.id:
            yield Finding("HOOK-2", "an id of its own for each event", f"{event} in {events[event]} and {message.id}")
    bodies: dict[str, Any] = {}
    for message in messages:
        kind = str(message.event.get("type"))
        if bodies.setdefault(message.id, kind) != kind:
            yield Finding("HOOK-7", f"one message under {message.id}", f"{bodies[message.id]}, and {kind}")
    if len(workspaces := {str(message.event.get("workspace_id")) for message in messages}) > 1:
        yield Finding("HOOK-2", "one workspace_id", ", ".join(sorted(workspaces)[:2]))


def judge_attempts(attempts: Sequence[Message]) -> Finding | None:
    """Say what is wrong unless several attempts are one message, each with a time of its own."""
    first, last = attempts[0], attempts[-1]
    if last.content != first.content:
        return Finding("HOOK-7", "the same body again", "another body under the same svix-id")
    if last.headers.get("svix-timestamp") == first.headers.get("svix-timestamp"):
        said = shown(last.headers.get("svix-timestamp"))
        return Finding("HOOK-7", "svix-timestamp of the attempt", f"{said}, as in the first attempt")
    return None
