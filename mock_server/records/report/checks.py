"""The checks of a report card, each a function over the traffic. None accuses without evidence in the journal.

A check yields its cases: the requests that were judged, and a sentence if they are a finding.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise

from mock_server import spec
from mock_server.problems import counted
from mock_server.records.entry import Entry
from mock_server.records.report.duplicates import new_keys
from mock_server.records.report.traffic import TRANSIENT, Traffic, arrived, failed, retry_after, waited
from mock_server.records.sent import sent, sent_key, shown
from mock_server.store import Engagement

TIMER = 0.1  # seconds that a timer may go off too early
AT_ONCE = 0.02  # seconds: nobody waits so briefly on purpose
LONGEST_WAIT = 60.0  # seconds that a client may wait for an answer: the recording is fetched meanwhile
NEAR_LIMIT = 0.95  # of a limit
OLD = timedelta(days=7)  # a call that is submitted so late looks like history
AN_IMPORT = 3  # old calls
OF_THE_RECORDING = frozenset({"URL-18", "URL-29"})  # it did not come, or not whole: it may come later
AUTHENTICATION = frozenset({401})  # the next attempt may bring another credential, which the journal does not keep


@dataclass(frozen=True, slots=True)
class Case:
    """Requests that a check judged. `said` is None if they are as they should be."""

    entries: Sequence[Entry]
    said: str | None = None


def waits_as_told(traffic: Traffic) -> Iterator[Case]:
    """Judge retries after an answer with Retry-After."""
    for first, second in traffic.retries():
        if (told := retry_after(first)) is not None:
            early = waited(first, second) < told - TIMER
            said = f"{_key(first)} was sent again after {waited(first, second):.2f} s, and Retry-After was {told}"
            yield Case((first, second), said if early else None)


def takes_a_refusal(traffic: Traffic) -> Iterator[Case]:
    """Judge what follows a refusal that time alone does not change: the same body must not be sent again.

    An importer that is started a second time sends all of its calls again. So a repeat counts only if nothing else was
    sent in between.
    """
    order = {entry.id: place for place, entry in enumerate(traffic.submissions)}
    for attempts in traffic.attempts():
        for first, second in zip(attempts, [*attempts[1:], None], strict=True):
            if _final(first):
                again = second is not None and _same(first, second) and order[second.id] == order[first.id] + 1
                said = f"{_key(first)} was sent again unchanged after {first.status} ({first.rule or 'no rule'})"
                yield Case((first, second) if again and second else (first,), said if again else None)


def backs_off(traffic: Traffic) -> Iterator[Case]:
    """Judge the waits of at least three attempts in a row that failed, where no Retry-After says how long they are."""
    for attempts in traffic.attempts():
        run: list[Entry] = []
        for entry in attempts:
            run.append(entry)
            if not failed(entry) or retry_after(entry) is not None:
                yield from _judged_run(run)
                run = []
        yield from _judged_run(run)


def _judged_run(run: Sequence[Entry]) -> Iterator[Case]:
    waits = sorted(waited(first, second) for first, second in pairwise(run))
    if len(waits) > 1 and waits[0] >= 0:
        typical = waits[len(waits) // 2]
        said = f"{_key(run[0])} was sent {len(run)} times, with about {typical * 1000:.0f} ms between"
        yield Case(run, said if typical < AT_ONCE else None)


def keeps_its_key(traffic: Traffic) -> Iterator[Case]:
    """Judge failed attempts: the call must not come again under another key."""
    stored = {engagement.id for engagement in traffic.engagements}
    renamed = list(new_keys(traffic))
    for first, second in renamed:
        said = f"{_key(first)} failed and came again as {_key(second)}"
        twice = {first.engagement_id, second.engagement_id} <= stored
        yield Case((first, second), f"{said}: the call is stored twice" if twice else said)
    accused = {entry.id for pair in renamed for entry in pair}
    for first, second in traffic.retries():
        if failed(first) and first.id not in accused:
            yield Case((first, second))


def keeps_its_body(traffic: Traffic) -> Iterator[Case]:
    """Judge repeats: what they say must be what is stored, for a repeat changes nothing."""
    stored = {engagement.id: engagement for engagement in traffic.engagements}
    for entry in traffic.entries:
        if entry.outcome == "replayed":
            engagement = stored.get(entry.engagement_id or "")
            changed = [name for name in entry.differs if name != "media_url" or not _signed_anew(entry, engagement)]
            said = f"{_key(entry)} is stored already; {', '.join(changed)} of this repeat changed nothing"
            yield Case((entry,), said if changed else None)


def needs_its_scopes(traffic: Traffic) -> Iterator[Case]:
    """Judge each credential that somebody gave scopes to: those that no request needs are too many."""
    for caller in traffic.chosen:
        who = (caller.workspace.id, caller.name)
        used = [entry for entry in traffic.entries if (entry.workspace, entry.credential_name) == who]
        if used:
            needed = {scope for entry in used for scope in entry.scopes}
            unused = ", ".join(sorted(caller.scopes - needed))
            said = f"{shown(caller.name)} has scopes that no request needed: {unused}"
            yield Case(used[:1], said if unused else None)


def times_out(traffic: Traffic) -> Iterator[Case]:
    """Judge how long a client waits for a request that a fault holds.

    One that stays for a shorter hold may have a time-out that is longer. In process nobody can leave, so such a call is
    let go at once and tells nothing.
    """
    for entry in traffic.entries:
        if (hold := entry.hold) is not None:
            late = hold.seconds >= LONGEST_WAIT
            if late or (hold.client_left and hold.seconds > AT_ONCE):
                yield Case((entry,), f"the client waited {hold.seconds:.0f} s for an answer" if late else None)


def leaves_room(traffic: Traffic) -> Iterator[Case]:
    """Judge the length of each transcript that is stored."""
    schema = spec.schema("CreateEngagement")["properties"]["transcript_text"]
    created = {entry.engagement_id: entry for entry in reversed(traffic.submissions) if entry.engagement_id}
    for engagement in traffic.engagements:
        if (text := engagement.transcript) is not None:
            entry = created.get(engagement.id)
            size, limit, unit = max(
                ((text.size, schema["x-maxBytes"], "byte"), (text.characters, schema["maxLength"], "character")),
                key=lambda measure: measure[0] / measure[1],
            )
            said = f"{shown(engagement.submission.external_id)}: {counted(size, unit)} of {limit:,}"
            yield Case((entry,) if entry else (), said if size >= limit * NEAR_LIMIT else None)


def uses_https(traffic: Traffic) -> Iterator[Case]:
    """Judge the scheme of each media URL."""
    for entry in traffic.entries:
        if _read(entry):
            said = f"{_key(entry)} was sent with an http URL"
            yield Case((entry,), said if "URL-1" in entry.rules else None)


def knows_the_fields(traffic: Traffic) -> Iterator[Case]:
    """Judge the names of the fields of each body."""
    for entry in traffic.entries:
        if _read(entry):
            refused = [error.field for step in entry.trace for error in step.errors if error.rule == "BODY-17"]
            unknown = [*entry.ignored, *refused]
            yield Case((entry,), f"{_key(entry)} was sent with {', '.join(unknown)}" if unknown else None)


def spares_history(traffic: Traffic) -> Iterator[Case]:
    """Judge the engagements that fire workflows: several old ones look like an import of history."""
    created = {entry.engagement_id: entry for entry in reversed(traffic.submissions) if entry.engagement_id}
    firing = [one for one in traffic.engagements if one.submission.run_workflows and one.id in created]
    old = [one for one in firing if _age(one) > OLD]
    if len(old) >= AN_IMPORT:
        oldest = max(map(_age, old)).days
        said = f"{counted(len(old), 'call')} that began up to {oldest:,} days before fired workflows and recap e-mails"
        yield Case([created[one.id] for one in old], said)
    elif firing:
        yield Case([created[one.id] for one in firing])


def _age(engagement: Engagement) -> timedelta:
    """Return how long before its submission a call began, by the clock of the mock."""
    return engagement.created_at - (engagement.submission.start_at or engagement.created_at)


def _key(entry: Entry) -> str:
    key = sent_key(entry)
    return "a request without a key" if key is None else shown(key)


def _final(entry: Entry) -> bool:
    """Tell whether an answer refuses a request for good. A recording that could not be fetched may be there later."""
    refused = arrived(entry) and 400 <= (entry.status or 0) < 500  # noqa: PLR2004  4xx
    return refused and entry.status not in TRANSIENT | AUTHENTICATION and entry.rule not in OF_THE_RECORDING


def _same(first: Entry, second: Entry) -> bool:
    """Tell whether a request is an earlier one again: the same body with the same credential."""
    bodies = first.body and second.body and first.body.sha256 == second.body.sha256
    return bool(bodies) and first.credential_name == second.credential_name


def _read(entry: Entry) -> bool:
    """Tell whether the mock looked at the fields of a request."""
    return any(step.step == "validate" and step.verdict in {"passed", "refused"} for step in entry.trace)


def _signed_anew(entry: Entry, engagement: Engagement | None) -> bool:
    """Tell whether a repeat names the stored recording with another signature, or cannot be compared."""
    url = sent(entry).get("media_url")
    if engagement is None or not isinstance(url, str):
        return True
    return url.partition("?")[0] == engagement.submission.media_url.text.partition("?")[0]
