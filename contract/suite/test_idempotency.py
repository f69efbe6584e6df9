"""One key, one engagement: IDEM-1 to IDEM-15."""

import unicodedata
from typing import Any

from contract.judge.races import judge_race
from contract.judge.replay import Case, control, created, example, group, refused, replayed
from contract.run.recorder import NotApplicable, Untested, Violation
from contract.suite.marks import at_the_end, each_rule, rule
from contract.target.client import BURST, Client


@rule("IDEM-1")
def test_a_repeat_returns_the_stored_engagement(client: Client) -> None:
    """The same submission again, and again, gets 200 and the same engagement, whatever was created since."""
    first = created(client, client.submission())
    second = created(client, client.submission(title=f"{client.run_id} created since"), "IDEM-1")
    for exchange in (first, second, first, first):
        replayed(client, exchange, exchange.request.body, "IDEM-1")


def changed_fields(client: Client) -> dict[str, dict[str, Any]]:
    """Return a different valid value for each field of a submission but the key."""
    media = client.config.accepted[-1]
    return {
        "type": {"type": "MEETING"},
        "title": {"title": f"{client.run_id} another title"},
        "media_url": {"media_url": media},
        "run_workflows": {"run_workflows": True},  # a repeat triggers nothing
        "start_at": {"start_at": "2021-02-03T04:05:06Z"},
        "is_private": {"is_private": False},
        "participants": {"participants": [{"name": "Someone Else", "email": "else@example.com"}]},
        "transcript_text": {"transcript_text": "Another transcript."},
    }


@rule("IDEM-2")
def test_a_repeat_changes_nothing(client: Client) -> None:
    """Whichever other field differs, one at a time and all at once, the stored engagement comes back and stays."""
    first = created(client, client.submission(start_at="2024-05-06T07:08:09Z", transcript_text="The first."))
    changes = changed_fields(client)
    everything = {name: value for change in changes.values() for name, value in change.items()}
    for change in (*changes.values(), {**everything, "source_system": "elsewhere"}):
        replayed(client, first, {**first.document, **change}, "IDEM-2")
    for broken in ({"title": ""}, {"run_workflows": "no"}, {"media_url": "https://10.0.0.1/a.mp3"}):
        client.submit({**first.document, **broken}, expect="replayed")  # refused or not, it changes nothing
    replayed(client, first, first.request.body, "IDEM-2")


@rule("IDEM-3")
def test_source_system_is_not_part_of_the_key(client: Client) -> None:
    """The same key under another source system is a repeat."""
    first = created(client, client.submission())
    replayed(client, first, {**first.document, "source_system": "another-system"}, "IDEM-3")


@rule("IDEM-4")
def test_the_key_is_scoped_to_the_workspace(client: Client) -> None:
    """The same key in another workspace is another engagement, and each workspace keeps its own."""
    first = created(client, client.submission(title=f"{client.run_id} first workspace"))
    there = {**first.document, "title": f"{client.run_id} second workspace"}
    client.credential("other_workspace")
    second = created(client, there, "IDEM-4", credential="other_workspace")
    replayed(client, first, first.request.body, "IDEM-4")
    replayed(client, second, there, "IDEM-4", credential="other_workspace")


def _filler(key: str, size: int) -> str:
    return key + "k" * (size - len(key))


def near_keys(client: Client, name: str) -> list[str]:
    """Return keys that a careless comparison takes for one."""
    key = client.key("-Key")
    if name == "IDEM-5":
        return [key, key.upper(), key.lower()]
    if name == "IDEM-6":
        spaced = [key, f"{key} ", f" {key}", f"{key} x", f"{key}  x"]
        return spaced if client.profile.name != "thorough" else [*spaced, f"{key}\t", f"{key}\n", f"{key}\u00a0"]
    if name == "IDEM-7":
        full, tail = _filler(key, 499), "t" * 300
        # A long common beginning, and a long common end behind the same letters in another order.
        return [full + "a", full + "b", full, f"{key}:xy:{tail}", f"{key}:yx:{tail}"]
    letters = ("e", "é", "è", "你", "好", "😀", "😁", "ω", "ß", "ss")
    return [key + letter for letter in letters[: client.profile.pick(7, 8, 10)]]


@each_rule("IDEM-5", "IDEM-6", "IDEM-7", "IDEM-8")
def test_keys_that_are_nearly_equal_are_different(client: Client, name: str) -> None:
    """Keys that differ in case, white space, tail or beyond ASCII make an engagement each, and replay their own."""
    firsts = []
    for number, key in enumerate(near_keys(client, name)):
        document = client.submission(external_id=key, title=f"{client.run_id} near key {number}")
        firsts.append(created(client, document, name))
    for first in firsts:
        replayed(client, first, first.request.body, name)


@rule("IDEM-7")
def test_no_two_keys_collide(client: Client) -> None:
    """Keys that were never used are free. Asked with a recording that is refused, so that nothing is created.

    It finds keys that are kept as a short hash, where the target looks the key up before it judges the recording.
    """
    probes = client.profile.pick(400, 2500, 6000) if client.config.loopback else 0
    for _ in range(probes):
        document = client.submission(media_url="https://10.0.0.1/a.mp3")
        exchange = client.submit(document, expect="refused")
        if exchange.response.status == 200 and exchange.response.id in client.ids:
            other = client.ids[exchange.response.id or ""]
            raise Violation("IDEM-7", "a refusal, as the key is new", f"the engagement of the key {other!r}", exchange)
        if exchange.response.status not in {400, 422}:
            return  # URL-3 has something to say about this


def refusals(client: Client) -> list[Case]:
    """Return one refusal of each kind."""
    kinds = [
        Case("a missing field", without="title"),
        Case("a wrong type", {"run_workflows": "false"}),
        Case("a title that is too long", {"title": "t" * 501}),
        Case("an http URL", {"media_url": client.config.accepted[0].replace("https:", "http:", 1)}),
        Case("a private address", {"media_url": "https://192.168.1.10/a.mp3"}),
        Case("a recording that cannot be fetched", {"media_url": client.config.unreachable[0]}),
    ]
    if client.config.rejected:
        kinds.append(Case("no recording", {"media_url": client.config.rejected[0]}))
    return kinds


@rule("IDEM-9")
def test_a_refused_submission_leaves_the_key_free(client: Client) -> None:
    """After a refusal of any kind the same key creates."""
    key = client.key()
    client.submit(client.submission(external_id=key), credential=None, expect="unauthorized")
    control(client, key, "without a credential")
    kinds = refusals(client)
    group(client, {"IDEM-9": kinds})  # one after the other under one key: none may become a repeat of what it was not
    for case in client.profile.pick([], kinds, kinds):
        key = client.key()
        refused(client, case, "IDEM-9", key)
        control(client, key, case.name)


@rule("IDEM-10", "IDEM-13")
def test_parallel_first_submissions_create_one_engagement(client: Client) -> None:
    """Of eight first submissions whose last bytes arrive together one creates; the others get it, or 409."""
    rounds = client.profile.pick(3, 8, 25)
    raced = 0
    for _ in range(2 * rounds):
        known = set(client.ids)
        key = client.key("-race")
        racers = [client.submission(external_id=key, title=f"{client.run_id} racer {n}") for n in range(BURST)]
        exchanges = client.race([client.request(racer) for racer in racers])
        # A target that limits its callers may let only some of a burst through; two are a race.
        heard = [exchange for exchange in exchanges if exchange.response.status != 429]
        if len(heard) > 1:
            judge_race(client, key, heard, known)
            raced += 1
        if raced == rounds:
            return
    if not raced:
        raise Untested("the target answers 429 to a burst of eight requests")


@at_the_end
@rule("IDEM-11")
def test_keys_are_remembered(client: Client) -> None:
    """What was created at the beginning of the run, and on its way, still replays at its end."""
    if client.anchor is None:
        raise Untested("nothing was created")
    # A target may also forget by time, and against a fast one the whole run is over in a second.
    client.outlast(client.anchor, client.profile.pick(2.0, 5.0, 15.0))
    replayed(client, client.anchor, client.anchor.request.body, "IDEM-11")
    for first in client.milestones[:: max(1, len(client.milestones) // client.profile.pick(3, 10, 30))]:
        replayed(client, first, first.request.body, "IDEM-11")


@rule("IDEM-12")
def test_whether_keys_are_normalised(client: Client) -> None:
    """Two keys that are equal only after Unicode normalisation are one key or two."""
    key = client.key("-é")
    first = client.submit(client.submission(external_id=unicodedata.normalize("NFC", key)))
    second = client.submit(client.submission(external_id=unicodedata.normalize("NFD", key)))
    if not first.response.ok or not second.response.ok:
        client.recorder.observe("IDEM-12", "refuses a decomposed or composed key")
        return
    same = first.response.id == second.response.id
    client.recorder.observe("IDEM-12", "normalises keys" if same else "keeps normalisation forms apart")


@rule("IDEM-14")
def test_the_status_of_a_first_create(client: Client) -> None:
    """A first create is answered with 201, 200 or 202."""
    exchange = example(client, "plain")
    client.recorder.observe("IDEM-14", f"answers {exchange.response.status} to a first create")


@rule("IDEM-15")
def test_whether_the_recording_is_judged_before_the_key(client: Client) -> None:
    """A repeat with an unusable recording gets 200 if the key is looked up first, a refusal otherwise."""
    if client.anchor is None:
        raise NotApplicable("nothing was created")
    for what, url in (("scheme", "http://example.com/a.mp3"), ("address", "https://10.0.0.1/a.mp3")):
        exchange = client.submit({**client.anchor.document, "media_url": url}, expect="replayed")
        order = "the key before the URL's" if exchange.response.ok else "the URL's"
        after = "" if exchange.response.ok else " before the key"
        client.recorder.observe("IDEM-15", f"judges {order} {what}{after}")
