"""A receiver of webhooks in a process of its own, which checks each signature with the package of Svix.

    python -m tests.kit.receiver SECRET

It prints its port, and then a line of JSON for each webhook with a right signature. The path says how it answers.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PRINTING = threading.Lock()  # webhooks come on several threads, and a line and its end are written one by one
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


class ReceiverProcess:
    """A receiver that runs: `at("/status/500")` is a URL of it, `webhooks` is what it has taken so far."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        self._process = process
        self.port = int(process.stdout.readline())
        self.webhooks: list[dict[str, Any]] = []
        self._reading = threading.Thread(target=self._read, name="reads a receiver")
        self._reading.start()

    def at(self, path: str) -> str:
        """Return a URL of it."""
        return f"http://127.0.0.1:{self.port}{path}"

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()
        self._process.wait()
        self._reading.join()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.webhooks.append(json.loads(line))


@contextmanager
def receiver_process(secret: str = SECRET) -> Iterator[ReceiverProcess]:
    """Run a receiver until the block ends."""
    command = [sys.executable, "-m", "tests.kit.receiver", secret]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        running = ReceiverProcess(process)
        try:
            yield running
        finally:
            running.kill()


def main(secret: str) -> None:
    """Receive until the process is killed."""
    from svix.webhooks import Webhook, WebhookVerificationError  # slow to import, and only this process needs it

    checker, pause = Webhook(secret), threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            try:
                checker.verify(body, dict(self.headers))
            except WebhookVerificationError:
                self.answer(401)
                return
            line = json.dumps({"headers": dict(self.headers), "event": json.loads(body)})
            with PRINTING:
                print(line, flush=True)
            _, what, number = (*self.path.split("/"), "", "")[:3]
            if what == "silent":
                pause.wait()
            self.answer(int(number) if what == "status" else 204)

        def answer(self, status: int) -> None:
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        print(server.server_port, flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main(sys.argv[1])
