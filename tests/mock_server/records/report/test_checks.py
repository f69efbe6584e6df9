"""What the report card says of clients: each bad habit is found, and the good habit beside it is not accused."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from mock_server import Settings
from mock_server.records.report import Verdict, grade
from mock_server.testing import EngagementsApi, EngagementsServer, fresh_api
from mock_server.trace import Hold
from tests.kit.submissions import ABSENT, submission

A_WEEK_AGO = "2026-02-01T09:30:00Z"
SIGNED = "https://media.mock.test/ok.mp3?signature="


class Importer:
    """A client that is told what to send. It waits by moving the clock of the mock."""

    def __init__(self, api: EngagementsApi) -> None:
        self.api = api
        self.client = api.app.test_client()

    def send(self, credential: str = "writer", headers: dict[str, str] | None = None, **changes: Any) -> int | None:
        """Submit an engagement and return the status, or None if the connection broke."""
        headers = {"Authorization": f"Bearer {self.api.credentials[credential]}", **(headers or {})}
        try:
            return self.client.post("/api/v2/engagements", headers=headers, json=submission(**changes)).status_code
        except ConnectionResetError:
            return None

    def wait(self, seconds: float) -> None:
        """Wait, as the mock sees it."""
        self.api.clock.advance(seconds=seconds)

    def fail(self, times: int = 1, **order: Any) -> None:
        """Let the next requests fail."""
        unavailable = {} if "kind" in order else {"kind": "status", "status": 503}
        self.api.faults.add(**{"phase": "before_auth", "times": times, **unavailable, **order})

    def verdict(self, check: str) -> Verdict:
        """Return what one check of the card says."""
        return next(verdict for verdict in self.api.report().verdicts if verdict.id == check)

    def verdicts(self) -> dict[str, str]:
        """Return the verdict of every check."""
        return {verdict.id: verdict.verdict for verdict in self.api.report().verdicts}


@pytest.fixture
def importer(engagements_api: EngagementsApi) -> Importer:
    """Return a client of the test's workspace."""
    return Importer(engagements_api)


def test_nothing_seen_is_no_pass(importer: Importer) -> None:
    """Without a request no check passes: each says how to let it see something."""
    assert set(importer.verdicts().values()) == {"not_seen"}
    assert all(verdict.unseen for verdict in importer.api.report().verdicts)


def test_a_good_client_has_a_clean_card(importer: Importer) -> None:
    """A client that waits, keeps its keys and stops at refusals has no finding through faults of every kind."""
    for number, order in enumerate(
        (
            {"retry_after": 2},
            {"kind": "close", "phase": "after_commit"},
            {"kind": "close", "phase": "before_commit"},
            {"kind": "truncate", "phase": "after_commit"},
            {"status": 429, "retry_after": [1, 3]},
            {"status": 500, "phase": "before_commit"},
        )
    ):
        importer.fail(times=2, **order)
        body = submission(external_id=f"crm:{number}")
        for attempt in range(3):
            importer.send(**body)
            importer.wait(3 * 2**attempt)
    importer.send(external_id="crm:7", media_url="https://media.mock.test/404/a.mp3")
    importer.send(external_id="crm:7", media_url="https://media.mock.test/404/a.mp3")  # it may be there by now
    importer.send(external_id="crm:8", title=ABSENT)
    importer.send(external_id="crm:8")
    assert importer.api.report().findings == ()
    assert len(importer.api.engagements) == 7
    assert importer.verdicts()["back-off"] == "clean"


@pytest.mark.parametrize(("seconds", "verdict"), [(0.0, "finding"), (1.8, "finding"), (2.0, "clean"), (5.0, "clean")])
def test_retry_after(importer: Importer, seconds: float, verdict: str) -> None:
    """A retry before Retry-After is over is a finding with both requests; one at that second is none."""
    importer.fail(retry_after=2)
    importer.send(external_id="crm:1")
    importer.wait(seconds)
    importer.send(external_id="crm:1")
    found = importer.verdict("retry-after")
    assert found.verdict == verdict
    assert [finding.requests for finding in found.findings] == (
        [tuple(request.id for request in importer.api.requests)] if verdict == "finding" else []
    )


def test_retry_after_is_for_the_key_that_it_was_said_of(importer: Importer) -> None:
    """A second worker that sends another call meanwhile does not know of it, and one whose answer was cut neither."""
    importer.fail(retry_after=60)
    importer.send(external_id="crm:1")
    importer.send(external_id="crm:2")
    assert importer.verdicts()["retry-after"] == "not_seen"


def test_a_wait_in_frozen_time_counts_by_the_true_clock(importer: Importer) -> None:
    """A client that really waits while the clock of the mock stands still, or is set back, is not accused."""
    importer.fail(retry_after=1)
    importer.api.clock.freeze()
    importer.send(external_id="crm:1")
    importer.send(external_id="crm:1")
    first, second = importer.api.requests
    mock = importer.api._mock
    for late, verdict in ((0.0, "finding"), (1.0, "clean")):
        moved = [first, replace(second, began=second.began + late, at=second.at - timedelta(hours=1))]
        card = grade(mock.traffic(moved))
        assert next(one.verdict for one in card.verdicts if one.id == "retry-after") == verdict


def test_a_refusal_that_is_sent_again(importer: Importer) -> None:
    """The same body again after a 422 is a finding, and so is one after a 403."""
    body = submission(external_id="crm:1", media_url="https://10.0.0.1/a.mp3")
    importer.send(**body)
    importer.send(**body)
    body = submission(external_id="crm:2")
    importer.send("reader", **body)
    importer.send("reader", **body)
    found = importer.verdict("refused")
    assert len(found.findings) == 2
    assert "422" in found.findings[0].said


def test_a_read_between_does_not_excuse_a_refusal_that_is_sent_again(importer: Importer) -> None:
    """A client that reads between a refused submission and the same one again has sent nothing else."""
    body = submission(external_id="crm:1", title="")
    importer.send(**body)
    importer.client.get(
        "/api/v2/engagements", headers={"Authorization": f"Bearer {importer.api.credentials['reader']}"}
    )
    importer.send(**body)
    assert len(importer.verdict("refused").findings) == 1


def test_a_refusal_that_is_taken(importer: Importer) -> None:
    """A corrected body, another credential, a second run of the importer and a new credential after 401 are right."""
    importer.send(external_id="crm:1", title="")
    importer.send(external_id="crm:1")
    body = submission(external_id="crm:2")
    importer.send("reader", **body)
    importer.send("writer", **body)
    for _ in range(2):
        importer.send(external_id="crm:3", title="")
        importer.send(external_id="crm:4")
    assert importer.verdict("refused").verdict == "clean"


def test_no_back_off(importer: Importer) -> None:
    """Attempts that follow each other at once are a finding with all of them."""
    importer.fail(times=9)
    for _ in range(8):
        importer.send(external_id="crm:1")
    (finding,) = importer.verdict("back-off").findings
    assert len(finding.requests) == 8


def test_back_off_is_judged_where_no_answer_says_how_long(importer: Importer) -> None:
    """Waits that Retry-After chose are not judged, and neither is one retry alone."""
    importer.fail(times=5, retry_after=0)
    for _ in range(6):
        importer.send(external_id="crm:1")
    importer.fail()
    importer.send(external_id="crm:2")
    importer.send(external_id="crm:2")
    assert importer.verdicts()["back-off"] == "not_seen"


@pytest.mark.parametrize("phase", ["after_commit", "before_commit"])
def test_a_new_key_for_each_attempt(importer: Importer, phase: str) -> None:
    """A call that comes again under another key after its answer was lost is a finding; stored twice only if it is."""
    body = submission(title="One call")
    importer.fail(kind="close", phase=phase)
    importer.send(**{**body, "external_id": "a"})
    importer.send(**{**body, "external_id": "b"})
    (finding,) = importer.verdict("same-key").findings
    assert ("twice" in finding.said) == (phase == "after_commit")
    assert finding.requests == tuple(request.id for request in importer.api.requests)


def test_duplicates_fail_the_assertion(importer: Importer) -> None:
    """The assertion that a call was created once fails for each key under which it is stored, and names the other."""
    body = submission(title="One call")
    importer.fail(kind="close", phase="after_commit")
    importer.send(**{**body, "external_id": "crm:1"})
    importer.send(**{**body, "external_id": "crm:1/2"})
    for key, other in (("crm:1", "'crm:1/2'"), ("crm:1/2", "'crm:1'")):
        with pytest.raises(AssertionError, match=other):
            importer.api.assert_created_once(key)


def test_equal_calls_are_not_taken_for_retries(importer: Importer) -> None:
    """Where test data is the same for every call, a call that the client gave up does not accuse the next ones."""
    body = submission(title="A call")
    importer.send(**{**body, "external_id": "1"})
    importer.fail(times=1, kind="close", phase="after_commit")
    importer.send(**{**body, "external_id": "2"})
    importer.send(**{**body, "external_id": "3"})
    assert importer.verdict("same-key").findings == ()
    importer.api.assert_created_once("2")


def test_a_key_that_is_tried_again_later(importer: Importer) -> None:
    """A client that goes on with the next call and comes back to the failed key is right."""
    body = submission(title="A call")
    importer.fail(times=1)
    for key in ("1", "2", "1"):
        importer.send(**{**body, "external_id": key})
    assert importer.verdict("same-key").verdict == "clean"


def test_a_corrected_key(importer: Importer) -> None:
    """A key that was refused for its length may be replaced."""
    body = submission()
    importer.send(**{**body, "external_id": "x" * 501})
    importer.send(**{**body, "external_id": "x"})
    assert importer.verdict("same-key").findings == ()


def test_a_changed_body(importer: Importer) -> None:
    """A repeat with another title is a finding that names the field; the same body again is none."""
    importer.send(external_id="crm:1")
    importer.send(external_id="crm:1")
    assert importer.verdict("same-body").verdict == "clean"
    importer.send(external_id="crm:1", title="Another")
    (finding,) = importer.verdict("same-body").findings
    assert "title" in finding.said


def test_a_link_that_was_signed_anew(importer: Importer) -> None:
    """A repeat whose media URL differs in its query only is the same; another file is not."""
    importer.send(external_id="crm:1", media_url=SIGNED + "1")
    importer.send(external_id="crm:1", media_url=SIGNED + "2")
    importer.send(external_id="crm:1", media_url=SIGNED + "3", transcript_text="x" * 10_000)
    assert [finding.said for finding in importer.verdict("same-body").findings if "media_url" in finding.said] == []
    importer.send(external_id="crm:1", media_url="https://media.mock.test/other/ok.mp3")
    assert "media_url" in importer.verdict("same-body").findings[-1].said


@pytest.fixture
def configured() -> Iterator[EngagementsServer]:
    """Return a server whose credentials a person chose."""
    wide = {"name": "wide", "credential": "wide-secret", "scopes": ["engagements:write", "contacts:read"]}
    narrow = {"name": "narrow", "credential": "narrow-secret", "scopes": ["engagements:write", "engagements:read"]}
    unused = {"name": "unused", "credential": "unused-secret", "scopes": ["contacts:write"]}
    with EngagementsServer(Settings(workspaces=[{"name": "W", "credentials": [wide, narrow, unused]}])) as server:
        yield server


def test_scopes_that_a_person_chose(configured: EngagementsServer) -> None:
    """A credential of the configuration that was used is judged by its scopes; one that was not used is not."""
    client, mock = configured.app.test_client(), configured.mock
    for name in ("wide", "narrow"):
        client.post("/api/v2/engagements", headers={"Authorization": f"Bearer {name}-secret"}, json=submission())
    client.get("/api/v2/engagements", headers={"Authorization": "Bearer narrow-secret"})
    assert mock.state.records is not None
    card = grade(mock.traffic(mock.state.records.journal.select(lambda _: True)))
    (verdict,) = [one for one in card.verdicts if one.id == "scopes"]
    assert verdict.cases == 2
    (finding,) = verdict.findings
    assert "'wide'" in finding.said
    assert "contacts:read" in finding.said
    assert "secret" not in str(card)


def test_scopes_that_the_mock_chose(importer: Importer) -> None:
    """The credentials that the mock makes for a test have more scopes than are needed, which is not the client's."""
    importer.send()
    assert importer.verdicts()["scopes"] == "not_seen"


@pytest.mark.parametrize(
    ("hold", "verdict"),
    [
        (None, "not_seen"),
        (Hold(3.0), "not_seen"),
        (Hold(3.0, client_left=True), "clean"),
        (Hold(60.0), "finding"),
        (Hold(61.0, client_left=True), "finding"),
    ],
)
def test_no_time_out(importer: Importer, hold: Hold | None, verdict: str) -> None:
    """A client is accused only if it waited a minute; leaving earlier is right, and a short hold tells nothing."""
    importer.send()
    card = grade(importer.api._mock.traffic([replace(entry, hold=hold) for entry in importer.api.requests]))
    assert next(one.verdict for one in card.verdicts if one.id == "time-out") == verdict


def test_a_call_in_process_tells_nothing_of_time_outs(importer: Importer) -> None:
    """A hang in process is let go at once, as if the client had left, which is no time-out of the client."""
    importer.fail(kind="slow", phase="before_commit", delay_ms=1)
    importer.fail(kind="hang", phase="after_commit")
    with pytest.raises(TimeoutError):
        importer.send()
    assert importer.verdicts()["time-out"] == "not_seen"


@pytest.mark.parametrize(
    ("text", "verdict"),
    [(ABSENT, "not_seen"), ("Hello", "clean"), ("x" * 854_999, "clean"), ("x" * 855_000, "finding"),
     ("é" * 451_250, "finding"), ("é" * 451_249, "clean")],
)  # fmt: skip
def test_a_long_transcript(importer: Importer, text: Any, verdict: str) -> None:
    """From 95 % of either limit on a transcript is near it: 855,000 characters, or 902,500 bytes."""
    importer.send(transcript_text=text)
    assert importer.verdicts()["transcript"] == verdict


def test_http(importer: Importer) -> None:
    """A media URL with http is a finding; another scheme is refused for itself."""
    importer.send(media_url="ftp://media.mock.test/ok.mp3")
    assert importer.verdicts()["https"] == "clean"
    importer.send(media_url="http://media.mock.test/ok.mp3", external_id="crm:1")
    (finding,) = importer.verdict("https").findings
    assert "'crm:1'" in finding.said


def test_the_same_again_is_one_finding(importer: Importer) -> None:
    """What is said of several requests in the same words is one finding with all of them."""
    for _ in range(3):
        importer.send(media_url="http://media.mock.test/ok.mp3", external_id="crm:1")
    (finding,) = importer.verdict("https").findings
    assert finding.requests == tuple(request.id for request in importer.api.requests)


@pytest.mark.parametrize("what", ["ignore", "refuse"])
def test_unknown_fields(what: str) -> None:
    """An unknown field is a finding that names it, whether the mock ignores or refuses it."""
    with EngagementsServer(Settings(unknown_fields=what)) as server, fresh_api(server) as api:
        importer = Importer(api)
        importer.send()
        assert importer.verdicts()["fields"] == "clean"
        importer.send(transcript="Hello", participants=[{"name": "Ada", "phone": "1"}])
        (finding,) = importer.verdict("fields").findings
        assert "/transcript" in finding.said
        assert "/participants/0/phone" in finding.said


def test_workflows_for_history(importer: Importer) -> None:
    """Three old calls that fire workflows are a finding; two are none, and neither are calls of today."""
    for number in range(2):
        importer.send(external_id=f"crm:{number}", run_workflows=True, start_at=A_WEEK_AGO)
        importer.send(run_workflows=True)
        importer.send(run_workflows=False, start_at=A_WEEK_AGO)
    assert importer.verdicts()["workflows"] == "clean"
    importer.send(external_id="crm:2", run_workflows=True, start_at=A_WEEK_AGO)
    (finding,) = importer.verdict("workflows").findings
    assert len(finding.requests) == 3


def test_history_by_the_clock_of_the_mock(importer: Importer) -> None:
    """A call is as old as the clock of the mock says."""
    importer.api.clock.freeze()
    start = (importer.api.clock.now() + timedelta(days=365)).isoformat()
    importer.wait(366 * 24 * 3600)
    for _ in range(3):
        importer.send(run_workflows=True, start_at=start)
    assert importer.verdicts()["workflows"] == "clean"


def test_text_of_a_client_is_escaped(importer: Importer) -> None:
    """A key and a field with control characters do not reach a terminal."""
    importer.send(**{"external_id": "\x1b[2J", "\x1b[31m": 1, "media_url": "http://a.example/b.mp3"})
    assert "\x1b" not in str(importer.api.report())


def test_credentials_are_covered(importer: Importer) -> None:
    """A key that holds an API key is covered in the text of a card, in whatever finding."""
    secret = "sk-apik_someone.secret"
    importer.send(external_id=secret, transcript_text="x" * 900_000, nonsense=1)
    importer.send(external_id=secret, title=secret, media_url="http://a.example/b.mp3")
    assert len(importer.api.report().findings) == 3
    assert secret not in str(importer.api.report())


def test_another_workspace_is_another_client(engagements_server: EngagementsServer) -> None:
    """Two tests with the same keys do not accuse each other, though a fault struck before the requests were read."""
    with fresh_api(engagements_server) as one, fresh_api(engagements_server) as other:
        for api in (one, other):
            Importer(api).fail(retry_after=60)
            Importer(api).send(external_id="crm:1")
        mock = engagements_server.mock
        card = grade(mock.traffic([*one.requests, *other.requests]))
        assert card.findings == ()


def test_reads_are_no_attempts(importer: Importer) -> None:
    """Reading the same thing again, refused or not, is no repeat of a submission, and the scopes of reads are used."""
    importer.send()
    before = importer.verdicts()
    headers = {"Authorization": f"Bearer {importer.api.credentials['writer']}"}
    statuses = [
        importer.client.get(f"/api/v2/engagements{path}", headers=headers).status_code
        for path in ("", "", "/ngmt_none", "/ngmt_none", "?limit=0", "?limit=0")
    ]
    assert statuses == [200, 200, 404, 404, 400, 400]
    assert importer.verdicts() == before
