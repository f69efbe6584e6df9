"""Finds calls that a client sent again under a new key: the way to duplicates."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise

from mock_server.records.entry import Entry
from mock_server.records.report.traffic import Traffic, ended, failed
from mock_server.records.sent import sent


def new_keys(traffic: Traffic) -> Iterator[tuple[Entry, Entry]]:
    """Yield the last attempt of a key that failed, with the first attempt of the same call under another key.

    Two keys are taken for one call only if all else in their bodies is equal, every attempt of the first failed, and
    the second was first sent after that. Bodies that the journal did not keep whole are left out.
    """
    for same_call in _calls(traffic):
        for earlier, later in pairwise(same_call):
            if later[0].began >= ended(earlier[-1]):
                yield earlier[-1], later[0]


def twin_of(traffic: Traffic, engagement_id: str) -> Entry | None:
    """Return a request that stored the call of an engagement a second time, under another key."""
    stored = {engagement.id for engagement in traffic.engagements}
    for first, second in new_keys(traffic):
        pair = {first.engagement_id: second, second.engagement_id: first}
        if engagement_id in pair and pair.keys() <= stored:
            return pair[engagement_id]
    return None


def _calls(traffic: Traffic) -> list[list[list[Entry]]]:
    """Return the attempts of each key, together with those of other keys whose bodies say the same.

    If any key but the last succeeded, the bodies of different calls are equal, as in simple test data.
    """
    found: dict[tuple[str | None, str], list[list[Entry]]] = defaultdict(list)
    for attempts in traffic.attempts():
        rest = {name: value for name, value in sent(attempts[0]).items() if name != "external_id"}
        if rest:
            found[attempts[0].workspace, json.dumps(rest, sort_keys=True)].append(attempts)
    return [keys for keys in found.values() if all(all(map(failed, attempts)) for attempts in keys[:-1])]
