"""A mock in this process, with a clock that stands still, and a client that creates and reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from werkzeug.test import TestResponse

from mock_server import Settings, create_app
from mock_server.services import Mock
from tests.kit.http import PATH, WRITER
from tests.kit.submissions import submission

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
PRIVATE_READER = "sk-apik_private.local"


class Reading:
    """Talks to a mock that it holds, without a socket."""

    def __init__(self, **settings: Any) -> None:
        self.mock = Mock(Settings(**settings))
        self.mock.services.clock.freeze(NOW)
        self._client = create_app(mock=self.mock).test_client()

    def create(self, credential: str = WRITER, **changes: Any) -> Any:
        """Create an engagement and return it."""
        answer = self._client.post(PATH, json=submission(**changes), headers={"Authorization": credential})
        assert answer.status_code == 201, answer.text
        return answer.json

    def get(
        self, path: str = "", credential: str | None = WRITER, headers: Mapping[str, str] | None = None, **query: Any
    ) -> TestResponse:
        """Read below the path of the engagements, or at a whole URL. The parameters may be given as a text: `raw`."""
        sent = query.pop("raw", query)
        given = {"Authorization": credential} if credential else {}
        url = path if path.startswith("http") else PATH + path
        return self._client.get(url, query_string=sent or None, headers={**given, **(headers or {})})

    def advance(self, **by: float) -> None:
        """Move the clock."""
        self.mock.services.clock.advance(timedelta(**by))

    def titles(self, credential: str = WRITER, **query: Any) -> list[str]:
        """Return the titles of a page."""
        return [one["title"] for one in self.get(credential=credential, **query).json["data"]]

    def pages(self, credential: str = WRITER, **query: Any) -> Iterator[Any]:
        """Yield the pages of a list, one after the other."""
        cursor: dict[str, str] = {}
        while True:
            page = self.get(credential=credential, **query, **cursor).json
            yield page
            if not page["has_more"]:
                return
            cursor = {"cursor": page["next_cursor"]}

    def last(self) -> Any:
        """Return the newest entry of the journal."""
        assert self.mock.state.records is not None
        return self.mock.state.records.journal.select(lambda _: True, 1)[0]
