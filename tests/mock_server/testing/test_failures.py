"""What the assertions of the fixture say when they fail."""

from __future__ import annotations

from typing import Any

import pytest

from mock_server.testing import EngagementsApi
from mock_server.testing.failures import distance
from tests.kit.submissions import ABSENT, submission


def push(api: EngagementsApi, credential: str | None = None, **changes: Any) -> int:
    """Submit an engagement in process."""
    headers = {"Authorization": f"Bearer {credential or api.credentials['writer']}"}
    return api.app.test_client().post("/api/v2/engagements", headers=headers, json=submission(**changes)).status_code


def said(api: EngagementsApi, external_id: str = "crm:1", **fields: Any) -> str:
    """Return what the assertion about a key says, which has to fail."""
    with pytest.raises(AssertionError) as failure:
        api.assert_created_once(external_id, **fields)
    return str(failure.value)


def test_nothing_arrived(engagements_api: EngagementsApi) -> None:
    """Without a request, the failure names the key and says that nothing arrived."""
    text = said(engagements_api)
    assert "'crm:1'" in text
    assert "No request arrived" in text


@pytest.mark.parametrize("key", ["CRM:1", "crm:1 ", "crm:1-retry", "crm:12", "crm:01"])
def test_a_near_key_is_named(engagements_api: EngagementsApi, key: str) -> None:
    """A key that is nearly the expected one stands in the failure, with the difference and what became of it."""
    push(engagements_api, external_id=key)
    push(engagements_api, external_id="quite another one")
    text = said(engagements_api)
    assert f"{key!r}  {distance('crm:1', key)}  (201" in text
    assert "quite another one" not in text


@pytest.mark.parametrize(
    ("arrived", "words"),
    [
        ("CRM:1", "case"),
        (" crm:1", "white space"),
        ("crm:1-2", "'-2' at its end"),
        ("crm", "lacks ':1'"),
        ("crm:2", "character 5"),
    ],
)
def test_the_distance_of_two_keys(arrived: str, words: str) -> None:
    """The distance of two keys is told by the first of: case, white space, the end, the place."""
    assert words in distance("crm:1", arrived)


def test_keys_that_look_the_same() -> None:
    """Two keys that differ in their Unicode normalisation form only are said to look the same."""
    assert "looks the same" in distance("caf\u00e9", "cafe\u0301")


def test_other_keys_are_listed(engagements_api: EngagementsApi) -> None:
    """Where no key is near, the failure lists what arrived, at most ten requests."""
    for number in range(12):
        push(engagements_api, external_id=f"dialer/{number}")
    text = said(engagements_api)
    assert "'dialer/0'" in text
    assert "'dialer/9'" in text
    assert "'dialer/10'" not in text
    assert "2 more" in text


def test_refused_attempts_are_explained(engagements_api: EngagementsApi) -> None:
    """Each attempt of the key is listed with its status, the rule that it broke, the reason and its id."""
    engagements_api.faults.add(kind="status", status=503, phase="before_auth", times=1)
    push(engagements_api, external_id="crm:1")
    push(engagements_api, external_id="crm:1", media_url="http://media.mock.test/ok.mp3")
    push(engagements_api, external_id="crm:2")
    _, _, struck, refused = said(engagements_api).splitlines()
    assert "503" in struck
    assert "422" in refused
    assert "URL-1" in refused
    assert "https" in refused
    assert [request.id in line for request, line in zip(engagements_api.requests, (struck, refused), strict=False)]


def test_an_answer_that_was_not_stored(engagements_api: EngagementsApi) -> None:
    """After the fault forget the assertion fails, and shows the request that was answered."""
    engagements_api.faults.add(kind="forget", times=1)
    push(engagements_api, external_id="crm:1")
    assert engagements_api.requests[0].id in said(engagements_api)


def test_a_credential_of_another_workspace_is_named(engagements_api: EngagementsApi) -> None:
    """A client with a built-in credential is told from one that sent nothing, and what to give it is said."""
    push(engagements_api, "sk-apik_writer.local", external_id="crm:1")
    text = said(engagements_api)
    assert engagements_api.requests == []
    assert 'engagements_api.credentials["writer"]' in text
    assert "sk-apik" not in text


def test_fields_that_differ(engagements_api: EngagementsApi) -> None:
    """Each field that differs is named with both values, and the others are not."""
    push(engagements_api, external_id="crm:1", title="A call", participants=[{"name": "Ada"}])
    text = said(engagements_api, title="Another", participants=[{"name": "Bob"}], source_system="tests")
    assert "'Another'" in text
    assert "'A call'" in text
    assert "[{'name': 'Bob'}]" in text
    assert "source_system" not in text


def test_fields_that_are_the_same(engagements_api: EngagementsApi) -> None:
    """Instants are compared as instants, and a field that was not expected does not matter."""
    push(engagements_api, external_id="crm:1", start_at="2026-03-02T09:30:00+01:00")
    engagements_api.assert_created_once("crm:1", start_at="2026-03-02T08:30:00Z", transcript_text=None)


def test_a_field_that_does_not_exist(engagements_api: EngagementsApi) -> None:
    """An expected field that no engagement has is a mistake of the test."""
    push(engagements_api, external_id="crm:1")
    with pytest.raises(TypeError, match="transcript"):
        engagements_api.assert_created_once("crm:1", transcript="Hello")


def test_no_requests(engagements_api: EngagementsApi) -> None:
    """assert_no_requests holds until something arrives, with whatever credential, and then lists it."""
    engagements_api.assert_no_requests()
    push(engagements_api, "nobody", external_id="crm:1")
    push(engagements_api, "sk-apik_writer.local", external_id="crm:2")
    with pytest.raises(AssertionError) as failure:
        engagements_api.assert_no_requests()
    first, one, two = str(failure.value).splitlines()
    assert "2 requests" in first
    assert "401" in one
    assert "'crm:2'" in two


def test_text_of_a_client_is_escaped(engagements_api: EngagementsApi) -> None:
    """Control characters of a key or a title do not reach the terminal, and a long value is cut."""
    push(engagements_api, external_id="crm:1", title="\x1b[31m" + "x" * 400)
    push(engagements_api, external_id="crm:\x1b[2J")
    differing = said(engagements_api, title="A call")
    assert "\x1b" not in differing + said(engagements_api, "crm:3")
    assert max(map(len, differing.splitlines())) < 250


def test_credentials_are_covered(engagements_api: EngagementsApi) -> None:
    """An API key in a value does not stand in a failure."""
    push(engagements_api, external_id="crm:1", title="sk-apik_someone.secret")
    assert "secret" not in said(engagements_api, title="A call")


def test_a_body_without_a_key(engagements_api: EngagementsApi) -> None:
    """A request that names no key is listed as such."""
    push(engagements_api, external_id=ABSENT)
    assert "no external_id" in said(engagements_api)
