"""Webhooks that came while the run went on: HOOK-1 to HOOK-9. They are looked at in its end."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from contract.judge.replay import differences
from contract.judge.webhooks import (
    CREATED,
    TRANSCRIBED,
    UPDATED,
    judge_attempts,
    judge_event,
    judge_several,
    judge_signature,
    judge_update,
)
from contract.message import Message
from contract.outcome import NotApplicable, See, Untested, Violation
from contract.run.client import RecordingClient
from contract.run.reading import SHAPE, as_sent
from contract.run.steps import created, example, stands
from contract.suite.marks import at_the_end, rule
from contract.target.receiver import Receiver

FIRST_RETRY = 5.0  # seconds
PATIENCE = (15.0, 30.0, 120.0)  # seconds that a webhook is waited for, by profile


def receiver(client: RecordingClient) -> Receiver:
    """Return what listens. Raises NotApplicable unless it is configured."""
    if client.receiver is None:
        raise NotApplicable("no receiver of webhooks is configured (webhooks.listen)")
    stands(client, *SHAPE)
    return client.receiver


def about(client: RecordingClient, kind: str | None = None, id_: str | None = None) -> list[Message]:
    """Return what came about engagements of this run: of one kind, about one of them."""
    return [message for message in receiver(client).messages if _fits(client, message, kind, id_)]


def _fits(client: RecordingClient, message: Message, kind: str | None, id_: str | None) -> bool:
    said, found = message.subject
    return found in client.ids and id_ in {None, found} and kind in {None, said}


def wait(client: RecordingClient, kind: str, id_: str, times: int = 1) -> list[Message]:
    """Wait for a kind of message about an engagement, and return what came of it; fewer if it does not come."""

    def arrived(messages: Sequence[Message]) -> bool:
        return sum(_fits(client, message, kind, id_) for message in messages) >= times

    receiver(client).wait(arrived, client.profile.pick(*PATIENCE))
    return about(client, kind, id_)


def _each(client: RecordingClient, judge: Callable[[Message], object]) -> None:
    messages = about(client)
    if not messages:
        raise See("HOOK-3")
    for message in messages:
        judge(message)


@at_the_end
@rule("HOOK-3")
def test_a_creation_sends_a_webhook(client: RecordingClient) -> None:
    """A webhook came for the first engagement of the run, comes for one that is created now, and for all between."""
    receiver(client)
    latest = created(client, client.submission())
    for first in (example(client, "plain"), latest, *client.milestones):
        if not wait(client, CREATED, str(first.response.id)):
            if receiver(client).full:
                raise Untested("more webhooks came than a run keeps")
            raise Violation("HOOK-3", f"{CREATED} about {first.response.id}", "no webhook about it came", first)


@at_the_end
@rule("HOOK-1")
def test_webhooks_are_signed(client: RecordingClient) -> None:
    """Every webhook of the run has its three headers, and its signature is right."""
    secret = client.config.webhooks.secret if client.config.webhooks else ""

    def judge(message: Message) -> None:
        if (finding := judge_signature(message, secret)) is not None:
            raise Violation(*finding)

    _each(client, judge)


@at_the_end
@rule("HOOK-2")
def test_webhooks_have_the_envelope(client: RecordingClient) -> None:
    """Every webhook of the run has the members of an event, and shows an engagement as it was created."""
    made = {first.response.id: first for first in as_sent(client)}

    def judge(message: Message) -> None:
        for finding in judge_event(message):
            raise Violation(*finding)
        if (first := made.get(message.engagement["id"])) is not None:
            for name in differences(first.response.engagement, message.engagement):
                said = first.shown(message.engagement[name])
                raise Violation("HOOK-2", f"{name} as it was created", f"{name} {said}", first)

    _each(client, judge)


@at_the_end
@rule("HOOK-2", "HOOK-7")
def test_webhooks_are_told_apart(client: RecordingClient) -> None:
    """Each event and each message has an id of its own, and all are of the workspace of the writer."""
    ours = {first.response.id for first in as_sent(client)}
    for finding in judge_several([one for one in about(client) if one.subject[1] in ours]):
        raise Violation(*finding)


@at_the_end
@rule("HOOK-4")
def test_a_change_sends_a_webhook_with_the_old_values(client: RecordingClient) -> None:
    """Every update says what changed and how it was before."""
    if not wait(client, UPDATED, str(example(client, "plain").response.id)):
        raise Untested("no webhook said that processing changed the first engagement, as long as the run waited")
    for message in about(client, UPDATED):
        if (finding := judge_update(message)) is not None:
            raise Violation(*finding)


@at_the_end
@rule("HOOK-5")
def test_a_finished_transcript_sends_a_webhook(client: RecordingClient) -> None:
    """It comes for an engagement whose processing is completed, and for no other."""
    if not wait(client, TRANSCRIBED, str(example(client, "plain").response.id)):
        completed = [one for one in about(client, UPDATED) if one.engagement.get("processing_status") == "COMPLETED"]
        if not completed:
            raise Untested("the processing of the first engagement was not completed, as long as the run waited")
        raise Violation("HOOK-5", TRANSCRIBED, f"{UPDATED} to COMPLETED alone", example(client, "plain"))
    for message in about(client, TRANSCRIBED):
        status = message.engagement.get("processing_status")
        if status == "FAILED":  # what else processing makes may come later
            raise Violation("HOOK-5", "no webhook where processing failed", status)


@at_the_end
@rule("HOOK-6", "HOOK-7")
def test_what_is_not_acknowledged_is_sent_again(client: RecordingClient) -> None:
    """A message that got 500 comes again after five seconds, with the same id and body."""
    listening = receiver(client)
    if client.profile.pick(True, False, False):
        raise NotApplicable("asked in the profiles standard and thorough")
    listening.refuses = f"{client.run_id} refused at first"
    first = created(client, client.submission(title=listening.refuses))
    attempts = wait(client, CREATED, str(first.response.id), times=2)
    if len(attempts) < 2:
        raise Violation("HOOK-6", "a second attempt after about 5 s", f"{len(attempts)} attempts", first)
    if attempts[1].id != attempts[0].id:
        raise Violation("HOOK-7", f"svix-id {attempts[0].id} again", attempts[1].id, first)
    if attempts[1].at - attempts[0].at < FIRST_RETRY - 1:
        waited = f"{attempts[1].at - attempts[0].at:.1f} s"
        raise Violation("HOOK-6", f"the second attempt after about {FIRST_RETRY:.0f} s", waited, first)
    if (finding := judge_attempts(attempts[:2])) is not None:
        raise Violation(*finding, first)


@at_the_end
@rule("HOOK-8")
def test_whether_a_repeat_sends_a_webhook(client: RecordingClient) -> None:
    """How many webhooks of a creation came for an engagement that was submitted several times."""
    sent = {message.id for message in about(client, CREATED, str(example(client, "plain").response.id))}
    client.recorder.observe("HOOK-8", f"{len(sent)} sent for an engagement that was submitted several times")


@at_the_end
@rule("HOOK-9")
def test_in_which_order_webhooks_come(client: RecordingClient) -> None:
    """The kinds of messages about the first engagement, as they came."""
    kinds = [str(message.event.get("type")) for message in about(client, id_=str(example(client, "plain").response.id))]
    client.recorder.observe("HOOK-9", ", ".join(kinds) or "none came")
