"""Who may call at all: AUTH-1 to AUTH-8."""

from collections.abc import Sequence

import pytest

from contract.cases.credentials import API_KEY, NONE, OTHER_CASE, UNKNOWN, WRONG, WrongCredential
from contract.exchange import Exchange
from contract.judge.answers import answer
from contract.outcome import LeftOut, NotApplicable, See, Untested, Violation
from contract.run.client import REPEAT, RecordingClient
from contract.run.groups import close, flat
from contract.run.reading import offered, readable, refused_to_strangers, shown
from contract.run.steps import check_repeat, created, example, replayed, turned_away
from contract.suite.marks import each_group, needs, rule

RECIPES = {
    rule_id: tuple(wrong for wrong in WRONG if wrong.rule == rule_id) for rule_id in ("AUTH-2", "AUTH-3", "AUTH-4")
}


@each_group(RECIPES)
def test_what_is_not_a_valid_credential_is_refused(
    client: RecordingClient, cases: dict[str, Sequence[WrongCredential]]
) -> None:
    """A submission without an exactly valid credential gets 401, and its key stays free."""
    key = client.key()
    failures = []
    for name, case in flat(cases):
        client.recorder.focus(name)
        try:
            turned_away(client, case, key)
        except LeftOut as reason:
            client.recorder.leave_out(name, f"{case.why} ({reason})")
        except Untested as reason:
            client.recorder.leave(name, reason)
        except Violation as violation:
            violation.rule = violation.rule or name
            failures.append(violation)
            key = client.key()
    client.recorder.focus(None)
    close(client, key, failures, "a request without a valid credential")


def _with(client: RecordingClient, authorization: str) -> Exchange:
    """Repeat a submission that is known to be accepted under another form of the same credential."""
    body = example(client, "plain").request.body
    return client.submit(body, expect="replayed", headers=_headers(authorization))


def _headers(authorization: str) -> tuple[tuple[str, str], ...]:
    return (("Authorization", authorization), ("Content-Type", "application/json"))


def _api_key(client: RecordingClient, name: str) -> str:
    """Return a configured credential. Raises NotApplicable if it is a token of another kind."""
    client.credential(name)
    token = client.config.credentials[name].token
    if not token.startswith(API_KEY):
        raise NotApplicable(f"the configured {name} is no API key")
    return token


@rule("AUTH-1")
@needs(REPEAT)
def test_a_bearer_credential_is_accepted(client: RecordingClient) -> None:
    """A valid credential after Bearer authenticates."""
    exchange = _with(client, f"Bearer {client.config.credentials['writer'].token}")
    if not exchange.response.ok:
        raise Violation("AUTH-1", "a valid credential to be accepted after Bearer", answer(exchange), exchange)


@rule("AUTH-3")
@needs(REPEAT)
def test_each_request_of_a_connection_needs_its_own_credential(client: RecordingClient) -> None:
    """A wrong credential behind a valid one is refused: a parser may take the header for the one of before."""
    for wrong in (OTHER_CASE, NONE):
        first = example(client, "plain")
        replayed(client, first, first.request.body)
        with client.case("AUTH-3", wrong.why):
            turned_away(client, wrong, client.key())


@rule("AUTH-5")
@needs(REPEAT)
def test_an_api_key_is_accepted_bare(client: RecordingClient) -> None:
    """An API key alone in the Authorization header authenticates, and is the same caller as behind Bearer."""
    token = _api_key(client, "writer")
    exchange = _with(client, token)
    if not exchange.response.ok:
        raise Violation("AUTH-5", "an API key to be accepted without Bearer", answer(exchange), exchange)
    first = example(client, "plain")
    check_repeat(client, exchange, first, "AUTH-5")
    made = created(client, client.submission(), "AUTH-5", headers=_headers(token))
    owners = [one.response.engagement.get("owner_user_id") for one in (first, example(client, "full"), made)]
    behind_bearer, again, bare = owners
    if behind_bearer != again:
        raise See("SCOPE-4")
    if behind_bearer != bare:
        raise Violation("AUTH-5", f"the owner {made.shown(behind_bearer)}, as behind Bearer", made.shown(bare), made)


@rule("SCOPE-1")
def test_a_bare_api_key_needs_the_scope(client: RecordingClient) -> None:
    """Without Bearer, too, a credential without engagements:write does not create."""
    headers = _headers(_api_key(client, "reader"))
    exchange = client.submit(client.submission(), credential="reader", expect="forbidden", headers=headers)
    if exchange.response.ok:
        expected = "a refusal without engagements:write, also without the word Bearer"
        raise Violation("SCOPE-1", expected, answer(exchange), exchange)


@rule("AUTH-2", "AUTH-3", "AUTH-4")
def test_nobody_reads_without_a_credential(client: RecordingClient) -> None:
    """Without a credential, with one that nobody has, and under another scheme, an engagement is not shown: 401."""
    offered(client, "read")
    refused_to_strangers(client, f"/{example(client, 'plain').response.id}")


@rule("AUTH-5")
def test_a_bare_api_key_reads(client: RecordingClient) -> None:
    """Who may read with an API key behind Bearer may do so with the key alone."""
    readable(client, "read")
    first = example(client, "plain")
    token = _api_key(client, "private_reader")
    if not shown(client, first).response.ok:
        raise See("READ-4")
    exchange = shown(client, first, headers=(("Authorization", token),))
    if exchange.response.status != 200 and not exchange.response.inconclusive:
        raise Violation("AUTH-5", "an API key to be accepted without Bearer", answer(exchange), exchange)


@rule("AUTH-6")
@pytest.mark.parametrize("kind", ["unauthorized", "refused", "malformed"])
def test_no_answer_repeats_the_credential(client: RecordingClient, kind: str) -> None:
    """A refusal says nothing of the credential that was sent; every other answer of the run is checked too."""
    try:
        if kind == "unauthorized":
            client.submit_wrong(UNKNOWN, client.key())
        else:
            client.submit(client.submission(title=1) if kind == "refused" else [], expect="refused")
    except Violation:  # there is no answer, which was recorded
        raise See("ERR-4") from None


@rule("AUTH-7")
def test_whether_401_carries_a_challenge(client: RecordingClient) -> None:
    """RFC 9110 asks for WWW-Authenticate on 401."""
    exchange = client.submit(client.submission(), credential=None, expect="unauthorized")
    challenge = exchange.response.headers.get("www-authenticate")
    client.recorder.observe("AUTH-7", f"WWW-Authenticate: {challenge}" if challenge else "no WWW-Authenticate on 401")


@rule("AUTH-8")
def test_whether_the_case_of_bearer_matters(client: RecordingClient) -> None:
    """RFC 9110 compares schemes without regard to case."""
    exchange = _with(client, f"bearer {client.config.credentials['writer'].token}")
    client.recorder.observe("AUTH-8", "accepts bearer" if exchange.response.ok else "accepts only Bearer")
