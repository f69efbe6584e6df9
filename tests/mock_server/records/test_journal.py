"""The journal: what it shows, what it hides, how it is asked, and that it is bounded."""

from __future__ import annotations

import hashlib
import json
import re
import shlex
import threading
import time
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest
import requests

from mock_server import Settings, running
from mock_server.admin.events import MAX_STREAMS, Streams
from mock_server.records.entry import EXCERPT, MAX_SHOWN_HEADERS, Answer, Entry, Exchange, body_of, entry_of, headers_of
from mock_server.records.explain import took
from mock_server.records.journal import Journal, size_of
from mock_server.trace import STEPS, Trace
from tests.kit.control import Client
from tests.kit.http import PATH, WRITER, send
from tests.kit.submissions import submission
from tests.kit.waiting import wait_until


def verdicts(entry: dict[str, Any]) -> dict[str, str]:
    """Return the verdict of each step."""
    return {decision["step"]: decision["verdict"] for decision in entry["trace"]}


def test_a_creation_is_told_step_by_step(client: Client) -> None:
    """A creation is in the journal with who, what, how long, and every step of the pipeline passed, in order."""
    made = client.post(external_id="one").json()
    entry = client.last()
    assert (entry["method"], entry["path"], entry["status"], entry["outcome"]) == (
        "POST", "/api/v2/engagements", 201, "created",
    )  # fmt: skip
    assert (entry["external_id"], entry["credential_name"], entry["rule"]) == ("one", "writer", None)
    assert (entry["workspace"], entry["engagement_id"]) == (
        client.mock.services.directory.callers[0].workspace.id,
        made["id"],
    )
    assert verdicts(entry) == dict.fromkeys(("route", *STEPS), "passed")
    assert entry["duration_ms"] > 0


def test_a_refusal_names_rule_and_what_was_measured_and_what_was_not_reached(client: Client) -> None:
    """A refused recording shows each hop in the media step, its rule, and that nothing was stored."""
    client.post(media_url="https://media.mock.test/redirect-private/a.mp3")
    entry = client.last()
    media = next(decision for decision in entry["trace"] if decision["step"] == "media")
    assert (entry["outcome"], entry["rule"], media["verdict"], media["rule"]) == (
        "refused",
        "URL-15",
        "refused",
        "URL-15",
    )
    assert "93.184.216.34" in media["detail"]
    assert "10.0.0.7" in media["detail"]
    assert verdicts(entry)["store"] == "not_reached"


def test_a_body_with_several_faults_shows_all_of_them(client: Client) -> None:
    """The validate step of a body with three broken fields lists the three, each with its rule."""
    client.post(title="", type="EMAIL", run_workflows="yes")
    validate = next(decision for decision in client.last()["trace"] if decision["step"] == "validate")
    assert [error["rule"] for error in validate["errors"]] == ["BODY-4", "LIMIT-2", "BODY-5"]


def test_what_has_no_route_is_in_the_journal_too(client: Client) -> None:
    """A request for an unknown path is recorded, with the routing as the step that refused it."""
    send(client.server, method="GET", path="/api/v1/other")
    entry = client.last()
    assert (entry["path"], entry["status"], entry["rule"]) == ("/api/v1/other", 404, "ERR-9")
    assert verdicts(entry) == {"route": "refused", **dict.fromkeys(STEPS, "not_reached")}


def test_a_fault_is_a_step_of_its_own_and_a_lost_answer_has_no_status(client: Client) -> None:
    """An answer that a fault kept from being sent has status null, and the trace says which fault it was."""
    fault = client.fault(kind="close", phase="after_commit")
    with pytest.raises(ConnectionError):
        client.post()
    entry = client.last()
    struck = next(decision for decision in entry["trace"] if decision["step"] == "fault")
    assert (entry["status"], entry["outcome"], struck["verdict"]) == (None, "fault", "injected")
    assert fault["id"] in struck["detail"]


def test_the_request_id_of_a_problem_is_its_address_in_the_journal(client: Client) -> None:
    """What a client reports from a refusal leads to the whole story."""
    request_id = client.post(title="").json()["request_id"]
    assert client.admin("GET", f"/requests/{request_id}").json()["rule"] == "LIMIT-2"


def test_credentials_are_shown_by_name_only(client: Client) -> None:
    """No credential, known or not, in a header, in the body or in the path, is in the journal, a list or a page."""
    secrets = (WRITER, "sk-apik_unknown.0123", "Basic c2VjcmV0", "cookie-secret")
    client.post(title=f"my key is {WRITER}", headers={"Cookie": "a=cookie-secret", "X-Api-Key": secrets[1]})
    client.post(credential=secrets[1])
    client.post(headers={"Authorization": secrets[2]})
    send(client.server, method="GET", path=f"/api/v2/{secrets[1]}?key={secrets[1]}", credential=None)
    pages = ["/", "/requests", "/snapshot"]
    pages += [f"{at}/{entry['id']}" for entry in client.admin("GET", "/requests").json()["data"]
              for at in ("/requests", "/inspect/requests")]  # fmt: skip
    assert len(pages) == 11
    for page in pages:
        shown = client.admin("GET", page).text
        # The title of an engagement is kept as it was submitted, and a snapshot is what brings it back.
        assert not [secret for secret in secrets if secret in shown and page != "/snapshot"], page
    assert client.last()["credential_name"] is None


def test_a_long_body_is_cut_and_its_length_and_digest_kept(client: Client) -> None:
    """Of a body larger than the excerpt the beginning is kept, with the size and SHA-256 of the whole."""
    raw = json.dumps(submission(transcript_text="x" * 50_000)).encode()
    send(client.server, raw)
    body = client.last()["body"]
    assert body == {
        "text": raw[:EXCERPT].decode(),
        "size": len(raw),
        "sha256": hashlib.sha256(raw).hexdigest(),
        "truncated": True,
    }


def test_copied_as_curl_it_is_the_same_request(client: Client) -> None:
    """The words of the curl line carry the same method, address, content type and body, and no credential."""
    client.post(title="it's “quoted” $HOME `id`")
    entry = client.last()
    words = shlex.split(entry["curl"])
    assert words[:5] == ["curl", "-i", "-X", "POST", client.url]
    assert words[words.index("--data-binary") + 1] == entry["body"]["text"]
    assert "Authorization: Bearer $CREDENTIAL" in words
    assert "Content-Type: application/json" in words


@pytest.mark.parametrize("path", ["/caf%C3%A9", "/a%20b", "/a%3Fb", "/a%2Fb", "/a%25b", "/a%23b", "/a+b;c=d"])
def test_copied_as_curl_it_has_the_same_path(client: Client, path: str) -> None:
    """What was escaped in the path of a request is escaped in that of the line."""
    client.get(path)
    assert client.url + path in shlex.split(client.last()["curl"])


def test_copied_as_curl_a_request_for_the_head_waits_for_no_body(client: Client) -> None:
    """The line asks for the head as curl has it: with -X, curl waits for the body that is announced."""
    send(client.server, method="HEAD", path=PATH + "/x")
    words = shlex.split(client.last()["curl"])
    assert words[:2] == ["curl", "-I"]
    assert "HEAD" not in words


@pytest.mark.parametrize(
    ("query", "keys"),
    [
        ("", ["c", "b", "a", "a"]),
        ("limit=2", ["c", "b"]),
        ("outcome=created", ["b", "a"]),
        ("outcome=replayed", ["a"]),
        ("rule=URL-1", ["c"]),
        ("external_id=a", ["a", "a"]),
        ("workspace=A", ["c", "a", "a"]),
        ("workspace=B", ["b"]),
        ("since=2031-01-01T00:00:00Z", ["c"]),
        ("workspace=A&outcome=refused", ["c"]),
    ],
)
def test_the_journal_can_be_asked(client: Client, query: str, keys: list[str]) -> None:
    """Filters narrow the list, newest first; count takes the same ones, and so does delete."""
    client.admin("PUT", "/clock", {"freeze": "2030-01-01T00:00:00Z"})
    client.post(external_id="a")
    client.post(external_id="a")
    client.post(external_id="b", credential="sk-apik_other.local")
    client.admin("PUT", "/clock", {"freeze": "2031-01-01T00:00:00Z"})
    client.post(external_id="c", media_url="http://example.com/a.mp3")
    found = client.admin("GET", f"/requests?{query}").json()["data"]
    assert [entry["external_id"] for entry in found] == keys
    if "limit" not in query:
        filters = dict(part.split("=") for part in query.split("&") if part)
        assert client.admin("POST", "/requests/count", filters).json() == {"count": len(keys)}
        assert client.admin("DELETE", f"/requests?{query}").json() == {"removed": len(keys)}
        assert len(client.admin("GET", "/requests").json()["data"]) == 4 - len(keys)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "/limit"), ("limit=x", "/limit"), ("limit=1001", "/limit"), ("outcome=fine", "/outcome"),
        ("since=yesterday", "/since"), ("colour=red", "/colour"), ("rule=", "/rule"),
    ],
)  # fmt: skip
def test_a_bad_question_is_a_422_that_names_the_field(client: Client, query: str, field: str) -> None:
    """A filter that is unknown or cannot be read is refused, not ignored."""
    answer = client.admin("GET", f"/requests?{query}")
    assert (answer.status, [error["field"] for error in answer.json()["errors"]]) == (422, [field])


def test_the_control_plane_is_not_in_its_own_journal(client: Client) -> None:
    """Asking the control plane leaves no trace in the journal."""
    for path in ("/requests", "/", "/clock", "/nothing"):
        client.admin("GET", path)
    assert client.admin("GET", "/requests").json()["data"] == []


def test_of_very_many_headers_the_first_are_kept(client: Client) -> None:
    """A request with hundreds of headers is answered, and its entry holds no more headers than the limit."""
    client.post(headers={f"X-Number-{number}": "1" for number in range(90)})
    assert len(client.last()["headers"]) == MAX_SHOWN_HEADERS


def test_the_journal_is_bounded_in_number_and_in_bytes(client: Client) -> None:
    """Beyond its limits the oldest entries go, and the sums stay right."""
    size = size_of(entry_of(exchange(client, "rid_000"), 1))
    few, small = Journal(max_entries=10), Journal(max_bytes=size * 5)
    for journal, kept in ((few, 10), (small, 5)):
        for number in range(1000):
            journal.add(exchange(client, f"rid_{number:03}"))
        assert len(journal) == kept
        assert journal.find("rid_999")
        assert journal.find("rid_001") is None
        journal.forget(lambda _: True)
        assert (len(journal), journal._bytes) == (0, 0)


def test_long_names_of_headers_count(client: Client) -> None:
    """What an entry takes grows with the names of its headers, and with their number, as it does with their values."""
    plain = entry_of(exchange(client, "rid_000"), 1)
    headers = tuple((f"X-{number}-{'a' * 400}", "") for number in range(MAX_SHOWN_HEADERS))
    answer = replace(plain.answer, headers=headers)
    for more in (replace(plain, headers=headers), replace(plain, answer=answer)):
        assert size_of(more) > size_of(plain) + MAX_SHOWN_HEADERS * 400
    assert size_of(replace(plain, headers=(("", ""),) * MAX_SHOWN_HEADERS)) > size_of(replace(plain, headers=()))


def exchange(client: Client, request_id: str) -> Any:
    """Return a request as the application hands it over."""
    now = client.mock.services.clock.now()
    answer = Answer(201, (("Content-Type", "application/json"),), body_of(b"{}"))
    headers = headers_of({"HTTP_HOST": "x", "HTTP_USER_AGENT": "y", "CONTENT_TYPE": "application/json"})
    return Exchange(request_id, now, "POST", "/x", headers, body_of(b"{}"), answer, None, Trace(), 0.1)


@pytest.mark.parametrize(
    ("milliseconds", "shown"), [(0.04, "0.0 ms"), (12.34, "12.3 ms"), (999.9, "999.9 ms"), (3032.2, "3.03 s")]
)
def test_a_duration_is_short(milliseconds: float, shown: str) -> None:
    """From a second on, a duration is shown in seconds, so that it fits its column."""
    assert took(milliseconds) == shown


def test_the_journal_alone_can_be_reset(client: Client) -> None:
    """Resetting the journal keeps what is stored."""
    client.post(external_id="one")
    assert client.admin("POST", "/reset/journal").status == 200
    assert client.admin("GET", "/requests").json()["data"] == []
    assert client.post(external_id="one").status == 200


def test_a_request_under_way_during_a_reset_is_in_nobodys_journal(client: Client) -> None:
    """A request that began before a reset finishes in the old state and leaves nothing in the new one."""
    client.fault(kind="slow", phase="before_commit", delay_ms=10_000)
    thread = threading.Thread(target=client.post)
    thread.start()
    wait_until(lambda: client.mock.state.faults.listed()[0][1] == 1)
    client.admin("POST", "/reset")
    thread.join()
    assert client.admin("GET", "/requests").json()["data"] == []
    assert len(client.mock.state.store) == 0


def events(stream: requests.Response) -> Any:
    """Yield (event, data) of a stream."""
    name = ""
    for line in stream.iter_lines(chunk_size=1, decode_unicode=True):
        if line.startswith("event: "):
            name = line[7:]
        elif line.startswith("data: "):
            yield name, json.loads(line[6:])


def test_requests_arrive_as_server_sent_events(client: Client) -> None:
    """A stream tells each request as it is in the list, and that the journal began anew."""
    with requests.get(client.server.admin_url + "/events", stream=True, timeout=10) as stream:
        assert stream.headers["Content-Type"] == "text/event-stream"
        told = events(stream)
        client.post(external_id="one")
        assert next(told)[1]["external_id"] == "one"
        client.admin("POST", "/reset")
        assert next(told)[0] == "reset"
        client.post(external_id="two")
        assert next(told)[1]["external_id"] == "two"


def test_a_stream_tells_whatever_comes_after_its_first_byte(client: Client) -> None:
    """A request that is made as soon as the stream is open is told, however late the server's thread goes on."""
    with closing(Streams(client.mock).open(None)) as stream:
        told = iter(stream.response)
        assert str(next(told)).startswith("retry:")
        client.post(external_id="at once")
        assert "at once" in str(next(told))


def test_a_stream_resumes_after_the_event_it_knows(client: Client) -> None:
    """With Last-Event-ID a stream begins with what was missed."""
    for key in ("one", "two", "three"):
        client.post(external_id=key)
    headers = {"Last-Event-ID": "1"}
    with requests.get(client.server.admin_url + "/events", stream=True, timeout=10, headers=headers) as stream:
        told = events(stream)
        assert [next(told)[1]["external_id"] for _ in range(2)] == ["two", "three"]


def test_a_stream_goes_on_where_a_page_ends(client: Client) -> None:
    """A stream begins after the newest row of the page that asks for it, also if that was rendered a while ago."""
    client.post(external_id="shown")
    page = client.admin("GET", "/").text
    client.post(external_id="between")
    (last,) = re.findall(r'data-last="(\d+)"', page)
    with requests.get(f"{client.server.admin_url}/events?after={last}", stream=True, timeout=10) as stream:
        client.post(external_id="later")
        assert next(events(stream))[1]["external_id"] == "between"


def test_a_page_knows_the_newest_row_that_it_shows(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """A request that comes while the page is rendered is not in it, and so is not taken for known."""
    client.post(external_id="shown")
    select = Journal.select

    def slowly(journal: Journal, *wanted: Any) -> list[Entry]:
        found = select(journal, *wanted)
        client.post(external_id="meanwhile")
        return found

    with monkeypatch.context() as patch:
        patch.setattr(Journal, "select", slowly)
        page = client.admin("GET", "/").text
    assert 'data-last="1"' in page


def test_streams_are_few_and_hold_up_neither_the_server_nor_its_end() -> None:
    """One stream too many is refused with 503, requests are answered meanwhile, and a stop ends all streams at once."""
    with running(Settings(port=0)) as server:
        streams = [requests.get(server.admin_url + "/events", stream=True, timeout=10) for _ in range(MAX_STREAMS + 1)]
        assert [stream.status_code for stream in streams] == [200] * MAX_STREAMS + [503]
        assert Client(server).admin("GET", "/health").status == 200
        streams[0].close()
        begun = time.monotonic()
    assert time.monotonic() - begun < 5
    for stream in streams:
        stream.close()
