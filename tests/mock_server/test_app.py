"""The application around the pipeline: problems, headers, log, and other servers that host it."""

from __future__ import annotations

import gc
import io
import json
import logging
from collections.abc import Iterator
from types import TracebackType

import pytest
from werkzeug.test import Client

import mock_server
from mock_server import Running, Settings, create_app
from mock_server.media.simulated import SimulatedMedia
from mock_server.services import Mock
from tests.kit.checks import check_headers, check_problem
from tests.kit.http import PATH, WRITER, create, send
from tests.kit.submissions import submission


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """Collect what the mock logs."""
    with caplog.at_level(logging.DEBUG):
        yield caplog


def test_any_wsgi_server_can_host_the_application() -> None:
    """create_app gives a plain WSGI application that needs nothing of our server."""
    client = Client(create_app(Settings()))
    headers = {"Authorization": f"Bearer {WRITER}"}
    body = submission()
    assert [client.post(PATH, json=body, headers=headers).status_code for _ in range(2)] == [201, 200]
    assert client.post(PATH, headers=headers, content_type="application/json").status_code == 400
    assert client.put(PATH).headers["Allow"] == "GET, HEAD, POST"
    terminated = {"wsgi.input_terminated": True}
    streamed = client.post(PATH, headers=headers, content_type="application/json", input_stream=io.BytesIO(b"{}"),
                           environ_overrides=terminated)  # fmt: skip
    assert streamed.status_code == 422
    assert create_app().extensions["mock_server"].settings == Settings()


@pytest.mark.parametrize("body", [submission(), b"{", submission(title="")], ids=["valid", "malformed", "invalid"])
@pytest.mark.parametrize("moment", ["before_request", "after_request", "teardown_request", "teardown_appcontext"])
def test_functions_that_extensions_of_flask_add_are_called(moment: str, body: object) -> None:
    """Whoever adds a function around requests sees the operation too, which answers as it does without."""
    calls = []

    def hook(given: object = None) -> object:
        calls.append(moment)
        return given

    plain, hooked = create_app(Settings()), create_app(Settings())
    getattr(hooked, moment)(hook)
    content = body if isinstance(body, bytes) else json.dumps(body)
    answers = [
        Client(app).post(PATH, data=content, headers={"Authorization": WRITER}, content_type="application/json")
        for app in (plain, hooked)
    ]
    assert calls == [moment]
    assert answers[0].status == answers[1].status
    assert sorted(answers[0].headers) == sorted(answers[1].headers)
    assert answers[0].get_json().keys() == answers[1].get_json().keys()


def test_a_failure_inside_is_a_problem_that_tells_nothing(
    monkeypatch: pytest.MonkeyPatch, own_server: Running, log: pytest.LogCaptureFixture
) -> None:
    """An unexpected error is a 500 with a request_id, without a trace of the inside, and the log has it all."""

    def fail(*_: object) -> None:
        raise ZeroDivisionError("inside")

    body = submission()
    with monkeypatch.context() as patched:
        patched.setattr(SimulatedMedia, "fetch", fail)
        answer = send(own_server, body)
    check_problem(answer, 500)
    assert not {b"inside", b"ZeroDivision", b"Traceback", b"<html"} & set(answer.body.split())
    assert any("inside" in str(record.exc_info) for record in log.records)
    assert send(own_server, body).status == 201


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("POST", PATH, 400), ("PUT", PATH, 405), ("GET", f"{PATH}/ngmt_1", 404), ("GET", "/nowhere", 404)],
)
def test_a_refusal_keeps_nothing_of_its_request_alive(method: str, path: str, status: int) -> None:
    """The frames that an error went through hold a body of megabytes, perhaps: they go with the request."""
    client = Client(create_app(Settings()))
    gc.collect()
    gc.disable()
    try:
        before = _tracebacks()
        assert client.open(path, method=method, data=b"{", headers={"Authorization": WRITER}).status_code == status
        assert _tracebacks() == before
    finally:
        gc.enable()


def _tracebacks() -> int:
    return sum(isinstance(known, TracebackType) for known in gc.get_objects())


def test_every_refusal_has_its_own_request_id(server: Running) -> None:
    """No two problems have the same request_id."""
    ids = {send(server, b"{").json()["request_id"] for _ in range(20)}
    assert len(ids) == 20


@pytest.mark.parametrize("path", ["health", "ready"])
def test_health_and_readiness(server: Running, path: str) -> None:
    """Health and ready answer ok, by GET and HEAD, with the headers of every answer."""
    answer = send(server, method="GET", path=f"/__admin/{path}", credential=None)
    assert (answer.status, answer.json()) == (200, {"status": "ok"})
    check_headers(answer)
    assert send(server, method="HEAD", path=f"/__admin/{path}").status == 200


def test_version_names_the_mock(server: Running) -> None:
    """Version tells name and version, the same as X-Mock-Server."""
    answer = send(server, method="GET", path="/__admin/version")
    assert answer.headers["X-Mock-Server"] == f"{answer.json()['name']}/{answer.json()['version']}"
    assert answer.json()["api_version"] == "v2"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "reset", 405),
        ("POST", "health", 405),
        ("OPTIONS", "version", 405),
        ("GET", "nothing", 404),
        ("GET", "requests/rid_unknown", 404),
    ],
)
def test_the_control_plane_answers_in_problems(server: Running, method: str, path: str, status: int) -> None:
    """Wrong methods and unknown paths of the control plane are problems too."""
    check_problem(send(server, method=method, path=f"/__admin/{path}"), status)


@pytest.mark.parametrize("path", ["/", "/index.html", "/__admin/nothing", "/__admin/inspect", "/api", "/api/v2/other"])
def test_a_wrong_path_says_where_to_go(server: Running, path: str) -> None:
    """What is served nowhere names the operation and the inspector, both of which are there."""
    answer = send(server, method="GET", path=path)
    assert answer.status == 404
    assert "POST /api/v2/engagements" in answer.json()["detail"]
    assert "/__admin/." in answer.json()["detail"]
    assert send(server, method="GET", path="/__admin/", credential=None).status == 200


def test_without_a_control_plane_no_inspector_is_promised() -> None:
    """With --admin off a wrong path names the operation alone."""
    answer = create_app(Settings(admin="off")).test_client().get("/")
    assert ("/api/v2/engagements" in answer.text, "/__admin" in answer.text) == (True, False)


def test_the_control_plane_is_not_under_the_api(server: Running) -> None:
    """Nothing of the control plane is reachable below /api."""
    check_problem(send(server, path="/api/__admin/reset"), 404)


def test_a_reset_forgets_everything(own_server: Running) -> None:
    """After a reset keys are free, and the clock is the system's."""
    body = submission()
    own_server.mock.services.clock.freeze()
    frozen = own_server.mock.services.clock.now()
    first = send(own_server, body).json()
    assert send(own_server, path="/__admin/reset", credential=None).json() == {"status": "ok"}
    second = send(own_server, body)
    assert (second.status, second.json()["id"] == first["id"]) == (201, False)
    assert own_server.mock.services.clock.now() != frozen


def test_the_log_names_the_rules_and_no_values(server: Running, log: pytest.LogCaptureFixture) -> None:
    """A line says method, path, status and which rule each field broke, never what was sent."""
    create(server, title="", media_url="http://user:secret@a.b/")
    (line,) = [record.getMessage() for record in log.records if "POST" in record.getMessage()]
    assert line.startswith(f"POST {PATH} 422 (LIMIT-2 /title too_short, URL-1 /media_url url_scheme) ")
    assert "secret" not in line


@pytest.mark.parametrize(
    "header", [f"Bearer {WRITER}", WRITER, f"Basic {WRITER}", f"Bearer {WRITER}x", "Bearer reader.local"]
)
@pytest.mark.parametrize("body", [submission(), b"{", b"[]", b"\xff"], ids=range(4))
def test_no_log_line_holds_a_credential(
    server: Running, log: pytest.LogCaptureFixture, header: str, body: object
) -> None:
    """Whatever becomes of a request, its credential is in no log line of any level and in no answer."""
    answer = send(server, body, credential=None, headers={"Authorization": header})
    assert answer.status in {200, 201, 400, 401}
    assert log.records
    assert ".local" not in log.text + answer.body.decode() + str(answer.headers)


def test_a_path_cannot_forge_a_log_line(server: Running, log: pytest.LogCaptureFixture) -> None:
    """Line breaks and control characters of a path are shown, not obeyed."""
    send(server, method="GET", path="/a%0d%0aFAKE%1b[31m%ff")
    (line,) = [record.getMessage() for record in log.records if "GET" in record.getMessage()]
    assert line.isprintable()


def test_a_quiet_log_stays_quiet(server: Running, caplog: pytest.LogCaptureFixture) -> None:
    """At the level of warnings ordinary requests and refusals leave no line."""
    with caplog.at_level(logging.WARNING):
        send(server, b"{")
        create(server)
    assert caplog.records == []


def test_services_are_shared_and_state_is_not() -> None:
    """A reset replaces the state and leaves the services; conflict mode has no patience."""
    mock = Mock(Settings(in_flight="conflict"))
    services, state = mock.services, mock.state
    mock.reset()
    assert mock.services is services
    assert mock.state is not state
    assert services.patience == 0


def test_the_package_says_what_it_offers() -> None:
    """Everything named in __all__ is there."""
    assert all(hasattr(mock_server, name) for name in mock_server.__all__)
