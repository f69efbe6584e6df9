"""Who may read an engagement: READ-2, READ-3, READ-4, READ-5, READ-6."""

from __future__ import annotations

from contract.judge.answers import answer
from contract.judge.reading import HIDDEN, judge_hidden
from contract.outcome import NotApplicable, See, Violation
from contract.run.client import RecordingClient
from contract.run.lists import second_page
from contract.run.reading import attended, conditional, distinct_readers, hidden, readable, shown
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
