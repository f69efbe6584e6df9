"""What `mock-server` prints when it is ready: where it is, whom it knows, and a line to paste."""

from __future__ import annotations

import json
import shlex

from mock_server.checks.auth import WRITE, Caller
from mock_server.config import is_loopback
from mock_server.operations import OPERATIONS
from mock_server.server import Running

EXAMPLE = {
    "type": "CALL",
    "title": "My first call",
    "source_system": "curl",
    "external_id": "curl:1",
    "media_url": "https://media.mock.test/ok.mp3?duration=90",
    "run_workflows": False,
}
MASKED = "********"
YOUR_LINK = "https://storage.example.com/recording.mp3"


def banner(server: Running) -> str:
    """Return the text. Credentials from a configuration file are masked."""
    settings = server.mock.settings
    callers = settings.callers
    width = max(len(caller.name) for caller in callers)
    shown = {caller.name: caller.credential if settings.config is None else MASKED for caller in callers}
    lines = [
        f"Mock of Create engagement: {server.base_url}",
        f"  {', '.join(f'{one.method} {one.shown_path}' for one in OPERATIONS)}",
        f"  An engagement is processed for {settings.processing.total_seconds():g} s (--processing).",
        "",
        "Credentials (Authorization: Bearer …):",
        *(
            f"  {caller.name:<{width}}  {shown[caller.name]:<24}  workspace {caller.workspace.name}"
            f"  {', '.join(sorted(caller.scopes)) or 'no scopes'}"
            for caller in callers
        ),
    ]
    if settings.admin == "on":
        lines += ["", f"Inspector: {server.admin_url}/"]
        if server.mock.admin_token and settings.admin_token is None:
            lines += [f"  admin token, made for this run: {server.mock.admin_token} (to a browser: the password)"]
    if not is_loopback(settings.host):
        lines += [
            "",
            f"WARNING: {settings.host} can be reached from other machines. Everyone there can use this server.",
        ]
    if (writer := next((caller for caller in callers if WRITE.name in caller.scopes), None)) is not None:
        live = settings.media == "live"
        what = "Try it, with a link to a recording of yours" if live else "Try it (201, and 200 when repeated)"
        lines += ["", f"{what}:", "  " + example_line(server, writer)]
    return "\n".join(lines)


def example_line(server: Running, writer: Caller) -> str:
    """Return a line that creates an engagement when it is pasted into a shell."""
    settings = server.mock.settings
    # A credential of one's own is not printed; the shell fills it in.
    credential = writer.credential if settings.config is None else "$CREDENTIAL"
    trust = f" --cacert {shlex.quote(str(settings.tls_cert))}" if settings.tls_cert else ""
    example = EXAMPLE | ({"media_url": YOUR_LINK} if settings.media == "live" else {})
    return (
        f'curl -i{trust} {server.base_url}/v2/engagements -H "Authorization: Bearer {credential}"'
        f" -H 'Content-Type: application/json' -d {shlex.quote(json.dumps(example))}"
    )
