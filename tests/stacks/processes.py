"""Processes of the namespace, each with a log. Nobody stops them: they end with the namespace."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Processes:
    """The processes that run so far. `folder` gets their logs."""

    folder: Path
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, name: str, command: Sequence[str], **options: object) -> None:
        """Start a process; what it prints goes to `NAME.log`."""
        with self.log(name).open("ab") as log:
            self.running[name] = subprocess.Popen(command, stdout=log, stderr=log, **options)  # type: ignore[call-overload]

    def log(self, name: str) -> Path:
        """Return where the log of a process is."""
        return self.folder / f"{name}.log"

    def check(self) -> None:
        """Raise RuntimeError, with the end of its log, when one of them has ended."""
        for name, process in self.running.items():
            if process.poll() is not None:
                tail = self.log(name).read_text(encoding="utf-8", errors="replace")[-3000:]
                raise RuntimeError(f"{name} ended with {process.returncode}:\n{tail}")


def listens(port: int) -> bool:
    """Tell whether something accepts connections on this port of loopback."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False
