"""Lists: followed to their end, by a search, a filter or plainly, and compared with what was there throughout."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from contract.cases.queries import Query
from contract.exchange import Exchange
from contract.judge.reading import judge_envelope, judge_selection
from contract.outcome import Violation
from contract.run.client import RecordingClient
from contract.run.steps import stands

BAD_REQUEST = (400, 422)  # how a parameter is refused
MOST_PAGES = 200
MOST_STRANGE = 3  # pages in a row: another run may write at the same time
PAGE = 100
EVERYTHING = Query({}, "LIST-17")
Engagement = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Listing:
    """A list followed to its end: the pages, and what they show."""

    pages: tuple[Exchange, ...]
    engagements: tuple[Engagement, ...]

    @property
    def ids(self) -> list[str]:
        """The ids in their order."""
        return [one["id"] for one in self.engagements]


def listing(
    client: RecordingClient,
    query: Query = EVERYTHING,
    who: str = "private_reader",
    *,
    limit: int = PAGE,
    meanwhile: Callable[[], object] = lambda: None,
) -> Listing:
    """Follow a list to its end. Only engagements of this run are asked for, as the list of a deployment may be long.

    `meanwhile` is called between the first page and the second. Raises Violation of what is wrong with a page, of
    LIST-4 if the end does not come, and See if lists fail in general.
    """
    client.need("list")
    pages: list[Exchange] = []
    found: list[Engagement] = []
    for exchange in _pages(client, {"search": client.run_id, "limit": str(limit), **query.parameters}, who):
        for finding in judge_envelope(exchange, limit):
            refused = query.parameters and exchange.response.status in BAD_REQUEST  # a plain list is not: need("list")
            raise Violation(query.rule if refused else finding.rule, finding.expected, finding.actual, exchange)
        pages.append(exchange)
        found += exchange.response.engagement["data"]
        if len(pages) == 1:
            meanwhile()
    return Listing(tuple(pages), tuple(found))


def latest(client: RecordingClient) -> Listing:
    """Follow a list without a search, the last change first, until some pages show nothing of this run any more."""
    pages: list[Exchange] = []
    strange = 0
    for exchange in _pages(client, {"limit": str(PAGE)}, "private_reader"):
        for finding in judge_envelope(exchange, PAGE):
            raise Violation(*finding, exchange)
        pages.append(exchange)
        ours = any(one.get("id") in client.ids for one in entries(exchange))
        strange = 0 if ours else strange + 1
        if strange == MOST_STRANGE:
            break
    return Listing(tuple(pages), tuple(one for page in pages for one in entries(page)))


def _pages(client: RecordingClient, parameters: dict[str, str], who: str) -> Iterator[Exchange]:
    seen: set[str] = set()
    while True:
        exchange = client.read(f"?{urlencode(parameters)}", who)
        yield exchange
        cursor = exchange.response.engagement.get("next_cursor")
        if cursor is None:
            return
        if cursor in seen or len(seen) >= MOST_PAGES:
            raise Violation("LIST-4", "a last page", f"{len(seen) + 1} pages and no end", exchange)
        seen.add(cursor)
        parameters = {**parameters, "cursor": cursor}


@dataclass(slots=True)
class Stable:
    """What was listed before and after what happened in a block; known once it has ended."""

    before: Listing
    after: Mapping[str, Engagement]

    @property
    def engagements(self) -> dict[str, Engagement]:
        """Those that were the same."""
        return {one["id"]: one for one in self.before.engagements if self.after.get(one["id"]) == one}

    def same(self, members: Iterable[str]) -> dict[str, Engagement]:
        """Return those of which these members were the same. What processing changes never comes back."""
        before = {one["id"]: one for one in self.before.engagements if one["id"] in self.after}
        return {id_: one for id_, one in before.items() if all(one.get(n) == self.after[id_].get(n) for n in members)}


@contextmanager
def unchanged(client: RecordingClient) -> Iterator[Stable]:
    """List everything before and after a block. Processing goes on, so only what stayed the same can be judged."""
    stable = Stable(listing(client), {})
    yield stable
    stable.after = {one["id"]: one for one in listing(client).engagements}


def selected(client: RecordingClient, queries: Sequence[Query]) -> None:
    """Send queries and see that each shows just what it selects. Raises Violation.

    Of a query with several parameters the one is to blame that goes wrong alone.
    """
    if not queries:
        return
    with unchanged(client) as stable:
        answers = [(query, listing(client, query)) for query in queries]
    for query, found in answers:
        same = {id_: one for id_, one in stable.same(query.members).items() if _as_created(client, one)}
        settled = [one for one in found.engagements if one["id"] in same and query.understands(one)]
        settled = [one for one in settled if _as_created(client, one)]
        if (finding := judge_selection(found.pages[0], query, settled, same)) is not None:
            trusted(client, found, stable.before)
            stands(client, *(["RESP-4"] if "title" in query.members else []))  # it looks at the title that is stored
            selected(client, query.alone)
            raise Violation(*finding, found.pages[0])


def _as_created(client: RecordingClient, listed: Engagement) -> bool:
    """Tell whether a list shows the title that the answer to the creation showed. LIST-1 is about another one."""
    title = client.engagements.get(listed["id"], {}).get("title")
    return title is None or title == listed.get("title")


def trusted(client: RecordingClient, *lists: Listing) -> None:
    """Raise See if lists may show the wrong engagements because a later page does, or is not led to."""
    stands(client, *(["LIST-4"] if any(len(found.ids) >= PAGE for found in lists) else []))


# Further ways to the same engagements: another order, filters without a search, and with one and something expanded.
WAYS = (
    {"order_by": "updated_at:asc"},
    {"filter[engagement_type][in]": "CALL,MEETING"},
    {"filter[updated_at][gte]": "2000-01-01T00:00:00Z"},
    {"expand": "tags", "filter[engagement_type][in]": "CALL,MEETING"},
)


def glimpses(client: RecordingClient, who: str) -> Iterator[Exchange]:
    """Read a page in each of several ways, and the second page of a list."""
    for way in WAYS:
        narrow = {} if "filter" in next(iter(way)) else {"search": client.run_id}
        yield client.read(f"?{urlencode({**way, **narrow, 'limit': str(PAGE)})}", who)
    yield from second_page(client, who, who, limit=PAGE)


def second_page(
    client: RecordingClient,
    first: str = "private_reader",
    second: str = "private_reader",
    limit: int = 1,
    **parameters: str,
) -> Iterator[Exchange]:
    """List one engagement as `first`, and if there is a cursor, at most `limit` that follow as `second`.

    Both pages are asked for with these parameters: whether they may change on the way is not documented.
    """
    query = {"search": client.run_id, "limit": "1", **parameters}
    cursor = client.read(f"?{urlencode(query)}", first).response.engagement.get("next_cursor")
    if isinstance(cursor, str):
        yield client.read(f"?{urlencode({**query, 'limit': str(limit), 'cursor': cursor})}", second)


def entries(page: Exchange) -> list[Engagement]:
    """Return the engagements of a page, none if it is no list."""
    data = page.response.engagement.get("data")
    return [one for one in data if isinstance(one, dict)] if isinstance(data, list) else []
