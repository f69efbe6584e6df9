"""Who may write, and for whom: SCOPE-1 to SCOPE-7."""

from contract.exchange import PATH
from contract.judge.answers import answer
from contract.judge.refusal import judge_forbidden
from contract.outcome import NotApplicable, See, Violation
from contract.run.client import RecordingClient
from contract.run.steps import created, example
from contract.suite.marks import rule


@rule("SCOPE-1")
def test_creating_needs_the_scope(client: RecordingClient) -> None:
    """A credential without engagements:write, or without any scope, does not create; what it gets is a scenario."""
    for who in ("reader", "noscope"):
        if who == "noscope" and who not in client.config.credentials:
            continue
        exchange = client.submit(client.submission(), credential=who, expect="forbidden")
        if exchange.response.ok:
            hint = f"{answer(exchange)} (or does the configured {who} have engagements:write?)"
            raise Violation("SCOPE-1", "a refusal without engagements:write", hint, exchange)


@rule("SCOPE-1")
def test_nothing_in_a_submission_makes_up_for_the_scope(client: RecordingClient) -> None:
    """Every field, workflows, a field and a parameter that nobody knows: none of it lets a reader create."""
    everything = client.allowed({**client.full(), "run_workflows": True, "unknown": 1})
    document = client.submission(**everything)
    exchange = client.submit(document, credential="reader", expect="forbidden", path=f"{PATH}?unknown=1")
    if exchange.response.ok:
        raise Violation("SCOPE-1", "a refusal without engagements:write", answer(exchange), exchange)


@rule("SCOPE-1")
def test_a_repeat_needs_the_scope_too(client: RecordingClient) -> None:
    """Also where the engagement is not private, so that the credential may read it."""
    exchange = client.submit(example(client, "full").request.body, credential="reader", expect="forbidden")
    if exchange.response.ok:
        raise Violation("SCOPE-1", "a refusal of a repeat without engagements:write", answer(exchange), exchange)


@rule("SCOPE-2")
def test_a_missing_scope_gets_403(client: RecordingClient) -> None:
    """A valid credential without the scope gets 403, for a first submission."""
    exchange = client.submit(client.submission(), credential="reader", expect="forbidden")
    if (finding := judge_forbidden(exchange, "SCOPE-1")) is None:
        return
    if exchange.response.ok:
        raise See("SCOPE-1")
    raise Violation(*finding, exchange)


@rule("SCOPE-3")
def test_no_reading_scope_implies_writing(client: RecordingClient) -> None:
    """A credential that may read everything, private engagements included, may not create."""
    exchange = client.submit(client.submission(), credential="private_reader", expect="forbidden")
    if exchange.response.ok:
        raise Violation("SCOPE-3", "a refusal of a credential that may only read", answer(exchange), exchange)


@rule("SCOPE-4")
def test_the_engagement_belongs_to_the_credentials_user(client: RecordingClient) -> None:
    """The owner is the same for all that one credential creates, and another one in another workspace."""
    first, second = example(client, "plain"), example(client, "full")
    owners = [exchange.response.engagement.get("owner_user_id") for exchange in (first, second)]
    if owners[0] is None:
        raise NotApplicable("the target does not say owner_user_id")
    if owners[0] != owners[1]:
        raise Violation("SCOPE-4", f"owner_user_id {owners[0]} again", str(owners[1]), second)
    if "other_workspace" in client.config.credentials:
        other = created(client, client.submission(), credential="other_workspace")
        if other.response.engagement.get("owner_user_id") == owners[0]:
            hint = f"{owners[0]} again (or is the configured other_workspace a credential of the same user?)"
            raise Violation("SCOPE-4", "another owner in another workspace", hint, other)


@rule("SCOPE-6")
def test_whether_403_names_the_scope(client: RecordingClient) -> None:
    """RFC 6750 lets a 403 say which scope is missing."""
    exchange = client.submit(client.submission(), credential="reader", expect="forbidden")
    challenge = exchange.response.headers.get("www-authenticate")
    client.recorder.observe("SCOPE-6", f"WWW-Authenticate: {challenge}" if challenge else "no WWW-Authenticate on 403")


@rule("SCOPE-7")
def test_whether_the_scope_is_judged_before_the_body(client: RecordingClient) -> None:
    """An invalid body without the scope gets 403, 400 or 422."""
    exchange = client.submit(client.submission(title=5), credential="reader", expect="forbidden")
    client.recorder.observe("SCOPE-7", f"an invalid body without the scope gets {exchange.response.status}")
