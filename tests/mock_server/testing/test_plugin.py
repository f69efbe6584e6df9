"""The fixtures in folders of other people: nothing is imported, nothing is left, no other plugin is disturbed."""

from __future__ import annotations

from pathlib import Path

import pytest

from mock_server.config import OPTIONS
from pytest_engagements import SERVER_OPTIONS
from tests.kit.folder import pytest_in

PUSH = """
import pytest, requests

def push(api, **changes):
    body = {"type": "CALL", "title": "A call", "source_system": "tests", "external_id": "crm:1",
            "media_url": "https://media.mock.test/ok.mp3", "run_workflows": False}
    return requests.post(api.base_url + "/v2/engagements", json=body | changes, timeout=10,
                         headers={"Authorization": "Bearer " + api.credentials["writer"]})
"""
STRICT = "[pytest]\nfilterwarnings = error\naddopts = --strict-markers\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return an empty folder in which every warning is an error."""
    (tmp_path / "pytest.ini").write_text(STRICT, encoding="utf-8")
    return tmp_path


def test_no_import_is_needed(folder: Path) -> None:
    """A test file in an empty folder uses the fixtures by their names alone."""
    test = "def test_it(engagements_api): engagements_api.assert_no_requests()\n"
    (folder / "test_it.py").write_text(test, encoding="utf-8")
    assert "1 passed" in pytest_in(folder, code=0).stdout


def test_the_mock_is_imported_by_its_first_user(folder: Path) -> None:
    """Without a user of the fixtures, the mock is not imported."""
    test = "import sys\ndef test_it(): assert not [n for n in sys.modules if n.startswith('mock_server')]\n"
    (folder / "test_it.py").write_text(test, encoding="utf-8")
    pytest_in(folder, code=0)


@pytest.mark.long
def test_each_worker_has_a_server(folder: Path) -> None:
    """Under xdist every worker has a server of its own, on its own port, and 40 tests with one key pass."""
    test = """
@pytest.mark.parametrize("number", range(40))
def test_it(engagements_api, number, tmp_path_factory, worker_id):
    assert push(engagements_api).status_code == 201
    engagements_api.assert_created_once("crm:1")
    (tmp_path_factory.getbasetemp().parent / worker_id).write_text(engagements_api.base_url)
"""
    (folder / "test_it.py").write_text(PUSH + test, encoding="utf-8")
    pytest_in(folder, "-n", "2", f"--basetemp={folder / 'temp'}", code=0)
    urls = [file.read_text(encoding="utf-8") for file in (folder / "temp").glob("gw?") if file.is_file()]
    assert len(set(urls)) == 2


@pytest.mark.long
def test_nothing_is_left(folder: Path) -> None:
    """After the session no thread of the mock is alive, and no warning was given."""
    conftest = """
import threading

def pytest_unconfigure(config):
    print("THREADS", [thread.name for thread in threading.enumerate()])
"""
    test = "\ndef test_it(engagements_api): push(engagements_api)\n"
    (folder / "conftest.py").write_text(conftest, encoding="utf-8")
    (folder / "test_it.py").write_text(PUSH + test, encoding="utf-8")
    done = pytest_in(folder, "-p", "no:xdist", "-W", "error", code=0)
    assert "THREADS ['MainThread']" in done.stdout
    assert "warning" not in done.stdout.lower()


@pytest.mark.long
def test_options_set_the_server(folder: Path) -> None:
    """The options are the settings of the server, and the environment has no say."""
    test = """
def test_it(engagements_api):
    assert push(engagements_api).status_code == 201
    assert push(engagements_api).status_code == 200
    assert push(engagements_api).status_code == 429

def test_a_field(engagements_api):
    assert push(engagements_api, nonsense=1).status_code == 422

def test_the_environment(engagements_server):
    assert engagements_server.mock.settings.in_flight == "wait"
"""
    environment = "import os\nos.environ['MOCK_SERVER_IN_FLIGHT'] = 'conflict'\n"
    (folder / "conftest.py").write_text(environment, encoding="utf-8")
    (folder / "test_it.py").write_text(PUSH + test, encoding="utf-8")
    pytest_in(folder, "--engagements-rate-limit=2/hour", "--engagements-unknown-fields=refuse", code=0)


@pytest.mark.long
def test_a_wrong_option_is_said_in_a_line(folder: Path) -> None:
    """A value that cannot be used ends pytest before the tests, with the name of the option as it was typed."""
    (folder / "test_it.py").write_text("def test_it(engagements_api): pass\n", encoding="utf-8")
    done = pytest_in(folder, "--engagements-rate-limit=often", code=4)
    assert "--engagements-rate-limit" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_every_option_is_a_setting_of_the_command() -> None:
    """The options carry the names of the command's own, with the same kind of value."""
    known = {option.name: option.metavar for option in OPTIONS}
    assert {name: metavar for name, (metavar, _) in SERVER_OPTIONS.items()}.items() <= known.items()


def test_a_hidden_mock_is_said_in_a_sentence(folder: Path) -> None:
    """Beside another package named mock_server the fixture says so."""
    (folder / "mock_server").mkdir()
    (folder / "mock_server" / "__init__.py").write_text("", encoding="utf-8")
    (folder / "test_it.py").write_text("def test_it(engagements_api): pass\n", encoding="utf-8")
    done = pytest_in(folder, path=str(folder), code=1)
    assert f"Python finds mock_server {folder / 'mock_server'}" in done.stdout


@pytest.mark.long
@pytest.mark.parametrize("freeze", ["freezegun.freeze_time('2026-03-02')", "time_machine.travel('2026-03-02')"])
def test_frozen_time(folder: Path, freeze: str) -> None:
    """The fixture starts, answers and ends under a library that stops the time of the process."""
    test = f"""
import freezegun, time_machine

@{freeze}
def test_it(engagements_api):
    assert push(engagements_api).json()["created_at"].startswith("2026-03-02T00:00:0")
"""
    (folder / "test_it.py").write_text(PUSH + test, encoding="utf-8")
    pytest_in(folder, code=0)


@pytest.mark.long
def test_blocked_sockets(folder: Path) -> None:
    """With pytest-socket, calls in process need no socket, and over HTTP the loopback alone has to be allowed."""
    test = """
def test_in_process(socket_disabled, engagements_api):
    assert engagements_api.app.test_client().post("/api/v2/engagements").status_code == 401
    assert len(engagements_api.requests) == 1

@pytest.mark.allow_hosts(["127.0.0.1"])
def test_over_http(engagements_api):
    assert push(engagements_api).status_code == 201
"""
    (folder / "test_it.py").write_text(PUSH + test, encoding="utf-8")
    pytest_in(folder, code=0)
