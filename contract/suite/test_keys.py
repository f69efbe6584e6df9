"""Which keys are equal: IDEM-5 to IDEM-8, IDEM-12. The shapes of the keys are in `cases/keys.py`."""

import unicodedata
from collections.abc import Iterator
from typing import Any

from contract.cases import urls
from contract.cases.keys import NEAR, NUMBERS, PLAIN, STORED, TWINS, WORDS, Shape, Twins
from contract.exchange import Exchange
from contract.judge.answers import answer
from contract.outcome import NotApplicable, See, Violation
from contract.run import blame
from contract.run.client import REPEAT, RecordingClient
from contract.run.groups import settle
from contract.run.steps import created, created_near, example, replayed
from contract.suite.marks import each_rule, needs, rule

ON_THIS_MACHINE = "a key that does not begin with the run's own mark is sent to this machine only"


@each_rule(*NEAR)
@needs(REPEAT)
def test_keys_that_are_nearly_equal_are_different(client: RecordingClient, name: str) -> None:
    """Keys that differ in case, white space, tail or beyond ASCII make an engagement each, and replay their own.

    The more thorough the profile, the more there are. One that is taken for another is no reason to leave out the next.
    """
    most = {"IDEM-5": (2, 3, 4), "IDEM-6": (4, 5, 9), "IDEM-7": (7, 7, 7), "IDEM-8": (6, 13, 14)}
    unique, failures = client.key(), []
    firsts: list[Exchange] = []
    options: dict[str, Any] = {"headers": _with_one_key(client)} if name == "IDEM-7" else {}
    for number, shape in enumerate(NEAR[name][: client.profile.pick(*most[name])]):
        form = client.forms[number % len(client.forms)]
        changes = {"external_id": shape.key(unique), "title": f"{client.run_id} near key {number}"}
        try:
            near = [first.request.key for first in firsts]
            firsts.append(created_near(client, client.submission(**{**form, **changes}), name, near, **options))
        except Violation as violation:
            failures.append(violation)
    for first in firsts if not failures else ():
        replayed(client, first, first.request.body, name)
    settle(client, failures)


def _with_one_key(client: RecordingClient) -> tuple[tuple[str, str], ...]:
    """Return the usual headers and one that is the key in other APIs. In this one external_id is the key."""
    usual = client.request(client.submission()).headers
    return (*usual, ("Idempotency-Key", client.run_id))


@each_rule(*TWINS)
@needs(REPEAT)
def test_keys_that_are_cleaned_are_different(client: RecordingClient, name: str) -> None:
    """A key that becomes a stored one when it is folded, cleaned, decoded or matched is free."""
    failures = [violation for group in TWINS[name] for violation in _taken_twins(client, group, name)]
    settle(client, failures)


@rule("IDEM-7")
@needs(REPEAT)
def test_numbers_are_keys_like_others(client: RecordingClient) -> None:
    """Keys of digits are texts; asked on this machine only, as they do not begin with the run's own mark."""
    if not client.config.loopback:
        raise NotApplicable(ON_THIS_MACHINE)
    number = str(9 * 10**19 + int(client.run_id.removeprefix("ck"), 16))  # more digits than a number of a language has
    groups = NUMBERS[: client.profile.pick(1, 2, 2)]
    settle(client, [taken for group in groups for taken in _taken_twins(client, group, "IDEM-7", number)])


def _taken_twins(client: RecordingClient, group: Twins, name: str, unique: str = "") -> Iterator[Violation]:
    """Yield a violation for each twin that is taken for the stored key.

    Asked with a recording that is refused, so that nothing is created. That shows something only where the target looks
    the key up before it judges the recording; on others the longer profiles create some.
    """
    first, unique = _stored(client, group.stored, unique or client.key())
    changes = {"media_url": (client.config.rejected or (urls.PRIVATE,))[0]}
    plain = PLAIN if group.stored is STORED and name != "IDEM-7" else ()
    twins, expect = (*plain, *group.twins), "refused"
    if not client.submit({**first.document, **changes}, expect="replayed").response.ok:
        changes, twins, expect = {}, group.twins[: client.profile.pick(0, 4, 9)], "created"
    for shape in twins:
        document = {**first.document, **changes, "external_id": shape.key(unique)}
        exchange = client.submit(document, expect=expect)
        if exchange.response.ok and exchange.response.id == first.response.id:
            if shape in plain:
                raise See("IDEM-7")
            expected = f"a key of its own, which is not {exchange.shown(first.request.key)}"
            yield Violation(name, expected, answer(exchange), exchange)


def _stored(client: RecordingClient, shape: Shape, unique: str) -> tuple[Exchange, str]:
    """Return the engagement whose key has twins, created once a run, and the unique part of its key."""
    name = shape.before + shape.end
    if name not in client.examples:
        client.examples[name] = created(client, client.submission(external_id=shape.key(unique)), "IDEM-7")
    first = client.examples[name]
    return first, (first.request.key or "").removeprefix(shape.before).removesuffix(shape.end)


@rule("IDEM-7")
def test_no_two_keys_collide(client: RecordingClient) -> None:
    """Keys that were never used are free. Asked with a recording that is refused, so that nothing is created.

    It finds keys that are kept as a short hash, where the target looks the key up before it judges the recording.
    """
    probes = client.profile.pick(95, 2500, 6000) if client.config.loopback else 0
    for _ in range(probes):
        document = client.submission(media_url=urls.PRIVATE)
        exchange = client.submit(document, expect="refused")
        if exchange.response.status == 200 and exchange.response.id in client.ids:
            other = exchange.shown(client.ids[exchange.response.id or ""])
            raise Violation("IDEM-7", "a refusal, as the key is new", f"the engagement of the key {other}", exchange)
        if exchange.response.status not in {400, 422}:
            return  # URL-3 has something to say about this


@rule("IDEM-7")
@needs(REPEAT)
def test_words_of_a_language_are_keys_like_others(client: RecordingClient) -> None:
    """They are taken, by the first run that sends them or by an earlier one; asked on this machine only."""
    if not client.config.loopback:
        raise NotApplicable(ON_THIS_MACHINE)
    if example(client, "plain").response.id is None:
        raise See("RESP-1")
    for word in WORDS[: client.profile.pick(1, 2, 2)]:
        document = client.submission(external_id=word)
        first = blame.conclusive(client.submit(document))
        again = blame.conclusive(client.submit(document, expect="replayed"))
        if first.response.id is None or again.response.id not in {None, first.response.id}:
            said = f"{answer(first)}, then {answer(again)}"
            raise Violation("IDEM-7", f"one engagement for the key {word}", said, again)


@rule("IDEM-12")
def test_whether_keys_are_normalised(client: RecordingClient) -> None:
    """Two keys that are equal only after Unicode normalisation are one key or two."""
    key = client.key("-é")
    first = client.submit(client.submission(external_id=unicodedata.normalize("NFC", key)))
    second = client.submit(client.submission(external_id=unicodedata.normalize("NFD", key)))
    if not first.response.ok or not second.response.ok:
        client.recorder.observe("IDEM-12", "refuses a decomposed or composed key")
        return
    same = first.response.id == second.response.id
    client.recorder.observe("IDEM-12", "normalises keys" if same else "keeps normalisation forms apart")
