"""Who may read an engagement, and find it in a list: READ-2 to READ-6, LIST-10, LIST-11."""

from __future__ import annotations

from contract.judge.answers import answer
from contract.judge.reading import HIDDEN, judge_hidden
from contract.outcome import NotApplicable, See, Untested, Violation
from contract.run.client import RecordingClient
from contract.run.lists import entries, glimpses, listing, second_page, trusted
from contract.run.reading import ATTENDED, attended, conditional, distinct_readers, hidden, readable, shown
from contract.run.steps import created, example, stands
from contract.suite.marks import at_the_end, rule

FORBIDDEN, NOT_FOUND = 403, 404


@rule("READ-2")
def test_reading_needs_the_scope(client: RecordingClient) -> None:
    """A valid credential without any scope reads neither an engagement nor a list: 403."""
    readable(client, "read")
    first = example(client, "plain")
    exchanges = [shown(client, first, "noscope", expect="forbidden")]
    if "list" in (client.offers or ()):
        queries = ("?limit=1", f"?limit=1&search={client.run_id}")
        exchanges += [client.read(query, "noscope", "forbidden") for query in queries]
        exchanges += second_page(client, second="noscope")
    for exchange in exchanges:
        if exchange.response.status != FORBIDDEN and not exchange.response.inconclusive:
            raise Violation("READ-2", "403 without engagements:read", answer(exchange), exchange)


@rule("READ-3")
def test_a_private_engagement_is_shown_to_those_who_may_see_it(client: RecordingClient) -> None:
    """Who has engagements:private:read gets it; a reader without it, who takes no part, does not."""
    readable(client, "read")
    first = example(client, "plain")
    if first.response.engagement.get("is_private") is False:
        raise See("RESP-9")
    control = shown(client, first)
    if control.response.status in {FORBIDDEN, NOT_FOUND}:
        raise Violation(
            "READ-4", "200 for a private engagement with engagements:private:read", answer(control), control
        )
    distinct_readers(client)
    exchange = shown(client, first, "reader", expect="hidden")
    if (finding := judge_hidden(exchange, "READ-3", "a private engagement")) is not None:
        hint = f"{finding.actual} (or has the configured reader engagements:private:read, or the writer's user?)"
        raise Violation("READ-3", finding.expected, hint, exchange)


@rule("READ-4")
def test_who_takes_part_reads_it(client: RecordingClient) -> None:
    """A reader without engagements:private:read gets a private engagement if its user is one of the participants."""
    readable(client, "read")
    if client.config.reader_email is None:
        raise NotApplicable("the e-mail address of the reader's user is not configured (CONTRACT_READER_EMAIL)")
    distinct_readers(client)
    client.need("participants")
    with client.case("READ-4", "the reader's user as a participant"):
        exchange = shown(client, attended(client), "reader")
        if exchange.response.status in HIDDEN:
            hint = f"{answer(exchange)} (or is the address of the reader's user not {client.config.reader_email}?)"
            raise Violation(
                "READ-4", "200 for a private engagement in which the reader's user takes part", hint, exchange
            )


@rule("READ-5")
def test_whether_the_creator_reads_it(client: RecordingClient) -> None:
    """Who created a private engagement and takes no part in it may see it, or not."""
    readable(client, "read")
    exchange = shown(client, example(client, "plain"), "writer")
    if exchange.response.status == FORBIDDEN:
        raise NotApplicable("the writer lacks engagements:read")
    client.recorder.observe("READ-5", f"the creator of a private engagement gets {exchange.response.status}")


@rule("READ-6")
def test_no_other_workspace_reads_it(client: RecordingClient) -> None:
    """A credential of another workspace does not get the engagement, and its own is not shown to this one."""
    readable(client, "read")
    first = example(client, "plain")
    other = created(client, client.submission(), credential="other_workspace")
    strangers = [(first, "other_workspace", ""), (other, "private_reader", "")]
    strangers += [(one, "other_workspace", "?expand=tags") for one in client.examples.values()]
    for engagement, who, query in strangers:
        exchange = shown(client, engagement, who, query=query, expect="hidden")
        if (finding := judge_hidden(exchange, "READ-6", "an engagement of another workspace")) is not None:
            raise Violation(*finding, exchange)


@at_the_end
@rule("READ-3")
def test_no_private_engagement_is_shown_whatever_it_is(client: RecordingClient) -> None:
    """A reader without the scope gets none that is completed, has other participants, or is a meeting, nor a 304."""
    readable(client, "read")
    stands(client, "READ-1", "READ-3", "READ-4", "SCOPE-4")  # the owner may see it
    distinct_readers(client)
    everything = (example(client, "plain"), *hidden(client))
    # A target that does not say is_private keeps it all the same.
    private = [
        one
        for one in everything
        if one.document.get("is_private") is True and one.response.engagement.get("is_private", True) is True
    ]
    if not private:
        raise See("RESP-9")
    first = private[0]
    others = (
        next((one for one in private if one.document.get("participants")), first),
        next((one for one in private if one.document.get("type") == "MEETING"), first),
    )
    exchanges = [conditional(client, first, "*", who="reader", expect="hidden")]
    # Who may see it has read the first one in both ways since it was processed.
    queries = ((first, ""), (first, "?expand=tags"), *((one, "") for one in others))
    exchanges += [shown(client, one, "reader", query=query, expect="hidden") for one, query in queries]
    for exchange in exchanges:
        if (finding := judge_hidden(exchange, "READ-3", "a private engagement")) is not None:
            raise Violation(*finding, exchange)


@at_the_end
@rule("LIST-11")
def test_private_engagements_are_listed_for_those_who_may_read_them(client: RecordingClient) -> None:
    """A reader with engagements:private:read finds them in lists, a reader without it does not."""
    readable(client, "list")
    stands(client, "RESP-9", "SCOPE-4")  # the owner may see what is private
    first = example(client, "plain")
    everything = listing(client)
    if first.response.engagement.get("is_private") is True and first.response.id not in everything.ids:
        trusted(client, everything)
        expected = f"{first.response.id} for a credential that may read it"
        raise Violation("LIST-11", expected, "it is not in the list", everything.pages[0])
    distinct_readers(client)
    _readable(client, "reader")
    found = listing(client, who="reader")
    ours = client.examples.get(ATTENDED)
    if ours is not None and ours.response.id not in found.ids and not client.recorder.findings["READ-4"].failed:
        trusted(client, found)
        expected = f"{ours.response.id} for a reader whose user takes part in it"
        raise Violation("LIST-11", expected, "it is not in the list", found.pages[0])
    others = {exchange.response.id for exchange in hidden(client)}
    for page in (*found.pages, *glimpses(client, "reader")):
        for one in entries(page):
            if one.get("is_private") is True and one.get("id") in others:
                hint = f"{one['id']} (or has the configured reader engagements:private:read, or the writer's user?)"
                raise Violation("LIST-11", "no private engagement", hint, page)


def _readable(client: RecordingClient, who: str) -> None:
    """Raise Untested if a credential may not list."""
    exchange = client.read("?limit=1", who)
    if exchange.response.status in {401, 403}:
        raise Untested(f"the credential {who} may not list: {answer(exchange)}")


@at_the_end
@rule("LIST-10")
def test_no_list_shows_another_workspace(client: RecordingClient) -> None:
    """The list of another workspace shows nothing that this one created, and the other way round."""
    readable(client, "list")
    stands(client, "IDEM-4")
    _readable(client, "other_workspace")
    mine, theirs = listing(client), listing(client, who="other_workspace")
    if both := set(mine.ids) & set(theirs.ids):
        raise Violation("LIST-10", "each workspace its own engagements", f"{min(both)} in both", theirs.pages[0])
    made = {*mine.ids, *(exchange.response.id for exchange in client.milestones)}
    for page in (*theirs.pages, *glimpses(client, "other_workspace"), *second_page(client, second="other_workspace")):
        if strange := made & {one.get("id") for one in entries(page)}:
            raise Violation("LIST-10", "no engagement of another workspace", f"{min(map(str, strange))}", page)
