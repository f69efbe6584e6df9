"""Reading back from the peer: one engagement, and lists of them, as their readers may see them.

A list is read once: its cursor stands for the engagements that the server still owes.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from operator import ge, gt, le, lt
from typing import Any
from urllib.parse import parse_qsl

from tests.peer.stored import Caller, Record, progress, shown
from tests.peer.variant import Variant

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
    expand: Json
    limit: int
    owed: list[Record | None]  # None: something that the reader must not see


class Reading:
    """Answers GET of one variant. `records` returns what is stored."""

    def __init__(self, records: Callable[[], list[Record]], variant: Variant) -> None:
        self._records, self._variant = records, variant
        self._pages: dict[str, Page] = {}

    def one(self, caller: Caller, id_: str, query: str) -> Json:
        """Return one engagement. Raises Lacking, Wrong and Unknown."""
        _need(caller, SCOPE)
        expand = _expand(caller, dict(parse_qsl(query, keep_blank_values=True)))
        for record in self._visible(caller):
            if record.id == id_:
                return shown(record, self._variant) | expand
        if self._variant.odd_ids == "refused" and not any(len(record.id) == len(id_) for record in self._records()):
            raise Wrong("id")
        raise Unknown

    def tag(self, document: Json) -> str:
        """Return the ETag of an engagement as it is shown, or of its version alone."""
        if self._variant.etags == "version":
            document = {name: value for name, value in document.items() if name not in EXPANDED}
        return f'"{hashlib.sha256(json.dumps(document).encode()).hexdigest()[:32]}"'

    def many(self, caller: Caller, query: str) -> Json:
        """Return a page of a list. Raises Lacking and Wrong."""
        _need(caller, SCOPE)
        parameters = dict(parse_qsl(query, keep_blank_values=True))
        expand, limit = _expand(caller, parameters), _limit(parameters.pop("limit", "25"))
        cursor = parameters.pop("cursor", None)
        if cursor is None:
            page = Page(caller.workspace, parameters, expand, limit, self._first(caller, parameters))
        else:
            page = self._next(caller, parameters, cursor)
            if self._variant.cursors == "place":
                page = replace(page, expand=expand, limit=limit)
        data, owed = page.owed[: page.limit], page.owed[page.limit :]
        more = any(record is not None for record in owed)
        following = self._keep(replace(page, owed=owed)) if more else None
        listed = [shown(record, self._variant) | page.expand for record in data if record is not None]
        return {"object": "list", "data": listed, "has_more": more, "next_cursor": following}

    def _visible(self, caller: Caller) -> Iterator[Record]:
        for record in self._records():
            if record.owner.workspace == caller.workspace and (not record.private or self._admits(record, caller)):
                yield record

    def _admits(self, record: Record, caller: Caller) -> bool:
        """Return whether a reader may see a private engagement."""
        takes_part = any(one.get("email") == caller.email for one in record.body.get("participants") or ())
        return (
            PRIVATE in caller.scopes or takes_part or (self._variant.creator_reads_private and record.owner == caller)
        )

    def _first(self, caller: Caller, parameters: Json) -> list[Record | None]:
        newest_first = ORDERS.get(parameters.get("order_by", "updated_at:desc"))
        if newest_first is None:
            raise Wrong("order_by")
        tests = [_test(name, value) for name, value in parameters.items() if name.startswith("filter")]
        search = parameters.get("search", "").lower()
        kept = [
            (document["updated_at"], record.id, record)
            for document, record in ((self._stored(record), record) for record in self._visible(caller))
            if self._found(search, document["title"].lower()) and all(test(document) for test in tests)
        ]
        found = [record for *_, record in sorted(kept, key=lambda one: one[:2], reverse=newest_first)]
        if self._variant.pages == "short":
            return [one for number, record in enumerate(found) for one in ((record, None) if number % 3 else (record,))]
        return [*found]

    def _stored(self, record: Record) -> Json:
        """Return an engagement as filters and orders see it: with all digits of its times."""
        exact = {"start_at": record.start_at.isoformat(), "updated_at": progress(record, self._variant)[1].isoformat()}
        return shown(record, self._variant) | exact

    def _found(self, search: str, title: str) -> bool:
        return search in title if self._variant.search == "text" else set(search.split()) <= set(title.split())

    def _next(self, caller: Caller, parameters: Json, cursor: str) -> Page:
        page = self._pages.get(cursor)
        if page is None or page.workspace != caller.workspace or page.parameters != parameters:
            raise Wrong("cursor")
        visible = {record.id for record in self._visible(caller)}
        return replace(page, owed=[one for one in page.owed if one is None or one.id in visible])

    def _keep(self, page: Page) -> str:
        cursor = secrets.token_urlsafe(12)
        self._pages[cursor] = page
        return cursor


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
