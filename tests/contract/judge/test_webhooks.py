"""The judgement on webhooks: a conforming one has no findings, and each fault has its rule."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook

from contract.judge.webhooks import (
    judge_attempts,
    judge_event,
    judge_several,
    judge_signature,
    judge_update,
)
from contract.message import Message
from tests.contract.judge.test_invariants import ENGAGEMENT

KEY, OTHER_KEY = "whsec_" + "A" * 32, "whsec_" + "B" * 32
EVENT: dict[str, Any] = {
    "id": "evt_1",
    "type": "v1.engagement.created",
    "api_version": "v1",
    "created_at": "2026-03-02T08:30:00.000Z",
    "workspace_id": "wrks_1",
    "data": {"object": ENGAGEMENT},
}


def message(event: Any = None, key: str = KEY, **headers: str | None) -> Message:
    """Return a signed message; a header that becomes None is left out."""
    content, now = json.dumps(EVENT if event is None else event).encode(), datetime.now(UTC)
    signed: dict[str, str | None] = {
        "svix-id": "msg_1",
        "svix-timestamp": str(int(now.timestamp())),
        "svix-signature": Webhook(key).sign("msg_1", now, content.decode()),
    }
    signed |= {name.replace("_", "-"): value for name, value in headers.items()}
    return Message({name: value for name, value in signed.items() if value is not None}, content, now.timestamp())


@pytest.mark.parametrize(
    "wrong",
    [
        message(key=OTHER_KEY),
        message(svix_signature=None),
        message(svix_signature="v1,"),
        message(svix_id="msg_2"),
        message(svix_timestamp="soon"),
        message(svix_timestamp="9" * 30),
        replace(message(), at=message().at + 3600),
    ],
)
def test_a_signature_has_to_fit(wrong: Message) -> None:
    """Id, time and body are signed with the key of the endpoint, when it was sent; anything else breaks HOOK-1."""
    assert judge_signature(message(), KEY) is None
    assert (judge_signature(wrong, KEY) or ("",))[0] == "HOOK-1"


def test_a_signature_is_judged_by_when_its_message_came() -> None:
    """A run may last longer than a signature is good for."""
    sent = datetime.now(UTC) - timedelta(hours=1)
    headers = {"svix-id": "m", "svix-timestamp": str(int(sent.timestamp()))}
    headers["svix-signature"] = Webhook(KEY).sign("m", sent, "{}")
    assert judge_signature(Message(headers, b"{}", sent.timestamp()), KEY) is None
    bare = {**headers, "svix-signature": headers["svix-signature"].removeprefix("v1,")}
    assert judge_signature(Message(bare, b"{}", sent.timestamp()), KEY) is not None


def test_a_body_that_is_no_json_can_be_signed() -> None:
    """That it is none is for the envelope to say."""
    content, now = b"no json", datetime.now(UTC)
    headers = {"svix-id": "m", "svix-timestamp": str(int(now.timestamp()))}
    headers["svix-signature"] = Webhook(KEY).sign("m", now, content.decode())
    said = Message(headers, content, now.timestamp())
    assert judge_signature(said, KEY) is None
    assert {finding.rule for finding in judge_event(said)} == {"HOOK-2"}


@pytest.mark.parametrize(
    "changes",
    [
        *(
            {"id": None},
            {"workspace_id": 5},
            {"created_at": "now"},
            {"data": {}},
            {"data": {"object": {"id": "ngmt_1"}}},
        ),
        *({"id": "1"}, {"type": "engagement.created"}, {"api_version": "v2"}, {"workspace_id": "1"}),
        {"data": {"object": ENGAGEMENT, "previous_attributes": {}}},
    ],
)
def test_an_event_has_its_members(changes: dict[str, Any]) -> None:
    """Each member has its form, and the engagement is as documented."""
    assert list(judge_event(message())) == []
    assert {finding.rule for finding in judge_event(message({**EVENT, **changes}))} == {"HOOK-2"}


def test_an_update_says_how_it_was_before() -> None:
    """Values of before are there, and are not those of now."""

    def update(before: Any) -> Message:
        return message({**EVENT, "data": {"object": ENGAGEMENT, "previous_attributes": before}})

    assert judge_update(update({"processing_status": "PROCESSING"})) is None
    assert judge_update(update({"processing_status": "PROCESSING", "updated_at": ENGAGEMENT["updated_at"]})) is None
    for wrong in (None, {}, [], {"processing_status": ENGAGEMENT["processing_status"]}):
        assert (judge_update(update(wrong)) or ("",))[0] == "HOOK-4"


def test_attempts_are_one_message() -> None:
    """The body stays, the time of the attempt does not."""
    first = message(svix_timestamp="1772443800")
    assert judge_attempts([first, message(svix_timestamp="1772443805")]) is None
    assert (judge_attempts([first, first]) or ("",))[0] == "HOOK-7"
    other = message({**EVENT, "id": "evt_2"}, svix_timestamp="1772443805")
    assert (judge_attempts([first, other]) or ("",))[0] == "HOOK-7"


@pytest.mark.parametrize(
    ("other", "rules"),
    [
        (message({**EVENT, "id": "evt_2"}, svix_id="msg_2"), []),
        (message(), []),
        (message(svix_id="msg_2"), ["HOOK-2"]),
        (message({**EVENT, "type": "v1.engagement.updated"}), ["HOOK-7"]),
        (message({**EVENT, "id": "evt_2", "workspace_id": "wrks_2"}, svix_id="msg_2"), ["HOOK-2"]),
    ],
)
def test_messages_are_told_apart(other: Message, rules: list[str]) -> None:
    """Two events have two ids in two messages; an attempt has those of the one before."""
    assert [finding.rule for finding in judge_several([message(), other])] == rules


def test_values_of_before_are_documented_ones() -> None:
    """previous_attributes holds what the engagement may hold; null says that there was none."""
    after = {**ENGAGEMENT, "processing_status": "PROCESSING"}
    for before, right in (({"processing_status": "PENDING", "description": None}, True), ({"title": 1}, False)):
        said = message(
            {**EVENT, "type": "v1.engagement.updated", "data": {"object": after, "previous_attributes": before}}
        )
        assert (judge_update(said) is None) is right


@pytest.mark.parametrize(
    ("content", "subject"),
    [
        (b'{"type": "a", "data": {"object": {"id": "b"}}}', ("a", "b")),
        (b'{"type": {}, "data": {"object": {"id": ["b"]}}}', (None, None)),
        (b'{"type": "a", "data": {"object": {"id": "%s"}}}' % (b"b" * 1001), ("a", None)),
        (b"[]", (None, None)),
    ],
)
def test_a_message_says_what_it_is_about(content: bytes, subject: tuple[str | None, str | None]) -> None:
    """Anybody may send one: what is no text, or too long to be an id, is nothing."""
    assert Message({}, content, 0.0).subject == subject
