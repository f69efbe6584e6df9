"""The command `mock-server`. Exit codes: 0 stopped as asked, 1 an unhealthy server, 2 usage or configuration."""

from __future__ import annotations

import argparse
import json
import os
import signal
import ssl
import sys
from collections.abc import Sequence
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path
from queue import SimpleQueue
from urllib.request import HTTPSHandler, ProxyHandler, Request, build_opener

from mock_server import logs
from mock_server.app import SERVER_NAME
from mock_server.banner import banner
from mock_server.config import OPTIONS, Settings, load
from mock_server.media.simulated import ROUTES, SPECIAL_HOST
from mock_server.server import Running, running
from mock_server.workspaces import ConfigError

COMMANDS = ("serve", "healthcheck", "reset", "routes")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    arguments = _parser().parse_args(argv)
    flags = {
        name: ",".join(value) if isinstance(value, list) else value
        for name, value in vars(arguments).items()
        if name != "command"
    }
    try:
        if arguments.command == "routes":
            return routes()
        settings = load(flags, os.environ)
        if arguments.command == "serve":
            return serve(settings)
        return ask(settings, "GET", "health") if arguments.command == "healthcheck" else ask(settings, "POST", "reset")
    except ConfigError as error:
        print(f"mock-server: {error}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="mock-server",
        description="A local server that behaves as the Create engagement operation does.",
        epilog="Every option can be set as MOCK_SERVER_<OPTION> too, or in the file given with --config.",
        argument_default=argparse.SUPPRESS,
    )
    parser.add_argument("--version", action="version", version=SERVER_NAME)
    parser.add_argument(
        "command",
        nargs="?",
        default="serve",
        choices=COMMANDS,
        help="serve (default), healthcheck and reset (of a running server), routes (of media.mock.test)",
    )
    for option in OPTIONS:
        action = "append" if option.many else "store"
        parser.add_argument(option.flag, dest=option.name, metavar=option.metavar, help=option.help, action=action)
    return parser


def serve(settings: Settings) -> int:
    """Serve until SIGTERM or Ctrl-C. A second signal ends at once."""
    logs.configure(settings.log_level, settings.log_format)
    stop: SimpleQueue[int] = SimpleQueue()  # an Event that is set while the wait for it begins never ends

    def on_signal(number: int, _: object) -> None:
        signal.signal(number, signal.SIG_DFL)
        stop.put(number)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, on_signal)
    with running(settings) as server:
        ready = settings.ready_file
        if ready is not None:
            _write_ready_file(ready, server)
        try:
            print(banner(server), flush=True)
            stop.get()
        finally:
            if ready is not None:
                ready.unlink(missing_ok=True)
    return 0


def routes() -> int:
    """Print what the paths of the special host do."""
    width = max(len(path) for path, _ in ROUTES)
    print(f"https://{SPECIAL_HOST}")
    for path, outcome in ROUTES:
        print(f"  {path:<{width}}  {outcome}")
    return 0


def ask(settings: Settings, method: str, what: str) -> int:
    """Send one request to the control plane of a running server and return 0 if it answered well."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    url = f"{'https' if settings.tls_cert else 'http'}://{host}:{settings.port}/__admin/{what}"
    headers = {"Authorization": f"Bearer {settings.admin_token}"} if settings.admin_token else {}
    trust = None
    if settings.tls_cert is not None:  # the certificate is the server's own: it vouches for itself, under any name
        trust = ssl.create_default_context(cafile=str(settings.tls_cert))
        trust.check_hostname = False
    # A proxy that the environment names is for the world outside, not for a server of this machine.
    opener = build_opener(ProxyHandler({}), HTTPSHandler(context=trust))
    try:
        with opener.open(Request(url, method=method, headers=headers), timeout=5) as response:  # noqa: S310  our own URL
            print(response.read().decode().strip())
            return 0
    except (OSError, ValueError, HTTPException) as error:  # the last two: what answered does not speak HTTP
        reason = " ".join(str(error).split())  # it may quote lines of what answered
        print(f"mock-server: no healthy server at {url}: {reason}", file=sys.stderr)
        return 1


def _write_ready_file(path: Path, server: Running) -> None:
    """Write the file whole, readable by its owner alone, or not at all."""
    document = {
        "base_url": server.base_url,
        "admin_url": server.admin_url,
        "pid": os.getpid(),
        "credentials": server.credentials,
    }
    unfinished = path.parent / f".{path.name}.{os.getpid()}"
    try:
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(document, file)
        unfinished.replace(path)
    except OSError as error:
        with suppress(OSError):
            unfinished.unlink()
        raise ConfigError(f"--ready-file: cannot write {path}: {error.strerror}") from None
