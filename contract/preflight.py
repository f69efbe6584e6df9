"""Before any rule is tested: is this the right target, and does the configuration fit it? At most six requests.

Only what makes a run meaningless stops it. What could as well be a fault of the target (a reader that may write, two
workspaces that share keys) is left to the rules.
"""

from __future__ import annotations

from contract.client import Client
from contract.exchange import Exchange, Text
from contract.recorder import CutShort, Violation
from contract.verify import answer, named_fields


class PreflightFailed(Exception):  # noqa: N818  an outcome of its own
    """The target cannot be tested as configured: one sentence with the fix."""


def preflight(client: Client) -> None:
    """Look at the target and the credentials. Raises PreflightFailed."""
    try:
        _reachable(client)
        if client.profile.creates_nothing:
            _accepts(client, "writer", client.submit({}, expect="refused"))
            return
        client.anchor = client.examples["plain"] = _first_create(client)
        _credentials(client)
        _ceiling(client)
    except CutShort as reason:
        raise PreflightFailed(f"{client.config.base_url} cannot be reached: {reason}") from None


def _reachable(client: Client) -> None:
    """Ask without a credential: whatever refuses that politely is an API at the right path."""
    exchange = client.submit(client.submission(), credential=None, expect="unauthorized")
    response = exchange.response
    url = client.config.base_url
    if response.status in {404, 405}:
        raise PreflightFailed(f"nothing takes POST {url}/v2/engagements: check base_url, it ends just before /v2")
    if 300 <= response.status < 400:
        raise PreflightFailed(f"{url} redirects to {response.headers.get('location')}: use that as base_url")
    if response.status in {502, 503, 504}:
        raise PreflightFailed(f"the gateway of {url} answers {response.status}: is the service behind it up?")


def _first_create(client: Client) -> Exchange:
    """Create with the required fields, or with all, so that one wrong demand does not end the run."""
    exchange = client.submit(client.submission())
    _accepts(client, "writer", exchange)
    if exchange.response.ok:
        return exchange
    said = answer(exchange)
    if "media_url" in named_fields(exchange):
        media = client.config.accepted[0]
        raise PreflightFailed(f"the target refuses the first accepted recording, {media}: {said}; check media.accepted")
    everything = {
        "start_at": "2026-01-05T09:00:00Z",
        "participants": [{"name": "Ada Example", "email": "ada@example.com"}],
        "transcript_text": "A short transcript.",
    }
    second = client.submit(client.submission(**everything))
    if not second.response.ok:
        raise PreflightFailed(f"a plain first create fails with {said}: check the target and the configured media")
    client.base.update(everything)
    return second


def _credentials(client: Client) -> None:
    anchor = client.anchor
    for name in ("reader", "private_reader", "other_workspace"):
        if name in client.config.credentials and anchor is not None:
            expect = "created" if name == "other_workspace" else "forbidden"
            exchange = client.submit(anchor.request.body, credential=name, expect=expect)
            _accepts(client, name, exchange, writes=name == "other_workspace")


def _accepts(client: Client, name: str, exchange: Exchange, *, writes: bool = True) -> None:
    variable = f"CONTRACT_{name.upper()}"
    where = f"{variable} or credentials.{name}"
    if exchange.response.status == 401:
        raise PreflightFailed(f"{client.config.base_url} does not accept the credential {name}: check {where}")
    if exchange.response.status == 403 and writes:
        raise PreflightFailed(f"the credential {name} lacks the scope engagements:write: check {where}")


def _ceiling(client: Client) -> None:
    """Find out whether something in between takes no large bodies: the limits then cannot be tested."""
    if client.anchor is None:
        return
    document = {**client.anchor.document, "transcript_text": Text(("a", 900_000))}
    try:
        exchange = client.submit(document, expect="replayed", escaped=True)
    except (Violation, CutShort):
        client.recorder.observe("ERR-10", "a body of 5.4 MB gets no answer")
        return
    if exchange.response.status == 413:
        client.recorder.observe("ERR-10", "a body of 5.4 MB gets 413")
