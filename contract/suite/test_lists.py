"""Lists, read at the end of a run, when there are some: LIST-1 to LIST-4, LIST-12, LIST-17."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from contract.cases.queries import Query
from contract.exchange import Exchange
from contract.judge.answers import answer
from contract.judge.reading import judge_envelope, judge_kept, judge_members, judge_order
from contract.outcome import NotApplicable, See, Violation
from contract.run.client import RecordingClient
from contract.run.lists import BAD_REQUEST, PAGE, Listing, entries, latest, listing, second_page, trusted, unchanged
from contract.run.reading import as_sent, offered, readable, refused_to_strangers, shown
from contract.run.steps import created, example, stands
from contract.suite.marks import at_the_end, rule

DEFAULT_LIMIT = 25
LIMITS = (1, 2, 25, 50, PAGE)  # each page has some more than the one before, if there are
INDEXED = 5.0  # seconds after which a list shows what was created
FREE = ("action_items", "signals", "tags")  # members that are expanded without a scope of their own


@at_the_end
@rule("LIST-1", "LIST-2")
def test_a_list_is_an_envelope(client: RecordingClient) -> None:
    """A page has its four members, engagements as documented, and no more of them than were asked for, or than 25."""
    readable(client, "list")
    longest: dict[int, int] = {}  # page of each limit that is not small
    for limit, query in (*((number, f"?limit={number}") for number in LIMITS), (DEFAULT_LIMIT, "")):
        exchange = client.read(query)
        for finding in judge_envelope(exchange, limit):
            broken = "LIST-2" if query and exchange.response.status in BAD_REQUEST else finding.rule
            if finding.rule == "LIST-1":
                client.broken["list"] = broken
            raise Violation(broken, finding.expected, finding.actual, exchange)
        page = exchange.response.engagement
        # A page may be shorter than its limit, but it does not end where one with a smaller limit ends, or before.
        for other, length in longest.items() if page["has_more"] else ():
            if other <= limit and len(page["data"]) < min(limit, length + (other < limit)):
                actual = f"{len(page['data'])}, and {length} with limit={other}"
                raise Violation("LIST-2", f"up to {limit} engagements, as there are more", actual, exchange)
        if limit >= DEFAULT_LIMIT:
            longest[limit] = len(page["data"])
        _as_documented(client, exchange, ())
    _second_page(client)


def _as_documented(client: RecordingClient, page: Exchange, expanded: Iterable[str]) -> None:
    """Raise Violation unless a page shows the engagements of this run as documented. Others may be older than that.

    What the answer to a create got wrong in the same way was told there.
    """
    for engagement in entries(page):
        if first := client.engagements.get(str(engagement.get("id"))):
            told = set(judge_members(page, first, "LIST-1", "LIST-12", ()))
            for finding in judge_members(page, engagement, "LIST-1", "LIST-12", expanded):
                if finding not in told:
                    raise Violation(*finding, page)


def _second_page(client: RecordingClient) -> None:
    """Raise Violation if the second page is longer, or not as wide, as it and the first one are asked to be."""
    for exchange in second_page(client, expand=",".join(FREE)):
        if len(entries(exchange)) > 1:
            raise Violation("LIST-2", "1 engagement on the second page", f"{len(entries(exchange))}", exchange)
        _as_documented(client, exchange, FREE)


@at_the_end
@rule("LIST-1")
def test_a_full_page_may_be_the_last_one(client: RecordingClient) -> None:
    """A page with room for exactly what there is says that nothing follows."""
    readable(client, "list")
    query = Query({"search": str(example(client, "plain").document["title"])}, "LIST-5")
    count = len(listing(client, query).ids)
    if 0 < count <= PAGE:
        found = listing(client, query, limit=count)
        if len(entries(found.pages[0])) == count and len(found.pages) > 1:
            raise Violation("LIST-1", "has_more false, as nothing follows", "has_more true", found.pages[0])


@at_the_end
@rule("LIST-4")
def test_pages_show_every_engagement_once(client: RecordingClient) -> None:
    """Small pages show what one large page shows, each engagement once, although another one is created meanwhile."""
    readable(client, "list")
    with unchanged(client) as stable:
        kind = str(example(client, "plain").document["type"])
        upwards = Query({"order_by": "updated_at:asc", "filter[engagement_type][eq]": kind}, "LIST-6")
        downwards = Query({"order_by": "updated_at:desc"}, "LIST-4")
        early = Query({"filter[start_at][lt]": "2025-06-01T00:00:00Z"}, "LIST-8")
        walks = (
            (early, listing(client, early, limit=1)),
            (upwards, listing(client, upwards, limit=9)),
            (downwards, listing(client, downwards, limit=7, meanwhile=lambda: created(client, client.submission()))),
        )
    for query, walk in walks:
        _one_list(client, walk, query)
        times = Counter(walk.ids)
        for id_, engagement in stable.engagements.items():
            if query.knows(engagement) and times[id_] != query.selects(engagement):
                if query.rule != "LIST-4" and not times[id_] and id_ not in listing(client, query).ids:
                    raise See(query.rule)  # a large page lacks it, too: the filter is wrong, and not the pages
                said = "is missing" if not times[id_] else f"is there {times[id_]} times"
                raise Violation("LIST-4", f"each engagement once for {query.text}", f"{id_} {said}", walk.pages[-1])


def _one_list(client: RecordingClient, walk: Listing, query: Query) -> None:
    """Raise Violation if later pages show what the filter of the first one leaves out, and See if large ones do."""
    for page in walk.pages:
        if wrong := [one for one in entries(page) if query.knows(one) and not query.selects(one)]:
            if not all(query.selects(one) for one in entries(listing(client, query).pages[0])):
                raise See(query.rule)
            raise Violation("LIST-4", f"only what {query.text} selects", page.shown(wrong[0]), page)


@at_the_end
@rule("LIST-1")
def test_a_list_shows_what_was_created(client: RecordingClient) -> None:
    """Each engagement of a list is as it was created, but for what processing changes."""
    readable(client, "list")
    stands(client, "LIST-1", "READ-1", "IDEM-2")
    found = listing(client)
    shown = {one["id"]: one for one in found.engagements}
    for first in as_sent(client):
        if (engagement := shown.get(str(first.response.id))) is None:
            continue  # LIST-17 is about what is missing
        if (finding := judge_kept(found.pages[0], engagement, first.response.engagement, "LIST-1")) is not None:
            raise Violation(*finding, found.pages[0])


@at_the_end
@rule("LIST-3")
def test_lists_are_in_order(client: RecordingClient) -> None:
    """Newest first by default and where it is asked for, oldest first where that is."""
    readable(client, "list")
    stands(client, "RESP-11")
    upwards, every_type = {"order_by": "updated_at:asc"}, {"filter[engagement_type][in]": "CALL,MEETING"}
    orders: list[tuple[dict[str, str], bool]] = [({"order_by": "updated_at:desc"}, True), ({}, True)]
    orders += [(upwards, False), ({**upwards, **every_type}, False)]
    with unchanged(client) as stable:
        answers = [(listing(client, Query(order, "LIST-3")), descending) for order, descending in orders]
    if not any("updated_at" in one for found, _ in answers for one in found.engagements):
        raise NotApplicable("the target does not say updated_at")
    for found, descending in answers:
        settled = [one for one in found.engagements if one["id"] in stable.engagements]
        if (finding := judge_order(settled, descending=descending)) is not None:
            trusted(client, found)
            raise Violation(*finding, found.pages[0])


@at_the_end
@rule("AUTH-2", "AUTH-3", "AUTH-4")
def test_nobody_lists_without_a_credential(client: RecordingClient) -> None:
    """Without a credential, with one that nobody has, and under another scheme, nothing is listed: 401."""
    offered(client, "list")
    refused_to_strangers(client, "")


@at_the_end
@rule("LIST-17")
def test_what_was_created_is_listed_once(client: RecordingClient) -> None:
    """The list has each engagement that an answer of this run showed, once, and none that no answer showed."""
    readable(client, "list")
    stands(client, "IDEM-4")
    found = listing(client)
    # A search for the run's id finds titles that begin with it. LIST-5 is about the others.
    sought = [first for first in client.milestones if _title(first).startswith(f"{client.run_id} ")]
    if not {str(first.response.id) for first in sought} <= set(found.ids):
        client.outlast(sought[-1], INDEXED)
        found = listing(client)
    times = Counter(found.ids)
    if twice := [id_ for id_, count in times.items() if count > 1]:
        trusted(client, found)
        raise Violation("LIST-17", "each engagement once", f"{twice[0]} {times[twice[0]]} times", found.pages[0])
    for first in sought:
        if (id_ := str(first.response.id)) not in times:
            # Racers who all create lose what they showed.
            broken = "IDEM-10" if first.burst and not shown(client, first).response.ok else "LIST-17"
            raise Violation(broken, f"{id_}, which was created", "it is not in the list", found.pages[0])
    if client.lost:  # an answer that was lost may have shown what is in the list
        return
    for one in found.engagements:
        if one["id"] not in client.ids and client.run_id in str(one.get("title")):
            broken = "IDEM-10" if " racer " in str(one.get("title")) else "LIST-17"
            said = f"{one['id']} with the title {one.get('title')!r}"
            raise Violation(broken, "only engagements that an answer showed", said, found.pages[0])


@at_the_end
@rule("LIST-17")
def test_a_plain_list_lacks_nothing(client: RecordingClient) -> None:
    """Without a search the list has what the run created, the last change first. Asked where nobody else writes."""
    readable(client, "list")
    if not client.config.loopback:
        raise NotApplicable("what others write comes between the engagements of the run")
    stands(client, "IDEM-4", "IDEM-10", "SCOPE-4", "RESP-11", "LIST-3", "LIST-17")
    client.need("list")
    with unchanged(client) as stable:
        found = latest(client)
    settled = [one for one in found.engagements if one["id"] in stable.engagements]
    if (finding := judge_order(settled, descending=True)) is not None:
        raise Violation(*finding, found.pages[0])
    for first in client.milestones:
        if first.response.id not in found.ids:
            trusted(client, found)
            lacking = f"{first.response.id}, which was created"
            raise Violation("LIST-17", lacking, "it is not in a list without a search", found.pages[0])


def _title(created: Exchange) -> str:
    return str(created.response.engagement.get("title"))


@at_the_end
@rule("LIST-12")
def test_lists_expand_what_is_asked_for(client: RecordingClient) -> None:
    """Members are expanded in lists where they are asked for, and no others; some need a scope of their own."""
    readable(client, "list")
    client.need("list")
    stands(client, "READ-10")
    guarded = client.read("?limit=1&expand=owner", expect="forbidden")
    if guarded.response.status != 403 and not guarded.response.inconclusive:
        hint = f"{answer(guarded)} (or does the configured private_reader have users:read?)"
        raise Violation("LIST-12", "403 for expand=owner without users:read", hint, guarded)
    exchange = client.read(f"?limit=2&expand={','.join(FREE)}")
    for finding in judge_envelope(exchange, 2):
        raise Violation(*finding, exchange)
    _as_documented(client, exchange, FREE)
