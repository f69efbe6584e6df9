"""Restores a snapshot. All of it is read and checked before anything changes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from mock_server.admin.faults import OrderContext, read_order
from mock_server.admin.fields import Fields
from mock_server.admin.snapshot import VERSION
from mock_server.checks.auth import Caller, Workspace
from mock_server.checks.formats import parse_clock_time, parse_date_time
from mock_server.checks.validation import Participant, Submission
from mock_server.clock import LAST
from mock_server.media.policy import MediaUrl, Refused, parse
from mock_server.services import Mock
from mock_server.state import State
from mock_server.store import Engagement
from mock_server.transcripts import Transcript
from mock_server.workspaces import SCOPES, caller
from mock_server.workspaces import read_limit as rate_limit

ANY_PORT = range(65536)  # a snapshot may hold a port that this server would refuse today
LONGEST_TEXT = 1_000_000
LAST_END = datetime.max.replace(tzinfo=UTC)
LONGEST_RECORDING = 366 * 24 * 3600.0  # seconds; the end must be in a year that exists
FOREVER = 1e12


@dataclass(frozen=True, slots=True)
class _Moment:
    """The clock of a snapshot."""

    offset: timedelta
    frozen: datetime | None

    @property
    def now(self) -> datetime:
        return self.frozen or datetime.now(UTC) + self.offset


def restore(mock: Mock, document: object, *, connected: bool) -> None:
    """Replace everything with a snapshot. If it raises Invalid, nothing has changed."""
    fields = Fields(document)
    if fields.integer("version", None, VERSION, VERSION) is None:
        fields.needs("version", str(VERSION))
        fields.finish()
    fields.has("at")
    moment = _moment(fields.inner("clock"))
    callers = [one for space in fields.each("workspaces") for one in _workspace(space, mock)]
    _no_twins(callers, fields)
    state = mock.fresh()
    _fill_store(fields.each("engagements"), state, callers)
    _fill_faults(fields.each("faults"), state, callers, moment, connected=connected)
    state.limiter.storage.restore(dict(_windows(fields.each("rate_limits"))))
    fields.finish()
    mock.resume(state, callers, moment.offset, moment.frozen)


def _moment(fields: Fields) -> _Moment:
    frozen = fields.parsed("frozen", None, parse_clock_time)
    most = (LAST - datetime.now(UTC)).total_seconds()
    offset = fields.number("offset_seconds", 0.0, -1.0, most)
    fields.finish()
    return _Moment(timedelta(seconds=offset), frozen)


def _workspace(fields: Fields, mock: Mock) -> Iterator[Caller]:
    """Read one workspace. Credentials that the server was started with are only named, and must exist here too."""
    own = {(one.workspace.id, one.name): one for one in mock.settings.callers}
    space = Workspace(
        id=fields.name("id", ""),
        name=fields.name("name", ""),
        default_private=fields.boolean("default_private", default=False),
        rate_limit=fields.parsed("rate_limit", None, rate_limit),
    )
    fields.needs("id", "the id of a workspace")
    fields.has("configured")
    for credential in fields.each("credentials"):
        name = credential.name("name", "")
        credential.needs("name", "the name of a credential")
        if credential.has("credential"):
            yield _credential(credential, space, name)
        elif (known := own.get((space.id, name))) is not None:
            yield known
        else:
            credential.fail(
                "name", "value", "is not a credential that this server was started with; use the same --config"
            )
        credential.finish()
    fields.finish()


def _credential(fields: Fields, space: Workspace, name: str) -> Caller:
    scopes = fields.members.get("scopes", [])
    fields.has("scopes")
    if not isinstance(scopes, list) or not all(scope in SCOPES for scope in scopes):
        fields.fail("scopes", "value", f"must be a list of scopes; accepted are {', '.join(SCOPES)}")
        scopes = []
    made = caller(space, name, fields.text("credential", ""), fields.name("user", f"{name}@example.com"), scopes)
    return replace(made, rate_limit=fields.parsed("rate_limit", None, rate_limit))


def _no_twins(callers: list[Caller], fields: Fields) -> None:
    if len({one.credential for one in callers}) != len(callers):
        fields.fail("workspaces", "value", "must hold each credential once")


def _fill_store(items: Iterable[Fields], state: State, callers: list[Caller]) -> None:
    owners = {(one.workspace.id, one.name): one for one in callers}
    seen = set()
    for fields in items:
        owner = owners.get((fields.text("workspace", ""), fields.text("credential_name", "")))
        engagement = _engagement(fields, owner, state)
        if owner is None or engagement is None:
            if owner is None:
                fields.fail("credential_name", "value", "must be a credential of a workspace in this snapshot")
        elif (key := (owner.workspace.id, engagement.submission.external_id)) in seen:
            fields.fail("external_id", "value", "must be unique in its workspace")
        else:
            seen.add(key)
            state.store.put(key, engagement)
        fields.finish()


def _engagement(fields: Fields, owner: Caller | None, state: State) -> Engagement | None:
    submission = Submission(
        type=fields.word("type", "CALL", ("CALL", "MEETING")),
        title=fields.text("title", ""),
        source_system=fields.text("source_system", ""),
        external_id=fields.text("external_id", ""),
        media_url=fields.parsed("media_url", None, _media_url),
        run_workflows=fields.boolean("run_workflows", default=False),
        start_at=fields.parsed("sent_start_at", None, parse_date_time),
        is_private=fields.boolean("sent_is_private", default=False) if fields.has("sent_is_private") else None,
        participants=tuple(_person(person) for person in fields.each("participants")),
        transcript=None,
    )
    transcript = _transcript(fields.inner("transcript"), state) if fields.has("transcript") else None
    created_at = fields.parsed("created_at", None, parse_date_time)
    start_at = fields.parsed("start_at", None, parse_date_time)
    engagement_id = fields.text("id", "", longest=100)
    seconds = fields.number("duration_seconds", 0.0, 0, LONGEST_RECORDING)
    private = fields.boolean("is_private", default=False)
    for name in ("id", "type", "title", "source_system", "external_id", "media_url", "created_at", "start_at"):
        fields.needs(name, "what a snapshot of this version holds")
    if owner is None or created_at is None or start_at is None or submission.media_url is None:
        return None
    if LAST_END - start_at < timedelta(seconds=seconds):
        fields.fail("duration_seconds", "value", f"must not lead beyond the year {LAST_END.year}")
    return Engagement(engagement_id, owner, submission, transcript, private, created_at, start_at, seconds)


def _media_url(text: str) -> MediaUrl:
    try:
        return parse(text, ANY_PORT)
    except Refused as refused:
        raise ValueError(refused.message) from None


def _person(fields: Fields) -> Participant:
    person = Participant(
        fields.text("name", None, longest=LONGEST_TEXT), fields.text("email", None, longest=LONGEST_TEXT)
    )
    fields.finish()
    return person


def _transcript(fields: Fields, state: State) -> Transcript:
    text = fields.text("text", "", longest=LONGEST_TEXT)
    kept = Transcript(
        characters=fields.integer("characters", 0, 0, LONGEST_TEXT),
        size=fields.integer("size", 0, 0, LONGEST_TEXT),
        sha256=fields.text("sha256", "", longest=64),
        complete=fields.boolean("complete", default=True),
        _compressed=b"",
    )
    fields.finish()
    return state.transcripts.restore(kept, text)


def _fill_faults(
    items: Iterable[Fields], state: State, callers: list[Caller], moment: _Moment, *, connected: bool
) -> None:
    spaces = {one.workspace.id for one in callers}
    context = OrderContext(
        new_id=str,  # the id is in the snapshot
        now=moment.now.timestamp(),
        workspace=lambda name: name if name in spaces else None,
        connected=connected,
    )
    for fields in items:
        own_id, preset = fields.text("id", ""), fields.text("preset", None)
        struck = fields.integer("struck", 0, 0, 1 << 62)
        # The rest reads as any order does. A preset was replaced by its faults when it was set.
        rest = {name: value for name, value in fields.members.items() if name not in {"id", "preset", "struck"}}
        orders = Fields(rest, fields.pointer, fields.errors)
        faults = read_order(orders, context)
        orders.finish()
        state.faults.put([replace(fault, id=own_id, preset=preset) for fault in faults], [struck])


def _windows(items: Iterable[Fields]) -> Iterator[tuple[str, tuple[int, float]]]:
    for fields in items:
        window = fields.text("window", "")
        count, ends = fields.integer("count", 0, 0, 1 << 62), fields.number("ends", 0.0, 0, FOREVER)
        fields.finish()
        yield window, (count, ends)
