"""Create engagement: the whole life of a request, top to bottom.

Each step returns a value or raises one Problem; the trace notes what each decided. The order is part of the contract
(SCOPE-7, IDEM-15): a replay never touches the network, and must still be a valid body.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from mock_server.checks import body
from mock_server.checks.auth import WRITE, Caller
from mock_server.checks.validation import Submission, field_error
from mock_server.faults.orders import AFTER_COMMIT, BEFORE_COMMIT
from mock_server.media import Media, Recording
from mock_server.media.policy import Refused
from mock_server.operations.admission import admit
from mock_server.operations.operation import Operation, Reply, Request
from mock_server.problems import FieldError, InFlight, Invalid, Problem
from mock_server.services import Services
from mock_server.state import State
from mock_server.store import Claim, Engagement
from mock_server.trace import CREATED, FORGOTTEN, REPLAYED, STEPS, Step, Trace
from mock_server.transcripts import TranscriptShelf


def create_engagement(request: Request, services: Services, state: State, trace: Trace) -> Reply:
    """Create an engagement, or return the one stored under the same external_id. Raises Problem."""
    caller, subject = admit(request, WRITE, services, state, trace)
    submission = trace.submission = _read(request, services, trace)
    with trace.step("idempotency") as step:
        claim = _claim(services, state, caller, submission, step, trace)
        if isinstance(claim, Engagement):
            step.note(f"stored as {claim.id}")
            trace.engagement, trace.made = claim, REPLAYED
            return Reply(200, services.present(claim, services.clock.now()))
        step.note("the key is free")
    with claim:
        with trace.step("media") as step:
            recording = _fetch(services.media, submission, step.note)
            _check_end(submission.start_at, recording)
        state.faults.meet(subject, BEFORE_COMMIT)
        with trace.step("store") as step:
            engagement = trace.engagement = _engagement(submission, caller, recording, services, state.transcripts)
            trace.made = FORGOTTEN if state.faults.forgets(subject) else CREATED
            if trace.made == FORGOTTEN:
                state.transcripts.drop(engagement.transcript)
            else:
                claim.commit(engagement)
                state.webhooks.follow(engagement)
                step.note(f"stored as {engagement.id}")
    state.faults.meet(subject, AFTER_COMMIT)
    return Reply(201, services.present(engagement, engagement.created_at))


def _read(request: Request, services: Services, trace: Trace) -> Submission:
    """Return what the body says. Nothing of its parsed form is left when this returns or raises."""
    with trace.step("parse") as parsing:
        body.check_headers(request.content_type, request.content_encoding)
        raw = request.read()
    with body.turn(len(raw)):
        try:
            return _judge(raw, services, parsing, trace)
        except Problem as problem:
            problem.__context__ = None  # the error of the parser, which holds the whole text
            raise problem.with_traceback(None) from None  # the frames hold what was parsed


def _judge(raw: bytes, services: Services, parsing: Step, trace: Trace) -> Submission:
    with parsing:
        document = services.parse(raw)
        trace.external_id = _named_key(document)
    with trace.step("validate") as step:
        if (ignored := services.validator.ignored(document)).fields:
            trace.ignored = ignored
            step.note(f"ignored unknown fields: {ignored}")
        return services.validator.validate(document)


def _named_key(document: dict[str, Any]) -> str | None:
    """Return the key of a body that may still prove invalid, so that its owner can find the refusal."""
    value = document.get("external_id")
    return value if isinstance(value, str) else None


def _claim(  # noqa: PLR0913, PLR0917  all of it is one decision
    services: Services, state: State, caller: Caller, submission: Submission, step: Step, trace: Trace
) -> Claim | Engagement:
    """Look the key up, and wait if it is in flight. Raises InFlight when the patience ends or no place is left."""
    try:
        return state.store.claim(caller.workspace.id, submission.external_id, 0.0)
    except InFlight:
        if not services.patience or not services.places.acquire(blocking=False):
            raise
    step.note("another submission of the key is in flight: waits for it")
    trace.waited = True
    try:
        return state.store.claim(caller.workspace.id, submission.external_id, services.patience)
    finally:
        services.places.release()


def _fetch(media: Media, submission: Submission, note: Callable[[str], None]) -> Recording:
    try:
        return media.fetch(submission.media_url, note)
    except Refused as refused:
        raise Invalid([field_error(refused)]) from None


def _check_end(start_at: datetime | None, recording: Recording) -> None:
    """Raise Invalid if the recording ends after the last instant that can be written. Rule: BODY-18."""
    if start_at is None:
        return
    try:
        _ = start_at + timedelta(seconds=recording.duration_seconds)
    except OverflowError:
        message = "is so late that the recording ends after the year 9999: send an earlier start"
        raise Invalid([FieldError("/start_at", "date_time", message, "BODY-18")]) from None


def _engagement(
    submission: Submission, caller: Caller, recording: Recording, services: Services, transcripts: TranscriptShelf
) -> Engagement:
    now, text = services.clock.now(), submission.transcript
    private = caller.workspace.default_private if submission.is_private is None else submission.is_private
    return Engagement(
        id=services.ids.new("ngmt", now),
        owner=caller,
        submission=submission if text is None else replace(submission, transcript=None),
        transcript=None if text is None else transcripts.keep(text),
        is_private=private,
        created_at=now,
        start_at=submission.start_at or now,
        duration_seconds=recording.duration_seconds,
    )


OPERATION = Operation("POST", "/v2/engagements", create_engagement, STEPS)
