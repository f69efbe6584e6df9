"""One request on its way through the application: when it came, what it met, and what is known of it so far."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from mock_server.problems import Problem
from mock_server.services import Mock
from mock_server.state import State
from mock_server.trace import Trace


@dataclass(slots=True)
class CurrentRequest:
    """A request under way. `state` is the one it began in: a reset puts another in the mock, not in here.

    `environ` is WSGI's, `body` what was read of it, `problem` what it was refused for.
    """

    mock: Mock
    state: State
    at: datetime
    environ: Mapping[str, Any]
    path: str
    trace: Trace = field(default_factory=Trace)
    started: float = field(default_factory=time.perf_counter)
    body: bytes | None = None
    problem: Problem | None = None
    _id: str | None = None

    @property
    def seconds(self) -> float:
        """How long it has been under way."""
        return time.perf_counter() - self.started

    @property
    def id(self) -> str:
        """The id under which it is found in the journal, and which a problem shows."""
        if self._id is None:
            self._id = self.mock.services.ids.new("rid", self.at)
        return self._id
