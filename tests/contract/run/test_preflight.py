"""What the pre-flight says of a target that cannot be tested as configured: one sentence with the fix."""

from __future__ import annotations

from dataclasses import replace

import pytest

from contract.exchange import Request, Response
from contract.report.headline import CUT_SHORT, headline
from contract.run.preflight import PreflightFailed, preflight
from contract.run.profile import Profile
from contract.run.runner import run_suite
from contract.run.session import NO_TARGET, open_session
from contract.target.clock import PaperClock
from contract.target.config import Config, Credential
from tests.kit.targets import SECRET, Make, Scripted, engagement, problem, reply

HTML = {"content-type": "text/html"}


def said(make: Make, *script: object, **changes: object) -> str:
    """Return what the pre-flight says of a target with this script."""
    with pytest.raises(PreflightFailed) as caught:
        preflight(make(Scripted(*script), **changes))  # type: ignore[arg-type]
    return str(caught.value)


def test_a_gateway_that_wants_a_key_is_no_missing_scope(make: Make) -> None:
    """The same refusal with and without a credential, and not as the API writes it, is the gateway's."""
    for status in (401, 403):
        sentence = said(
            make, reply(status, {"message": "Forbidden"}, {"content-type": "application/json", "x-api-version": ""})
        )
        assert "with and without the credential writer" in sentence
        assert "[http]" in sentence


def test_a_credential_that_is_not_known_breaks_no_rule(config: Config) -> None:
    """What was answered before the tests is no verdict; the reason is the title of every report."""
    stranger = Scripted(reply(401, {"error": "who?"}, {"content-type": "application/json", "x-api-version": ""}))
    session = open_session(config, Profile(), transport=stranger, clock=PaperClock())
    run_suite(session)
    run = session.run()
    assert run.summary.keys() == {"untested"}
    assert headline(run).standing == CUT_SHORT
    assert "the credential writer" in headline(run).title
    assert session.exit_code(run) == NO_TARGET


def test_a_scope_is_accused_only_where_no_credential_gets_another_answer(make: Make) -> None:
    """403 for everybody says nothing of a scope; 403 after a 401 without a credential does."""
    assert "does not accept the credential writer" in said(make, problem(403))
    assert "lacks the scope engagements:write" in said(make, problem(401), problem(403))


@pytest.mark.parametrize(
    "script",
    [
        (Response(404, HTML, b"<h1>Not found</h1>"),),
        (Response(200, HTML, b"<title>Our company</title>"),),
        (problem(401), problem(404)),
    ],
    ids=["no such path", "a page for every path", "a gateway that asks for credentials first"],
)
def test_a_wrong_prefix_is_told(make: Make, script: tuple[Response, ...]) -> None:
    """Whoever answers in its place, the sentence is about base_url."""
    assert "check base_url" in said(make, *script)


@pytest.mark.parametrize(
    "stranger",
    [
        Response(302, {"location": "/login?next=/api/v2/engagements"}, b""),
        Response(200, HTML, b"<h1>Log in</h1>"),
        problem(404),
    ],
    ids=["a redirect to a page", "a page", "no such path"],
)
def test_an_odd_answer_to_a_request_without_a_credential_ends_no_run(make: Make, stranger: Response) -> None:
    """Requests with a credential are answered as they should be. So base_url is right, and AUTH-2 is broken."""
    client = make(Scripted(stranger, engagement()))
    preflight(client)
    assert client.anchor is not None


@pytest.mark.parametrize("location", ["https://api.example.com/api/v2/engagements", "/v2/engagements/"])
def test_a_redirect_to_the_same_operation_gets_no_credential(make: Make, location: str) -> None:
    """The base_url is another one: the credential is not sent to this one, which may be unencrypted."""
    client = make(Scripted(Response(308, {"location": location}, b"")))
    with pytest.raises(PreflightFailed, match="use that as base_url"):
        preflight(client)
    assert client.requests == 1


def test_a_wrong_prefix_is_told_where_nothing_is_created(make: Make) -> None:
    """The profile safe sends no valid submission; its first request with a credential tells as much."""
    assert "check base_url" in said(make, problem(401), problem(404), profile="safe")


def test_one_credential_in_two_roles_is_told(make: Make) -> None:
    """Before anything is sent; two roles that only read may share one."""
    client = make(Scripted(problem(401)))
    writer = client.config.credentials["writer"]
    credentials = {"writer": writer, "other_workspace": Credential("other_workspace", SECRET)}
    client.config = replace(client.config, credentials=credentials)
    with pytest.raises(PreflightFailed, match="writer and other_workspace are the same"):
        preflight(client)
    assert client.requests == 0


def test_plain_http_on_a_port_of_tls_is_told(make: Make) -> None:
    """Some servers explain that in HTTP."""
    page = Response(400, HTML, b"The plain HTTP request was sent to HTTPS port")
    assert "begin base_url with https://" in said(make, page)


def test_a_deep_answer_is_no_mistake_of_this_program(make: Make) -> None:
    """JSON that nobody can parse is an answer that is not JSON."""

    def deep(_: Request) -> Response:
        return Response(200, {"content-type": "application/json"}, b"[" * 200_000)

    client = make(Scripted(engagement(), deep))
    preflight(client)
    assert client.recorder.findings["RESP-1"].failed
