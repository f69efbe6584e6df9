"""The command `mock-server`. Exit codes: 0 as asked, 1 an unhealthy server or findings, 2 usage or nothing to grade."""

from __future__ import annotations

import argparse
import gc
import json
import os
import signal
import ssl
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from queue import SimpleQueue
from typing import Any, NoReturn, TypeVar

from mock_server import logs
from mock_server.app import SERVER_NAME
from mock_server.banner import banner
from mock_server.config import OPTIONS, Settings, load
from mock_server.media.simulated import ROUTES, SPECIAL_HOST
from mock_server.records.report import ReportCard
from mock_server.records.report.junit import junit
from mock_server.server import Running, running
from mock_server.workspaces import ConfigError

T = TypeVar("T")
ANSWER_SECONDS = 5.0
MAX_ANSWER = 16 * 1024 * 1024  # bytes; a report on many requests is long
COMMANDS = ("serve", "healthcheck", "reset", "routes", "report")
FORMATS: dict[str, Callable[[ReportCard], str]] = {
    "text": str,
    "json": lambda card: json.dumps(card.as_json(), indent=2),
    "junit": junit,
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    try:
        try:
            return _run(argv)
        finally:
            sys.stdout.flush()
    except BrokenPipeError:  # as in `mock-server routes | head -1`: the reader has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _run(argv: Sequence[str] | None) -> int:
    arguments = _parser().parse_args(argv)
    flags = {
        name: ",".join(value) if isinstance(value, list) else value
        for name, value in vars(arguments).items()
        if name not in {"command", "format"}
    }
    try:
        if arguments.command == "routes":
            return routes()
        settings = load(flags, os.environ)
        if arguments.command == "serve":
            return serve(settings)
        if arguments.command == "report":
            return report(settings, FORMATS[getattr(arguments, "format", "text")])
        return ask(settings, "GET", "health") if arguments.command == "healthcheck" else ask(settings, "POST", "reset")
    except ConfigError as error:
        print(f"mock-server: {error}", file=sys.stderr)
        return 2


class _Parser(argparse.ArgumentParser):
    """Says what is wrong with the arguments. What somebody else wrote in them cannot command a terminal."""

    def error(self, message: str) -> NoReturn:
        super().error(logs.shown(message))


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="mock-server",
        description="A local server that creates engagements, and lets you read them, as the API does.",
        epilog="Every option but --format can also be set as MOCK_SERVER_<OPTION>, and every one but --format and "
        "--config in the file given with --config.",
        argument_default=argparse.SUPPRESS,
    )
    parser.add_argument("--version", action="version", version=SERVER_NAME)
    parser.add_argument(
        "command",
        nargs="?",
        default="serve",
        choices=COMMANDS,
        help="serve (default), healthcheck, reset and report (of a running server), routes (of media.mock.test)",
    )
    parser.add_argument("--format", choices=FORMATS, help="format of the report: text, json or junit (text)")
    for option in OPTIONS:
        action = "append" if option.many else "store"
        parser.add_argument(option.flag, dest=option.name, metavar=option.metavar, help=option.help, action=action)
    return parser


def serve(settings: Settings) -> int:
    """Serve until SIGTERM or Ctrl-C. A second signal ends at once."""
    logs.configure(settings.log_level, settings.log_format)
    collect_rarely()
    stop: SimpleQueue[int] = SimpleQueue()  # an Event that is set while the wait for it begins never ends

    def on_signal(number: int, _: object) -> None:
        signal.signal(number, signal.SIG_DFL)
        stop.put(number)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, on_signal)
    ready = settings.ready_file
    if ready is not None and ready.is_file():  # of a process that was killed: it says where nobody listens
        ready.unlink()
    with running(settings) as server:
        if ready is not None:
            _write_ready_file(ready, server)
        try:
            with suppress(BrokenPipeError):
                print(banner(server), flush=True)
            stop.get()
        finally:
            if ready is not None:
                ready.unlink(missing_ok=True)
    return 0


def collect_rarely() -> None:
    """Let Python search this process for garbage less often than it does by itself.

    Nearly all that requests leave is kept on purpose. To search it all takes up to 0.1 s, in which nobody is answered,
    and Python would do so every few thousand requests.
    """
    gc.freeze()  # what was imported stays for good
    gc.set_threshold(20_000, 20, 20)


def routes() -> int:
    """Print what the paths of the special host do."""
    width = max(len(path) for path, _ in ROUTES)
    print(f"https://{SPECIAL_HOST}")
    for path, outcome in ROUTES:
        print(f"  {path:<{width}}  {outcome}")
    return 0


def report(settings: Settings, show: Callable[[ReportCard], str]) -> int:
    """Print the report card of the client that has used a running server.

    Return 1 if there are findings, and 2 if there is nothing to grade: a client that sent nothing did nothing well.
    """
    card = _ask(settings, "GET", "report", ReportCard.read)
    if card is None:
        return 2
    print(show(card))
    if not card.requests:
        print(f"mock-server: no request came to {_url(settings, '/api')}: nothing was graded", file=sys.stderr)
        return 2
    return 1 if card.findings else 0


def ask(settings: Settings, method: str, what: str) -> int:
    """Send one request to the control plane of a running server and return 0 if it answered well."""
    document = _ask(settings, method, what, _well)
    if document is None:
        return 1
    print(json.dumps(document))
    return 0


def _ask(settings: Settings, method: str, what: str, read: Callable[[Any], T]) -> T | None:
    """Ask the control plane of a running server and return what `read` makes of the JSON. Say why if it is None.

    No redirect is followed and no proxy asked: the admin token is for the server at this address alone.
    """
    connection, path = _connection(settings), f"/__admin/{what}"
    try:
        return read(_answer(connection, method, path, settings.admin_token))
    except (OSError, ValueError, HTTPException) as error:
        reason = "".join(character for character in str(error) if character.isprintable())  # it may quote the answer
        print(f"mock-server: no healthy server at {_url(settings, path)}: {reason}", file=sys.stderr)
        return None
    finally:
        connection.close()


def _answer(connection: HTTPConnection, method: str, path: str, token: str | None) -> object:
    """Return the JSON that a server answers. Raises OSError, HTTPException, and ValueError if there is none."""
    connection.request(method, path, headers={"Authorization": f"Bearer {token}"} if token else {})
    answer = connection.getresponse()
    content = answer.read(MAX_ANSWER)
    if answer.status != HTTPStatus.OK:
        raise ValueError(f"it answers {answer.status}")
    return json.loads(content)


def _well(document: object) -> object:
    """Return what a healthy mock says. Raises ValueError if it is something else."""
    if document != {"status": "ok"}:
        raise ValueError("it is no mock-server")
    return document


def _url(settings: Settings, path: str) -> str:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"{'https' if settings.tls_cert else 'http'}://{host}:{settings.port}{path}"


def _connection(settings: Settings) -> HTTPConnection:
    if settings.tls_cert is None:
        return HTTPConnection(settings.host, settings.port, timeout=ANSWER_SECONDS)
    trust = ssl.create_default_context(cafile=str(settings.tls_cert))
    trust.check_hostname = False  # the certificate is the server's own: it vouches for itself, under any name
    return HTTPSConnection(settings.host, settings.port, timeout=ANSWER_SECONDS, context=trust)


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
