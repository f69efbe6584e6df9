"""Restores a snapshot. All of it is read and checked before anything changes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Annotated, Self

from pydantic import AfterValidator, Field, InstanceOf, model_validator

from mock_server import spec
from mock_server.admin.faults import fault_of
from mock_server.admin.orders import invalid, read
from mock_server.admin.snapshot import VERSION
from mock_server.checks.auth import Caller, Workspace
from mock_server.checks.formats import parse_clock_time, parse_date_time
from mock_server.checks.validation import Participant, Submission
from mock_server.clock import LAST
from mock_server.faults.orders import FaultOrder, OrderContext
from mock_server.media.policy import MediaUrl, Refused, parse
from mock_server.reading import Accepts, Mistake, Model, Name, Text, one_of, parsed, refuse
from mock_server.services import Mock
from mock_server.state import State
from mock_server.store import Engagement
from mock_server.transcripts import Transcript
from mock_server.webhooks.endpoints import EndpointOrder
from mock_server.workspaces import Credential, RateLimit, Scopes, caller

ANY_PORT = range(65536)  # a snapshot may hold a port that this server would refuse today
LONGEST_TEXT = 1_000_000
TYPES = tuple(spec.schema("CreateEngagement")["properties"]["type"]["enum"])
LAST_END = datetime.max.replace(tzinfo=UTC)
LONGEST_RECORDING = 366 * 24 * 3600  # seconds
FOREVER = 10**12  # seconds since 1970


def _media_url(text: str) -> MediaUrl:
    try:
        return parse(text, ANY_PORT)
    except Refused as refused:
        raise ValueError(refused.message) from None


def _before_the_last_year(seconds: float) -> float:
    if seconds > (LAST - datetime.now(UTC)).total_seconds():
        raise ValueError(f"must not lead beyond the year {LAST.year}")
    return seconds


Instant = Annotated[datetime, parsed(parse_date_time)]
ClockTime = Annotated[datetime, parsed(parse_clock_time)]
LongText = Annotated[str, Field(max_length=LONGEST_TEXT), Accepts(f"a text of at most {LONGEST_TEXT} characters")]
Count = Annotated[int, Field(ge=0, le=1 << 62), Accepts(f"a whole number from 0 to {1 << 62}")]


class _Clock(Model):
    offset_seconds: Annotated[
        float, Field(ge=0, le=FOREVER), Accepts("a number of seconds from 0"), AfterValidator(_before_the_last_year)
    ] = 0.0
    frozen: ClockTime | None = None

    @property
    def now(self) -> datetime:
        return self.frozen or datetime.now(UTC) + timedelta(seconds=self.offset_seconds)


class _Credential(Model):
    """A credential. One that the server was started with is only named."""

    name: Name
    credential: Credential | None = None
    user: Name | None = None
    scopes: Scopes = Field(default_factory=list)
    rate_limit: RateLimit | None = None

    def caller(self, space: Workspace, secret: str) -> Caller:
        return caller(space, self.name, secret, self.scopes, self.user, self.rate_limit)


class _Workspace(Model):
    id: Name
    name: Name
    configured: bool = False
    default_private: bool = False
    rate_limit: RateLimit | None = None
    credentials: list[_Credential]


class _Transcript(Model):
    characters: Count
    size: Count
    sha256: Text
    complete: bool = True
    text: LongText


class _Person(Model):
    name: LongText | None = None
    email: LongText | None = None


class _Engagement(Model):
    id: Name
    workspace: Text
    credential_name: Text
    external_id: Text
    type: Annotated[str, one_of(TYPES)]
    title: Text
    source_system: Text
    media_url: Annotated[InstanceOf[MediaUrl], parsed(_media_url)]
    run_workflows: bool = False
    sent_start_at: Instant | None = None
    sent_is_private: bool | None = None
    participants: list[_Person] = Field(default_factory=list)
    transcript: _Transcript | None = None
    is_private: bool = False
    created_at: ClockTime
    start_at: Instant
    duration_seconds: Annotated[
        float, Field(gt=0, le=LONGEST_RECORDING), Accepts(f"a number above 0 and at most {LONGEST_RECORDING}")
    ]

    @model_validator(mode="after")
    def _ends(self) -> Self:
        if LAST_END - self.start_at < timedelta(seconds=self.duration_seconds):
            refuse([Mistake(("duration_seconds",), "value", f"must not lead beyond the year {LAST_END.year}")])
        return self

    def stored(self, owner: Caller, state: State) -> Engagement:
        submission = Submission(
            type=self.type,
            title=self.title,
            source_system=self.source_system,
            external_id=self.external_id,
            media_url=self.media_url,
            run_workflows=self.run_workflows,
            start_at=self.sent_start_at,
            is_private=self.sent_is_private,
            participants=tuple(Participant(person.name, person.email) for person in self.participants),
            transcript=None,
        )
        text = self.transcript
        kept = text and Transcript(text.characters, text.size, text.sha256, text.complete, b"")
        return Engagement(
            id=self.id,
            owner=owner,
            submission=submission,
            transcript=state.transcripts.restore(kept, text.text) if kept and text else None,
            is_private=self.is_private,
            created_at=self.created_at,
            start_at=self.start_at,
            duration_seconds=self.duration_seconds,
        )


class _Fault(FaultOrder):
    """A fault in force. A preset was replaced by its faults when it was set."""

    id: Name
    preset: Text | None = None
    struck: Count = 0


class _Endpoint(EndpointOrder):
    """An endpoint of webhooks that was made through the control plane."""

    id: Name
    workspace: Name | None = None


class _Window(Model):
    workspace: Text
    credential_name: Text | None = None
    count: Count
    ends: Annotated[float, Field(gt=0, le=FOREVER), Accepts("seconds since 1970")]


class Snapshot(Model):
    """A snapshot as `take` writes it."""

    version: Annotated[int, Field(ge=VERSION, le=VERSION), Accepts(str(VERSION))]
    at: Text | None = None
    clock: _Clock = _Clock()
    workspaces: list[_Workspace] = Field(default_factory=list)
    engagements: list[_Engagement] = Field(default_factory=list)
    faults: list[_Fault] = Field(default_factory=list)
    webhooks: list[_Endpoint] = Field(default_factory=list)
    rate_limits: list[_Window] = Field(default_factory=list)


def restore(mock: Mock, document: object, context: OrderContext) -> None:
    """Replace everything with a snapshot. If it raises Invalid, nothing has changed."""
    # The workspaces that a fault may name are those of the snapshot. They are looked up when all of it is read.
    snapshot = read(Snapshot, document, replace(context, workspace=lambda name: name))
    state, found = mock.fresh(), list[Mistake]()
    callers = list(_callers(snapshot, mock, found))
    _fill_store(snapshot, state, callers, found)
    _fill_faults(snapshot, state, callers, found)
    _fill_webhooks(snapshot, state, callers, found)
    if found:
        raise invalid(found)
    state.limiter.restore({(one.workspace, one.credential_name): (one.count, one.ends) for one in snapshot.rate_limits})
    clock = snapshot.clock
    mock.resume(state, callers, timedelta(seconds=clock.offset_seconds), clock.frozen)


def _callers(snapshot: Snapshot, mock: Mock, found: list[Mistake]) -> Iterator[Caller]:
    """Yield who the credentials belong to. Those that the server was started with must exist here too."""
    own = {(one.workspace.id, one.name): one for one in mock.settings.callers}
    seen = set()
    for number, read_space in enumerate(snapshot.workspaces):
        space = Workspace(read_space.id, read_space.name, read_space.default_private, read_space.rate_limit)
        for place, one in enumerate(read_space.credentials):
            where = ("workspaces", number, "credentials", place)
            made = own.get((space.id, one.name)) if one.credential is None else one.caller(space, one.credential)
            if made is None:
                message = "is not a credential that this server was started with; use the same --config"
                found.append(Mistake((*where, "name"), "value", message))
            elif made.credential in seen:
                found.append(Mistake((*where, "credential"), "value", "must be a credential that no other one has"))
            else:
                seen.add(made.credential)
                yield made


def _fill_store(snapshot: Snapshot, state: State, callers: list[Caller], found: list[Mistake]) -> None:
    owners = {(one.workspace.id, one.name): one for one in callers}
    seen, ids = set(), set()
    for place, one in enumerate(snapshot.engagements):
        owner, key = owners.get((one.workspace, one.credential_name)), (one.workspace, one.external_id)
        if owner is None:
            message = "must be a credential of a workspace in this snapshot"
            found.append(Mistake(("engagements", place, "credential_name"), "value", message))
        elif key in seen:
            found.append(Mistake(("engagements", place, "external_id"), "value", "must be unique in its workspace"))
        elif one.id in ids:
            found.append(Mistake(("engagements", place, "id"), "value", "must be unique"))
        else:
            seen.add(key)
            ids.add(one.id)
            state.store.put(key, one.stored(owner, state))


def _fill_faults(snapshot: Snapshot, state: State, callers: list[Caller], found: list[Mistake]) -> None:
    spaces = {None, *(one.workspace.id for one in callers)}
    now = snapshot.clock.now.timestamp()
    for place, one in enumerate(snapshot.faults):
        if one.match.workspace not in spaces:
            message = "must be the id of a workspace in this snapshot"
            found.append(Mistake(("faults", place, "match", "workspace"), "value", message))
        order = FaultOrder.model_validate(one.model_dump(exclude={"id", "preset", "struck"}))
        state.faults.put([fault_of(order, one.id, now, one.preset)], [one.struck])


def _fill_webhooks(snapshot: Snapshot, state: State, callers: list[Caller], found: list[Mistake]) -> None:
    spaces = {None, *(one.workspace.id for one in callers)}
    for place, one in enumerate(snapshot.webhooks):
        if one.workspace not in spaces:
            message = "must be the id of a workspace in this snapshot"
            found.append(Mistake(("webhooks", place, "workspace"), "value", message))
        state.webhooks.add(one.endpoint(one.id, one.workspace))
