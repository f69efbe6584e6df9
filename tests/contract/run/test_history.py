"""What a run remembers of what it sent before."""

import pytest

from contract.run import history
from contract.script import Meanwhile, curl
from tests.kit.targets import Make, Scripted, Target, engagement, reply


def test_only_what_was_sent_in_one_burst_is_one(make: Make) -> None:
    """Requests of the same moment, one after the other or in two bursts, are not taken for one burst."""
    client = make(Scripted(engagement()))
    alone = [client.submit(client.submission()) for _ in range(2)]
    bursts = [client.race([client.request(client.submission()) for _ in range(2)]) for _ in range(2)]
    assert len({exchange.started for exchange in (*alone, *bursts[0], *bursts[1])}) < 6  # the clock stands still
    known = client.recorder.history
    assert [known.burst(exchange) for exchange in alone] == [[], []]
    for burst in bursts:
        sent = [exchange.request for exchange in burst]
        assert [exchange.request for exchange in known.burst(burst[0])] == sent


def test_what_was_sent_before_comes_in_its_order(make: Make) -> None:
    """Who made the engagement comes first, then the latest under this key, whatever a clock says of them."""
    client = make(Scripted(Target()))
    document = client.submission()
    sent = [client.submit({**document, "title": title}, expect="replayed") for title in ("a", "b", "c")]
    before = client.recorder.history.before(sent[2], "IDEM-2")
    assert [exchange.request for exchange in before] == [sent[0].request, sent[1].request]


def test_what_other_keys_sent_meanwhile_is_counted(make: Make) -> None:
    """Between a first submission and its repeat: engagements of other keys, and what made none; not its own repeats."""
    client = make(Scripted(Target(lambda document: document["title"] == "refused")))
    first = client.submit(client.submission())
    client.submit(first.request.body, expect="replayed")
    client.submit(first.request.body, expect="unauthorized", credential=None)
    for title in ("a", "b", "refused"):
        client.submit(client.submission(title=title))
    repeat = client.submit(first.request.body, expect="replayed")
    assert client.recorder.history.meanwhile(repeat) == Meanwhile(creations=2, requests=2)
    assert client.recorder.history.meanwhile(client.submit(client.submission())) == Meanwhile()


def test_what_made_an_engagement_is_kept_longer_than_what_made_none(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Refused keys without number do not push out the first submission, nor do its own repeats."""
    monkeypatch.setattr(history, "MOST_KEYS", 50)
    client = make(Scripted(Target(lambda document: document["title"] == "refused")))
    first = client.submit(client.submission())
    for _ in range(55):
        client.submit(client.submission(title="refused"), expect="refused")
    repeat = client.submit(first.request.body, expect="replayed")
    assert client.recorder.history.meanwhile(repeat).requests == 55
    monkeypatch.setattr(history, "MOST_STEPS", 5)
    for title in "abcdefghi":
        repeat = client.submit({**first.document, "title": title}, expect="replayed")
    before = client.recorder.history.before(repeat, "IDEM-2")
    assert [exchange.request for exchange in before][:1] == [first.request]


def test_a_line_takes_brackets_as_they_are(make: Make) -> None:
    """Curl takes brackets in a URL for a pattern unless it is told otherwise."""
    client = make(Scripted(reply(200, {})))
    assert " -g " in curl(client.read("?filter[start_at][gt]=x", "writer"))
    assert " -g " not in curl(client.read("?limit=1", "writer"))
