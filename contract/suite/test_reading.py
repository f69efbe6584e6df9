"""One engagement, read back: READ-1, READ-4, READ-7 to READ-18, and what a repeat left behind (IDEM-2)."""

from __future__ import annotations

from urllib.parse import quote

from contract.cases import ids
from contract.exchange import Exchange
from contract.judge.answers import answer
from contract.judge.invariants import EXPANDED
from contract.judge.reading import HIDDEN, judge_read
from contract.outcome import Untested, Violation
from contract.run.client import RecordingClient
from contract.run.reading import as_sent, conditional, documented, must_be_read, readable, shown
from contract.run.steps import example, replayed, stands
from contract.suite.marks import at_the_end, rule

SCOPED = {"companies": "companies:read", "contacts": "contacts:read", "owner": "users:read"}
FORBIDDEN, NOT_FOUND, NOT_MODIFIED = 403, 404, 304


@rule("READ-1", "READ-4", "READ-8")
def test_what_was_created_is_read(client: RecordingClient) -> None:
    """Each example is shown as it was created, to a credential that may see everything, with nothing expanded."""
    readable(client, "read")
    _read(client, example(client, "full"))
    with client.case("READ-1", "an engagement of the required fields alone"):
        _read(client, example(client, "minimal"))
    _read(client, example(client, "plain"))


def _read(client: RecordingClient, first: Exchange) -> None:
    """Raise Violation unless a credential that may see everything is shown what was created."""
    exchange = shown(client, first)
    if exchange.response.status in HIDDEN and _reads_public_ones(client):
        client.broken["read"] = "READ-4"
        raise Violation("READ-4", "200 for who has engagements:private:read", answer(exchange), exchange)
    _judge(client, exchange, first)


def _reads_public_ones(client: RecordingClient) -> bool:
    """Tell whether an engagement that is not private can be read. Where it would be seen there is none to try."""
    public = [first for first in client.examples.values() if first.response.engagement.get("is_private") is False]
    return any(shown(client, first).response.ok for first in public)


def _judge(client: RecordingClient, exchange: Exchange, first: Exchange, *expanded: str) -> None:
    """Raise Violation if an engagement is not shown as it was created, and record what else is wrong with it."""
    documented(first)
    for finding in judge_read(exchange, first, expanded):
        violation = Violation(*finding, exchange)
        if finding.rule == "READ-1":
            client.broken["read"] = "READ-1"
            stands(client, "IDEM-2")
            raise violation
        client.recorder.fail(finding.rule, violation)


@rule("IDEM-2")
def test_a_repeat_changed_nothing_that_is_stored(client: RecordingClient) -> None:
    """After a repeat in which every field differs, the engagement is read as it was."""
    readable(client, "read")
    first = example(client, "plain")
    before = shown(client, first)
    changed = {**first.document, **client.full(), "title": f"{client.run_id} changed", "source_system": "changed"}
    repeat = replayed(client, first, changed)
    after = shown(client, first)
    documented(first, *(exchange for exchange in (before, after) if exchange.response.ok))
    for finding in judge_read(after, before):
        if finding.rule == "READ-1":
            violation = Violation("IDEM-2", finding.expected, finding.actual, after)
            violation.before = (first, repeat)
            raise violation


@rule("READ-7")
def test_an_unknown_id_gets_404(client: RecordingClient) -> None:
    """An id that no engagement has is 404, also one that differs from a known one in its end; a key is no id."""
    readable(client, "read")
    first = example(client, "plain")
    id_ = str(first.response.id)
    for unknown in ids.unknown(id_):
        exchange = client.read(f"/{unknown}", expect="hidden")
        if exchange.response.status != NOT_FOUND and not exchange.response.inconclusive:
            raise Violation("READ-7", f"404 for {unknown}, which nobody has", answer(exchange), exchange)
    for other in (*ids.alike(id_), quote(first.request.key or "", safe="")):
        try:
            exchange = client.read(f"/{other}", expect="hidden")
        except Untested:
            continue  # something in front of the target refuses it
        if exchange.response.ok:
            raise Violation("READ-7", f"404 for {other}, which nobody has", answer(exchange), exchange)


@rule("READ-18")
def test_no_id_makes_the_server_fail(client: RecordingClient) -> None:
    """A text that is no id is refused in any way below 500."""
    readable(client, "read")
    for text in ids.ODD:
        try:
            exchange = client.read(f"/{text}", expect="answered")
        except Untested:
            continue  # something in front of the target refuses it
        if exchange.response.status >= 500 and not exchange.response.inconclusive:
            expected = f"an answer below 500 for {text[:40]}"
            client.recorder.fail("READ-18", Violation("READ-18", expected, answer(exchange), exchange))


@rule("READ-8")
def test_what_is_asked_for_is_expanded(client: RecordingClient) -> None:
    """Each member that can be expanded is there when it is asked for, alone and with others, and no other is."""
    readable(client, "read")
    first = example(client, "plain")
    free = [name for name in EXPANDED if name not in SCOPED]
    for names in (*([name] for name in EXPANDED), free):
        exchange = shown(client, first, query=f"?expand={','.join(names)}")
        if exchange.response.status == FORBIDDEN and SCOPED.keys() & set(names):
            continue  # this reader lacks the scope, which READ-10 is about
        if not exchange.response.ok:
            raise Violation("READ-8", f"200 with {', '.join(names)}", answer(exchange), exchange)
        _judge(client, exchange, first, *names)


@rule("READ-9")
def test_what_an_unknown_member_of_expand_gets(client: RecordingClient) -> None:
    """A word that names nothing, alone and among others."""
    readable(client, "read")
    for value in ("no_such_thing", "tags,no_such_thing"):
        exchange = shown(client, example(client, "plain"), query=f"?expand={value}")
        client.recorder.observe("READ-9", f"{exchange.response.status} for expand={value}")


@rule("READ-10")
def test_some_members_need_a_scope_of_their_own(client: RecordingClient) -> None:
    """A reader of engagements alone gets 403 when asking for companies, contacts and the owner."""
    readable(client, "read")
    first = example(client, "plain")
    must_be_read(client, shown(client, first))
    for name, scope in SCOPED.items():
        exchange = shown(client, first, query=f"?expand={name}", expect="forbidden")
        if exchange.response.status != FORBIDDEN and not exchange.response.inconclusive:
            hint = f"{answer(exchange)} (or does the configured private_reader have {scope}?)"
            raise Violation("READ-10", f"403 for expand={name} without {scope}", hint, exchange)
    exchange = shown(client, first, query=f"?expand=tags,{','.join(SCOPED)}", expect="forbidden")
    if exchange.response.status != FORBIDDEN and not exchange.response.inconclusive:
        raise Violation("READ-10", "403 for members with a scope behind one without", answer(exchange), exchange)


@rule("READ-1", "READ-11", "READ-13")
def test_a_read_has_an_etag(client: RecordingClient) -> None:
    """The header is there; who sends it back as If-None-Match may get 304, and who sends another one does not."""
    readable(client, "read")
    first = example(client, "plain")
    tag = ""
    for query in ("?expand=tags", ""):
        exchange = shown(client, first, query=query)
        must_be_read(client, exchange)
        tag = exchange.response.headers.get("etag", "")
        if not tag:
            raise Violation("READ-11", "the header ETag", "none", exchange)
    again = conditional(client, first, tag)
    if again.response.status >= 500 and not again.response.inconclusive:
        raise Violation("READ-1", "an answer below 500 for If-None-Match", answer(again), again)
    client.recorder.observe("READ-13", f"{again.response.status} for If-None-Match with the ETag of a moment before")
    found = conditional(client, first, '"no-such-etag"')
    if found.response.status == NOT_MODIFIED:
        raise Violation("READ-1", "200 with what the client does not have", answer(found), found)


@rule("READ-14")
def test_what_a_link_to_the_recording_looks_like(client: RecordingClient) -> None:
    """The link is asked for and not opened."""
    readable(client, "read")
    url = shown(client, example(client, "plain"), query="?expand=media_url").response.engagement.get("media_url")
    scheme = str(url).partition("://")[0]
    client.recorder.observe("READ-14", "no link" if url is None else f"a link with {scheme}, which was not opened")


@at_the_end
@rule("READ-1", "READ-16", "READ-17")
def test_what_processing_makes(client: RecordingClient) -> None:
    """How far the first engagement of the run has come, and what is known of its length at the beginning.

    What was submitted stays as it was created, also the titles that hold the most signs, or begin with a blank.
    """
    readable(client, "read")
    first = example(client, "plain")
    exchange = shown(client, first)
    _judge(client, exchange, first)
    titled = sorted(as_sent(client), key=_signs)
    for rich in (*titled[-2:], *[one for one in titled if _title(one) != _title(one).strip()][:1]):
        _judge(client, shown(client, rich), rich)
    status = exchange.response.engagement.get("processing_status")
    client.recorder.observe("READ-16", f"{status} at the end of a run")
    known = [name for name in ("end_at", "duration_seconds") if first.response.engagement.get(name) is not None]
    client.recorder.observe("READ-17", f"the first answer says {' and '.join(known) or 'neither end nor length'}")


def _signs(first: Exchange) -> int:
    return len({sign for sign in _title(first) if not sign.isalnum()})


def _title(first: Exchange) -> str:
    return str(first.document.get("title"))
