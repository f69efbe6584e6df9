"""What an assertion says that fails: what was expected, what arrived instead, and how far it is from that."""

from __future__ import annotations

import difflib
import math
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mock_server.clock import rfc3339
from mock_server.problems import counted
from mock_server.records.entry import Entry
from mock_server.records.explain import headline, reason
from mock_server.records.sent import sent_key, shown
from mock_server.testing.received import ReceivedWebhook
from mock_server.testing.stored import StoredEngagement
from mock_server.webhooks.deliveries import DELIVERED, Delivery

MOST_REQUESTS = 10  # of one list
MOST_KEYS = 3  # that are near
_LIKENESS = 0.6  # from 0 to 1


def not_created(external_id: str, own: Sequence[Entry], foreign: Sequence[Entry]) -> str:
    """Say why there is no engagement under a key. `foreign` are requests with credentials of other workspaces."""
    said = [f"expected one engagement with external_id {shown(external_id)}, and none is stored."]
    if attempts := [entry for entry in own if sent_key(entry) == external_id]:
        said += [f"{counted(len(attempts), 'request')} named it:", *_lines(attempts)]
    elif near := _near(external_id, own):
        said += ["No request named it. These keys are near:", *near]
    elif own:
        said += ["No request named it. What arrived:", *_lines(own)]
    else:
        said.append("No request arrived.")
    if foreign:
        said += ["These came with a credential of another workspace than that of the test:", *_lines(foreign)]
        said.append('Give your client engagements_api.credentials["writer"].')
    return "\n".join(said)


def created_twice(engagement: StoredEngagement, twin: Entry) -> str:
    """Say that a call is stored under two keys."""
    said = f"{shown(engagement.external_id)} was created, and so was the same call under another external_id:"
    return "\n".join(
        [said, *_lines([twin]), "An attempt failed, and the next one had a new key: keep the key of a call."]
    )


def differs(engagement: StoredEngagement, differences: Mapping[str, tuple[object, object]]) -> str:
    """Say which fields of an engagement are not as expected."""
    said = [f"{shown(engagement.external_id)} was created once, with other values than expected:"]
    for name, (expected, actual) in differences.items():
        said += [f"  {name}", f"    expected  {shown(expected)}", f"    stored    {shown(actual)}"]
    return "\n".join(said)


def requests_arrived(entries: Sequence[Entry]) -> str:
    """Say which requests arrived where none was expected."""
    return "\n".join([f"expected no request, and {counted(len(entries), 'request')} arrived:", *_lines(entries)])


def of_order(problem: Mapping[str, Any]) -> str:
    """Say what is wrong with an order for a fault."""
    errors = problem.get("errors", [])
    return "; ".join(f"{error['field'].lstrip('/')} {error['message']}" for error in errors) or problem["detail"]


@dataclass(frozen=True, slots=True)
class WantedWebhook:
    """What was waited for, how often it should have come, and how many seconds it had."""

    event: str
    external_id: str | None
    times: int
    timeout: float


@dataclass(frozen=True, slots=True)
class ComingWebhook:
    """An event that will happen, in so many seconds by the clock of the server."""

    event: str
    external_id: str
    seconds: float


def no_webhook(
    wanted: WantedWebhook,
    received: Sequence[ReceivedWebhook],
    deliveries: Sequence[Delivery],
    coming: Sequence[ComingWebhook],
) -> str:
    """Say what arrived instead of a webhook, what was sent in vain, and what is still to come."""
    about = "" if wanted.external_id is None else f" about {shown(wanted.external_id)}"
    often = "" if wanted.times == 1 else f" {wanted.times} times"
    said = [f"expected {wanted.event}{about}{often}, and it did not come within {wanted.timeout:g} s."]
    if received:
        said += ["What arrived:", *_few(_arrived(one) for one in received)]
    else:
        said.append("No webhook arrived.")
    if vain := [one for one in deliveries if one.status != DELIVERED and one.attempts]:
        said += ["What was not acknowledged:", *_few(_in_vain(one) for one in vain)]
    if coming:
        said += ["What comes later:", *_few(_coming(one) for one in coming)]
        said.append(f"engagements_api.clock.advance(seconds={math.ceil(coming[-1].seconds)}) makes it come at once.")
    elif not deliveries:
        said.append("No engagement was created in the workspace of the test after the receiver was there.")
    return "\n".join(said)


def _arrived(one: ReceivedWebhook) -> str:
    problem = "" if one.refused is None else f", its signature is wrong: {one.refused}"
    return f"+{one.seconds:.3f} s  {one.type}  {shown(one.external_id)}  (answered {one.status}{problem})"


def _in_vain(one: Delivery) -> str:
    last = one.attempts[-1].outcome
    when = (
        "not sent again" if one.next_at is None else f"sent again at {rfc3339(one.next_at)} by the clock of the server"
    )
    key = shown(one.event.engagement.submission.external_id)
    return f"{one.event.type}  {key}  ({counted(len(one.attempts), 'attempt')}, {last.error or last.status}; {when})"


def _coming(one: ComingWebhook) -> str:
    return f"{one.event}  {shown(one.external_id)}  in {one.seconds:.1f} s by the clock of the server"


def _few(lines: Iterable[str]) -> Iterator[str]:
    """Yield the first lines, indented, and how many more there are."""
    every = list(lines)
    yield from (f"  {line}" for line in every[:MOST_REQUESTS])
    if len(every) > MOST_REQUESTS:
        yield f"  and {len(every) - MOST_REQUESTS} more"


def _lines(entries: Sequence[Entry]) -> Iterable[str]:
    """Yield a line for each request: when it came, its key, what became of it, and its id."""
    first = entries[0].began
    for entry in entries[:MOST_REQUESTS]:
        key = sent_key(entry)
        what = shown(key) if key is not None else "no external_id" if entry.method == "POST" else _asked(entry)
        parts = [f"+{entry.began - first:.3f} s", what, _became(entry)]
        yield f"  {'  '.join(parts)}  ({entry.id})"
    if len(entries) > MOST_REQUESTS:
        yield f"  and {len(entries) - MOST_REQUESTS} more"


def _asked(entry: Entry) -> str:
    """Say what a request that reads asked for."""
    return shown(f"{entry.method} {entry.path}")


def _became(entry: Entry) -> str:
    """Say what became of a request, with the reason if it was not a success."""
    status = "no answer" if entry.status is None else str(entry.status)
    return ", ".join(filter(None, (status, headline(entry), _reason(entry))))


def _reason(entry: Entry) -> str:
    return "" if entry.outcome in {"created", "replayed", "read"} else reason(entry)


def _near(external_id: str, entries: Sequence[Entry]) -> list[str]:
    """Return a line for each of the keys that are most like one: how they differ, and what became of them."""
    last = {key: entry for entry in entries if (key := sent_key(entry)) is not None}
    folded = {_folded(key): key for key in last}
    close = difflib.get_close_matches(_folded(external_id), folded, MOST_KEYS, _LIKENESS)
    return [
        f"  {shown(key)}  {distance(external_id, key)}  ({_became(last[key])})" for key in map(folded.get, close) if key
    ]


def distance(expected: str, arrived: str) -> str:
    """Say how two different keys differ."""
    if expected.casefold() == arrived.casefold():
        return "differs in case"
    if expected.strip() == arrived.strip():
        return "differs in white space at its ends"
    if unicodedata.normalize("NFC", expected) == unicodedata.normalize("NFC", arrived):
        return "looks the same: its Unicode normalisation form is another"
    if arrived.startswith(expected):
        return f"has {shown(arrived[len(expected) :])} at its end"
    if expected.startswith(arrived):
        return f"lacks {shown(expected[len(arrived) :])} at its end"
    place = next(place for place, pair in enumerate(zip(expected, arrived, strict=False)) if pair[0] != pair[1])
    return f"differs from character {place + 1} on: {shown(arrived[place:])} instead of {shown(expected[place:])}"


def _folded(key: str) -> str:
    return unicodedata.normalize("NFC", key).casefold().strip()
