"""How a line of the log looks, and what a peer cannot make of it."""

from __future__ import annotations

import io
import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from mock_server import Running, Settings, create_app
from mock_server.current_request import CurrentRequest
from mock_server.logs import JsonFormatter, RequestLine, TextFormatter
from mock_server.reading import harmless
from mock_server.services import Mock
from tests.kit.http import WRITER, create, send
from tests.kit.waiting import wait_until
from tests.kit.wire import exchange

FORGED = "2026-11-26 12:00:00,000 POST /api/v2/engagements 201"
HOSTILE = {
    "a new line": "\n",
    "a carriage return": "\r",
    "a title of the terminal": "\x1b]0;owned\x07",
    "a colour": "\x1b[31m",
    "an escape of C1": "\x9b2J",
    "a line of C1": "\x85",
    "a line separator": "\u2028",
    "a paragraph separator": "\u2029",
    "an override of direction": "\u202e",
    "an isolate of direction": "\u2066",
    "a lone surrogate": "\ud800",
    "a mark of width zero": "\u200b",
    "a NUL": "\0",
    "a backspace": "\b",
    "a deletion": "\x7f",
}


@contextmanager
def logged(form: str, name: str) -> Iterator[io.StringIO]:
    """Write what a logger is told in the block as the command would, into a text and nowhere else."""
    stream, log = io.StringIO(), logging.getLogger(name)
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter() if form == "json" else TextFormatter())
    level, propagates = log.level, log.propagate
    log.propagate = False
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    try:
        yield stream
    finally:
        log.removeHandler(handler)
        log.setLevel(level)
        log.propagate = propagates


def assert_harmless(text: str) -> None:
    """Assert that a log is lines of printable text, none of which a peer has begun."""
    assert all(character.isprintable() for character in text.replace("\n", ""))
    assert not [line for line in text.split("\n") if line.startswith(FORGED)]
    text.encode()  # no lone surrogates either


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE)
def test_what_is_not_printable_is_escaped(hostile: str) -> None:
    """Control characters, separators, marks of direction and surrogates become escapes; other text stays."""
    assert_harmless(harmless(f"é {hostile}{FORGED} 日本 😀"))
    assert harmless("é 日本 😀 a\\b") == "é 日本 😀 a\\b"
    assert harmless(harmless(hostile)) == harmless(hostile)


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("name", ["mock_server", "mock_server.http", "werkzeug", "flask.app", "py.warnings"])
def test_every_logger_is_harmless(form: str, hostile: str, name: str) -> None:
    """Message, argument, exception and stack of any logger: a peer's text in them begins no line."""
    text = f"a{hostile}{FORGED} {WRITER}"
    with logged(form, name) as stream:
        log = logging.getLogger(name)
        log.warning(text)
        log.warning("asked for %s", text, stack_info=True)
        log.error("it failed for %r", text, exc_info=ValueError(text))
    assert_harmless(stream.getvalue())
    assert WRITER not in stream.getvalue()
    assert stream.getvalue().count("ValueError") >= 1


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_failure_inside_is_harmless(form: str) -> None:
    """An exception that repeats what a peer sent is logged with its traceback, behind a bar on each line."""
    mock = Mock(Settings())

    def fail(raw: bytes) -> dict[str, Any]:
        raise RuntimeError(raw.decode())

    mock.use(parse=fail)
    body = f"\n{FORGED}\x1b[2J\u202e {WRITER}".encode()
    with logged(form, "mock_server") as stream:
        answer = create_app(mock=mock).test_client().post(
            "/api/v2/engagements", data=body, content_type="application/json", headers={"Authorization": WRITER}
        )  # fmt: skip
    assert answer.status_code == 500
    assert_harmless(stream.getvalue())
    assert ("RuntimeError" in stream.getvalue(), WRITER in stream.getvalue()) == (True, False)


def attack(server: Running) -> None:
    """Send what a web page can send, and what only a bare socket can."""
    for hostile in HOSTILE.values():
        encoded = "".join(f"%{byte:02x}" for byte in f"{hostile}{FORGED}".encode("utf-8", "surrogatepass"))
        for path in ("/__admin/requests?", "/__admin/inspect/keys?x=", "/__admin/", "/api/"):
            send(server, method="GET", path=path + encoded, credential=None)
        member = {f"a{hostile}{FORGED}": 1}
        for path in ("/__admin/faults", "/__admin/workspaces", "/__admin/snapshot", "/api/v2/engagements"):
            send(server, member, path=path, method="PUT" if path.endswith("snapshot") else "POST")
        send(server, {"participants": [member]})
    for line in (b"GET /\x1b[2J HTTP/1.1\r\n\r\n", b"\x1b]0;owned\x07 / HTTP/1.1\r\n\r\n", b"G\rET / HTTP/1.1\r\n\r\n"):
        exchange(server, line)
    exchange(server, b"GET / HTTP/1.1\r\nHost: a\r\nX-Note: \x1b[2J\r\nConnection: close\r\n\r\n")


@pytest.mark.parametrize("form", ["text", "json"])
def test_no_peer_writes_to_the_terminal_of_the_command(form: str, tmp_path: Path) -> None:
    """All that the command prints under attack, at its most talkative, is lines of printable text of its own."""
    ready, printed = tmp_path / "ready.json", tmp_path / "printed"
    command = [sys.executable, "-m", "mock_server", "--port", "0", "--ready-file", str(ready), "--log-level", "debug",
               "--log-format", form]  # fmt: skip
    environ = {**os.environ, "PYTHONIOENCODING": "utf-8"}
    with printed.open("wb") as file, subprocess.Popen(command, stdout=file, stderr=file, env=environ) as process:
        wait_until(ready.exists, 30)
        base_url = json.loads(ready.read_text())["base_url"]
        attack(Running(base_url, base_url.replace("/api", "/__admin"), {}, Mock(Settings())))
        process.terminate()
        assert process.wait(20) == 0
    text = printed.read_text(encoding="utf-8")
    assert_harmless(text)
    assert text.count("422") >= len(HOSTILE) * 4


def test_a_warning_of_python_is_a_line_of_the_log() -> None:
    """A warning that repeats what a peer sent is as harmless as any other line."""
    script = (
        "import warnings; from mock_server import logs; logs.configure('info', 'text');"
        f"warnings.warn('a\\n{FORGED}\\x1b[2J')"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=30)
    assert_harmless(done.stderr)
    assert FORGED in done.stderr


def test_no_line_holds_a_credential(server: Running, caplog: pytest.LogCaptureFixture) -> None:
    """Not even where a client puts one into a path, in neither form of a line."""
    with caplog.at_level(logging.INFO):
        send(server, method="GET", path="/api/sk-apik_writer.local")
    (record,) = [record for record in caplog.records if record.name == "mock_server"]
    for formatter in (TextFormatter(), JsonFormatter()):
        line = formatter.format(record)
        assert ("/api/(not shown)" in line, "writer" in line) == (True, False)


def test_what_a_client_sends_stays_on_one_line() -> None:
    """Neither a path nor, under a server that lets it through, a method can forge a line of the log."""
    mock = Mock(Settings())
    environ = {"REQUEST_METHOD": "A\rB\x1b[2J"}
    current = CurrentRequest(mock, mock.state, mock.services.clock.now(), environ, "/\n2026-01-01 POST /\x85")
    assert str(RequestLine(current, 404, 0.0)) == r"A\rB\x1b[2J /\n2026-01-01 POST /\x85 404 0.0 ms"


def test_a_line_says_that_an_answer_was_cut() -> None:
    """The status in a line is what was to be sent. Where a fault cut it off, the line says which kind did."""
    mock = Mock(Settings())
    current = CurrentRequest(mock, mock.state, mock.services.clock.now(), {"REQUEST_METHOD": "POST"}, "/")
    current.trace.cut = "close"
    assert str(RequestLine(current, 201, 0.0)) == "POST / 201 cut by close 0.0 ms"


def test_json_logs_are_an_object_a_line(server: Running) -> None:
    """With --log-format json a request is one line of JSON with its parts, and holds no credential."""
    with logged("json", "mock_server") as stream:
        problem = create(server, title="").json()
        send(server, method="GET", path="/a%0ab%7f")
    first, second = map(json.loads, stream.getvalue().splitlines())
    assert (first["status"], first["rule"], first["request_id"]) == (422, "LIMIT-2", problem["request_id"])
    assert (first["level"], first["method"], second["status"]) == ("info", "POST", 404)
    assert second["path"] == "/a\nb\x7f"
    assert "sk-apik" not in stream.getvalue()
