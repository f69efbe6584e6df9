"""Reading back: whether the target offers it, one engagement, and lists that are followed to their end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from contract.cases.credentials import NONE, UNKNOWN
from contract.cases.queries import Query
from contract.exchange import Exchange
from contract.judge.reading import judge_envelope, judge_selection
from contract.judge.refusal import judge_refusal
from contract.outcome import NotApplicable, See, Untested, Violation
from contract.run.client import REPEAT, RecordingClient

READERS = ("private_reader", "reader", "writer")  # who may be able to read, the one who sees most first
SHAPE = ("RESP-1", "RESP-2", "RESP-3", "RESP-6", "RESP-10")  # how an engagement is shown, wherever that is
ABSENT = (404, 405, 501)
MOST_PAGES = 200
PAGE = 100
EVERYTHING = Query({}, "LIST-17")
Engagement = dict[str, Any]


def stands(client: RecordingClient, *rules: str) -> None:
    """Raise See if one of these rules has failed: what is shown elsewhere cannot be better then."""
    for rule in rules:
        if client.recorder.findings[rule].failed:
            raise See(rule)


def offered(client: RecordingClient, what: str) -> None:
    """Raise NotApplicable unless the target offers `read` or `list`. It is asked once a run.

    Raises See if what a create answers is not as documented, since the same is read then, or if no repeat works, since
    nobody knows then what is stored.
    """
    stands(client, *SHAPE)
    client.need(REPEAT)
    if client.offers is None:
        client.offers = _ask(client)
    if what not in client.offers:
        raise NotApplicable(f"the target does not offer GET of {'a list' if what == 'list' else 'an engagement'}")


def _ask(client: RecordingClient) -> set[str]:
    """Return what the target offers. Something in front of it may refuse what is not there with any status.

    So it offers what answers anybody with 200. If lists do, GET of an engagement that they show is offered as well.
    """
    if client.anchor is None or client.anchor.response.id is None:
        raise Untested("no engagement was created that could be read")
    readers = [name for name in READERS if name in client.config.credentials]
    ones = [client.read(f"/{client.anchor.response.id}", name, "observed") for name in readers]
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
    return client.read(f"/{quote(created.response.id or '', safe='')}{query}", who, **options)


def refused_to_strangers(client: RecordingClient, tail: str) -> None:
    """Read without a credential, and with one that nobody has. Raises Violation unless both get 401."""
    for wrong in (NONE, UNKNOWN):
        header = wrong.header("")
        headers = () if header is None else (("Authorization", header),)
        exchange = client.read(tail, None, "unauthorized", headers=headers)
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
            raise Violation(*finding, exchange)
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
    """The engagements that were the same before and after what happened in a block; known once it has ended."""

    before: Listing
    engagements: dict[str, Engagement]


@contextmanager
def unchanged(client: RecordingClient) -> Iterator[Stable]:
    """List everything before and after a block. Processing goes on, so only what stayed the same can be judged."""
    stable = Stable(listing(client), {})
    yield stable
    after = {one["id"]: one for one in listing(client).engagements}
    stable.engagements = {one["id"]: one for one in stable.before.engagements if after.get(one["id"]) == one}


def selected(client: RecordingClient, queries: Sequence[Query]) -> None:
    """Send queries and see that each shows just what it selects. Raises Violation."""
    with unchanged(client) as stable:
        answers = [(query, listing(client, query)) for query in queries]
    for query, found in answers:
        settled = [one for one in found.engagements if one["id"] in stable.engagements]
        if (finding := judge_selection(found.pages[0], query, settled, stable.engagements)) is not None:
            raise Violation(*finding, found.pages[0])


def distinct_readers(client: RecordingClient) -> None:
    """Raise Untested unless reader and private_reader are two credentials."""
    if client.credential("reader") == client.credential("private_reader"):
        raise Untested("reader and private_reader are one credential, so nobody lacks engagements:private:read")
