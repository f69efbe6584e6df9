"""What an operation of the API is: where it is served, and the function that answers it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from mock_server.faults.faults import BreakableConnection
from mock_server.services import Services
from mock_server.state import State
from mock_server.trace import Trace


def _unknown_origin() -> str:
    return "http://127.0.0.1"


@dataclass(frozen=True, slots=True)
class Request:
    """What an operation needs of an HTTP request. `read` returns the body, and raises Malformed.

    `parameters` are those of the path, `query` is what stands behind the question mark, as it was sent. `origin`
    returns scheme and authority under which the client knows the server. `connection` is there if the server lets
    faults act on it.
    """

    authorization: str | None
    content_type: str | None
    content_encoding: str | None
    read: Callable[[], bytes]
    prefer: str | None = None
    method: str = "POST"
    path: str = "/api/v2/engagements"
    connection: BreakableConnection | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    query: str = ""
    if_none_match: str | None = None
    origin: Callable[[], str] = _unknown_origin


@dataclass(frozen=True, slots=True)
class Reply:
    """A success: the status, the JSON object of the body, and headers. `content` is a body that is no JSON."""

    status: int
    document: Mapping[str, object] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes = b""


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation: its method, its path below the base URL, and its steps, which raise Problem.

    `steps` are the names of the steps in their order, for those who look at a request that did not reach the end.
    """

    method: str
    path: str
    run: Callable[[Request, Services, State, Trace], Reply]
    steps: tuple[str, ...]

    @property
    def shown_path(self) -> str:
        """The path as people write it, with parameters in braces."""
        return self.path.replace("<", "{").replace(">", "}")
