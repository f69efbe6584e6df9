"""How a line of the log looks."""

from __future__ import annotations

import io
import json
import logging

import pytest

from mock_server import Running, Settings
from mock_server.current_request import CurrentRequest
from mock_server.logs import TEXT, JsonFormatter, RequestLine
from mock_server.services import Mock
from tests.kit.http import create, send


def test_no_line_holds_a_credential(server: Running, caplog: pytest.LogCaptureFixture) -> None:
    """Not even where a client puts one into a path, in neither form of a line."""
    with caplog.at_level(logging.INFO):
        send(server, method="GET", path="/api/sk-apik_writer.local")
    (record,) = [record for record in caplog.records if record.name == "mock_server"]
    for formatter in (logging.Formatter(TEXT), JsonFormatter()):
        line = formatter.format(record)
        assert ("/api/(not shown)" in line, "writer" in line) == (True, False)


def test_what_a_client_sends_stays_on_one_line() -> None:
    """Neither a path nor, under a server that lets it through, a method can forge a line of the log."""
    mock = Mock(Settings())
    environ = {"REQUEST_METHOD": "A\rB\x1b[2J"}
    current = CurrentRequest(mock, mock.state, mock.services.clock.now(), environ, "/\n2026-01-01 POST /\x85")
    assert str(RequestLine(current, 404, 0.0)) == r"A\rB\x1b[2J /\n2026-01-01 POST /\x85 404 0.0 ms"


def test_json_logs_are_an_object_a_line(server: Running) -> None:
    """With --log-format json a request is one line of JSON with its parts, and holds no credential."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    log = logging.getLogger("mock_server")
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    try:
        problem = create(server, title="").json()
        send(server, method="GET", path="/a%0ab")
    finally:
        log.removeHandler(handler)
        log.setLevel(logging.NOTSET)
    first, second = map(json.loads, stream.getvalue().splitlines())
    assert (first["status"], first["rule"], first["request_id"]) == (422, "LIMIT-2", problem["request_id"])
    assert (first["level"], first["method"], second["status"]) == ("info", "POST", 404)
    assert "sk-apik" not in stream.getvalue()
