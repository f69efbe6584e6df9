"""The request that a thread is answering: when it came, what it works with, and what is known of it so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from mock_server.clock import monotonic
from mock_server.problems import Problem
from mock_server.services import Mock
from mock_server.state import State
from mock_server.trace import Trace


@dataclass(slots=True)
class CurrentRequest:
    """A request that is being answered.

    `state` is the one in which it began, even if the mock is reset meanwhile. `environ` is WSGI's, `body` is what was
    read so far, and `problem` is why it was refused.
    """

    mock: Mock
    state: State
    at: datetime
    environ: dict[str, Any]
    path: str
    trace: Trace = field(default_factory=Trace)
    started: float = field(default_factory=monotonic)
    body: bytes | None = None
    problem: Problem | None = None
    _id: str | None = None

    @property
    def seconds(self) -> float:
        """How long the request has taken so far."""
        return monotonic() - self.started

    @property
    def id(self) -> str:
        """The id of the request in the journal and in a problem."""
        if self._id is None:
            self._id = self.mock.services.ids.new("rid", self.at)
        return self._id
