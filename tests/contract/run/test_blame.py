"""Which rule is to blame where a target breaks several at once: the plainest of them."""

from __future__ import annotations

from collections import Counter

import pytest

from contract.cases import urls
from contract.cases.submission import media
from contract.exchange import Request, Response
from contract.judge.submission import judge
from contract.outcome import See, Violation
from contract.run.steps import check_race, created, created_near, refused, replayed
from tests.kit.targets import Make, Scripted, Target, engagement, failed

HOSTILE = [url for rule in ("URL-11", "URL-12", "URL-13", "URL-14") for url in urls.HOSTS[rule]]
REDIRECT = urls.configured((), ("https://media.example.com/moved.mp3",), ())[0]


def accepting(*accepted: urls.Url) -> Scripted:
    """Return a target that refuses every recording but these."""
    return Scripted(Target(lambda document: document["media_url"] not in {url.value for url in accepted}))


@pytest.mark.parametrize("url", HOSTILE, ids=lambda url: url.value)
def test_whatever_leads_to_an_address_has_the_address_as_its_plainer_case(make: Make, url: urls.Url) -> None:
    """A target that lets an address through does so however it is written; the address is to blame, and told once."""
    plain = url.plainer
    assert plain is not None
    client = make(accepting(url, plain))
    for _ in range(2):
        with pytest.raises(See, match=f"see {plain.rule}$"):
            refused(client, media(url), client.key())
    assert [len(failures) for failures in failed(client).values()] == [1]
    client = make(accepting(url))
    with pytest.raises(Violation) as caught:
        refused(client, media(url), client.key())
    assert caught.value.rule == url.rule
    assert failed(client) == {}


def test_a_drawn_url_keeps_its_plainer_case(make: Make) -> None:
    """What Schemathesis sends is judged by its text alone, and blamed in the same way."""
    url = urls.HOSTS["URL-11"][0]
    document = {**make(Scripted(Target())).submission(), "media_url": url.value}
    assert judge(document, {url.value: url}).case == media(url)


def test_a_redirect_is_not_to_blame_where_the_address_itself_is_let_through(make: Make) -> None:
    """Nobody knows which address it leads to, so any private range will do."""
    client = make(Scripted(Target()))
    with pytest.raises(Violation):
        refused(client, media(REDIRECT), client.key())
    with pytest.raises(Violation) as caught:
        refused(client, media(urls.HOSTS["URL-5"][0]), client.key())
    client.recorder.fail("URL-5", caught.value)
    with pytest.raises(See, match="see URL-5"):
        refused(client, media(REDIRECT), client.key())


@pytest.mark.parametrize(("near", "rule"), [(["a-x"], "IDEM-5"), ([], "IDEM-7"), (["another"], "IDEM-7")])
def test_a_key_is_near_to_those_that_are_named(make: Make, near: list[str], rule: str) -> None:
    """Taken for one of these it breaks the rule about what they differ in; for any other one, IDEM-7."""
    client = make(Scripted(engagement(1), engagement(1, 200)))
    first = created(client, client.submission(external_id="a-x"))
    with pytest.raises(Violation) as caught:
        created_near(client, {**first.document, "external_id": "A-x"}, "IDEM-5", near)
    assert caught.value.rule == rule


def test_what_was_made_under_an_unknown_key_is_anothers(make: Make) -> None:
    """A body that only the target can read makes an engagement; a new key that gets it is taken for that one."""
    client = make(Scripted(engagement(1), engagement(1, 200)))
    client.submit(client.submission(), key=None)
    client.forget()
    with pytest.raises(Violation) as caught:
        created(client, client.submission(title="another"), "IDEM-9")
    assert caught.value.rule == "IDEM-7"


def test_a_later_repeat_that_is_none_is_no_fault_of_a_race_or_a_workspace(make: Make) -> None:
    """From the second repeat on there is 201: asked in turn, under a key that nobody raced for, it is the same."""
    target, seen = Target(), Counter[str]()

    def answered(request: Request) -> Response:
        response = target(request)
        seen[request.key or ""] += 1
        return Response(201, response.headers, response.content) if seen[request.key or ""] > 2 else response

    client = make(Scripted(answered))
    first = created(client, client.submission())
    replayed(client, first, first.document, "IDEM-4")
    with pytest.raises(See, match="see IDEM-1"):
        replayed(client, first, {**first.document, "title": "another"}, "IDEM-4")
    key = client.key()
    with pytest.raises(See, match="see IDEM-1"):
        check_race(client, client.race([client.request(client.submission(external_id=key)) for _ in range(2)]), {})
    assert failed(client).keys() == {"IDEM-1"}
