"""A client for one mock: its API, its control plane, and what it holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mock_server import Running
from tests.kit.http import PATH, WRITER, Answer, send
from tests.kit.submissions import submission


class Client:
    """Talks to one server, to the API and to the control plane."""

    def __init__(self, server: Running) -> None:
        self.server = server
        self.mock = server.mock
        self.url = server.base_url + "/v2/engagements"

    def post(self, credential: str = WRITER, headers: Mapping[str, str] | None = None, **changes: Any) -> Answer:
        """Submit an engagement."""
        return send(self.server, submission(**changes), credential=credential, headers=headers)

    def get(self, path: str = "", credential: str = WRITER) -> Answer:
        """Read below the path of the engagements."""
        return send(self.server, credential=credential, method="GET", path=PATH + path)

    def admin(
        self, method: str, path: str, document: object = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Ask the control plane."""
        path = f"/__admin{path}"
        return send(self.server, document, credential=None, method=method, path=path, headers=headers)

    def fault(self, **order: Any) -> Any:
        """Set a fault that has to be accepted."""
        answer = self.admin("POST", "/faults", order)
        assert answer.status == 201, answer.text
        return answer.json()

    def stored(self, external_id: str) -> int:
        """Count the engagements of a key."""
        return sum(key == external_id for (_, key), _ in self.mock.state.store.all())

    def last(self) -> dict[str, Any]:
        """Return the newest entry of the journal, with headers and body."""
        newest = self.admin("GET", "/requests?limit=1").json()["data"][0]
        found: dict[str, Any] = self.admin("GET", f"/requests/{newest['id']}").json()
        return found


Serve = Callable[..., Client]
