"""One key, one engagement: IDEM-1 to IDEM-3, IDEM-9 to IDEM-11, IDEM-13 to IDEM-15. Near keys are in `test_keys.py`."""

from itertools import product
from typing import Any

from contract.cases import bodies, urls
from contract.cases.keys import LONGEST, Shape
from contract.cases.scenarios import refusals
from contract.cases.submission import Submission
from contract.exchange import Exchange
from contract.judge.answers import answer
from contract.judge.reading import HIDDEN
from contract.judge.replay import judge_touched
from contract.outcome import NotApplicable, See, Untested, Violation
from contract.run import blame
from contract.run.client import REPEAT, RecordingClient
from contract.run.groups import control
from contract.run.reading import readable, shown
from contract.run.steps import check_race, created, example, replayed, stands
from contract.spec.fields import fields, required
from contract.suite.marks import at_the_end, needs, rule

BURSTS = 2  # that are tried until one of them is refused before another one of them creates


@rule("IDEM-1")
@needs(REPEAT)
def test_a_repeat_returns_the_stored_engagement(client: RecordingClient) -> None:
    """The same submission again, and again, gets 200 and the same engagement, whatever was created since."""
    first, since = example(client, "plain"), example(client, "full")
    for exchange in (first, since, first, first):
        replayed(client, exchange, exchange.request.body)


def changed_fields(client: RecordingClient) -> list[dict[str, Any]]:
    """Return a different valid value for each field of a submission but the key, one by one."""
    values = {
        **client.full(),
        "title": f"{client.run_id} another title, which is longer",
        "media_url": client.config.accepted[-1],
    }
    values |= {"run_workflows": True, "is_private": not client.config.discreet, "start_at": "2021-02-03T04:05:06Z"}
    return [{name: value} for name, value in values.items() if name not in client.broken]


@rule("IDEM-2")
@needs(REPEAT)
def test_a_repeat_changes_nothing(client: RecordingClient) -> None:
    """Whichever other field differs, one at a time and all at once, the stored engagement comes back and stays."""
    start = {} if "start_at" in client.broken else {"start_at": "2024-05-06T07:08:09Z"}
    first = created(client, client.submission(**start, **client.allowed({"is_private": False})))
    changes = changed_fields(client)
    everything = client.allowed({name: value for change in changes for name, value in change.items()})
    for change in (*changes, everything):
        with client.case("IDEM-2", f"a repeat with another {', '.join(change)}"):
            replayed(client, first, {**first.document, **change}, "IDEM-2")
    for broken in ({"title": ""}, {"run_workflows": "no"}, {"media_url": urls.PRIVATE}):
        with client.case("IDEM-2", f"a repeat with a broken {', '.join(broken)}"):
            client.submit({**first.document, **everything, **broken}, expect="observed")
    with client.case("IDEM-2", "a repeat that says what its first submission left out"):
        minimal = example(client, "minimal")
        replayed(client, minimal, {**minimal.document, "is_private": True}, "IDEM-2")
    with client.case("IDEM-2", "a repeat that leaves out what its first submission said"):
        plain = example(client, "plain")
        replayed(client, plain, {name: plain.document[name] for name in required()}, "IDEM-2")
    repeats = [replayed(client, first, first.request.body) for _ in range(4)]
    for finding in judge_touched(repeats):
        raise Violation(*finding, repeats[-1])


@rule("IDEM-3")
@needs(REPEAT)
def test_source_system_is_not_part_of_the_key(client: RecordingClient) -> None:
    """The same key under another source system is a repeat, of each type, also where only its case is another."""
    for name, source in (("plain", "another-system"), ("plain", "CONTRACT-KIT"), ("full", "another-system")):
        first = example(client, name)
        replayed(client, first, {**first.document, "source_system": source})


@rule("IDEM-9")
def test_a_refused_submission_leaves_the_key_free(client: RecordingClient) -> None:
    """After a refusal of any kind the same key creates; all kinds under one key, and in longer profiles one by one."""
    config = client.config
    everything = refusals(config.accepted[0], config.rejected, config.unreachable)
    kinds = tuple(case for case in everything if not client.recorder.findings[case.rule].failed) or everything
    key = client.key()
    refused: list[Exchange] = []
    for case in kinds:
        try:
            with client.case("IDEM-9", case.why):
                refused.append(_refusal(client, case, key, *refused[-1:]))
        except Untested as reason:
            client.recorder.leave("IDEM-9", reason)
            key = client.key()  # this one is taken now
            refused.clear()
    if refused:
        control(client, key, "of any kind", refused[-1])
    for case in client.profile.pick((), kinds, kinds):
        key = client.key()
        with client.case("IDEM-9", case.why):
            control(client, key, case.why, _refusal(client, case, key))


def _accepted(client: RecordingClient, case: Submission) -> bool:
    """Tell whether a case that is to be refused is accepted under a key of its own."""
    return client.submit(case.content(client.base, client.key()), expect="refused").response.ok


def _refusal(client: RecordingClient, case: Submission, key: str, before: Exchange | None = None) -> Exchange:
    """Return a refusal under this key, whatever its status. Raises See if it is none: its own rule has a test.

    A key that is still held by the refusal `before`, or that has stored it, is a Violation.
    """
    exchange = client.submit(case.content(client.base, key), expect="refused")
    if exchange.response.ok and client.shows_another(exchange):
        raise blame.taken_for_another(exchange, f"{case.why}: {case.statuses}")
    if exchange.response.ok and (before is None or _accepted(client, case)):
        raise See(case.rule)
    if exchange.response.ok or exchange.response.status == 409:
        expected = f"the key to be free after a refusal, and this to be refused as if it were the first: {case.why}"
        raise Violation("IDEM-9", expected, answer(exchange), exchange)
    return exchange


def _racers(client: RecordingClient, key: str, number: int) -> list[dict[str, Any]]:
    """Return first submissions of one key: eight, as three fields may each differ or not. Each round has other fields.

    A guard may hold such a field, too.
    """
    others = (
        {"type": fields()["type"].values[-1]},
        {"source_system": "another-system"},
        {"media_url": client.config.accepted[-1]},
        {"is_private": False},
        {"start_at": "2021-02-03T04:05:06Z"},
        {"participants": [bodies.PERSON]},
    )
    fine = [client.allowed(one) for one in others if not client.broken.keys() & one.keys()]
    chosen = [fine[(3 * number + turn) % len(fine)] for turn in range(3)]
    mixed = [{**one, **other, **third} for one, other, third in product(*(({}, change) for change in chosen))]
    mixed[1::2] = mixed[::-2]  # neighbours, which meet most, differ in all three
    titles = [f"{client.run_id} {'racer ' * place}{place}" for place in range(len(mixed))]  # of different lengths
    return [
        client.submission(external_id=key, title=title, **changes) for title, changes in zip(titles, mixed, strict=True)
    ]


@rule("IDEM-10", "IDEM-13")
@needs(REPEAT)
def test_parallel_first_submissions_create_one_engagement(client: RecordingClient) -> None:
    """Of eight first submissions whose last bytes arrive together one creates; the others get it, or 409."""
    rounds = client.profile.pick(3, 8, 25)
    raced = 0
    for _ in range(2 * rounds):
        known = dict(client.engagements)
        shape = Shape(length=LONGEST) if raced else Shape()  # a guard may hold a part of the key
        racers = _racers(client, shape.key(client.key("-race")), raced)
        exchanges = client.race([client.request(racer) for racer in racers])
        # A target that limits its callers may let only some of a burst through; two are a race.
        if len(exchanges) > 1:
            check_race(client, exchanges, known)
            raced += 1
        if raced == rounds:
            return
    if not raced:
        raise Untested("no burst of eight requests was answered by the target itself, and in time")


@rule("IDEM-9")
@needs(REPEAT)
def test_a_refusal_is_not_shared(client: RecordingClient) -> None:
    """Submissions with a usable recording do not get the refusal of others that came at the same moment."""
    stands(client, "IDEM-10")
    unusable = (client.config.rejected or (urls.PRIVATE,))[0]
    for _ in range(BURSTS):
        usable = client.submission(external_id=client.key("-race"))
        others = [{**usable, "media_url": unusable}] * 3
        documents = (*others, usable, usable, *others)
        plans = ["created" if document is usable else "refused" for document in documents]
        racers = [client.request(document, expect=plan) for document, plan in zip(documents, plans, strict=True)]
        exchanges = client.race(racers)
        # What the answer to its first was, if that was lost on its way.
        later = client.submit(usable, expect="replayed")
        for exchange in exchanges:
            if exchange.request.expect == "created" and not exchange.response.ok and exchange.response.status != 409:
                blame.ask_alone(client, exchange)
                raise Violation("IDEM-9", "a refusal for others alone", answer(exchange), exchange)
        for exchange in exchanges:
            if exchange.response.id not in {None, later.response.id} and _is_gone(client, exchange):
                expected = f"the engagement {exchange.response.id} again, which the burst was answered with"
                raise Violation("IDEM-9", expected, answer(later), later)
        if not all(exchange.response.ok for exchange in exchanges):
            return  # one was refused before another created


def _is_gone(client: RecordingClient, exchange: Exchange) -> bool:
    """Tell whether an engagement that an answer showed cannot be read any more, where the target offers that."""
    try:
        readable(client, "read")
        return shown(client, exchange).response.status in HIDDEN
    except (Untested, NotApplicable):
        return False


@at_the_end
@rule("IDEM-2", "IDEM-11")
@needs(REPEAT)
def test_keys_are_remembered(client: RecordingClient) -> None:
    """What was created at the beginning of the run, and on its way, still replays at its end, and does not change."""
    if client.anchor is None:
        raise Untested("nothing was created")
    # A target may also forget by time, and against a fast one the whole run is over in a second.
    client.outlast(client.anchor, client.profile.pick(2.0, 5.0, 15.0))
    replayed(client, client.anchor, client.anchor.request.body, "IDEM-11")
    another = {**client.anchor.document, "title": f"{client.run_id} another title at the end"}
    for document in (another, client.anchor.document):  # what is processed by now may be overwritten, or begin again
        replayed(client, client.anchor, document)
    some = client.milestones[:: max(1, len(client.milestones) // client.profile.pick(3, 10, 30))]
    other_types = [first for first in client.milestones if first.document.get("type") != client.base["type"]]
    for first in (*some, *other_types[:1]):
        replayed(client, first, first.request.body, "IDEM-11")


@rule("IDEM-14")
def test_the_status_of_a_first_create(client: RecordingClient) -> None:
    """A first create is answered with 201, 200 or 202."""
    exchange = example(client, "plain")
    client.recorder.observe("IDEM-14", f"answers {exchange.response.status} to a first create")


@rule("IDEM-15")
def test_whether_the_recording_is_judged_before_the_key(client: RecordingClient) -> None:
    """A repeat with an unusable recording gets 200 if the key is looked up first, a refusal otherwise."""
    if client.anchor is None:
        raise NotApplicable("nothing was created")
    for what, url in (("scheme", "http://example.com/a.mp3"), ("address", urls.PRIVATE)):
        exchange = client.submit({**client.anchor.document, "media_url": url}, expect="replayed")
        order = "the key before the URL's" if exchange.response.ok else "the URL's"
        after = "" if exchange.response.ok else " before the key"
        client.recorder.observe("IDEM-15", f"judges {order} {what}{after}")
