"""Targets with several faults, and targets that go down while they are fuzzed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from contract.exchange import Exchange
from contract.fuzz.fuzz_run import FuzzRecorder
from contract.fuzz.plainly import plainly
from contract.fuzz.table import table
from contract.judge.answers import answer
from contract.outcome import Violation
from contract.run.session import Session
from contract.spec.rules import catalogue
from contract.target.clock import PaperClock
from tests.kit.fuzzing import Dying, Started, failed, fuzz


class Faulty:
    """An application that spoils the answers of another one in five ways."""

    def __init__(self, app: Any) -> None:
        self._app = app

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer one request."""
        started: list[Any] = []
        content = b"".join(self._app(environ, lambda status, headers, *_: started.extend((status, headers))))
        status, headers = started
        said = json.loads(content)
        if status.startswith("20"):
            status = "201 Created"  # IDEM-1: repeats too
            said |= {"signals": [], "is_private": True}  # RESP-6, RESP-9
            headers = [header for header in headers if header[0] != "X-Api-Version"]  # RESP-5
        elif status.startswith("422"):
            said["request_id"] = "42"  # ERR-6
        content = json.dumps(said).encode()
        headers = [(name, value) for name, value in headers if name != "Content-Length"]
        start_response(status, [*headers, ("Content-Length", str(len(content)))])
        return [content]


@pytest.mark.long
def test_each_of_several_faults_is_reported(start: Started) -> None:
    """One run of a few hundred cases names the rule of every fault, and the case of each is one or two requests."""
    session = start(Faulty)
    state = fuzz(session, 300)
    found = failed(session)
    assert {"IDEM-1", "RESP-6", "RESP-9", "RESP-5", "ERR-6"} <= found.keys()
    assert found.keys() <= {"IDEM-1", "IDEM-2", "RESP-6", "RESP-9", "RESP-5", "ERR-6"}
    assert state.stopped is None
    assert all(failure.curl.count("curl ") <= 3 for failures in found.values() for failure in failures[:1])


@pytest.mark.parametrize("defect", ["chunks-refused", "json-escaped-names", "json-without-blanks"])
def test_a_form_that_is_refused_is_blamed_alone(start: Started, defect: str) -> None:
    """The rule of what is sent in it holds, so it is not sent in that form any more."""
    session = start(defect)
    state = fuzz(session, 200)
    assert failed(session).keys() == {"BODY-13"}
    assert state.accepted


@pytest.mark.parametrize("status", [None, 500])
@pytest.mark.parametrize("left", [0, 20])
def test_a_target_that_goes_down_ends_the_run(start: Started, left: int, status: int | None) -> None:
    """Silence accuses nobody and says why the run ended; answers of 500 are reported; neither is a traceback."""
    session = start(clock=PaperClock())
    session.client._transport = Dying(session.client._transport, left, status)
    state = fuzz(session, 60)
    if status is None:
        assert failed(session) == {}
        assert "stopped answering" in str(state.stopped)
    else:
        assert "ERR-4" in failed(session)


def test_a_case_is_plain_unless_its_form_matters(start: Started) -> None:
    """The case of a fault that any form shows is sent without chunks, escapes or a connection of its own."""
    session = start("repeat-201")
    fuzz(session, 300)
    (failure,) = failed(session)["IDEM-1"]
    for word in ("chunked", "Connection: close", "\\u00", "\\/", "?duration=1&"):
        assert word not in failure.curl
    assert failure.curl.count("curl ") == 2


ODD = {"start_at": "2079-12-23T18:15:14-11:00", "participants": [{"name": "b"}], "source_system": "ß"}
RECORDING = "https://media.mock.test/type/video/mp4/v?duration=60"


def oddly(session: Session, expect: str, **changes: Any) -> Exchange:
    """Send a submission with this change and others that do not matter, in an odd form."""
    client = session.client
    request = client.request(dict(reversed(client.submission(**ODD | changes).items())), escaped=True, expect=expect)
    return client.send(replace(request, chunked=True, headers=(*request.headers, ("Connection", "close"))))


@pytest.mark.parametrize(
    ("defect", "rule", "expect", "changes"),
    [
        ("query-refused", "URL-17", "created", {"media_url": RECORDING}),
        ("scheme-http", "URL-1", "refused", {"media_url": "http://media.mock.test/ok.mp3", **ODD}),
        ("error-version-missing-422", "ERR-2", "refused", {"type": "EMAIL"}),
        ("fails-on-nul", "ERR-4", "observed", {"title": "a\0b"}),
        ("shown-title-trimmed", "RESP-4", "created", {"title": " a "}),
        ("start-offset-ignored", "BODY-8", "created", {}),
    ],
)
def test_what_was_found_is_shown_plainly(
    start: Started, defect: str, rule: str, expect: str, changes: dict[str, Any]
) -> None:
    """What does not matter is gone from the case that is reported: chunks, escapes, odd orders, and other fields.

    They stay where the target accepts what it should refuse, as any of them may be what is wrong.
    """
    session = start(defect)
    odd = oddly(session, expect, **changes)
    recorder = session.recorder
    assert isinstance(recorder, FuzzRecorder)
    before = {rule: list(found) for rule, found in failed(session).items()}
    shown = plainly(session.client, recorder, Violation(rule, "the right answer", answer(odd), odd)).exchange
    assert shown is not None
    key = shown.request.key
    changes = changes or {"start_at": ODD["start_at"]}
    assert shown.document == {**session.client.base, **changes, "external_id": key}
    assert list(shown.document)[:6] == list(session.client.base)
    assert (shown.request.chunked, shown.request.body.escaped) == (False, False)
    assert {rule: list(found) for rule, found in failed(session).items()} == before


@pytest.mark.parametrize(("defect", "matters"), [("repeat-of-another-owner", ()), ("key-with-start", ("start_at",))])
def test_a_repeat_is_shown_plainly(start: Started, defect: str, matters: Sequence[str]) -> None:
    """It repeats a plain submission of its own, and differs from that one in what matters alone."""
    session = start(defect)
    oddly(session, "created", media_url=RECORDING, external_id=(key := session.client.key()))
    odd = oddly(session, "replayed", media_url=RECORDING, start_at="2077-01-01T00:00:00Z", external_id=key)
    recorder = session.recorder
    assert isinstance(recorder, FuzzRecorder)
    found = Violation("IDEM-2", "200 with the stored engagement", answer(odd), odd)
    shown = plainly(session.client, recorder, found)
    assert shown.exchange is not None
    (first,) = shown.before
    assert first.document == {**session.client.base, "external_id": shown.exchange.request.key}
    assert shown.exchange.document == first.document | {name: odd.document[name] for name in matters}
    assert (shown.exchange.request.chunked, shown.exchange.request.body.escaped) == (False, False)


@pytest.mark.parametrize(
    ("defect", "rule", "credential", "changes"),
    [
        ("draft-kept", "IDEM-9", "writer", {"media_url": "https://10.0.0.1/a.mp3"}),
        ("burnt-by-scope", "SCOPE-5", "reader", {}),
    ],
)
def test_a_create_after_a_refusal_is_shown_plainly(
    start: Started, defect: str, rule: str, credential: str, changes: dict[str, Any]
) -> None:
    """Both are plain, but for what is refused."""
    session = start(defect)
    client, recorder = session.client, session.recorder
    expect = "refused" if credential == "writer" else "forbidden"
    refusal = client.submit(client.submission(**ODD | changes), expect=expect, credential=credential)
    odd = oddly(session, "created", title="another", external_id=refusal.request.key)
    assert isinstance(recorder, FuzzRecorder)
    found = Violation(rule, "the right answer", answer(odd), odd)
    found.before = [refusal]
    shown = plainly(client, recorder, found)
    assert shown.exchange is not None
    (first,) = shown.before
    key = {"external_id": shown.exchange.request.key}
    assert first.document == client.base | changes | key
    assert shown.exchange.document == client.base | key | {"title": shown.exchange.document["title"]}


def test_what_shows_only_in_an_odd_form_stays_in_it(start: Started) -> None:
    """A fault of chunks is not shown without them, and so the case stays as it was found."""
    session = start("chunks-refused")
    odd = oddly(session, "created")
    recorder = session.recorder
    assert isinstance(recorder, FuzzRecorder)
    found = Violation("BODY-13", "a first submission to be accepted", answer(odd), odd)
    assert plainly(session.client, recorder, found) is found


@pytest.mark.long
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_what_one_case_of_the_table_shows_needs_no_luck(start: Started, seed: int) -> None:
    """Each case of the table is sent once before any is drawn, where half of the cases suffices for that."""
    session = start("start-offset-minutes", max_requests=900)
    fuzz(session, 2 * len(table(session.client)), seed)
    assert set(failed(session)) == {"BODY-7"}


def test_the_table_keeps_the_budget_of_creations(start: Started) -> None:
    """Cases that would create more are not sent; what is refused is, and the run goes on to its end."""
    session = start(max_creations=20)
    state = fuzz(session, 400)
    assert (failed(session), state.stopped) == ({}, None)
    assert session.client.creations <= 20


class Moody:
    """An application that fails on every fifth submission."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self._count = 0

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer one request."""
        self._count += environ["REQUEST_METHOD"] == "POST"
        if self._count % 5:
            return list(self._app(environ, start_response))
        start_response("500 Internal Server Error", [("Content-Type", "text/plain")])
        return [b"oh"]


def test_a_target_that_answers_otherwise_each_time_ends_no_run(start: Started, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it did once is not what it does again, and Hypothesis calls that a mistake of ours: here it is none."""
    monkeypatch.setattr("contract.fuzz.own.CASES", 2)  # many examples in a batch, so that two begin alike
    session = start(Moody)
    assert isinstance(session.recorder, FuzzRecorder)
    session.recorder.known |= catalogue().keys()  # nothing is new, so that no finding ends an example
    state = fuzz(session, 500)
    assert "ERR-4" in failed(session)
    assert state.done >= 500
