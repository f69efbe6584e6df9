"""Queries of a list: what is asked for, and which engagements a conforming target shows.

Rules: LIST-3 to LIST-9, LIST-13 to LIST-16.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from operator import ge, gt, le, lt
from typing import Any

from contract.instants import instant

Engagement = dict[str, Any]
COMPARISONS: dict[str, Callable[[datetime, datetime], bool]] = {"gt": gt, "gte": ge, "lt": lt, "lte": le}
# Each operator gets its bound in another zone: an instant has many spellings, and a text compared is no instant.
ZONES = {"gt": UTC, "gte": timezone(timedelta(hours=5, minutes=30)), "lt": timezone(timedelta(hours=-8)), "lte": UTC}
GAP = timedelta(milliseconds=10)  # between two updates that a filter can tell apart
WIDE_GAP = timedelta(seconds=2)  # the same, where whole seconds are shown
YEARS = range(1900, 2200)  # of a bound: further away, a zone may lead out of the calendar
MANY_STARTS = 3  # so that a bound below and one above leave some out and some in
LONGEST = 200  # characters of a text that is searched for
CONTROLS = re.compile(r"[\x00-\x1f\x7f]")
_FILTER = re.compile(r"filter\[(\w+)\]\[(\w+)\]")
# What a list is searched or filtered by, with the rule that says so.
RULES = {
    "search": "LIST-5",
    "engagement_type": "LIST-6",
    "processing_status": "LIST-7",
    "start_at": "LIST-8",
    "updated_at": "LIST-9",
}
WORDS = {
    "engagement_type": ("CALL", "DOCUMENT", "MEETING"),
    "processing_status": ("PENDING", "PROCESSING", "COMPLETED", "FAILED"),
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

    @property
    def members(self) -> set[str]:
        """The members of an engagement that decide whether it belongs to the answer."""
        found = {match[1] for name in self.parameters if (match := _FILTER.fullmatch(name))}
        return found | ({"title"} if "search" in self.parameters else set())

    @property
    def alone(self) -> tuple[Query, ...]:
        """Queries with one of several parameters each: they tell which of these is not understood."""
        parts = self.parameters.items() if len(self.parameters) > 1 else ()
        return tuple(Query({name: value}, _rule_of(name)) for name, value in parts)

    def knows(self, engagement: Engagement) -> bool:
        """Tell whether an engagement shows what decides whether it belongs to the answer."""
        return all(engagement.get(name) is not None for name in self.members)

    def understands(self, engagement: Engagement) -> bool:
        """Tell whether what an engagement says of that is documented: a time, a word of a list."""
        said = {name: engagement[name] for name in self.members if engagement.get(name) is not None}
        times = (value for name, value in said.items() if name.endswith("_at"))
        return all(map(instant, times)) and all(said[name] in WORDS[name] for name in said.keys() & WORDS.keys())

    def selects(self, engagement: Engagement) -> bool:
        """Tell whether an engagement belongs to the answer."""
        return all(_holds(name, value, engagement) for name, value in self.parameters.items())


def _rule_of(parameter: str) -> str:
    found = _FILTER.fullmatch(parameter)
    return RULES["search" if found is None else found[1]]


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


def filters(sample: Sequence[Engagement], submitted: Iterable[datetime | None]) -> Iterator[Query]:
    """Yield a query for each filter, with values that tell some engagements of the sample from others.

    Bounds of starts are among those that are shown as they were submitted, in whole seconds, or just behind one that is
    not: a store may keep whole seconds, and shows them then.
    """
    known = {at for at in submitted if at is not None and at.year in YEARS}
    shown = sorted(known & {instant(one.get("start_at")) for one in sample})
    starts = [at for at in shown if not at.microsecond]
    for field, words in WORDS.items():
        rule = RULES[field]
        present = [word for word in words if any(one.get(field) == word for one in sample)]
        absent = [word for word in words if word not in present]
        for word in (*present, *absent[:1]) if present else ():
            yield Query({f"filter[{field}][eq]": word}, rule)
        for chosen in ([*absent, *present[:2]][-3:], [*absent[:1], *present[:1]]) if present else ():
            yield Query({f"filter[{field}][in]": ",".join(chosen)}, rule)
    updates = sorted({at for one in sample if (at := instant(one.get("updated_at")))})
    if starts:
        middle = starts[len(starts) // 2]
        yield from (_compared("start_at", operator, middle) for operator in COMPARISONS)
    if fractions := [at for at in shown if at.microsecond]:
        yield _compared("start_at", "lt", fractions[0] + GAP)
    yield from _changed(updates)
    if len(starts) > MANY_STARTS:
        yield _compared("start_at", "lt", starts[-1], _compared("start_at", "gte", starts[1]))
    yield from _of_one_type(sample, "start_at", starts)
    yield from _of_one_type(sample, "updated_at", updates)
    yield from _of_one_type_and_status(sample)


def _compared(field: str, operator: str, bound: datetime, other: Query | None = None) -> Query:
    """Return a query for a bound, and for what another query asks for."""
    more = other.parameters if other is not None else {}
    return Query({**more, f"filter[{field}][{operator}]": _written(bound, operator)}, RULES[field])


def _changed(updates: Sequence[datetime]) -> Iterator[Query]:
    """Yield queries for what changed before and after an instant.

    A store may know more digits than it shows: what is shown as changed at an instant changed then, or a little later.
    So only two operators say what to do with it.
    """
    if len(updates) > 1:
        exact, gap = updates[len(updates) // 2], _in_a_gap(updates)
        yield from (_compared("updated_at", operator, exact) for operator in ("gte", "lt"))
        yield from (_compared("updated_at", operator, gap) for operator in ("gt", "lte") if gap is not None)


def _of_one_type(sample: Sequence[Engagement], field: str, bounds: Sequence[datetime]) -> Iterator[Query]:
    """Yield a query with two filters, of which each leaves out what the other one lets through."""
    for low in bounds:
        later, earlier = _kinds(sample, field, low, ge), _kinds(sample, field, low, lt)
        if len(later) > 1 and (both := sorted(later & earlier)):
            yield _compared(field, "gte", low, Query({"filter[engagement_type][eq]": both[0]}, "LIST-6"))
            return


def _of_one_type_and_status(sample: Sequence[Engagement]) -> Iterator[Query]:
    """Yield a query with both filters on words, of which each leaves out what the other one lets through."""
    both = {(str(one.get("engagement_type")), str(one.get("processing_status"))) for one in sample}
    for kind, status in sorted(both):
        others = [(k == kind, s == status) for k, s in both if status in WORDS["processing_status"]]
        if (True, False) in others and (False, True) in others:
            words = {"filter[engagement_type][eq]": kind, "filter[processing_status][eq]": status}
            yield Query(words, "LIST-7")
            return


def _kinds(
    sample: Sequence[Engagement], field: str, at: datetime, holds: Callable[[datetime, datetime], bool]
) -> set[str]:
    """Return the types of the engagements of which an instant compares so with another one."""
    found = ((instant(one.get(field)), one.get("engagement_type")) for one in sample)
    words = WORDS["engagement_type"]
    return {kind for moment, kind in found if moment is not None and kind in words and holds(moment, at)}


def inside(title: str) -> str:
    """Return a part of a title that begins and ends within a word."""
    return title[2:-1]


def searches(
    run_id: str, title: str, elsewhere: Sequence[str], titles: Sequence[str], *, by_words: bool = False
) -> tuple[Query, ...]:
    """Return searches for titles and for a part of one, and for what no title holds.

    A title begins with the run's id. `titles` are those of the run; their signs and letters are searched for as well.
    `elsewhere` are texts that stand in other fields.
    Where a target searches for words, a part of one finds nothing, and signs say nothing (`by_words`).
    """
    parts, disguised = ([], []) if by_words else ([inside(title)], _disguised(title))
    found = (title, *parts, *_richest(run_id, titles))
    nowhere = (*elsewhere, f"{run_id} in no title", *disguised)
    both = Query({"search": title, "filter[engagement_type][in]": "CALL,MEETING"}, "LIST-5")
    return (*(Query({"search": text}, "LIST-5") for text in (*found, *nowhere)), both)


def _disguised(title: str) -> Iterator[str]:
    """Yield texts that a pattern or a second decoding takes for the title. A search takes them as they are."""
    for sign in ("_", ".", f"\\{title[4]}", f"%{ord(title[4]):02X}"):  # LIKE, a regular expression, escapes
        yield f"{title[:4]}{sign}{title[5:]}"
    for sign in ("%", "*"):
        yield f"{title[:4]}{sign}{title[6:]}"
    if " " in title:
        yield title.replace(" ", "+")


def _richest(run_id: str, titles: Sequence[str]) -> Iterator[str]:
    """Yield the first line of the title with the most signs of ASCII, and of the one with the most of other letters."""
    lines = [title.partition("\n")[0].rstrip() for title in titles if title.startswith(run_id)]
    for kind in (_signs, _foreign):
        best = max((line for line in lines if len(line) <= LONGEST and not CONTROLS.search(line)), key=kind, default="")
        if kind(best):
            yield best


def _signs(text: str) -> int:
    return len({letter for letter in text if letter.isascii() and not letter.isalnum()} - {" "})


def _foreign(text: str) -> int:
    return len({letter for letter in text if not letter.isascii()})


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
_ODD = (
    *("limit=-1", "limit=1.5", "limit=%00", f"limit={'9' * 5000}", "limit=1&limit=2", "limit[]=1", "cursor=%FF"),
    *("cursor=abc", "cursor=%21%21", "cursor=a%00b"),
    *("search=a&search=b", "cursor=a&cursor=b", "expand=tags&expand=tags", "order_by=x&order_by=y"),
    *(f"cursor={'A' * 5000}", "search=%00", "search='%20OR%201=1--", "search=%ED%A0%80", f"search={'x' * 3000}"),
    *("filter[start_at][gt]=2026-02-30T00:00:00Z", "filter[start_at][gt]=0000-00-00", "filter[start_at]=x", "filter=x"),
    *("filter[updated_at][gte]=9999-12-31T23:59:59-14:00", "order_by=%FF", "expand=%00", "&".join(["x=1"] * 300)),
    *("filter[start_at][lt]=0001-01-01T00:00:00%2B14:00", "expand=tags,tags", "search=(%5B*%5C", "search=100%"),
    *("filter[engagement_type][eq]=CALL&filter[engagement_type][eq]=CALL", "filter[__proto__][eq]=x"),
)
ODD = tuple(text.replace("[", "%5B").replace("]", "%5D") for text in _ODD)  # bare ones are no part of a URL


def _in_a_gap(updates: Sequence[datetime]) -> datetime | None:
    """Return an instant in the widest gap between two updates, in milliseconds."""
    gap = GAP if any(at.microsecond for at in updates) else WIDE_GAP
    width, earlier = max(((later - earlier, earlier) for earlier, later in pairwise(updates)), default=(None, None))
    if width is None or earlier is None or width < gap:
        return None
    middle = earlier + width / 2
    return middle - timedelta(microseconds=middle.microsecond % 1000)


def _written(at: datetime, operator: str) -> str:
    """Write a bound in the zone of its operator; `gt` has a fraction where the others need none."""
    digits = "seconds" if not at.microsecond and operator != "gt" else "milliseconds"
    digits = "microseconds" if at.microsecond % 1000 else digits
    return at.astimezone(ZONES[operator]).isoformat("T", digits).replace("+00:00", "Z")
