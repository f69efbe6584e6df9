"""Every file and every command of docs/testing.md, as they stand there."""

from __future__ import annotations

import os
import re
import socket
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from mock_server import Running
from tests.guide.conftest import GUIDE, Stranger, commands, files, section
from tests.kit.command import at
from tests.kit.waiting import wait_until

SCRIPTS = str(Path(sys.executable).parent)  # where mock-server is
JUNIT = os.environ.get("JUNIT", "/usr/share/java/junit-platform-console-standalone.jar")


def test_with_pytest(stranger: Stranger) -> None:
    """The commands of the guide install the kit's wheel in an empty folder, and the tests of the guide pass there."""
    text = section("With pytest")
    stranger.write(files(text))
    stranger.run(commands(text), KIT=stranger.kit)
    assert "6 passed" in stranger.run(".venv/bin/pytest -W error")


def test_vitest(stranger: Stranger) -> None:
    """The tests for Vitest pass, and they leave no server."""
    text = section("Vitest")
    stranger.write(files(text))
    assert re.search(r"Tests .*2 passed", plain(stranger.run(commands(text), SCRIPTS)))
    no_server_is_left(stranger)


def test_junit(stranger: Stranger) -> None:
    """The tests for JUnit pass, and they leave no server."""
    text = section("JUnit")
    stranger.write(files(text))
    options = f"-Djava.io.tmpdir={stranger.temporary}"
    said = stranger.run(commands(text), SCRIPTS, JUNIT=JUNIT, JAVA_TOOL_OPTIONS=options)
    assert re.search(r"\b2 tests successful", said)
    no_server_is_left(stranger)


def test_go(stranger: Stranger) -> None:
    """The tests for Go pass, and they leave no server."""
    text = section("Go")
    stranger.write(files(text))
    assert stranger.run(commands(text), SCRIPTS).startswith("ok")
    no_server_is_left(stranger)


def test_every_file_and_command_belongs_to_a_test() -> None:
    """No section has a file or a command that the tests above and below do not take."""
    taken = [section(title) for title in ("With pytest", "Vitest", "JUnit", "Go", "GitHub Actions", "GitLab")]
    assert sum(len(files(text)) for text in taken) == len(files(GUIDE))
    assert "".join(map(commands, taken)) == commands(GUIDE)


def recipe(title: str) -> Any:
    """Return the recipe of a section."""
    (content,) = files(section(title)).values()
    return yaml.safe_load(content)


def github(job: str) -> str:
    """Return what a runner of GitHub does in a job."""
    return "\n".join(step["run"] for step in recipe("GitHub Actions")["jobs"][job]["steps"] if "run" in step)


def gitlab(job: str) -> str:
    """Return what a runner of GitLab does in a job."""
    return "\n".join(recipe("GitLab")[job]["script"])


CALL = """
import json, sys, urllib.request
mock = json.load(open("ready.json"))
body = {"type": "CALL", "title": "A call", "source_system": "ci", "external_id": "ci:1", "run_workflows": False,
        "media_url": sys.argv[1]}
request = urllib.request.Request(mock["base_url"] + "/v2/engagements", json.dumps(body).encode(), {
    "Authorization": "Bearer " + mock["credentials"]["writer"], "Content-Type": "application/json"})
try:
    urllib.request.urlopen(request, timeout=30)
except urllib.error.HTTPError:
    pass
"""


@pytest.mark.parametrize(
    ("job", "scheme", "code"),
    [(github("tests"), "https", 0), (gitlab("tests"), "https", 0), (gitlab("tests"), "http", 1)],
    ids=["github", "gitlab", "with a finding"],
)
def test_the_job_with_the_mock(stranger: Stranger, job: str, scheme: str, code: int) -> None:
    """The job installs the kit, starts the mock beside the tests, and fails if the report card has findings."""
    url = f"{scheme}://media.mock.test/ok.mp3"
    stranger.write({"call.py": CALL, "Makefile": f"test:\n\t@python call.py {url}\n"})
    environment = {"KIT": f"file://{stranger.kit}", "MOCK_SERVER_PORT": str(free_port())}
    stranger.run(f"trap 'kill $(jobs -p)' EXIT\n{job}", virtual(stranger), code, **environment)
    card = (stranger.folder / "report-card.xml").read_text(encoding="utf-8")
    assert ('failures="0"' in card) == (code == 0)


@pytest.mark.parametrize("provider", ["github", "gitlab"])
def test_the_job_against_staging(stranger: Stranger, own_server: Running, provider: str) -> None:
    """With the variables of the recipe alone, the job installs the suite and tests its share of the rules.

    The reports are where the recipe says.
    """
    named, known = recipe("GitHub Actions")["jobs"]["staging"]["env"].keys() - {"SHARD"}, at(own_server)
    environment = {"KIT": f"file://{stranger.kit}", **{name: known[name] for name in named}}
    if provider == "github":
        job, share = github("staging"), {"SHARD": "1/3"}
    else:
        job, share = gitlab("staging"), {"CI_NODE_INDEX": "1", "CI_NODE_TOTAL": "3"}
    stranger.run(job, virtual(stranger), **environment, **share)
    assert (stranger.folder / "contract-report" / "junit.xml").is_file()


def no_server_is_left(stranger: Stranger) -> None:
    """Wait until no mock is there any more: each removes its ready file when it ends."""
    wait_until(lambda: not list(stranger.temporary.rglob("ready.json")))


def plain(text: str) -> str:
    """Return a text without the colours of a terminal."""
    return re.sub(r"\x1b\[[\d;]*m", "", text)


def virtual(stranger: Stranger) -> str:
    """Make a virtual environment, as the image of a pipeline has one Python for itself, and return its commands."""
    stranger.run(f"{sys.executable} -m venv ../python")
    return str(stranger.folder.parent / "python" / "bin")


def free_port() -> int:
    """Return a port on which nobody listens at the moment."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port
