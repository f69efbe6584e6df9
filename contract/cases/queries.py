"""Queries of a list: what is asked for, and which engagements a conforming target shows.

Rules: LIST-3 to LIST-9, LIST-13 to LIST-16.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from operator import ge, gt, le, lt
from typing import Any

from contract.instants import instant

Engagement = dict[str, Any]
COMPARISONS: dict[str, Callable[[datetime, datetime], bool]] = {"gt": gt, "gte": ge, "lt": lt, "lte": le}
GAP = timedelta(milliseconds=10)  # between two updates that a filter can tell apart
_FILTER = re.compile(r"filter\[(\w+)\]\[(\w+)\]")
SETS = {
    "engagement_type": ("LIST-6", ("CALL", "MEETING")),
    "processing_status": ("LIST-7", ("PENDING", "PROCESSING", "COMPLETED", "FAILED")),
}


@dataclass(frozen=True, slots=True)
class Query:
    """Parameters, and the rule that says what they do."""

    parameters: dict[str, str]
    rule: str

    @property
    def text(self) -> str:
        """The parameters for people."""
        return "&".join(f"{name}={value}" for name, value in self.parameters.items())

    def selects(self, engagement: Engagement) -> bool:
        """Tell whether an engagement belongs to the answer."""
        return all(_holds(name, value, engagement) for name, value in self.parameters.items())


def _holds(name: str, value: str, engagement: Engagement) -> bool:
    if name == "search":
        return value.casefold() in str(engagement.get("title")).casefold()  # nobody says whether case counts
    if (found := _FILTER.fullmatch(name)) is None:
        return True
    field, operator = found.groups()
    if operator in {"eq", "in"}:
        return engagement.get(field) in value.split(",")
    at, bound = instant(engagement.get(field)), instant(value)
    return at is not None and bound is not None and COMPARISONS[operator](at, bound)


def filters(sample: Sequence[Engagement]) -> Iterator[Query]:
    """Yield a query for each filter, with values that tell some engagements of the sample from others."""
    for field, (rule, words) in SETS.items():
        present = [word for word in words if any(one.get(field) == word for one in sample)]
        for word in present:
            yield Query({f"filter[{field}][eq]": word}, rule)
        if present:
            yield Query({f"filter[{field}][in]": f"{present[0]},{words[-1]}"}, rule)
    for field, rule, bound in (
        ("start_at", "LIST-8", _known_start(sample)),
        ("updated_at", "LIST-9", _in_a_gap(sample)),
    ):
        for operator in COMPARISONS if bound is not None else ():
            yield Query({f"filter[{field}][{operator}]": bound or ""}, rule)


def searches(run_id: str, title: str, key: str) -> tuple[Query, ...]:
    """Return searches for a whole title, for a key, which no title holds, and for what is nowhere."""
    return tuple(Query({"search": text}, "LIST-5") for text in (title, key, f"{run_id} in no title"))


BAD = tuple(
    Query({name: value}, rule)
    for rule, name, value in (
        *(("LIST-13", "limit", value) for value in ("0", "101", "many")),
        ("LIST-13", "order_by", "title:asc"),
        ("LIST-13", "expand", "no_such_thing"),
        ("LIST-13", "filter[engagement_type][eq]", "NO_SUCH_TYPE"),
        ("LIST-13", "filter[processing_status][in]", "COMPLETED,NO_SUCH_STATUS"),
        ("LIST-13", "filter[updated_at][gte]", "yesterday"),
        ("LIST-13", "filter[no_such_field][eq]", "x"),
        ("LIST-15", "cursor", "no-such-cursor"),
        ("LIST-16", "no_such_parameter", "x"),
    )
)
ODD = (
    *("limit=-1", "limit=1.5", "limit=%00", f"limit={'9' * 5000}", "limit=1&limit=2", "limit[]=1", "cursor=%FF"),
    *(f"cursor={'A' * 5000}", "search=%00", "search='%20OR%201=1--", "search=%ED%A0%80", f"search={'x' * 3000}"),
    *("filter[start_at][gt]=2026-02-30T00:00:00Z", "filter[start_at][gt]=0000-00-00", "filter[start_at]=x", "filter=x"),
    *("filter[updated_at][gte]=9999-12-31T23:59:59-14:00", "order_by=%FF", "expand=%00", "&".join(["x=1"] * 300)),
)


def _known_start(sample: Sequence[Engagement]) -> str | None:
    """Return a start that was submitted: it has whole seconds, so that no part of it is hidden from us."""
    starts = sorted({at for one in sample if (at := instant(one.get("start_at"))) and not at.microsecond})
    return _written(starts[len(starts) // 2]) if starts else None


def _in_a_gap(sample: Sequence[Engagement]) -> str | None:
    """Return an instant in the widest gap between two updates: a store may know more digits than it shows."""
    updates = sorted({at for one in sample if (at := instant(one.get("updated_at")))})
    width, earlier = max(((later - earlier, earlier) for earlier, later in pairwise(updates)), default=(None, None))
    return None if width is None or earlier is None or width < GAP else _written(earlier + width / 2)


def _written(at: datetime) -> str:
    return at.astimezone(UTC).isoformat("T", "milliseconds").replace("+00:00", "Z")
