"""What the parameters of a list do: LIST-5 to LIST-9 and LIST-13 to LIST-16. Read at the end of a run."""

from __future__ import annotations

from contract.cases.queries import BAD, ODD, Query, filters, inside, searches
from contract.exchange import Exchange
from contract.instants import instant
from contract.judge.answers import answer
from contract.outcome import NotApplicable, Untested, Violation
from contract.run.client import RecordingClient
from contract.run.lists import listing, selected, trusted
from contract.run.reading import as_sent, readable
from contract.run.steps import example, stands
from contract.suite.marks import at_the_end, each_rule, rule


@at_the_end
@each_rule("LIST-6", "LIST-7", "LIST-8", "LIST-9")
def test_filters_select_exactly(client: RecordingClient, name: str) -> None:
    """Each filter shows the engagements that it selects, all of them and no others."""
    readable(client, "list")
    stands(client, *(["RESP-11"] if name == "LIST-9" else []))
    starts = [instant(one.document.get("start_at")) for one in as_sent(client)]
    queries = [query for query in filters(listing(client).engagements, starts) if query.rule == name]
    if not queries:
        raise NotApplicable("the engagements of a list do not say what this filter is about")
    selected(client, queries)


@at_the_end
@rule("LIST-5")
def test_search_looks_at_the_title_alone(client: RecordingClient) -> None:
    """A title is found; a key, a source and a transcript, which stand in no title, are not."""
    readable(client, "list")
    first = example(client, "plain")
    whole = listing(client, Query({"search": str(first.document["title"])}, "LIST-5"))
    if first.response.id in whole.ids and first.response.id not in (found := listing(client)).ids:
        trusted(client, found)
        said = f"it is missing among {len(found.ids)}"
        raise Violation("LIST-5", f"{first.response.id} for the beginning of its title", said, found.pages[0])
    titles = [str(one.document.get("title")) for one in as_sent(client)]
    title, elsewhere = str(first.document["title"]), [str(first.request.key), str(first.document["source_system"])]
    elsewhere += [
        client.marked(name)
        for name, value in example(client, "full").document.items()
        if str(value).endswith(client.marked(name))
    ]
    selected(client, searches(client.run_id, title, elsewhere, titles, by_words=_by_words(client, first)))


def _by_words(client: RecordingClient, first: Exchange) -> bool:
    """Tell whether a search is for words, whatever their order, and not for a text. The contract does not say which."""
    title = str(first.document["title"])
    backwards = " ".join(reversed(title.split()))
    inner, words = (listing(client, Query({"search": text}, "LIST-5")).ids for text in (inside(title), backwards))
    if first.response.id in inner or first.response.id not in words:
        return False
    client.recorder.observe("LIST-5", "a search finds whole words, in any order")
    return True


@at_the_end
@each_rule("LIST-13", "LIST-15", "LIST-16")
def test_what_a_bad_parameter_gets(client: RecordingClient, name: str) -> None:
    """What is no limit, no order, no cursor, no value of a filter, and a parameter that nobody knows."""
    readable(client, "list")
    for query in (query for query in BAD if query.rule == name):
        exchange = client.read(f"?{query.text}", expect="answered")
        client.recorder.observe(name, f"{exchange.response.status} for {query.text}")


@at_the_end
@rule("LIST-14")
def test_no_parameter_makes_the_server_fail(client: RecordingClient) -> None:
    """Odd parameters get an answer below 500, also where one engagement is read."""
    readable(client, "list")
    first = example(client, "plain").response.id
    for tail in (*(f"?{text}" for text in ODD), f"/{first}?expand=tags&expand=signals"):
        try:
            exchange = client.read(tail, expect="answered")
        except Untested:
            continue  # something in front of the target refuses it
        if exchange.response.status >= 500 and not exchange.response.inconclusive:
            expected = f"an answer below 500 for {tail[:60]}"
            client.recorder.fail("LIST-14", Violation("LIST-14", expected, answer(exchange), exchange))
