"""Reading back: whether the target offers it, one engagement, and lists that are followed to their end."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from contract.cases.credentials import BASIC, NONE, OTHER_CASE, UNKNOWN, under
from contract.cases.queries import Query
from contract.exchange import Exchange
from contract.judge.answers import answer
from contract.judge.invariants import EXPANDED, shape
from contract.judge.reading import judge_envelope, judge_selection
from contract.judge.refusal import judge_refusal
from contract.outcome import NotApplicable, See, Untested, Violation
from contract.run.client import REPEAT, RecordingClient
from contract.run.steps import created, stands
from contract.spec.fields import pattern

READERS = ("private_reader", "reader", "writer")  # who may be able to read, the one who sees most first
SHAPE = ("RESP-1", "RESP-2", "RESP-3", "RESP-6", "RESP-10")  # how an engagement is shown, wherever that is
ABSENT = (404, 405, 501)
BAD_REQUEST = (400, 422)  # how a parameter is refused
MOST_PAGES = 200
PAGE = 100
ATTENDED = "attended"
EVERYTHING = Query({}, "LIST-17")
Engagement = dict[str, Any]


def offered(client: RecordingClient, what: str) -> None:
    """Raise NotApplicable unless the target offers `read` or `list`. It is asked once a run.

    Raises See if the first create of the run did not show an id that can be used.
    """
    if client.offers is None:
        client.offers = _ask(client)
    if what not in client.offers:
        raise NotApplicable(f"the target does not offer GET of {'a list' if what == 'list' else 'an engagement'}")
    if not re.fullmatch(pattern("Engagement", "id"), _first_id(client)):
        raise See("RESP-2")


def readable(client: RecordingClient, what: str) -> None:
    """See that what the run created can be read as `read` or `list`. Raises what `offered` raises.

    Raises See if no repeat works, or two engagements have one id, since nobody knows then what is stored. A list shows
    all that the run created, so for a list all of that has to be as documented.
    """
    offered(client, what)
    client.need(REPEAT)
    stands(client, *(SHAPE if what == "list" else ["RESP-3"]))


def documented(*shown: Exchange) -> None:
    """Raise See if one of these does not show its engagement as documented: it cannot be compared with others then."""
    for exchange in shown:
        if (broken := _undocumented(exchange)) is not None:
            raise See(broken)


def _undocumented(exchange: Exchange) -> str | None:
    """Return the rule that an answer breaks if it does not show its engagement as documented."""
    engagement = exchange.response.engagement
    broken = next((finding.rule for finding in shape(engagement, exchange.shown)), None)
    return broken or ("RESP-6" if any(name in engagement for name in EXPANDED) else None)


def _first_id(client: RecordingClient) -> str:
    if client.anchor is None:
        raise Untested("no engagement was created that could be read")
    if client.anchor.response.id is None:
        raise See("RESP-1")
    return client.anchor.response.id


def _ask(client: RecordingClient) -> set[str]:
    """Return what the target offers. Something in front of it may refuse what is not there with any status.

    So it offers what answers anybody with 200. If lists do, GET of an engagement that they show is offered as well.
    """
    tail = f"/{quote(_first_id(client), safe='')}"
    readers = [name for name in READERS if name in client.config.credentials]
    ones = [client.read(tail, name, "observed") for name in readers]
    lists = [client.read("?limit=1", name, "observed") for name in readers]
    found = {"read"} if any(one.response.engagement for one in ones) else set()
    if any("data" in page.response.engagement for page in lists):
        return {"read", "list"}
    if found and any(page.response.status not in ABSENT for page in lists):
        found.add("list")
    return found


def shown(client: RecordingClient, created: Exchange, who: str | None = "private_reader", **options: Any) -> Exchange:
    """Read what a submission created. Raises See if reading what was created is known to fail."""
    client.need("read")
    query = options.pop("query", "")
    exchange = client.read(f"/{quote(created.response.id or '', safe='')}{query}", who, **options)
    if who == "private_reader" and not query and exchange.response.ok:
        client.early.setdefault(created.response.id or "", exchange)
    return exchange


def must_be_read(client: RecordingClient, *reads: Exchange) -> None:
    """Raise See unless these answers show what was created, and record that: it was read before. Rule: READ-1."""
    for exchange in reads:
        if not exchange.response.ok:
            client.recorder.fail("READ-1", Violation("READ-1", "200 for what was created", answer(exchange), exchange))
            raise See("READ-1")


def conditional(client: RecordingClient, first: Exchange, tag: str, **options: Any) -> Exchange:
    """Read unless the client has what has this ETag. `who` reads, or who may see everything."""
    who = options.pop("who", "private_reader")
    headers = (("Authorization", client.credential(who)), ("If-None-Match", tag))
    return shown(client, first, who, headers=headers, **options)


def as_sent(client: RecordingClient) -> Iterator[Exchange]:
    """Yield what was created alone and shown as sent and as documented, to be compared with what is shown later.

    Where a create shows something else, another rule is about it, and nobody knows what is stored.
    """
    for first in client.milestones:
        shown = first.response.engagement
        said = {"title": shown.get("title"), "is_private": shown.get("is_private")}
        as_it_was = all(first.document.get(name, value) == value for name, value in said.items())
        if not first.burst and as_it_was and _undocumented(first) is None:
            yield first


def refused_to_strangers(client: RecordingClient, tail: str) -> None:
    """Read without a credential, and with some that nobody has. Raises Violation unless all get 401."""
    token = client.config.credentials["writer"].token
    for wrong in (NONE, UNKNOWN, OTHER_CASE, under("Basic"), BASIC):
        if wrong.unfit(token, client.config.valid_headers) is not None:
            continue
        header = wrong.header(token)
        headers = () if header is None else (("Authorization", header),)
        exchange = client.read(tail, None, "unauthorized", headers=headers, authorization=wrong.shell(token))
        if (finding := judge_refusal(exchange, wrong)) is not None:
            raise Violation(*finding, exchange)


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
        same = stable.same(query.members)
        settled = [one for one in found.engagements if one["id"] in same and query.understands(one)]
        if (finding := judge_selection(found.pages[0], query, settled, same)) is not None:
            trusted(client, found, stable.before)
            selected(client, query.alone)
            raise Violation(*finding, found.pages[0])


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


def attended(client: RecordingClient) -> Exchange:
    """Return the engagement in which the user of the credential reader takes part, created once a run."""
    if ATTENDED not in client.examples:
        document = client.submission(participants=[{"email": client.config.reader_email}])
        client.examples[ATTENDED] = created(client, document, "BODY-10")
    return client.examples[ATTENDED]


def hidden(client: RecordingClient) -> list[Exchange]:
    """Return what was created on the way and may not be shown to the reader where it is private."""
    ours = client.examples.get(ATTENDED)
    return [one for one in client.milestones if ours is None or one.response.id != ours.response.id]


def distinct_readers(client: RecordingClient) -> None:
    """Raise Untested unless reader and private_reader are two credentials."""
    if client.credential("reader") == client.credential("private_reader"):
        raise Untested("reader and private_reader are one credential, so nobody lacks engagements:private:read")
