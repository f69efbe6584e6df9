"""A namespace of network, mounts and processes for one stack. When its first process ends, the kernel ends the rest.

In it every address of the world is local, so nothing leaves the machine, and all ports are free.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path

from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12
from cryptography.x509 import load_pem_x509_certificate

from tests.kit.name_server import ADDRESS as NAME_SERVER
from tests.kit.name_server import NameServer
from tests.kit.origin import Certificates
from tests.kit.stage import is_fresh_namespace, run
from tests.stacks import origin
from tests.stacks.names import PUBLIC_V6, Zone

INSIDE, LIFELINE = "STACKS_FOLDER", "STACKS_LIFELINE"
SYSTEM_TRUST = Path("/etc/ssl/certs/ca-certificates.crt")


def enter(arguments: Sequence[str]) -> int:
    """Run this command once more, in a namespace of its own, and return its exit code.

    The process inside holds one end of a pipe, and ends when this one is gone, however it went.
    """
    user = [] if os.geteuid() == 0 else ["--user", "--map-current-user", "--keep-caps"]
    reading, writing = os.pipe()
    folder = tempfile.mkdtemp(prefix="stack-")
    command = ["unshare", *user, "--net", "--mount", "--pid", "--fork", "--kill-child"]
    environment = {**os.environ, INSIDE: folder, LIFELINE: str(reading)}
    try:
        return subprocess.run(
            [*command, sys.executable, "-m", "tests.stacks", *arguments],
            env=environment,
            pass_fds=[reading],
            check=False,
        ).returncode
    finally:
        os.close(writing)
        Path(folder).rmdir()


def inside() -> bool:
    """Tell whether this process is the one that `enter` started."""
    return INSIDE in os.environ


def furnish() -> dict[str, str]:
    """Set the namespace up: addresses, names, origin. Return the environment for servers in it."""
    if not is_fresh_namespace():
        sys.exit("This is no fresh namespace. Start it with 'python -m tests.stacks'.")
    watch_lifeline(int(os.environ.pop(LIFELINE)))
    folder = Path(os.environ.pop(INSIDE))
    run("mount", "-t", "tmpfs", "-o", "mode=755", "stack", str(folder))
    run("ip", "link", "set", "lo", "up")
    run("ip", "route", "add", "local", "0.0.0.0/0", "dev", "lo")
    run("ip", "-6", "route", "add", "local", "::/0", "dev", "lo")
    for address in (f"{NAME_SERVER}/32", f"{PUBLIC_V6}/128"):  # with the second, libraries see a host with IPv6
        run("ip", "address", "add", address, "dev", "lo")
    bind(folder / "resolv.conf", Path("/etc/resolv.conf"), f"nameserver {NAME_SERVER}\noptions timeout:1\n")
    bind(folder / "nsswitch.conf", Path("/etc/nsswitch.conf"), "passwd: files\ngroup: files\nhosts: files dns\n")
    NameServer().zone = Zone()
    certificates = Certificates()
    origin.serve(certificates, folder / "origin.log")
    return {"STATE": str(folder), **trust(folder, certificates.ca.cert_pem.bytes())}


def bind(source: Path, target: Path, content: str) -> None:
    """Put this content in the place of a file of the system, for this namespace only."""
    source.write_text(content, encoding="utf-8")
    run("mount", "--bind", str(source), str(target.resolve()))


def trust(folder: Path, ca: bytes) -> dict[str, str]:
    """Make the servers trust the origin's CA: the system's bundle, and what each language reads."""
    pem, store = folder / "ca.pem", folder / "ca.p12"
    pem.write_bytes(ca)
    store.write_bytes(
        pkcs12.serialize_java_truststore(
            [pkcs12.PKCS12Certificate(load_pem_x509_certificate(ca), b"stacks")], BestAvailableEncryption(b"changeit")
        )
    )
    if SYSTEM_TRUST.exists():
        run("mount", "--bind", str(pem), str(SYSTEM_TRUST.resolve()))
    options = f"-Djavax.net.ssl.trustStore={store} -Djavax.net.ssl.trustStorePassword=changeit"
    names = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
    return {**dict.fromkeys(names, str(pem)), "JAVA_TOOL_OPTIONS": options}


def watch_lifeline(descriptor: int) -> None:
    """End this process, and with it the namespace, when the one outside is gone."""

    def watch() -> None:
        os.read(descriptor, 1)
        os._exit(1)

    threading.Thread(target=watch, name="lifeline", daemon=True).start()
