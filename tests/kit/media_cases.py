"""The cases of tests/data/media-cases.json, and a resolver that answers as each of them says."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from mock_server.media.policy import Address

FILE = Path(__file__).parents[1] / "data" / "media-cases.json"


@dataclass(frozen=True, slots=True)
class Case:
    """One case. `resolves_to`: host to answers. `also_ok`: the other verdict would do too."""

    id: str
    url: Any
    kind: str
    accepted: bool
    resolves_to: dict[str, Any]
    serve: dict[str, Any] | None
    seconds: float | None
    also_ok: bool


def load() -> list[Case]:
    """Return all cases."""
    return [
        Case(
            id=case["id"],
            url=case["url"],
            kind=case["class"],
            accepted=case["verdict"] == "accept",
            resolves_to=case["resolves_to"],
            serve=case.get("serve"),
            seconds=case.get("duration"),
            also_ok="also_ok" in case,
        )
        for case in json.loads(FILE.read_text(encoding="utf-8"))["cases"]
    ]


class FakeResolver:
    """Answers in the words of `resolves_to`, and keeps a log of the names it was asked for."""

    def __init__(self, resolves_to: dict[str, Any]) -> None:
        self.closed = threading.Event()
        self.begin(resolves_to)

    def begin(self, resolves_to: dict[str, Any]) -> None:
        """Answer like this from now on, and forget what was asked before."""
        self._answers = resolves_to
        self.log: list[str] = []

    def __call__(self, host: str, _: int) -> Iterable[Address]:
        """Return the addresses of a name. Raises OSError; on TIMEOUT it waits until it is closed."""
        asked = self.log.count(host)
        self.log.append(host)
        answers = self._answers.get(host, self._answers.get(host + ".", []))
        if answers == "TIMEOUT":
            self.closed.wait()
            answers = []
        if answers == "SERVFAIL" or not answers:
            raise OSError(f"no address of {host}")
        if isinstance(answers[0], list):
            answers = answers[min(asked, len(answers) - 1)]
        return [ip_address(answer) for answer in answers]
