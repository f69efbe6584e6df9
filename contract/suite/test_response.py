"""What comes back: RESP-1 to RESP-14. Much of it is checked on every answer of the run (contract.judge.invariants)."""

from datetime import timedelta
from itertools import cycle

from contract.cases import titles
from contract.exchange import Exchange
from contract.instants import instant
from contract.judge.invariants import CLOCK_SKEW, EXPANDED, now_at
from contract.outcome import NotApplicable, See, Untested, Violation
from contract.run.client import REPEAT, RecordingClient
from contract.run.steps import accepted, check_first, example, replayed
from contract.suite.marks import at_the_end, rule

DOCUMENTED = (
    *("object", "id", "title", "engagement_type", "processing_status", "is_private", "created_at", "updated_at"),
    *("description", "data_source", "is_internal", "engagement_at", "start_at", "end_at", "duration_seconds"),
    *("meeting_url", "owner_user_id", "host_user_id"),
)


@rule("RESP-1", "RESP-2", "RESP-5", "RESP-10")
def test_a_full_submission_has_the_documented_answer(client: RecordingClient) -> None:
    """With every optional field sent, the answer has the documented shape, ids, header and values."""
    example(client, "full")


@rule("RESP-3")
def test_ids_are_distinct(client: RecordingClient) -> None:
    """Several engagements have as many ids, in longer profiles also some that are made at the same moment."""
    exchanges = [example(client, name) for name in ("plain", "full")]
    with client.case("RESP-3", "an engagement of the required fields alone"):
        exchanges.append(example(client, "minimal"))
    exchanges += _made_at_once(client, client.profile.pick(0, 6, 8))
    made = [exchange.response.id for exchange in exchanges]
    if None in made:
        raise See("RESP-1")
    if len(set(made)) < len(made):
        raise Violation("RESP-3", "as many ids as engagements", str(made), exchanges[-1])


def _made_at_once(client: RecordingClient, count: int) -> list[Exchange]:
    """Return the answers to so many first submissions that arrive together, each with a title of its own."""
    if not count:
        return []
    known = dict(client.engagements)
    names = [f"{client.run_id} at once {number}" for number in range(count)]
    exchanges = client.race([client.request(client.submission(title=name)) for name in names])
    for exchange in exchanges:
        check_first(client, exchange, known, "RESP-3")
        known[exchange.response.id or ""] = exchange.response.engagement
    return exchanges


@rule("RESP-4")
def test_a_title_comes_back_exactly(client: RecordingClient) -> None:
    """White space, markup, quotes, decomposed letters, emoji and what cannot be seen come back as they were sent."""
    for case, form in zip(titles.accepted(client.run_id), cycle(client.forms), strict=False):
        exchange = accepted(client, case, form)
        if not isinstance(exchange.response.engagement.get("title"), str):
            raise See("RESP-1")
        if REPEAT not in client.broken:  # what is stored may be another title than the one in the first answer
            replayed(client, exchange, exchange.request.body)


@rule("RESP-6")
def test_nothing_is_expanded_unasked(client: RecordingClient) -> None:
    """What was submitted as transcript and participants is not in the answer, nor in that to a repeat."""
    client.submit(example(client, "full").request.body, expect="replayed")


@rule("RESP-7")
def test_end_start_and_duration_agree(client: RecordingClient) -> None:
    """end_at lies duration_seconds after start_at, with and without a start in the submission."""
    for name in ("plain", "full"):
        engagement = example(client, name).response.engagement
        if not all(engagement.get(name) is not None for name in ("start_at", "end_at", "duration_seconds")):
            raise NotApplicable("the target does not say end_at or duration_seconds while it processes")


@rule("RESP-8", "RESP-11")
def test_the_start_defaults_to_now(client: RecordingClient) -> None:
    """Without start_at the start is the time of the request, and so is created_at: the one that is farther is wrong."""
    exchange = example(client, "plain")
    if "start_at" in exchange.document:
        raise Untested("no submission without start_at was accepted")
    if (said := exchange.response.engagement.get("start_at")) is None:
        raise NotApplicable("the target does not say start_at")
    now, found = now_at(exchange), instant(said)
    if found is None:
        raise See("RESP-1")
    if not now - CLOCK_SKEW < found < now + CLOCK_SKEW:
        raise Violation("RESP-8", f"start_at near {now:%Y-%m-%dT%H:%M:%SZ}", str(said), exchange)
    made = instant(exchange.response.engagement.get("created_at"))  # by the same clock, so nearer; RESP-11 judges it
    if made and abs(made - now) < CLOCK_SKEW and abs(made - found) > timedelta(seconds=exchange.response.seconds + 10):
        broken = "RESP-11" if "date" in exchange.response.headers and abs(made - now) > abs(found - now) else "RESP-8"
        raise Violation(broken, f"start_at near created_at, {made:%Y-%m-%dT%H:%M:%SZ}", str(said), exchange)


@at_the_end
@rule("RESP-8", "RESP-11")
def test_the_times_that_are_not_sent_move_on(client: RecordingClient) -> None:
    """Two engagements without start_at that were made a second apart are neither made nor begin at the same instant."""
    made = [one for one in (example(client, "plain"), *client.milestones) if "start_at" not in one.document]
    if not made:
        raise Untested("no submission without start_at was accepted")
    first, last = made[0], made[-1]
    for broken, name in (("RESP-11", "created_at"), ("RESP-8", "start_at")):
        times = [instant(one.response.engagement.get(name)) for one in (first, last)]
        if None not in times and times[0] == times[1] and last.started - first.started > 1:
            raise Violation(broken, f"another {name} than the first one's", str(times[1]), last)


@rule("RESP-9")
def test_is_private_is_kept(client: RecordingClient) -> None:
    """Both values of is_private come back."""
    for private, exchange in ((True, example(client, "plain")), (False, example(client, "full"))):
        said = exchange.response.engagement.get("is_private")
        if said is None:
            raise NotApplicable("the target does not say is_private")
        if client.config.discreet and not private:
            client.recorder.leave_out("RESP-9", "is_private false")
        if exchange.document.get("is_private") is private and said is (not private):
            raise Violation("RESP-9", f"is_private {private}", str(said), exchange)


@rule("RESP-11")
def test_creation_is_now(client: RecordingClient) -> None:
    """created_at is the time of the request, whatever start_at says."""
    exchange = example(client, "full")
    if (said := exchange.response.engagement.get("created_at")) is None:
        raise NotApplicable("the target does not say created_at")
    now, found = now_at(exchange), instant(said)
    margin = CLOCK_SKEW + timedelta(seconds=exchange.response.seconds)
    if found is None:
        raise See("RESP-1")
    if not now - margin < found < now + margin:
        raise Violation("RESP-11", f"created_at near {now:%Y-%m-%dT%H:%M:%SZ}", str(said), exchange)


@rule("RESP-12")
def test_the_default_of_is_private(client: RecordingClient) -> None:
    """Without is_private the workspace's default applies."""
    exchange = example(client, "minimal")
    said = exchange.response.engagement.get("is_private")
    client.recorder.observe("RESP-12", f"is_private is {exchange.shown(said)} by default")


@rule("RESP-13", "RESP-14")
def test_what_is_in_the_answer(client: RecordingClient) -> None:
    """Which optional fields come, which are not documented, and what X-Api-Version says."""
    response = example(client, "plain").response
    there = [name for name in DOCUMENTED if name in response.engagement]
    client.recorder.observe("RESP-13", f"fields: {', '.join(there)}")
    if extra := [name for name in response.engagement if name not in {*DOCUMENTED, *EXPANDED}]:
        client.recorder.observe("RESP-13", f"not documented: {', '.join(extra)}")
    client.recorder.observe("RESP-14", f"X-Api-Version: {response.headers.get('x-api-version')}")


@at_the_end
@rule("RESP-1", "RESP-2", "RESP-3", "RESP-4", "RESP-5", "RESP-6", "RESP-10", "RESP-11")
def test_every_success_of_the_run_was_as_documented(client: RecordingClient) -> None:
    """What must hold of every success held of all of them; the failures were recorded as they came."""
    if not client.ids:
        raise Untested("no engagement was created")
