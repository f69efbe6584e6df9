"""One engagement by its id."""

from __future__ import annotations

import wave
from io import BytesIO
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mock_server.operations.expansion import MEMBERS
from tests.kit.checks import judge
from tests.kit.http import NOSCOPE, OTHER, READER, WRITER
from tests.kit.reading import PRIVATE_READER, Reading

PEOPLE = [{"name": "Ada", "email": "ada@example.com"}, {"email": "bob@globex.example"}, {"name": "Cleo"}]
LISTS = ("companies", "contacts", "action_items", "signals", "tags")


@pytest.fixture(scope="module")
def shared() -> Reading:
    """Start one mock for tests that leave nothing behind but engagements."""
    return Reading()


def test_an_engagement_is_read_as_it_was_created(shared: Reading) -> None:
    """At the moment of its creation a read shows exactly what the creation answered."""
    made = shared.create()
    answer = shared.get(f"/{made['id']}")
    assert (answer.status_code, answer.json, answer.headers["X-Api-Version"]) == (200, made, "v2")
    judge("Engagement").validate(answer.json)


def test_a_read_shows_how_far_processing_has_come() -> None:
    """The status follows the clock, and so does updated_at."""
    reading = Reading(processing="10s")
    made = reading.create()
    seen = []
    for _ in range(3):
        shown = reading.get(f"/{made['id']}").json
        seen.append((shown["processing_status"], shown["updated_at"][17:]))
        reading.advance(seconds=5)
    assert seen == [("PENDING", "00.000Z"), ("PROCESSING", "02.500Z"), ("COMPLETED", "10.000Z")]


@pytest.mark.parametrize(
    ("credential", "status", "rule"),
    [(None, 401, "AUTH-2"), ("sk-apik_x.y", 401, "AUTH-3"), (NOSCOPE, 403, "READ-2"), (READER, 200, None)],
)
def test_reading_needs_a_credential_and_its_scope(
    shared: Reading, credential: str | None, status: int, rule: str | None
) -> None:
    """Without a credential a read gets 401, without engagements:read 403, for one engagement and for lists."""
    for path in (f"/{shared.create()['id']}", ""):
        assert (shared.get(path, credential).status_code, shared.last().rule) == (status, rule)


@pytest.mark.parametrize(
    "path", ["/ngmt_1", "/NGMT", "/%00", "/ngmt_%F0%9F%98%80", "/%ff", "/..", "/'%20OR%201=1", "/" + "a" * 9000]
)
def test_an_id_that_nobody_has_is_404(shared: Reading, path: str) -> None:
    """Whatever an id is made of, there is a problem, which does not repeat it."""
    answer = shared.get(path)
    assert (answer.status_code, answer.mimetype) == (404, "application/problem+json")
    assert path.strip("/.") == "" or path[1:] not in answer.json["detail"]


def test_another_workspace_and_a_stranger_get_the_same_404(shared: Reading) -> None:
    """What one may not see is answered as what does not exist; only the journal knows the difference."""
    public, private = shared.create(), shared.create(is_private=True)
    answers, rules = [], []
    for credential, engagement_id in ((OTHER, public["id"]), (READER, private["id"]), (READER, "ngmt_none")):
        answer = shared.get(f"/{engagement_id}", credential)
        answers.append({**answer.json, "request_id": ""} | {"status": answer.status_code})
        rules.append(shared.last().rule)
    assert answers == [{**answers[0], "status": 404}] * 3
    assert rules == ["READ-6", "READ-3", "READ-7"]


@pytest.mark.parametrize(
    ("credential", "people", "status"),
    [
        (READER, [], 404),
        (READER, [{"email": "someone@example.com"}], 404),
        (READER, [{"name": "reader@example.com"}], 404),
        (READER, [{"email": "reader@example.com.evil.example"}], 404),
        (READER, [{"name": "A"}, {"email": "Reader@Example.com"}], 200),
        (PRIVATE_READER, [], 200),
        (WRITER, [], 200),
        (OTHER, [{"email": "other@example.com"}], 404),
    ],
)
def test_who_sees_a_private_engagement(
    shared: Reading, credential: str, people: list[dict[str, str]], status: int
) -> None:
    """Participants by their e-mail address, holders of the scope and the owner see it, alone and in lists."""
    made = shared.create(is_private=True, participants=people)
    assert shared.get(f"/{made['id']}", credential).status_code == status
    listed = [one["id"] for one in shared.get(credential=credential, limit=100).json["data"]]
    assert (made["id"] in listed) == (status == 200)


def test_expand_adds_exactly_what_it_names(shared: Reading) -> None:
    """Each member alone, and all together, are added to what is shown without expand, as the contract says."""
    made = shared.create(participants=PEOPLE)
    shared.advance(seconds=2)
    plain = shared.get(f"/{made['id']}").json
    assert not set(MEMBERS) & set(plain)
    for names in (*([name] for name in MEMBERS), list(MEMBERS)):
        shown = shared.get(f"/{made['id']}", expand=",".join(names)).json
        assert set(shown) - set(plain) == set(names)
        assert {name: shown[name] for name in plain} == plain
        judge("Engagement").validate(shown)
        assert all(shown[name] for name in names)


def test_what_processing_makes_is_null_or_empty_before_its_end(shared: Reading) -> None:
    """Before completion the transcript is null and the lists are empty; what was submitted is there at once."""
    made = shared.create(participants=PEOPLE, transcript_text="Ada: hello")
    shown = shared.get(f"/{made['id']}", expand=",".join(MEMBERS)).json
    assert [shown[name] for name in ("transcript", "action_items", "signals", "tags")] == [None, [], [], []]
    assert [one["domain"] for one in shown["companies"]] == ["example.com", "globex.example"]
    assert [(one.get("name"), one.get("email")) for one in shown["contacts"]] == [
        ("Ada", "ada@example.com"),
        (None, "bob@globex.example"),
        ("Cleo", None),
    ]
    assert shown["owner"] == {"object": "user", "id": made["owner_user_id"], "email": "writer@example.com"}


def test_companies_and_contacts_are_the_same_in_every_engagement(shared: Reading) -> None:
    """Who takes part twice is one contact, and keeps its id in other engagements of the workspace, not in others."""
    twice = [{"email": "ada@example.com"}, {"email": "ADA@example.com", "name": "Ada"}]
    found = [
        shared.get(f"/{shared.create(participants=people)['id']}", expand="contacts,companies").json
        for people in (twice, PEOPLE[:1])
    ]
    assert [len(one["contacts"]) for one in found] == [1, 1]
    for name in ("contacts", "companies"):
        assert found[0][name][0]["id"] == found[1][name][0]["id"]


@pytest.mark.parametrize("name", ["companies", "contacts", "owner"])
def test_some_members_need_a_scope_of_their_own(shared: Reading, name: str) -> None:
    """Without companies:read, contacts:read or users:read the member is refused with 403, which names the scope."""
    scope = {"owner": "users:read"}.get(name, f"{name}:read")
    for path in (f"/{shared.create()['id']}", ""):
        answer = shared.get(path, READER, expand=f"tags,{name}")
        assert (answer.status_code, shared.last().rule, scope in answer.json["detail"]) == (403, "READ-10", True)


@pytest.mark.parametrize("raw", ["expand=foo", "expand=", "expand=tags,", "expand=tags&expand=owner", "expand=TAGS"])
def test_an_unknown_member_of_expand_is_400(shared: Reading, raw: str) -> None:
    """A name that is unknown or empty, and a parameter that is there twice, is refused, and the error names expand."""
    answer = shared.get(f"/{shared.create()['id']}", raw=raw)
    assert (answer.status_code, [error["field"] for error in answer.json["errors"]]) == (400, ["expand"])
    judge("Problem").validate(answer.json)


def test_the_etag_changes_exactly_with_what_is_shown(shared: Reading) -> None:
    """The same answer has the same ETag; another stage, another expand and another engagement have others."""
    made, other = shared.create(participants=PEOPLE), shared.create()
    tags: dict[str, Any] = {}
    for _ in range(3):
        for path in (f"/{made['id']}", f"/{other['id']}"):
            for expand in (None, "tags", "media_url"):
                answer = shared.get(path, **({"expand": expand} if expand else {}))
                assert tags.setdefault(answer.headers["ETag"], answer.json) == answer.json
                assert shared.get(path, **({"expand": expand} if expand else {})).headers["ETag"] in tags
        shared.advance(seconds=1)
    assert len(tags) == len({str(shown) for shown in tags.values()})


@pytest.mark.parametrize("form", ["{tag}", "W/{tag}", '"x", {tag}', "*", "{tag},{tag}"])
def test_what_the_client_has_is_304(shared: Reading, form: str) -> None:
    """If-None-Match with the present ETag gets 304 without a body, in every form of RFC 9110, until it changes."""
    path = f"/{shared.create()['id']}"
    headers = {"If-None-Match": form.format(tag=shared.get(path).headers["ETag"])}
    answer = shared.get(path, headers=headers)
    assert (answer.status_code, answer.data, answer.headers["ETag"]) == (304, b"", shared.get(path).headers["ETag"])
    assert (answer.headers["X-Api-Version"], shared.last().outcome) == ("v2", "read")
    shared.advance(seconds=1)
    assert shared.get(path, headers=headers).status_code == (304 if form == "*" else 200)


@pytest.mark.parametrize("value", ['"x"', "x", "", '"', "W/", '"a" "b"', "\x7f", ",,,", "é"])
def test_another_etag_gets_the_whole_answer(shared: Reading, value: str) -> None:
    """An ETag that is not the present one, or none at all, is answered with 200."""
    assert shared.get(f"/{shared.create()['id']}", headers={"If-None-Match": value}).status_code == 200


def test_a_link_leads_to_a_recording_until_it_expires() -> None:
    """The signed link works without a credential for at least five minutes by the clock, and then gets 403."""
    reading = Reading()
    link = reading.get(f"/{reading.create()['id']}", expand="media_url").json["media_url"]
    answer = reading.get(link, credential=None)
    assert (answer.status_code, answer.mimetype) == (200, "audio/wav")
    with wave.open(BytesIO(answer.data)) as recording:
        assert recording.getnframes() == recording.getframerate()
    assert WRITER not in link
    reading.advance(minutes=5)
    assert reading.get(link, credential=None).status_code == 200
    reading.advance(minutes=5)
    assert reading.get(link, credential=None).status_code == 403


@pytest.mark.parametrize(
    "change",
    [
        lambda path, query: (path, query.replace("expires=1", "expires=2")),
        lambda path, query: (path, query[:-1] + ("0" if query[-1] != "0" else "1")),
        lambda path, query: (path, query[:-1]),
        lambda path, query: (path, query + "0"),
        lambda path, _: (path, ""),
        lambda path, query: (path, query.partition("&")[0]),
        lambda path, query: (path, query + "&" + query),
        lambda path, query: (path, query.replace("signature=", "signature=%00")),
        lambda path, query: (path, query.replace("expires=", "expires=+")),
        lambda path, query: (path + "X", query),
        lambda _, query: ("/media/", query),
    ],
)
def test_a_link_cannot_be_forged(shared: Reading, change: Any) -> None:
    """A link with another time, signature or engagement leads to no recording."""
    link = urlsplit(shared.get(f"/{shared.create()['id']}", expand="media_url").json["media_url"])
    path, query = change(link.path, link.query)
    answer = shared.get(f"{link.scheme}://{link.netloc}{path}", credential=None, raw=query)
    assert 400 <= answer.status_code < 500
    assert answer.mimetype == "application/problem+json"


def test_the_link_of_another_server_is_none_of_this_one() -> None:
    """Each server signs with a key of its own, even with the same seed."""
    one, other = Reading(seed=1), Reading(seed=1)
    made = [reading.create(external_id="same") for reading in (one, other)]
    assert made[0]["id"] == made[1]["id"]
    link = other.get(f"/{made[0]['id']}", expand="media_url").json["media_url"]
    assert [reading.get(link, credential=None).status_code for reading in (one, other)] == [403, 200]


def test_a_reset_and_a_deleted_workspace_take_engagements_along() -> None:
    """What is gone is 404, alone, in lists and behind its link."""
    reading = Reading()
    made = reading.create()
    link = reading.get(f"/{made['id']}", expand="media_url").json["media_url"]
    workspace = reading.mock.services.directory.workspace("A")
    assert workspace is not None
    reading.mock.state.forget(workspace.id)
    assert [reading.get(f"/{made['id']}").status_code, reading.get(link).status_code] == [404, 404]
    assert reading.get().json["data"] == []
    again = reading.create()
    reading.mock.reset()
    assert (reading.get(f"/{again['id']}").status_code, reading.get().json["data"]) == (404, [])


@settings(max_examples=25, deadline=None)
@given(path=st.text(max_size=20), raw=st.text(alphabet="expand=media_url,%00&;[]+é", max_size=40))
def test_no_id_and_no_parameter_makes_the_server_fail(shared: Reading, path: str, raw: str) -> None:
    """Whatever stands in the path and in the query, the answer is below 500."""
    assert shared.get("/" + quote(path.encode("utf-8", "surrogatepass")), raw=raw).status_code < 500
