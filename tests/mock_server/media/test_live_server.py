"""Live media as users meet it: the command, settings, fixtures of their own, clients that leave, servers that stop."""

from __future__ import annotations

import importlib.util
import json
import socket
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from mock_server import Running, Settings, running
from mock_server.cli import main
from mock_server.config import load
from mock_server.media.live.fixtures import Fixture, read_fixture
from mock_server.workspaces import ConfigError
from tests.kit.control import Client
from tests.kit.http import Answer, create
from tests.kit.origin import SECONDS, Certificates, Origin
from tests.kit.waiting import descriptors, wait_until
from tests.kit.wire import begin_create

HOST = "media.example.com"


@pytest.fixture
def own_origin(certificates: Certificates) -> Iterator[Origin]:
    """Return an origin of the test's own."""
    with closing(Origin(certificates)) as origin:
        yield origin


@pytest.fixture
def settings(certificates: Certificates, own_origin: Origin, tmp_path: Path) -> dict[str, str]:
    """Return flags that serve fixtures of one's own."""
    authority = tmp_path / "ca.pem"
    certificates.ca.cert_pem.write_to_path(authority)
    host, port = own_origin.address
    return {
        "media": "live",
        "port": "0",
        "media_ca": str(authority),
        "resolve": f"{HOST}:443:{host}:{port}",
        "media_timeout": "3",
    }


def post(server: Running, external_id: str, path: str = "/a.mp3", host: str = HOST) -> Answer:
    """Submit a recording of the origin."""
    return create(server, external_id=external_id, media_url=f"https://{host}{path}")


def test_fixtures(settings: dict[str, str]) -> None:
    """With --resolve and --media-ca a recording on one's own machine is fetched under its public name."""
    with running(load(settings, {})) as server:
        answer = post(server, "a")
        assert (answer.status, answer.json()["duration_seconds"]) == (201, pytest.approx(SECONDS, abs=0.5))
        answer = post(server, "b", "/a.mp3", "127.0.0.1")
        assert (answer.status, answer.rules) == (422, {"/media_url": "URL-6"})


def test_server_leaves_nothing(settings: dict[str, str]) -> None:
    """After the server has ended there is no descriptor, thread or child of it."""
    before = descriptors(), threading.active_count()
    with running(load(settings, {})) as server:
        assert post(server, "a").status == 201
        probing = server.mock.services.media._prober._process  # type: ignore[attr-defined]
    assert probing.returncode is not None
    wait_until(lambda: descriptors() <= before[0])
    wait_until(lambda: threading.active_count() <= before[1])


def test_stop_during_fetch(settings: dict[str, str], own_origin: Origin) -> None:
    """A server that is stopped while it fetches answers that it stops, and does not wait for the host."""
    own_origin.serve["/silent"] = {"behaviour": "silent"}
    with ThreadPoolExecutor() as pool:
        with running(load(settings | {"media_timeout": "60"}, {})) as server:
            answer = pool.submit(post, server, "a", "/silent")
            wait_until(lambda: own_origin.requests)
            started = time.monotonic()
        assert time.monotonic() - started < 5
        stopped = answer.result(timeout=5)
        assert (stopped.status, stopped.json()["detail"][:22]) == (500, "The server is stopping")


def test_client_leaves(settings: dict[str, str], own_origin: Origin) -> None:
    """A client that leaves during the fetch costs one fetch: afterwards nothing is held, and its key is free."""
    own_origin.serve["/silent"] = {"behaviour": "silent"}
    with running(load(settings | {"media_timeout": "1"}, {})) as server:
        assert post(server, "warm").status == 201
        before = descriptors()
        for number in range(5):
            begin_create(server, external_id=f"left-{number}", media_url=f"https://{HOST}/silent").close()
        wait_until(lambda: len(own_origin.requests) == 6)
        wait_until(lambda: descriptors() <= before)
        assert post(server, "left-0").status == 201


def test_busy(settings: dict[str, str], own_origin: Origin) -> None:
    """A request that finds no turn within its time gets a 429 problem with Retry-After."""
    own_origin.serve["/silent"] = {"behaviour": "silent"}
    with (
        running(load(settings | {"media_timeout": "1", "media_fetches": "1"}, {})) as server,
        ThreadPoolExecutor() as pool,
    ):
        first = pool.submit(post, server, "a", "/silent")
        wait_until(lambda: own_origin.requests)
        answer = post(server, "b", "/silent")
        assert (answer.status, answer.headers["Retry-After"]) == (429, "1")
        assert answer.json()["type"].endswith("/rate_limited")
        assert first.result().status == 422


@pytest.mark.long
def test_control_plane_while_all_slots_are_taken(settings: dict[str, str], own_origin: Origin) -> None:
    """With two slots and 70 slow recordings the control plane answers before one ends, and each request at last."""
    own_origin.serve["/silent"] = {"behaviour": "silent"}
    flags = settings | {"media_timeout": "10", "media_fetches": "2"}
    with running(load(flags, {})) as server, ThreadPoolExecutor(70) as pool:
        slow = [pool.submit(post, server, f"slow-{number}", "/silent") for number in range(70)]
        wait_until(lambda: len(own_origin.requests) == 2)
        control = Client(server)
        for method, path in (
            ("GET", "/health"),
            ("GET", "/requests"),
            ("DELETE", "/faults"),
            ("POST", "/reset/journal"),
        ):
            started = time.monotonic()
            assert control.admin(method, path).status < 300
            assert time.monotonic() - started < 5
        assert len(own_origin.requests) == 2
        answers = [answer.result(timeout=30) for answer in slow]
        assert post(server, "after").status == 201
    assert Counter(answer.status for answer in answers) == {422: 2, 429: 68}
    assert {rule for answer in answers for rule in answer.rules.values()} == {"URL-18"}
    assert all("2 recordings" in answer.json()["detail"] for answer in answers if answer.status == 429)


def test_port_setting(settings: dict[str, str]) -> None:
    """A port is refused with the name of the setting that admits it, and admitted by that."""
    with running(load(settings, {})) as server:
        answer = post(server, "a", "/a.mp3", HOST + ":8443")
        assert (answer.status, "media-ports" in answer.json()["errors"][0]["message"]) == (422, True)
    ours = settings | {"media_ports": "8443", "resolve": settings["resolve"].replace(":443:", ":8443:")}
    with running(load(ours, {})) as server:
        assert post(server, "a", "/a.mp3", HOST + ":8443").status == 201


@pytest.mark.parametrize("missing", ["av", "httpcore"])
def test_without_the_extra(missing: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Without the packages of the extra, `--media live` ends with exit code 2 and the line to run."""
    found = importlib.util.find_spec
    monkeypatch.setattr("mock_server.services.find_spec", lambda name: None if name == missing else found(name))
    assert main(["--media", "live", "--port", "0"]) == 2
    assert "pip install '.[live]'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ({"resolve": "a.example.com:443:127.0.0.1"}, "add --media live"),
        ({"media_ca": "ca.pem"}, "add --media live"),
        ({"media": "live", "resolve": "a.example.com:8443:127.0.0.1"}, "add --media-ports 8443"),
        ({"media": "live", "resolve": "a.example.com:443"}, "must be host:port:address"),
        ({"media": "live", "resolve": "a.example.com:443:169.254.169.254"}, "must lead to loopback"),
        ({"media": "live", "resolve": "localhost:443:127.0.0.1"}, "needs the public name"),
        ({"media": "live", "resolve": "8.8.8.8:443:127.0.0.1"}, "not an address"),
        ({"media": "live", "resolve": "a.example.com:443:here"}, "must end in an IP address"),
        ({"media": "live", "resolve": "a.example.com:443:127.0.0.1:0"}, "port that is not from 1"),
        ({"media": "live", "media_ports": "https"}, "must be ports"),
        ({"media": "live", "media_timeout": "0"}, "must be seconds"),
        ({"media": "live", "media_max_bytes": "0"}, "must be a size"),
        ({"media": "live", "media_fetches": "0"}, "must be a number from 1"),
    ],
)
def test_settings_refused(flags: dict[str, str], said: str) -> None:
    """A setting that makes no sense is refused with what does."""
    with pytest.raises(ConfigError, match=said):
        load(flags, {})


def test_unusable_authority(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Certificates that cannot be read end the command with exit code 2."""
    for path, reason in ((tmp_path / "none.pem", "No such file"), (Path(__file__), "no certificate in it")):
        assert main(["--media", "live", "--port", "0", "--media-ca", str(path)]) == 2
        assert reason in capsys.readouterr().err


def test_port_in_use_leaves_nothing(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that cannot listen has ended the process that it had begun."""
    begun = []

    class Noted(subprocess.Popen[bytes]):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            begun.append(self)

    monkeypatch.setattr(subprocess, "Popen", Noted)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert main(["--media", "live", "--port", str(taken.getsockname()[1])]) == 2
    assert "is in use" in capsys.readouterr().err
    assert [process.poll() is None for process in begun] == [False]


def test_settings_read(tmp_path: Path) -> None:
    """Lists may stand in the file, in the environment with commas, and as repeated flags."""
    two = (
        Fixture("a.example.com", 443, read_fixture("a.example.com:443:[::1]").address, 443),
        read_fixture("b.example.com:443:127.0.0.1:8443"),
    )
    text = "a.example.com:443:[::1],b.example.com:443:127.0.0.1:8443"
    assert load({"media": "live", "resolve": text}, {}).resolve == two
    assert load({"media": "live"}, {"MOCK_SERVER_RESOLVE": text}).resolve == two
    file = tmp_path / "mock.toml"
    file.write_text(f'media = "live"\nresolve = {json.dumps(text.split(","))}\nmedia_max_bytes = "1MiB"\n')
    read = load({"config": str(file)}, {"MOCK_SERVER_MEDIA_PORTS": "8443,9443"})
    assert (read.resolve, read.media_max_bytes, read.media_ports) == (two, 1 << 20, {443, 8443, 9443})
    assert Settings().media_timeout == 30.0
