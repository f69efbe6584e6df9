"""Before any rule is tested: is this the right target, and does the configuration fit it? About ten requests.

Only what makes a run meaningless stops it. What could as well be a fault of the target (a reader that may write, two
workspaces that share keys, a valid submission that is refused) is left to the rules.
"""

from __future__ import annotations

from itertools import combinations

from contract.cases.credentials import API_KEY
from contract.exchange import PATH, Exchange, Response
from contract.judge.answers import answer, blamed_for, named_fields
from contract.outcome import CutShort, Untested, Violation
from contract.run import preconditions
from contract.run.client import RecordingClient

READERS = ("reader", "private_reader")


class PreflightFailed(Exception):  # noqa: N818  an outcome of its own
    """The target cannot be tested as configured: one sentence with the fix."""


def preflight(client: RecordingClient) -> None:
    """Look at the target and the credentials. Raises PreflightFailed, or CutShort after a break of the contract."""
    try:
        _distinct(client)
        unknown = _reachable(client)
        if client.refused_only:
            exchange = client.submit(client.submission(title=5), expect="refused")
            _routed(client, exchange)
            _accepts(client, "writer", exchange, unknown)
            return
        client.anchor = client.examples["plain"] = _first_create(client, unknown)
        _readers(client, unknown)
        _other_workspace(client, unknown)
        preconditions.ask(client)
    except CutShort as reason:
        if client.anchor is None and not any(found.failed for found in client.recorder.findings.values()):
            raise PreflightFailed(f"{client.config.base_url} cannot be reached: {reason}") from None
        raise
    except Untested as reason:
        raise PreflightFailed(str(reason)) from None


def _distinct(client: RecordingClient) -> None:
    """See that no credential stands for two roles that the contract treats differently."""
    credentials = client.config.credentials
    for name, other in combinations(credentials, 2):
        if {name, other} != set(READERS) and credentials[name].token == credentials[other].token:
            raise PreflightFailed(f"the credentials {name} and {other} are the same: each needs one of its own")


def _reachable(client: RecordingClient) -> Exchange:
    """Ask without a credential. Only such a request may get a page or a redirect, so that does not end the run yet."""
    exchange = client.submit(client.submission(), credential=None, expect="unauthorized")
    response, url = exchange.response, client.config.base_url
    if _moved(response):  # the credential of the next request would go astray, and perhaps unencrypted
        raise _redirected(url, response)
    if response.status == 400 and b"HTTPS" in response.content and url.startswith("http:"):
        raise PreflightFailed(f"{url} wants TLS: begin base_url with https://")
    return exchange


def _moved(response: Response) -> bool:
    """Tell whether a redirect leads to the same operation elsewhere, and not to a page where people log in."""
    location = response.headers.get("location") or ""
    return 300 <= response.status < 400 and location.partition("?")[0].rstrip("/").endswith(PATH)


def _redirected(url: str, response: Response) -> PreflightFailed:
    return PreflightFailed(f"{url} redirects to {response.headers.get('location')}: use that as base_url")


def _routed(client: RecordingClient, exchange: Exchange) -> None:
    """See that it is the operation that answers, and not a page or a router that knows no such path."""
    response, url = exchange.response, client.config.base_url
    if 300 <= response.status < 400:
        raise _redirected(url, response)
    if response.status in {404, 405} or (response.ok and response.media_type == "text/html"):
        said = f"{response.status} {response.media_type}".strip()
        raise PreflightFailed(
            f"no API takes POST {url}/v2/engagements ({said}): check base_url, it ends just before /v2"
        )


def _first_create(client: RecordingClient, unknown: Exchange) -> Exchange:
    """Create as the page asks for, and in other valid ways if that is refused, so that one fault does not end all."""
    exchange = client.submit(client.submission())
    _routed(client, exchange)
    if exchange.response.status == 401 and client.config.credentials["writer"].token.startswith(API_KEY):
        exchange = _bare(client, exchange)
    _accepts(client, "writer", exchange, unknown)
    if exchange.response.ok:
        return exchange
    if "media_url" in named_fields(exchange):
        return _other_recording(client, exchange)
    rule = blamed_for(exchange)
    client.recorder.fail(rule, Violation(rule, "a valid submission to be accepted", answer(exchange), exchange))
    second = client.submit(client.submission(**client.full()))
    if not second.response.ok:
        raise CutShort(f"a plain first create is refused: {answer(exchange)}")
    client.base.update({name: value for name, value in client.full().items() if name != "is_private"})
    return second


def _bare(client: RecordingClient, refused: Exchange) -> Exchange:
    """Try the API key without Bearer: if that works the credential is good and AUTH-1 is broken."""
    token = client.config.credentials["writer"].token
    headers = (("Authorization", token), ("Content-Type", "application/json"))
    exchange = client.submit(client.submission(), headers=headers)
    if not exchange.response.ok:
        return refused
    client.bare = True
    violation = Violation("AUTH-1", "a valid credential to be accepted after Bearer", answer(refused), refused)
    client.recorder.fail("AUTH-1", violation)
    return exchange


def _other_recording(client: RecordingClient, refused: Exchange) -> Exchange:
    """Try the other configured recordings: if one of them is accepted, URL-17 has the word on the first."""
    for url in client.config.accepted[1:]:
        exchange = client.submit(client.submission(media_url=url))
        if exchange.response.ok:
            client.base["media_url"] = url
            return exchange
    urls = ", ".join(client.config.accepted)
    raise PreflightFailed(f"the target accepts none of {urls}: {answer(refused)}; check media.accepted")


def _readers(client: RecordingClient, unknown: Exchange) -> None:
    """Send a valid submission as each reader. Whether it is refused is for the rules to say, whether it is known here.

    A reader that is answered just as nobody is has a wrong credential, unless all readers are: then the target may be
    answering 401 for a missing scope.
    """
    names = [name for name in READERS if name in client.config.credentials]
    body = client.submission()
    exchanges = {name: client.submit(body, credential=name, expect="forbidden") for name in names}
    strangers = [name for name in names if _alike(exchanges[name], unknown)]
    if strangers and (len(strangers) < len(names) or len(names) == 1):
        _accepts(client, strangers[0], exchanges[strangers[0]], unknown, writes=False)


def _alike(exchange: Exchange, unknown: Exchange) -> bool:
    """Tell whether a credential is answered just as none is."""
    return exchange.response.status == 401 and _kind(exchange) == _kind(unknown)


def _kind(exchange: Exchange) -> tuple[object, ...]:
    problem = exchange.response.json if isinstance(exchange.response.json, dict) else {}
    return exchange.response.status, problem.get("type"), problem.get("title")


def _other_workspace(client: RecordingClient, unknown: Exchange) -> None:
    if "other_workspace" in client.config.credentials and client.anchor is not None:
        exchange = client.submit(client.anchor.request.body, credential="other_workspace")
        _accepts(client, "other_workspace", exchange, unknown)


def _accepts(client: RecordingClient, name: str, exchange: Exchange, unknown: Exchange, *, writes: bool = True) -> None:
    """See that a credential is known and, if it `writes`, has the scope. `unknown` is the answer without one."""
    where, response, url = f"CONTRACT_{name.upper()} or credentials.{name}", exchange.response, client.config.base_url
    if response.status in {401, 403} and _kind(exchange) == _kind(unknown) and not _from_the_api(exchange):
        raise PreflightFailed(
            f"{url} answers {response.status} with and without the credential {name}, and not as the API does: does a"
            f" gateway want a key? (headers under [http]; if not, check {where})"
        )
    if response.status == 401 or (response.status == 403 and _kind(exchange) == _kind(unknown)):
        raise PreflightFailed(f"{url} does not accept the credential {name}: check {where}")
    if response.status == 403 and writes:
        raise PreflightFailed(f"the credential {name} lacks the scope engagements:write: check {where}")


def _from_the_api(exchange: Exchange) -> bool:
    response = exchange.response
    return response.media_type == "application/problem+json" or bool(response.headers.get("x-api-version"))
