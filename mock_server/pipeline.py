"""READ FIRST. One function per operation: the whole life of a request, top to bottom.

Each step returns a value or raises one Problem; the trace notes what each decided. The order is part of the contract
(SCOPE-7, IDEM-15): a replay never touches the network, and must still be a valid body.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from mock_server import auth, body
from mock_server.auth import Caller
from mock_server.media import Media, Recording
from mock_server.media.policy import Refused
from mock_server.problems import Invalid
from mock_server.services import Services, State
from mock_server.store import Engagement
from mock_server.trace import Trace
from mock_server.transcripts import TranscriptShelf
from mock_server.validation import Submission, field_error

SCOPE = "engagements:write"


@dataclass(frozen=True, slots=True)
class Request:
    """What the pipeline needs of an HTTP request. `read` returns the body and may raise Malformed."""

    authorization: str | None
    content_type: str | None
    content_encoding: str | None
    read: Callable[[], bytes]


@dataclass(frozen=True, slots=True)
class Reply:
    """A success: 201 for a new engagement, 200 for a stored one."""

    status: int
    engagement: Engagement


def create_engagement(request: Request, services: Services, state: State, trace: Trace) -> Reply:
    """Create an engagement, or return the one stored under the same external_id. Raises Problem."""
    with trace.step("authenticate") as step:
        caller = services.directory.authenticate(request.authorization)
        step.note(f"{caller.name} of workspace {caller.workspace.name}")
    with trace.step("scope"):
        auth.require(caller, SCOPE)
    with trace.step("rate_limit") as step:
        step.note(state.limiter.hit(caller.workspace))
    with trace.step("parse"):
        body.check_headers(request.content_type, request.content_encoding)
        document = services.parse(request.read())
    with trace.step("validate"):
        submission = services.validator.validate(document)
    with trace.step("idempotency") as step:
        claim = state.store.claim(caller.workspace.id, submission.external_id, services.patience)
        if isinstance(claim, Engagement):
            step.note(f"stored as {claim.id}")
            return Reply(200, claim)
        step.note("the key is free")
    with claim:
        with trace.step("media") as step:
            recording = _fetch(services.media, submission, step.note)
        with trace.step("store") as step:
            engagement = _engagement(submission, caller, recording, services, state.transcripts)
            claim.commit(engagement)
            step.note(f"stored as {engagement.id}")
    return Reply(201, engagement)


def _fetch(media: Media, submission: Submission, note: Callable[[str], None]) -> Recording:
    try:
        return media.fetch(submission.media_url, note)
    except Refused as refused:
        raise Invalid([field_error(refused)]) from None


def _engagement(
    submission: Submission, caller: Caller, recording: Recording, services: Services, transcripts: TranscriptShelf
) -> Engagement:
    now = services.clock.now()
    private = caller.workspace.default_private if submission.is_private is None else submission.is_private
    return Engagement(
        id=services.ids.new("ngmt"),
        owner=caller,
        submission=replace(submission, transcript=None),
        transcript=None if submission.transcript is None else transcripts.keep(submission.transcript),
        is_private=private,
        created_at=now,
        start_at=submission.start_at or now,
        duration_seconds=recording.duration_seconds,
    )
