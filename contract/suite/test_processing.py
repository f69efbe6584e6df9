"""How processing shows in reads and lists at the end of a run, when some of it is done: IDEM-2, READ-12, READ-15."""

from __future__ import annotations

from contract.judge.reading import judge_envelope, judge_progress, judge_status
from contract.judge.replay import judge_touched
from contract.outcome import NotApplicable, See, Violation
from contract.run.client import REPEAT, RecordingClient
from contract.run.lists import PAGE
from contract.run.reading import documented, must_be_read, readable, shown, watch
from contract.run.steps import created, example, replayed, stands
from contract.suite.marks import at_the_end, needs, rule

READS = 5  # in a row: a fast target answers two of them within the same millisecond
PROCESSED = 2.5  # seconds: a quick target has processed an engagement by then. A run takes longer than that anyway.


@at_the_end
@rule("READ-12", "READ-15")
def test_processing_moves_forward(client: RecordingClient) -> None:
    """The status never goes back; updated_at and the ETag change when what is shown does, and only then."""
    readable(client, "read")
    stands(client, "RESP-7", "RESP-11")
    if not {"processing_status", "updated_at"} & example(client, "plain").response.engagement.keys():
        raise NotApplicable("the target says neither processing_status nor updated_at")
    if count := client.profile.pick(0, 10, 20):  # not in the quick one, as this takes a second
        watch(client, created(client, client.submission()), count)
    client.outlast(example(client, "plain"), PROCESSED)
    for first in (example(client, "plain"), client.milestones[-1]):
        documented(first)
        reads = [shown(client, first) for _ in range(READS)]
        must_be_read(client, *reads)
        done = reads[0].response.engagement.get("processing_status") == "COMPLETED"
        for finding in judge_touched(reads) if done else ():
            raise Violation("READ-15", finding.expected, finding.actual, reads[-1])
        early = client.early[first.response.id or ""]
        reads += [shown(client, first, query=f"?expand={name}") for name in ("signals", "tags")]
        for before, after in zip([first, early, *reads], [early, *reads], strict=False):
            for finding in judge_progress(after, before):
                raise Violation(*finding, after)


@at_the_end
@rule("IDEM-2")
@needs(REPEAT)
def test_a_repeat_does_not_begin_again(client: RecordingClient) -> None:
    """An engagement that was never repeated, and is processed, is read the same after a repeat."""
    readable(client, "read")
    first = client.milestones[0]
    before = shown(client, first)
    replayed(client, first, first.request.body)
    after = shown(client, first)
    for finding in judge_status(after, before.response.engagement):
        raise Violation("IDEM-2", finding.expected, finding.actual, after)


@at_the_end
@rule("READ-15")
def test_a_read_is_not_behind_a_list(client: RecordingClient) -> None:
    """An engagement that a list shows as processed is not in processing when it is read after that."""
    readable(client, "read")
    readable(client, "list")
    if "processing_status" not in example(client, "plain").response.engagement:
        raise NotApplicable("the target does not say processing_status")
    client.outlast(example(client, "plain"), PROCESSED)
    page = client.read(f"?limit={PAGE}&order_by=updated_at:asc")
    if next(judge_envelope(page, PAGE), None) is not None:
        raise See("LIST-1")
    listed = {one["id"]: one for one in page.response.engagement["data"]}
    for first in client.examples.values():
        exchange = shown(client, first)
        for finding in judge_status(exchange, listed.get(first.response.id, {})):
            raise Violation(*finding, exchange)
