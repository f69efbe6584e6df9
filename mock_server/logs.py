"""The log on standard error: lines of text, or a JSON object on each line."""

from __future__ import annotations

import json
import logging
import sys
from dataclasses import dataclass
from datetime import UTC, datetime

from mock_server.clock import rfc3339
from mock_server.current_request import CurrentRequest
from mock_server.redaction import redacted

TEXT = "%(asctime)s %(message)s"


@dataclass(frozen=True, slots=True)
class RequestLine:
    """The message about a request. It is made only when a formatter asks for it, as a text or as its parts."""

    current: CurrentRequest
    status: int
    seconds: float

    def __str__(self) -> str:
        current = self.current
        asked = f"{current.environ['REQUEST_METHOD']} {redacted(current.path)}"
        asked = ascii(asked)[1:-1]  # so that nothing a client sends can begin a new line of the log
        return f"{asked} {self.status}{self._reasons}{self._ignored} {self.seconds * 1000:.1f} ms"

    @property
    def parts(self) -> dict[str, object]:
        """The parts of the request for a program."""
        current = self.current
        return {
            "request_id": current.id,
            "method": current.environ["REQUEST_METHOD"],
            "path": redacted(current.path),
            "status": None if current.trace.silent else self.status,
            "rule": current.problem.rule if current.problem else None,
            "unknown_fields": [str(field) for field in current.trace.ignored.fields] if current.trace.ignored else [],
            "duration_ms": round(self.seconds * 1000, 3),
        }

    @property
    def _ignored(self) -> str:
        """The fields that the mock does not know and ignored."""
        ignored = self.current.trace.ignored
        return f" (ignored unknown fields: {ascii(str(ignored))[1:-1]})" if ignored else ""

    @property
    def _reasons(self) -> str:
        """Why it was refused: the rules, never a value that was sent."""
        problem = self.current.problem
        if problem is None:
            return ""
        rules = [f"{error.rule} {error.field} {error.code}" for error in problem.errors]
        return f" ({', '.join(rules or [problem.rule or problem.slug])})"


class JsonFormatter(logging.Formatter):
    """An object a line: `at` (by the system's clock), `level`, `logger`, `message`, and the parts of a request."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        line: dict[str, object] = {
            "at": rfc3339(datetime.fromtimestamp(record.created, UTC)),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if isinstance(record.msg, RequestLine):
            line |= record.msg.parts
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line)


def configure(level: str, form: str) -> None:
    """Log messages of this level and above, as `text` or `json`."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if form == "json" else logging.Formatter(TEXT))
    logging.basicConfig(level=level.upper(), handlers=[handler])
