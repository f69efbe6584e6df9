"""Default mode never leaves the machine."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

PROGRAM = """
import ipaddress, json, sys
sys.path.insert(0, sys.argv[1])
reached = []

def watch(event, arguments):
    if event in ("socket.connect", "socket.sendto", "socket.bind"):
        place = arguments[1]
    elif event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"):
        place = arguments
    else:
        return
    host = place[0].decode() if isinstance(place[0], bytes) else place[0]
    try:
        local = ipaddress.ip_address(host).is_loopback
    except ValueError:
        local = False
    if not local:
        reached.append([event, str(place)])
        raise OSError("no network in this test")

sys.addaudithook(watch)
from tests.kit.http import create
from mock_server import Settings, running

with running(Settings(port=0)) as server:
    statuses = [create(server, media_url=url).status for url in json.load(sys.stdin)]
try:
    import socket
    socket.create_connection(("192.0.2.1", 9), timeout=1)
except OSError as error:
    control = str(error)
json.dump({"statuses": statuses, "reached": reached, "control": control}, sys.stdout)
"""


def test_no_media_url_makes_the_mock_use_the_network() -> None:
    """With every socket to the outside blocked, all kinds of media URLs are answered and nobody tried to get out."""
    root = Path(__file__).parents[2]
    cases = json.loads(root.joinpath("tests/data/media-cases.json").read_text())["cases"]
    urls = [case["url"] for case in cases] + [
        f"https://media.mock.test/{path}/a.mp3"
        for path in (
            "ok",
            "redirect/5",
            "redirect-private",
            "rebind",
            "timeout",
            "404",
            "bad-certificate",
            "no-type",
            "slow/1",
        )
    ]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(root)],
        input=json.dumps(urls),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    result = json.loads(done.stdout)
    assert set(result["statuses"]) == {201, 422}
    assert len(result["statuses"]) == len(urls)
    (control,) = result["reached"]
    assert "192.0.2.1" in control[1]  # the test's own attempt, which shows that the block works
    assert result["control"] == "no network in this test"
