"""nginx as a gateway: it wants a User-Agent, gzips, speaks HTTP/1.0 to the target, and takes no body beyond 1 MiB."""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.kit.waiting import wait_until

FOLDERS = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
SETTINGS = """
daemon off; master_process off; pid nginx.pid;
events {{ }}
http {{
    access_log off; {folders}
    gzip on; gzip_types *; gzip_min_length 1; gzip_proxied any;
    server {{
        listen 127.0.0.1:{port};
        if ($http_user_agent = "") {{ return 403; }}
        location / {{ proxy_pass http://{target}; }}
    }}
}}
"""


@contextmanager
def nginx(folder: Path, target: str) -> Iterator[str]:
    """Run nginx before this host and port until the block ends, and yield where it listens. It writes to `folder`."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    assert program, "this test needs nginx (Debian: nginx-light)"
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    folders = " ".join(f"{name}_temp_path {name};" for name in FOLDERS)
    (folder / "nginx.conf").write_text(SETTINGS.format(folders=folders, port=port, target=target), encoding="utf-8")
    with subprocess.Popen([program, "-p", str(folder), "-c", "nginx.conf", "-e", "error.log"]) as process:
        try:
            wait_until(lambda: process.poll() is not None or answers(port))
            assert process.poll() is None, (folder / "error.log").read_text(encoding="utf-8")
            yield f"127.0.0.1:{port}"
        finally:
            process.terminate()


def answers(port: int) -> bool:
    """Tell whether something listens at a port."""
    with socket.socket() as peer:
        return peer.connect_ex(("127.0.0.1", port)) == 0
