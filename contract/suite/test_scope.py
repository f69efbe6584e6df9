"""Who may write, and for whom: SCOPE-1 to SCOPE-7."""

from contract.judge.replay import answer, created, example
from contract.run.recorder import NotApplicable, Violation
from contract.suite.marks import rule
from contract.target.client import Client


@rule("SCOPE-1")
def test_creating_needs_the_scope(client: Client) -> None:
    """A credential without engagements:write neither creates nor gets a stored engagement back."""
    exchange = client.submit(client.submission(), credential="reader", expect="forbidden")
    if exchange.response.ok:
        hint = answer(exchange) + " (or does the configured reader have engagements:write?)"
        raise Violation("SCOPE-1", "a refusal without engagements:write", hint, exchange)
    if client.anchor is not None:
        repeat = client.submit(client.anchor.request.body, credential="reader", expect="forbidden")
        if repeat.response.ok:
            raise Violation("SCOPE-1", "a refusal of a repeat too", answer(repeat), repeat)


@rule("SCOPE-2")
def test_a_missing_scope_gets_403(client: Client) -> None:
    """A valid credential without the scope gets 403, for a first submission."""
    exchange = client.submit(client.submission(), credential="reader", expect="forbidden")
    if exchange.response.status != 403:
        raise Violation("SCOPE-2", "403", answer(exchange), exchange)


@rule("SCOPE-3")
def test_no_reading_scope_implies_writing(client: Client) -> None:
    """A credential that may read everything, private engagements included, may not create."""
    exchange = client.submit(client.submission(), credential="private_reader", expect="forbidden")
    if exchange.response.ok:
        raise Violation("SCOPE-3", "a refusal of a credential that may only read", answer(exchange), exchange)


@rule("SCOPE-4")
def test_the_engagement_belongs_to_the_credentials_user(client: Client) -> None:
    """The owner is the same for all that one credential creates, and another one in another workspace."""
    first, second = example(client, "plain"), example(client, "minimal")
    owners = [exchange.response.engagement.get("owner_user_id") for exchange in (first, second)]
    if owners[0] is None:
        raise NotApplicable("the target does not say owner_user_id")
    if owners[0] != owners[1]:
        raise Violation("SCOPE-4", f"owner_user_id {owners[0]} again", str(owners[1]), second)
    if "other_workspace" in client.config.credentials:
        other = created(client, client.submission(), credential="other_workspace")
        if other.response.engagement.get("owner_user_id") == owners[0]:
            raise Violation("SCOPE-4", "another owner in another workspace", f"{owners[0]} again", other)


@rule("SCOPE-5")
def test_a_forbidden_attempt_leaves_nothing_behind(client: Client) -> None:
    """After a 403 the key is free, and what is then created is what was then sent."""
    key = client.key()
    forbidden = client.submission(external_id=key, title=f"{client.run_id} forbidden", type="MEETING")
    exchange = client.submit(forbidden, credential="reader", expect="forbidden")
    if exchange.response.ok:
        raise Violation("SCOPE-5", "a refusal without engagements:write", answer(exchange), exchange)
    allowed = created(client, client.submission(external_id=key))
    title = allowed.response.engagement.get("title")
    if title != client.base["title"]:
        raise Violation("SCOPE-5", "the engagement that was sent with the scope", f"title {title!r}", allowed)


@rule("SCOPE-6")
def test_whether_403_names_the_scope(client: Client) -> None:
    """RFC 6750 lets a 403 say which scope is missing."""
    exchange = client.submit(client.submission(), credential="reader", expect="forbidden")
    challenge = exchange.response.headers.get("www-authenticate")
    client.recorder.observe("SCOPE-6", f"WWW-Authenticate: {challenge}" if challenge else "no WWW-Authenticate on 403")


@rule("SCOPE-7")
def test_whether_the_scope_is_judged_before_the_body(client: Client) -> None:
    """An invalid body without the scope gets 403, 400 or 422."""
    exchange = client.submit({"title": 5}, credential="reader", expect="forbidden")
    client.recorder.observe("SCOPE-7", f"an invalid body without the scope gets {exchange.response.status}")
