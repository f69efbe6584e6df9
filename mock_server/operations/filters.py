"""The parameters that choose what is in a list. Rules: LIST-5 to LIST-9."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mock_server import spec
from mock_server.checks import parameters
from mock_server.checks.parameters import Reader
from mock_server.clock import to_milliseconds
from mock_server.pagination import Position
from mock_server.processing import STATUSES
from mock_server.store import Engagement

TYPES = spec.schema("Engagement")["properties"]["engagement_type"]["enum"]
LONGEST_SEARCH = spec.schema("CreateEngagement")["properties"]["title"]["maxLength"]


@dataclass(frozen=True, slots=True)
class Row:
    """An engagement of a list, with its position and its status as of the instant of the list."""

    engagement: Engagement
    position: Position
    status: str


@dataclass(frozen=True, slots=True)
class Filter:
    """A parameter that chooses engagements: its rule, how its text is read, and which rows fit its value."""

    rule: str
    read: Reader
    fits: Callable[[Row, Any], bool]


def _of_word(rule: str, words: tuple[str, ...], of: Callable[[Row], str]) -> Iterator[tuple[str, Filter]]:
    yield "eq", Filter(rule, parameters.one_of(words), lambda row, wanted: of(row) == wanted)
    yield "in", Filter(rule, parameters.some_of(words), lambda row, wanted: of(row) in wanted)


def _of_instant(rule: str, of: Callable[[Row], datetime]) -> Iterator[tuple[str, Filter]]:
    """Yield filters that compare what is shown, which is cut to milliseconds."""

    def comparing(compare: Callable[[datetime, datetime], bool]) -> Filter:
        return Filter(rule, parameters.instant, lambda row, wanted: compare(to_milliseconds(of(row)), wanted))

    for name, compare in (("gt", operator.gt), ("gte", operator.ge), ("lt", operator.lt), ("lte", operator.le)):
        yield name, comparing(compare)


def _in_title(row: Row, wanted: str) -> bool:
    return wanted.casefold() in row.engagement.submission.title.casefold()


_FIELDS = {
    "engagement_type": _of_word("LIST-6", tuple(TYPES), lambda row: row.engagement.submission.type),
    "processing_status": _of_word("LIST-7", STATUSES, lambda row: row.status),
    "start_at": _of_instant("LIST-8", lambda row: row.engagement.start_at),
    "updated_at": _of_instant("LIST-9", lambda row: row.position.updated_at),
}
FILTERS = {
    "search": Filter("LIST-5", parameters.text_of(LONGEST_SEARCH), _in_title),
    **{f"filter[{field}][{name}]": one for field, filters in _FIELDS.items() for name, one in filters},
}
