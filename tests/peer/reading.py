"""Reading back from the peer: one engagement, and lists of them, as their readers may see them.

A list is read once: its cursor stands for the engagements that the server still owes.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from operator import ge, gt, le, lt
from typing import Any
from urllib.parse import parse_qsl

from tests.peer.stored import Caller, Record

SCOPE, PRIVATE = "engagements:read", "engagements:private:read"
TYPES = ("MEETING", "CALL", "EMAIL", "TASK", "NOTE", "CALENDAR_EVENT", "DOCUMENT")
STATUSES = ("PENDING", "PROCESSING", "COMPLETED", "FAILED")
ORDERS = {"updated_at:desc": True, "updated_at:asc": False}
COMPARISONS: dict[str, Callable[[datetime, datetime], bool]] = {"gt": gt, "gte": ge, "lt": lt, "lte": le}
EXPANDED: dict[str, tuple[str | None, object]] = {  # name: the scope that it needs, and what the peer shows
    "companies": ("companies:read", []),
    "contacts": ("contacts:read", []),
    "owner": ("users:read", None),
    "action_items": (None, []),
    "signals": (None, []),
    "transcript": (None, None),
    "media_url": (None, None),
    "tags": (None, []),
}

Json = dict[str, Any]
Shown = Callable[[Record], Json]


class Wrong(Exception):  # noqa: N818  a verdict
    """A parameter that cannot be used, by its name."""


class Lacking(Exception):  # noqa: N818  a verdict
    """A scope that the credential lacks."""


class Unknown(Exception):  # noqa: N818  a verdict
    """No engagement that this reader may see has this id."""


@dataclass
class Page:
    """What a cursor stands for: whose it is, the query it belongs to, and the engagements that are still to come."""

    workspace: str
    parameters: Json
    owed: list[Record]


class Reading:
    """Answers GET. `records` returns what is stored, and `shown` an engagement as it is now."""

    def __init__(self, records: Callable[[], list[Record]], shown: Shown, *, creator_reads: bool) -> None:
        self._records, self._shown, self._creator_reads = records, shown, creator_reads
        self._pages: dict[str, Page] = {}

    def one(self, caller: Caller, id_: str, query: str) -> Json:
        """Return one engagement. Raises Lacking, Wrong and Unknown."""
        _need(caller, SCOPE)
        expand = _expand(caller, dict(parse_qsl(query, keep_blank_values=True)))
        for record in self._visible(caller):
            if record.id == id_:
                return self._shown(record) | expand
        raise Unknown

    def many(self, caller: Caller, query: str) -> Json:
        """Return a page of a list. Raises Lacking and Wrong."""
        _need(caller, SCOPE)
        parameters = dict(parse_qsl(query, keep_blank_values=True))
        expand, limit = _expand(caller, parameters), _limit(parameters.pop("limit", "25"))
        cursor = parameters.pop("cursor", None)
        owed = self._first(caller, parameters) if cursor is None else self._next(caller, parameters, cursor)
        data, owed = owed[:limit], owed[limit:]
        following = self._keep(Page(caller.workspace, parameters, owed)) if owed else None
        listed = [self._shown(record) | expand for record in data]
        return {"object": "list", "data": listed, "has_more": bool(owed), "next_cursor": following}

    def _visible(self, caller: Caller) -> Iterator[Record]:
        for record in self._records():
            if record.owner.workspace == caller.workspace and (not record.private or self._admits(record, caller)):
                yield record

    def _admits(self, record: Record, caller: Caller) -> bool:
        """Return whether a reader may see a private engagement."""
        takes_part = any(one.get("email") == caller.email for one in record.body.get("participants") or ())
        return PRIVATE in caller.scopes or takes_part or (self._creator_reads and record.owner == caller)

    def _first(self, caller: Caller, parameters: Json) -> list[Record]:
        newest_first = ORDERS.get(parameters.get("order_by", "updated_at:desc"))
        if newest_first is None:
            raise Wrong("order_by")
        tests = [_test(name, value) for name, value in parameters.items() if name.startswith("filter")]
        search = parameters.get("search", "").lower()
        shown = [(self._shown(record), record) for record in self._visible(caller)]
        kept = [
            (document.get("updated_at", ""), record.id, record)
            for document, record in shown
            if search in document["title"].lower() and all(test(document) for test in tests)
        ]
        return [record for *_, record in sorted(kept, key=lambda one: one[:2], reverse=newest_first)]

    def _next(self, caller: Caller, parameters: Json, cursor: str) -> list[Record]:
        page = self._pages.get(cursor)
        if page is None or page.workspace != caller.workspace or page.parameters != parameters:
            raise Wrong("cursor")
        visible = {record.id for record in self._visible(caller)}
        return [record for record in page.owed if record.id in visible]

    def _keep(self, page: Page) -> str:
        cursor = secrets.token_urlsafe(12)
        self._pages[cursor] = page
        return cursor


def tag(document: Json) -> str:
    """Return the ETag of an engagement as it is shown."""
    return f'"{hashlib.sha256(json.dumps(document).encode()).hexdigest()[:32]}"'


def _need(caller: Caller, scope: str | None) -> None:
    if scope is not None and scope not in caller.scopes:
        raise Lacking(scope)


def _expand(caller: Caller, parameters: Mapping[str, str]) -> Json:
    names = parameters["expand"].split(",") if "expand" in parameters else []
    for name in names:
        if name not in EXPANDED:
            raise Wrong("expand")
        _need(caller, EXPANDED[name][0])
    return {name: EXPANDED[name][1] for name in names}


def _limit(value: str) -> int:
    if not (value.isascii() and value.isdigit() and len(value) < 10 and 1 <= int(value) <= 100):
        raise Wrong("limit")
    return int(value)


def _test(name: str, value: str) -> Callable[[Json], bool]:
    """Return the judgement of one filter, such as filter[updated_at][gte]."""
    field, _, rest = name.removeprefix("filter[").partition("][")
    operator = rest.removesuffix("]")
    if name != f"filter[{field}][{operator}]":
        raise Wrong(name)
    if field in {"start_at", "updated_at"} and operator in COMPARISONS:
        bound, holds = _instant(name, value), COMPARISONS[operator]
        return lambda document: field in document and holds(datetime.fromisoformat(document[field]), bound)
    legal = {"engagement_type": TYPES, "processing_status": STATUSES}.get(field)
    wanted = value.split(",") if operator == "in" else [value]
    if legal is None or operator not in {"eq", "in"} or any(one not in legal for one in wanted):
        raise Wrong(name)
    return lambda document: document.get(field) in wanted


def _instant(name: str, value: str) -> datetime:
    try:
        instant = datetime.fromisoformat(value)
    except ValueError:
        raise Wrong(name) from None
    if instant.tzinfo is None:
        raise Wrong(name)
    return instant
