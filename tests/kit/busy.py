"""A target that accepts a few submissions and is too busy for any other."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

from mock_server import Running, Settings, create_app
from mock_server.problems import RateLimited
from mock_server.server import serving
from mock_server.services import Mock
from tests.kit.http import WRITER


class Busy:
    """An application that answers 429 to a writer as soon as so many of its submissions have been accepted."""

    def __init__(self, app: Any, writer: str, left: int) -> None:
        self._app = app
        self._writer = f"Bearer {writer}"
        self._left = left

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer one request."""
        ours = environ.get("HTTP_AUTHORIZATION") == self._writer
        if ours and not self._left:
            problem = RateLimited("1/day", 0)
            headers = [("Content-Type", "application/problem+json"), ("X-Api-Version", "v2"), *problem.headers.items()]
            start_response("429 Too Many Requests", headers)
            return [json.dumps(problem.as_json(f"rid_{uuid4().hex}")).encode()]

        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            self._left -= ours and status.startswith("20")
            return start_response(status, headers, *rest)

        answer: Iterable[bytes] = self._app(environ, start)
        return answer


@contextmanager
def busy(left: int) -> Iterator[Running]:
    """Serve such a target: pre-flight gets through with 2 accepted submissions of the writer."""
    mock = Mock(Settings(port=0))
    with serving(mock, Busy(create_app(mock.settings), WRITER, left)) as server:
        yield server
