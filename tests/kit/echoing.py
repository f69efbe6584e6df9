"""A target that tells everybody everything: each answer repeats the headers of its request, wherever it can."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from mock_server import Running, Settings, create_app
from mock_server.server import serving
from mock_server.services import Mock


class Echoing:
    """An application that puts what it was sent into every text of an error, and into a header of every answer."""

    def __init__(self, app: Any) -> None:
        self._app = app

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer one request."""
        said = " ".join(value for name, value in environ.items() if name.startswith("HTTP_")).strip()
        started: list[Any] = []
        content = b"".join(self._app(environ, lambda status, headers, *_: started.extend((status, headers))))
        status, headers = started
        if status.startswith("4"):
            problem = json.loads(content)
            # Longer and longer, so that wherever a report cuts a text, some secret lies across the cut.
            problem["errors"] = [{"field": "/x", "code": "x" * n, "message": said} for n in range(40)]
            problem |= {"detail": said * 20, "type": said, "request_id": said, "title": f"{said} \x1b[31m{said}"}
            content = json.dumps(problem).encode()
        headers = [(name, value) for name, value in headers if name != "Content-Length"]
        start_response(status, [*headers, ("X-Echo", said), ("Content-Length", str(len(content)))])
        return [content]


@contextmanager
def echoing(settings: Settings | None = None) -> Iterator[Running]:
    """Serve such a target."""
    mock = Mock(settings or Settings(port=0, log_level="error"))
    with serving(mock, Echoing(create_app(mock.settings))) as server:
        yield server
