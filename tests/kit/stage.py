"""The world of the network tests: addresses, a name server, origins outside and inside, and a watch on every SYN.

Public-range addresses stand on `lo` of a network namespace, where they reach nobody.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.kit.name_server import ADDRESS as NAME_SERVER
from tests.kit.name_server import NameServer
from tests.kit.origin import Certificates, Origin
from tests.kit.syn_watch import SynWatch
from tests.kit.waiting import wait_until

MEDIA, CDN, MEDIA_V6 = "93.184.216.34", "151.101.1.69", "2606:2800:220:1::34"
# Inside: they exist here and answer, so that a dial would succeed and not merely fail.
INSIDE = ("10.0.0.5", "169.254.169.254", "127.0.0.1", "::1")
TIMEOUT = 3.0


@dataclass
class Stage:
    """What a test plays with. `base_url` is the mock's, `mock_port` what the test's own client dials."""

    names: NameServer
    media: Origin
    cdn: Origin
    inside: list[Origin]
    watch: SynWatch
    base_url: str
    mock_port: int


def is_fresh_namespace() -> bool:
    """Tell whether nothing that is done to network and mounts here can be seen from outside."""
    with suppress(PermissionError):  # then it is a user namespace's, and so not the host's
        if Path("/proc/self/ns/mnt").readlink() == Path("/proc/1/ns/mnt").readlink():
            return False
    return not run("ip", "-o", "link", "show", "up").strip()


def set_up(folder: Path) -> None:
    """Give `lo` its addresses, and the resolver its files, which are written to `folder`."""
    run("ip", "link", "set", "lo", "up")
    for address in (NAME_SERVER, MEDIA, CDN, "10.0.0.5", "169.254.169.254"):
        run("ip", "address", "add", f"{address}/32", "dev", "lo")
    run("ip", "-6", "address", "add", f"{MEDIA_V6}/128", "dev", "lo")
    for name, content in (("resolv.conf", f"nameserver {NAME_SERVER}\n"), ("nsswitch.conf", "hosts: files dns\n")):
        (folder / name).write_text(content, encoding="ascii")
        run("mount", "--bind", str(folder / name), str(Path("/etc", name).resolve()))


def run(*command: str) -> str:
    """Run a command of the system and return what it prints."""
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@contextmanager
def staged(folder: Path) -> Iterator[Stage]:
    """Open the world, with the mock running in it as a process of its own, until the block ends."""
    certificates = Certificates()
    certificates.ca.cert_pem.write_to_path(folder / "ca.pem")
    with ExitStack() as stack:
        names = stack.enter_context(closing(NameServer()))
        media, cdn, _, *inside = (
            stack.enter_context(closing(Origin(certificates, (address, 443))))
            for address in (MEDIA, CDN, MEDIA_V6, *INSIDE)
        )
        watch = stack.enter_context(closing(SynWatch()))
        base_url = stack.enter_context(mock(folder))
        yield Stage(names, media, cdn, inside, watch, base_url, int(base_url.split(":")[2].split("/")[0]))


@contextmanager
def mock(folder: Path) -> Iterator[str]:
    """Run the command with live media until the block ends. It yields the base URL."""
    ready = folder / "ready.json"
    command = [
        sys.executable, "-m", "mock_server", "--media", "live", "--port", "0", "--ready-file", str(ready),
        "--media-ca", str(folder / "ca.pem"), "--media-timeout", str(TIMEOUT),
    ]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        wait_until(ready.exists, 30)
        yield str(json.loads(ready.read_text(encoding="utf-8"))["base_url"])
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait(20) == 0
