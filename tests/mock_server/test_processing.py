"""Processing is a pure function of what is stored, the pace and the instant."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_server.checks.validation import Validator
from mock_server.config import Settings
from mock_server.presenter import presenter
from mock_server.processing import LONGEST_NAME, Processing, Results, Stage
from mock_server.store import Engagement
from mock_server.workspaces import ConfigError, built_in
from tests.kit.control import Client
from tests.kit.submissions import submission

CREATED = datetime(2026, 3, 2, 9, 30, 0, 123456, tzinfo=UTC)
PACE = timedelta(seconds=2)
FAILING = "https://media.mock.test/fails-processing/a.mp3"
instants = st.integers(-100, 3000).map(lambda milliseconds: CREATED + timedelta(milliseconds=milliseconds))


def engagement(**changes: Any) -> Engagement:
    """Return a stored engagement."""
    sent = Validator().validate(submission(**changes))
    return Engagement(
        "ngmt_1", built_in()[0], sent, None, is_private=False, created_at=CREATED, start_at=CREATED, duration_seconds=1
    )


@pytest.mark.parametrize(("url", "last"), [("https://media.mock.test/ok.mp3", "COMPLETED"), (FAILING, "FAILED")])
def test_an_engagement_goes_through_three_stages(url: str, last: str) -> None:
    """It is PENDING, PROCESSING after a quarter of the pace, and COMPLETED or FAILED after all of it."""
    assert Processing(PACE).stages(engagement(media_url=url)) == (
        Stage(CREATED, "PENDING"),
        Stage(CREATED + PACE / 4, "PROCESSING"),
        Stage(CREATED + PACE, last),
    )


@pytest.mark.parametrize(
    ("milliseconds", "status"),
    [(-5000, "PENDING"), (0, "PENDING"), (499, "PENDING"), (500, "PROCESSING"), (1999, "PROCESSING"), (2000, "FAILED")],
)
def test_the_stage_at_an_instant_is_the_last_one_that_has_begun(milliseconds: int, status: str) -> None:
    """A stage begins exactly at its instant. Before the creation the engagement is PENDING too."""
    at = CREATED + timedelta(milliseconds=milliseconds)
    assert Processing(PACE).stage(engagement(media_url=FAILING), at).status == status


def test_the_pace_0_finishes_at_once() -> None:
    """With the pace 0 an engagement is completed when it is created."""
    processing = Processing(timedelta())
    assert processing.stage(engagement(), CREATED) == Stage(CREATED, "COMPLETED")
    assert processing.results(engagement(), Stage(CREATED, "COMPLETED")) is not None


@given(instants, instants, st.sampled_from(["https://media.mock.test/ok.mp3", FAILING]))
def test_updated_at_moves_with_each_change_and_only_then(one: datetime, other: datetime, url: str) -> None:
    """What is shown at two instants is the same exactly if updated_at is, also with the shortest pace."""
    for pace in (PACE, timedelta(milliseconds=10)):
        present, stored = presenter(Processing(pace)), engagement(media_url=url)
        first, second = present(stored, one), present(stored, other)
        assert (first == second) == (first["updated_at"] == second["updated_at"])


def results_of(stored: Engagement, seed: int | None = None) -> Results:
    """Return what a completed processing has made."""
    processing = Processing(PACE, seed)
    made = processing.results(stored, processing.stage(stored, CREATED + PACE))
    assert made is not None
    return made


def test_only_a_completed_engagement_has_results() -> None:
    """Before the end, and after a failure, there are none; afterwards the summary is the description."""
    processing, done = Processing(PACE), CREATED + PACE
    present = presenter(processing)
    assert "description" not in present(engagement(), done - timedelta.resolution)
    assert "description" not in present(engagement(media_url=FAILING), done)
    results = results_of(engagement())
    assert present(engagement(), done)["description"] == results.description
    assert all((results.transcript, results.tags, results.action_items, results.signals))


def parts(seed: int, stored: Engagement) -> list[object]:
    """Return all of it."""
    made = results_of(stored, seed)
    return [made.description, made.transcript, made.tags, made.action_items, made.signals]


def test_results_follow_from_seed_and_title() -> None:
    """The same seed and title give the same results under any key; another seed or title gives others."""
    made = parts(1, engagement())
    assert parts(1, engagement()) == made
    assert parts(2, engagement()) != made
    assert parts(1, engagement(title="Another\0😀")) != made


def test_results_are_about_one_conversation() -> None:
    """The tags are topics of the summary, and a signal is a remark of the transcript."""
    made = results_of(engagement(), 1)
    assert all(tag in made.description for tag in made.tags)
    assert all(signal.text in made.transcript for signal in made.signals)


def test_participants_speak_in_turn() -> None:
    """The transcript names those who took part, each in a bounded length, whatever transcript was submitted."""
    people = [{"name": "Ada" * 1000}, {"email": "guest@example.com"}]
    sent = engagement(participants=people, transcript_text="Ada: what was submitted")
    transcript = results_of(sent).transcript
    speakers = [line.partition(": ")[0] for line in transcript.splitlines()]
    assert speakers[:3] == [("Ada" * 1000)[:LONGEST_NAME], "guest@example.com", ("Ada" * 1000)[:LONGEST_NAME]]
    assert "what was submitted" not in transcript


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("2s", 2), ("500ms", 0.5), ("0", 0), ("0s", 0), (0, 0), (3, 3), ("1.5", 1.5), ("1m", 60), ("24h", 86400)],
)
def test_a_pace_is_a_number_with_a_unit(text: object, seconds: float) -> None:
    """A number alone is seconds; the file may hold it as a number."""
    assert Settings(processing=text).processing == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "s", "-1s", "1 s", "2 days", "PT2S", "25h", "9ms", "1e3s", "٢s", "nan", "1" * 99])
def test_another_pace_is_refused(text: str) -> None:
    """What is no time, too short or too long is refused with what is accepted."""
    with pytest.raises(ConfigError, match="500ms"):
        Settings(processing=text)


def test_a_replay_shows_the_present_state(client: Client) -> None:
    """The first answer is PENDING; a repeat shows how far processing has come by the clock, which moves everything."""
    client.admin("PUT", "/clock", {"freeze": "2026-03-02T09:30:00Z"})
    first = client.post(external_id="replay").json()
    assert (first["processing_status"], first["updated_at"]) == ("PENDING", "2026-03-02T09:30:00.000Z")
    client.admin("PUT", "/clock", {"advance": "PT1S"})
    second = client.post(external_id="replay").json()
    assert second == {**first, "processing_status": "PROCESSING", "updated_at": "2026-03-02T09:30:00.500Z"}
    client.admin("PUT", "/clock", {"advance": "PT1S"})
    third = client.post(external_id="replay").json()
    assert third.pop("description")
    assert third == {**first, "processing_status": "COMPLETED", "updated_at": "2026-03-02T09:30:02.000Z"}
