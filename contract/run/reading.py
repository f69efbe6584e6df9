"""Reading back: whether the target offers it, one engagement, and who may see it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from contract.cases import bodies
from contract.cases.credentials import BASIC, NONE, OTHER_CASE, UNKNOWN, under
from contract.exchange import Exchange
from contract.judge.answers import answer
from contract.judge.invariants import EXPANDED, shape
from contract.judge.reading import judge_progress, judge_status
from contract.judge.refusal import judge_refusal
from contract.judge.replay import UNCHANGED
from contract.outcome import NotApplicable, See, Untested, Violation
from contract.run.client import REPEAT, RecordingClient
from contract.run.steps import created, stands
from contract.spec.fields import pattern

READERS = ("private_reader", "reader", "writer")  # who may be able to read, the one who sees most first
SHAPE = ("RESP-1", "RESP-2", "RESP-3", "RESP-6", "RESP-10")  # how an engagement is shown, wherever that is
COMPARED = (*UNCHANGED, "processing_status", "updated_at")
ABSENT = (404, 405, 501)
GLANCE = 0.1  # seconds between two looks at a new engagement
ATTENDED = "attended"
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
    stands(client, "RESP-3")
    if what == "list" and any(client.recorder.findings[rule].failed for rule in SHAPE):
        documented(*client.milestones)


def documented(*shown: Exchange) -> None:
    """Raise See if one of these does not show its engagement as documented: it cannot be compared with others then."""
    for exchange in shown:
        if (broken := _undocumented(exchange)) is not None:
            raise See(broken)


def _undocumented(exchange: Exchange) -> str | None:
    """Return the rule that an answer breaks if it does not show as documented what is compared later."""
    engagement = exchange.response.engagement
    compared = {name: value for name, value in engagement.items() if name in COMPARED}
    broken = next((finding.rule for finding in shape(compared, exchange.shown)), None)
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
    """Read what a submission created, and record if its processing went back since it was read last (READ-15).

    Raises See if reading what was created is known to fail.
    """
    client.need("read")
    query = options.pop("query", "")
    id_ = created.response.id or ""
    exchange = client.read(f"/{quote(id_, safe='')}{query}", who, **options)
    if who == "private_reader" and not query and exchange.response.ok:
        client.early.setdefault(id_, exchange)
        for finding in judge_status(exchange, client.last_reads.get(id_, exchange).response.engagement):
            client.recorder.fail(finding.rule, Violation(*finding, exchange))
        client.last_reads[id_] = exchange
    return exchange


def must_be_read(client: RecordingClient, *reads: Exchange) -> None:
    """Raise See unless these answers show what was created, and record that: it was read before. Rule: READ-1."""
    for exchange in reads:
        if not exchange.response.ok:
            client.recorder.fail("READ-1", Violation("READ-1", "200 for what was created", answer(exchange), exchange))
            raise See("READ-1")


def watch(client: RecordingClient, first: Exchange, count: int) -> None:
    """Read a new engagement so many times in a row. Raises Violation if its processing goes back meanwhile."""
    last = first
    for _ in range(count):
        read = shown(client, first)
        must_be_read(client, read)
        for finding in judge_progress(read, last):
            raise Violation(*finding, read)
        last = read
        client.clock.sleep(GLANCE)


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


def attended(client: RecordingClient) -> Exchange:
    """Return the engagement whose second participant is the user of the credential reader, created once a run."""
    if ATTENDED not in client.examples:
        document = client.submission(participants=[bodies.PERSON, {"email": client.config.reader_email}])
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
