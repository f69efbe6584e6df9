"""What an operation of the API is: where it is served, which scope it needs, and the function that answers it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mock_server.faults.faults import BreakableConnection
from mock_server.services import Services
from mock_server.state import State
from mock_server.trace import Trace


@dataclass(frozen=True, slots=True)
class Request:
    """What an operation needs of an HTTP request. `read` returns the body, and raises Malformed.

    `connection` is there if the server lets faults act on it.
    """

    authorization: str | None
    content_type: str | None
    content_encoding: str | None
    read: Callable[[], bytes]
    prefer: str | None = None
    method: str = "POST"
    path: str = "/api/v2/engagements"
    connection: BreakableConnection | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """A success: the status, and the JSON object of the body."""

    status: int
    document: dict[str, object]


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation: its method, its path below the base URL, and its steps, which raise Problem."""

    method: str
    path: str
    run: Callable[[Request, Services, State, Trace], Reply]
