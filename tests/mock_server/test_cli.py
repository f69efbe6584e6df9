"""The command, as a process of its own."""

from __future__ import annotations

import http.client
import io
import json
import os
import re
import shlex
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import trustme

from mock_server import Running
from mock_server.cli import main
from mock_server.media.simulated import ROUTES

COMMAND = [sys.executable, "-m", "mock_server"]
CONFIG = """
seed = 1
[[workspaces]]
name = "Team"
[[workspaces.credentials]]
name = "importer"
credential = "sk-apik_hush.secret"
scopes = ["engagements:write"]
"""


def environment(**changes: str) -> dict[str, str]:
    """Return the environment without settings of the mock, with these changes."""
    return {name: value for name, value in os.environ.items() if not name.startswith("MOCK_SERVER_")} | changes


def run(*arguments: str, **changes: str) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    return subprocess.run(
        [*COMMAND, *arguments], env=environment(**changes), capture_output=True, text=True, timeout=30, check=False
    )


def call(*arguments: str, **changes: str) -> subprocess.CompletedProcess[str]:
    """Call the command in this process, which is faster. It must end before it serves."""
    with (
        pytest.MonkeyPatch.context() as patch,
        redirect_stdout(io.StringIO()) as output,
        redirect_stderr(io.StringIO()) as errors,
    ):
        patch.setattr(os, "environ", environment(**changes))
        try:
            code = main(arguments)
        except SystemExit as ended:  # argparse
            code = int(ended.code or 0)
    return subprocess.CompletedProcess(arguments, code, output.getvalue(), errors.getvalue())


@dataclass
class Started:
    """A process that serves: its ready file, and what it says when it has ended."""

    process: subprocess.Popen[str]
    ready_file: Path
    ready: Mapping[str, Any]

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(urlsplit(self.ready["base_url"]).port or 0)

    def banner(self) -> str:
        """Return what it printed at its start; the last line is the one to paste."""
        text = ""
        for line in self.process.stdout or ():
            text += line
            if "curl -i" in line:
                break
        return text

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, str, str]:
        """Send a signal and return exit code, output and log."""
        self.process.send_signal(number)
        output, log = self.process.communicate(timeout=20)
        return self.process.returncode, output, log


@contextmanager
def started(folder: Path, *arguments: str, **changes: str) -> Iterator[Started]:
    """Start the command on a free port and wait for its ready file."""
    ready = folder / "ready.json"
    process = subprocess.Popen(
        [*COMMAND, "--port", "0", "--ready-file", str(ready), *arguments],
        env=environment(**changes), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        deadline = time.monotonic() + 20
        while not ready.exists():
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.01)
        yield Started(process, ready, json.loads(ready.read_text()))
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def paste(line: str) -> tuple[int, dict[str, Any]]:
    """Do what a shell and curl would do with a line, and return status and body."""
    words = shlex.split(line)
    assert words[:2] == ["curl", "-i"]
    parts = urlsplit(next(word for word in words if word.startswith("http")))
    headers = dict(words[at + 1].split(": ", 1) for at, word in enumerate(words) if word == "-H")
    connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=20)
    connection.request("POST", parts.path, words[words.index("-d") + 1], headers)
    response = connection.getresponse()
    answer = response.status, json.loads(response.read())
    connection.close()
    return answer


def test_the_printed_line_works_when_pasted(tmp_path: Path) -> None:
    """The curl line of the banner creates, and its repeat is a replay; the banner lists every credential."""
    with started(tmp_path) as server:
        banner = server.banner()
        line = banner.splitlines()[-1]
        (status, first), (again, second) = paste(line), paste(line)
        code, output, log = server.stop()
    assert (status, again, first) == (201, 200, second)
    assert (code, output) == (0, "")
    assert server.ready["base_url"] in banner
    for credential in server.ready["credentials"].values():
        assert credential in banner
        assert credential not in log
    assert "engagements:write" in banner
    assert "WARNING" not in banner


def test_the_ready_file_says_where_and_with_what(tmp_path: Path) -> None:
    """The ready file holds addresses, process id and credentials for its owner alone, and requests are answered."""
    with started(tmp_path) as server:
        assert stat.S_IMODE(server.ready_file.stat().st_mode) == 0o600
        assert server.ready["pid"] == server.process.pid
        assert server.ready["base_url"] == f"http://127.0.0.1:{server.port}/api"
        assert server.ready["admin_url"] == f"http://127.0.0.1:{server.port}/__admin"
        assert set(server.ready["credentials"]) == {"writer", "reader", "private_reader", "noscope", "other_workspace"}
        assert list(tmp_path.iterdir()) == [server.ready_file]
        assert run("healthcheck", "--port", str(server.port)).returncode == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_cleanly(tmp_path: Path, number: int) -> None:
    """SIGTERM and Ctrl-C end with exit code 0, without a traceback, and remove the ready file."""
    with started(tmp_path) as server:
        code, _, log = server.stop(number)
    assert (code, "Traceback" in log) == (0, False)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", server.port), timeout=5)


INTERRUPTED = """
import os, signal, sys, threading
from mock_server import cli
from mock_server.config import load

def interrupted(line):
    begun, left, senders = False, line, []

    def banner(server):
        nonlocal begun
        begun = True
        return "serving"

    def send(sender):
        if not senders:
            senders.append(sender)
            os.kill(os.getpid(), signal.SIGTERM)

    def trace(frame, event, argument):
        nonlocal left
        left -= begun and event == "line"
        if left == 0:
            send("line")
        return trace

    cli.banner = banner
    otherwise = threading.Timer(1, send, ["timer"])
    otherwise.start()
    sys.settrace(trace)
    assert cli.serve(load({"port": "0"}, {})) == 0
    sys.settrace(None)
    otherwise.cancel()
    return senders == ["line"]

line = 1
while interrupted(line):
    line += 1
print(line)
"""


@pytest.mark.long
def test_a_signal_stops_it_wherever_it_is() -> None:
    """A signal at any line between the banner and the wait, or inside the wait, is not lost and blocks nothing."""
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED], env=environment(), capture_output=True, text=True, timeout=30, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert int(done.stdout.split()[-1]) > 1


def test_kill_leaves_nothing_listening(tmp_path: Path) -> None:
    """After kill -9 the port is free: another server takes it at once."""
    with started(tmp_path) as server:
        server.stop(signal.SIGKILL)
        server.ready_file.unlink()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", server.port), timeout=5)
        with started(tmp_path, "--port", str(server.port)) as second:
            assert second.port == server.port


def test_a_port_in_use_is_exit_2_with_one_line(tmp_path: Path) -> None:
    """A second server on the same port does not start, and the first one goes on."""
    with started(tmp_path) as server:
        refused = run("--port", str(server.port))
        assert (refused.returncode, refused.stdout) == (2, "")
        assert re.fullmatch(r"mock-server: --port: 127\.0\.0\.1 port \d+ is in use: .*\n", refused.stderr)
        assert run("healthcheck", "--port", str(server.port)).returncode == 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--port", "http"), "--port: 'http' must be a port"),
        (("--host", "no.such.name.invalid", "--port", "0"), "--host: cannot listen on no.such.name.invalid"),
        (("--config", "/nowhere/mock.toml"), "--config: cannot read /nowhere/mock.toml"),
        (("--port", "0", "--ready-file", "/nowhere/ready"), "--ready-file: cannot write /nowhere/ready"),
        (("--port", "0", "--ready-file", f"{__file__}/ready"), "Not a directory"),
        (("--port", "0", "--ready-file", "/"), "--ready-file: "),
        (("--port", "0", "--tls-cert", "/no", "--tls-key", "/no"), "cannot use /no with /no"),
    ],
    ids=range(7),
)
def test_an_invalid_value_is_exit_2_with_one_line(arguments: tuple[str, ...], says: str) -> None:
    """A value that cannot be used refuses to start with one line that says what and why."""
    refused = run(*arguments)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr.startswith("mock-server: ")
    assert refused.stderr.count("\n") == 1
    assert says in refused.stderr


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("prot = 1", "mock.toml: prot: is not known; did you mean port?"),
        ("x = " + "[" * 5000 + "]" * 5000, "mock.toml: not valid TOML: it is nested too deeply"),
        ('"\\u001b]0;x\\u0007\\n" = 1', r"mock.toml: \x1b]0;x\x07\n: is not known"),
        ('[[workspaces]]\nname = "a\\nb"', r"mock.toml: workspaces[0].name: 'a\nb' must be a text"),
        (CONFIG + CONFIG.replace("seed = 1", ""), "mock.toml: workspaces[1].name: is the same as workspaces[0].name"),
        (CONFIG.replace('"engagements:write"', '"engagement:write"'), "did you mean engagements:write?"),
        ("#" * (1024 * 1024 + 1), "it must be a file of at most 1,048,576 bytes"),
    ],
    ids=range(7),
)
def test_a_file_that_cannot_be_used_is_exit_2_with_one_line(tmp_path: Path, content: str, says: str) -> None:
    """The command ends at once with one printable line that names the file and the key, and no credential."""
    path = tmp_path / "mock.toml"
    path.write_text(content, encoding="utf-8")
    refused = call("--config", str(path), "--port", "0")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr.startswith("mock-server: ")
    assert refused.stderr[-1] == "\n"
    assert refused.stderr[:-1].isprintable()
    assert says in refused.stderr
    assert "hush" not in refused.stderr


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("MOCK_SERVER_PORT", "a\x1b[31m", "MOCK_SERVER_PORT: 'a\\x1b[31m' must be a port"),
        ("MOCK_SERVER_CONFIG", "\udcff.toml", "--config: cannot read \\udcff.toml"),
        ("MOCK_SERVER_HOST", "\udcff", "MOCK_SERVER_HOST: '\\udcff' must be an address"),
        ("MOCK_SERVER_ADMIN_TOKEN", "hush", "MOCK_SERVER_ADMIN_TOKEN: must be 8 to 200"),
    ],
    ids=range(4),
)
def test_a_variable_that_cannot_be_used_is_exit_2_with_one_line(name: str, value: str, says: str) -> None:
    """Bytes that are not UTF-8 and control characters in the environment are shown escaped, a secret not at all."""
    refused = call("--port=0" if name != "MOCK_SERVER_PORT" else "serve", **{name: value})
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr.startswith(f"mock-server: {says}")
    assert refused.stderr[:-1].isprintable()
    assert "hush" not in refused.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("\x1b]0;x\x07",),
        ("serve", "\x1b[31m\nFAKE"),
        ("--\x1b[31m",),
        ("--port", "1", "--\u202e"),
        ("serve", "sk-apik_hush.secret"),
    ],
    ids=range(5),
)
def test_what_stands_on_the_command_line_cannot_command_a_terminal(arguments: tuple[str, ...]) -> None:
    """Words and options that are not known are told with their control characters escaped and without API keys."""
    refused = call(*arguments)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert [line for line in refused.stderr.splitlines() if not line.isprintable()] == []
    assert [line for line in refused.stderr.splitlines() if "FAKE" in line and "error: " not in line] == []
    assert "hush" not in refused.stderr


def test_a_ready_file_that_is_not_ours_is_left_alone(tmp_path: Path) -> None:
    """When the ready file cannot be written, what stands in its place is not removed."""
    (tmp_path / "taken").mkdir()
    assert run("--port", "0", "--ready-file", str(tmp_path / "taken")).returncode == 2
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


def test_a_ready_file_of_a_killed_process_is_gone_before_the_next_start(tmp_path: Path) -> None:
    """Whoever waits for the file never reads where the last server was, even if the next one cannot start."""
    ready = tmp_path / "ready.json"
    with started(tmp_path) as first:
        first.process.kill()
        first.process.wait()
    assert ready.exists()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        refused = run("--ready-file", str(ready), "--port", str(taken.getsockname()[1]))
    assert (refused.returncode, ready.exists()) == (2, False)


@pytest.mark.parametrize("arguments", [("routes",), ("--help",), ("--version",), ("serve", "--help")])
def test_nobody_has_to_read_all_that_is_printed(arguments: tuple[str, ...]) -> None:
    """`mock-server routes | true` is no failure and prints no traceback."""
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w") as closed:
        done = subprocess.run(
            [*COMMAND, *arguments], stdout=closed, stderr=subprocess.PIPE, env=environment(), timeout=30, check=False
        )
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_server_serves_although_nobody_reads_its_banner(tmp_path: Path) -> None:
    """`mock-server | head -1` goes on, and ends in order."""
    with started(tmp_path) as server:
        assert server.process.stdout is not None
        server.process.stdout.close()
        server.process.stdout = None
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
        connection.request("GET", "/__admin/health")
        assert connection.getresponse().status == 200
        connection.close()
        assert server.stop()[0] == 0


def test_options_from_environment_and_file(tmp_path: Path) -> None:
    """The environment configures as flags do; credentials of a file are masked, and the pasted line takes its own."""
    config = tmp_path / "mock.toml"
    config.write_text(CONFIG)
    with started(tmp_path, MOCK_SERVER_CONFIG=str(config), MOCK_SERVER_LOG_LEVEL="debug") as server:
        banner = server.banner()
        line = banner.splitlines()[-1]
        assert paste(line.replace("$CREDENTIAL", "sk-apik_hush.secret"))[0] == 201
        assert paste(line)[0] == 401
        _, output, log = server.stop()
    assert server.ready["credentials"] == {"importer": "sk-apik_hush.secret"}
    assert "importer  ********" in banner
    assert "hush" not in banner + output + log
    assert "POST /api/v2/engagements 201 " in log
    assert "POST /api/v2/engagements 401 (AUTH-3) " in log


def test_reset_and_healthcheck_speak_to_a_running_server(tmp_path: Path) -> None:
    """Reset makes a used key new; healthcheck is 0 while it runs and 1 afterwards, with a line that says where."""
    with started(tmp_path) as server:
        line = server.banner().splitlines()[-1]
        statuses = [paste(line)[0], paste(line)[0]]
        assert run("reset", MOCK_SERVER_PORT=str(server.port)).returncode == 0
        assert [*statuses, paste(line)[0]] == [201, 200, 201]
        proxies = {"http_proxy": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9", "no_proxy": ""}
        healthy = run("healthcheck", "--port", str(server.port), **proxies)
        assert (healthy.returncode, json.loads(healthy.stdout)) == (0, {"status": "ok"})
        server.stop()
    dead = run("healthcheck", "--port", str(server.port))
    assert (dead.returncode, dead.stdout) == (1, "")
    assert f"no healthy server at http://127.0.0.1:{server.port}/__admin/health" in dead.stderr


@pytest.mark.parametrize(
    "says",
    [
        b"SSH-2.0-x\r\n",
        b"SSH-\x1b]0;forged\x07\r\n",
        b"HTTP/1.1 404 no\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n\x1b[31mok",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]",
        b"",
        b"\xff\xfe\r\n\r\n",
    ],
)
def test_something_else_on_the_port_is_not_healthy(says: bytes) -> None:
    """Whatever answers on the port, if it is no healthy mock the check fails with one plain line and no traceback."""

    def answer() -> None:
        peer, _ = listener.accept()
        with peer:
            peer.recv(1000)
            peer.sendall(says)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=answer)
        thread.start()
        checked = call("healthcheck", "--port", str(listener.getsockname()[1]))
        thread.join()
    assert (checked.returncode, checked.stdout, checked.stderr.count("\n")) == (1, "", 1)
    assert checked.stderr.rstrip("\n").isprintable()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_healthcheck_takes_the_admin_token_to_no_other_server(own_server: Running, status: int) -> None:
    """A redirect is not followed, wherever it leads: a healthy mock does not send one."""

    def answer() -> None:
        peer, _ = listener.accept()
        with peer:
            peer.recv(10_000)
            location = own_server.admin_url + "/health"
            peer.sendall(f"HTTP/1.1 {status} x\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode())

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=answer)
        thread.start()
        checked = call("healthcheck", "--port", str(listener.getsockname()[1]), "--admin-token", "secret-token")
        thread.join()
    assert (checked.returncode, checked.stdout) == (1, "")
    assert str(status) in checked.stderr


def test_healthcheck_over_tls_trusts_the_certificate_itself(tmp_path: Path) -> None:
    """With the server's certificate the check works over TLS, whatever name is in it."""
    authority = trustme.CA()
    certificate = authority.issue_cert("mock.example.com")
    certificate.private_key_pem.write_to_path(tmp_path / "key.pem")
    for pem in (*certificate.cert_chain_pems, authority.cert_pem):
        pem.write_to_path(tmp_path / "cert.pem", append=True)
    files = ("--tls-cert", str(tmp_path / "cert.pem"), "--tls-key", str(tmp_path / "key.pem"))
    with started(tmp_path, *files) as server:
        assert server.ready["base_url"].startswith("https://")
        line = server.banner().splitlines()[-1]
        assert f"--cacert {tmp_path / 'cert.pem'}" in line
        assert run("healthcheck", "--port", str(server.port), *files).returncode == 0


def test_other_machines_are_warned_about(tmp_path: Path) -> None:
    """A server that others can reach says so."""
    with started(tmp_path, "--host", "0.0.0.0") as server:  # noqa: S104  that is the point
        _, output, _ = server.stop()
    assert "WARNING: 0.0.0.0 can be reached from other machines" in output


def test_routes_version_and_usage() -> None:
    """Routes prints the table, --version the name that answers carry, and a wrong word is exit 2."""
    routes = call("routes")
    assert routes.returncode == 0
    assert all(path in routes.stdout for path, _ in ROUTES)
    assert re.fullmatch(r"engagement-contract-kit/\d.*\n", call("--version").stdout)
    assert [call(word).returncode for word in ("sreve", "--prot=1")] == [2, 2]
