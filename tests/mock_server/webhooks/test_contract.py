"""What the contract says of webhooks, and what the mock tells: both are the same."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mock_server import Settings, spec
from mock_server.operations.create import _engagement
from mock_server.services import Mock
from mock_server.store import Engagement
from mock_server.transcripts import TranscriptShelf
from mock_server.webhooks.events import CREATED, TRANSCRIBED, TYPES, UPDATED, events
from mock_server.webhooks.webhooks import SCHEDULE
from tests.kit.checks import judge
from tests.kit.submissions import submission

AT = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
DOCUMENT = spec.document()


def stored(mock: Mock, **changes: Any) -> Engagement:
    """Return an engagement as a create stores it."""
    services = mock.services
    services.clock.freeze(AT)
    sent = services.validator.validate(submission(**changes))
    recording = services.media.fetch(sent.media_url, lambda _: None)
    return _engagement(sent, mock.settings.callers[0], recording, services, TranscriptShelf())


def told(mock: Mock, engagement: Engagement) -> list[dict[str, Any]]:
    """Return what is told of an engagement."""
    return [event.payload(mock.services.present) for event in events(engagement, mock.services.processing)]


def test_every_example_is_an_event() -> None:
    """Each webhook of the contract has an example of its own type, which its schema describes."""
    types = []
    for hook in DOCUMENT["webhooks"].values():
        (example,) = hook["post"]["requestBody"]["content"]["application/json"]["examples"].values()
        value = DOCUMENT["components"]["examples"][example["$ref"].rpartition("/")[2]]["value"]
        judge("Event").validate(value)
        types.append(value["type"])
    assert tuple(types) == TYPES


@pytest.mark.parametrize("path", ["ok.mp3", "fails-processing/a.mp3"])
@pytest.mark.parametrize("pace", ["0", "2s"])
def test_all_that_is_told_is_an_event(path: str, pace: str) -> None:
    """Whatever becomes of an engagement, each payload is what the schema describes, under an id of its own."""
    mock = Mock(Settings(processing=pace))
    payloads = told(mock, stored(mock, media_url=f"https://media.mock.test/{path}"))
    for payload in payloads:
        judge("Event").validate(payload)
    assert len({payload["id"] for payload in payloads}) == len(payloads)


def test_the_life_of_an_engagement() -> None:
    """Created at once, updated when the processing begins and ends, transcribed at its end."""
    mock = Mock(Settings(processing="8s"))
    life = events(stored(mock), mock.services.processing)
    assert [(one.type, one.at - AT) for one in life] == [
        (CREATED, timedelta()),
        (UPDATED, timedelta(seconds=2)),
        (UPDATED, timedelta(seconds=8)),
        (TRANSCRIBED, timedelta(seconds=8)),
    ]


def test_a_life_that_is_over_at_once() -> None:
    """With the pace 0 an engagement is created as completed: it is told as created and transcribed, not as changed."""
    mock = Mock(Settings(processing="0"))
    payloads = told(mock, stored(mock))
    assert [one["type"] for one in payloads] == [CREATED, TRANSCRIBED]
    assert {one["data"]["object"]["processing_status"] for one in payloads} == {"COMPLETED"}


def test_the_schedule_is_the_documented_one() -> None:
    """5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 10 h."""
    hours = [wait / timedelta(hours=1) for wait in SCHEDULE]
    assert hours == [5 / 3600, 5 / 60, 0.5, 2, 5, 10, 10]
    assert Settings().webhook_timeout == 15
