"""`mock-server report` and the route that it asks."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

import pytest

from mock_server.cli import main
from tests.kit.control import Client, Serve
from tests.kit.http import WRITER


def report(client: Client, *arguments: str) -> int:
    """Run the command against a server, in this process, and return its exit code."""
    return main(["report", "--port", str(urlsplit(client.server.base_url).port), *arguments])


def test_a_clean_card_is_exit_0(client: Client, capsys: pytest.CaptureFixture[str]) -> None:
    """Without findings the command prints the card and returns 0."""
    client.post()
    assert report(client) == 0
    assert "1 request, 1 engagement" in capsys.readouterr().out


def test_findings_are_exit_1(client: Client, capsys: pytest.CaptureFixture[str]) -> None:
    """With findings the command prints them, with the ids of their requests, and returns 1."""
    client.post(media_url="http://media.mock.test/ok.mp3", external_id="crm:1")
    assert report(client) == 1
    printed = capsys.readouterr().out
    assert "'crm:1' was sent with an http URL" in printed
    assert client.last()["id"] in printed


def test_nothing_sent_is_exit_2(client: Client, capsys: pytest.CaptureFixture[str]) -> None:
    """A client that sent nothing gets no clean card: the command says where it listened, and returns 2."""
    assert report(client) == 2
    assert client.server.base_url in capsys.readouterr().err


def test_json(client: Client, capsys: pytest.CaptureFixture[str]) -> None:
    """The format json is what the route answers."""
    client.post(external_id="crm:1", nonsense=1)
    assert report(client, "--format", "json") == 1
    assert json.loads(capsys.readouterr().out) == client.admin("GET", "/report").json()


def test_junit(client: Client, capsys: pytest.CaptureFixture[str]) -> None:
    """The format junit is a document with a test case for each check, and its failures are the findings."""
    client.post(external_id="crm:1", nonsense=1)
    assert report(client, "--format", "junit") == 1
    suite = ET.fromstring(capsys.readouterr().out)  # noqa: S314  our own
    assert [case.get("name") for case in suite if case.find("failure") is not None] == ["fields"]


def test_the_report_of_one_workspace(client: Client) -> None:
    """The route grades the requests of one workspace, by id or name, and refuses an unknown one with 404."""
    made = client.admin("POST", "/workspaces", {"name": "mine"}).json()
    client.post(nonsense=1)
    client.post(made["credentials"]["writer"])
    for name, findings in (("mine", 0), (made["id"], 0), ("A", 1)):
        found = client.admin("GET", f"/report?workspace={name}").json()
        assert (found["requests"], found["engagements"], found["findings"]) == (1, 1, findings)
    assert client.admin("GET", "/report?workspace=nobody").status == 404


def test_no_credential_is_shown(client: Client, capsys: pytest.CaptureFixture[str]) -> None:
    """A key that holds a credential is covered in the report, and so is a field with one as its name."""
    client.post(external_id=f"a {WRITER}", media_url="http://media.mock.test/ok.mp3", **{WRITER: 1})
    for name in ("text", "json", "junit"):
        report(client, "--format", name)
    client.post(external_id=f"b {WRITER}", nonsense=1, transcript_text="x" * 900_000)
    report(client)
    assert WRITER not in capsys.readouterr().out + client.admin("GET", "/report").text


def test_the_admin_token(serve: Serve, capsys: pytest.CaptureFixture[str]) -> None:
    """With its token the command gets the card, and without it an error."""
    client = serve(admin_token="a-long-enough-token")
    client.post()
    assert report(client, "--admin-token", "a-long-enough-token") == 0
    assert report(client) == 2
    assert "401" in capsys.readouterr().err


def test_no_server_is_exit_2(capsys: pytest.CaptureFixture[str]) -> None:
    """Where nobody listens nothing was graded: exit 2, and a line that says where."""
    assert main(["report", "--port", "1"]) == 2
    assert "127.0.0.1:1/" in capsys.readouterr().err


def test_another_server_is_exit_2(capsys: pytest.CaptureFixture[str]) -> None:
    """JSON that is no report card is exit 2 and a line, not a trace."""

    class Other(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"status": "ok"}')

        def log_message(self, *_: object) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Other)
    thread = Thread(target=server.handle_request)
    thread.start()
    assert main(["report", "--port", str(server.server_port)]) == 2
    thread.join()
    server.server_close()
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_format_that_does_not_exist(capsys: pytest.CaptureFixture[str]) -> None:
    """An unknown format is a mistake of usage."""
    with pytest.raises(SystemExit, match="2"):
        main(["report", "--format", "xml"])
    assert "junit" in capsys.readouterr().err
