"""The log on standard error: lines of text, or a JSON object on each line."""

from __future__ import annotations

import json
import logging
import sys
from dataclasses import dataclass
from datetime import UTC, datetime

from mock_server.clock import rfc3339
from mock_server.current_request import CurrentRequest
from mock_server.reading import harmless
from mock_server.redaction import redacted

TEXT = "%(asctime)s %(message)s"
DELETE = "\x7f"  # the one control character that json.dumps leaves as it is


def shown(text: str) -> str:
    """Return the text as a line of the log may hold it: harmless, and without API keys."""
    return harmless(redacted(text))


@dataclass(frozen=True, slots=True)
class RequestLine:
    """The message about a request. It is made only when a formatter asks for it, as a text or as its parts."""

    current: CurrentRequest
    status: int
    seconds: float

    def __str__(self) -> str:
        current = self.current
        cut = f" cut by {current.trace.cut}" if current.trace.cut else ""
        asked = f"{current.environ['REQUEST_METHOD']} {current.path}"
        return shown(f"{asked} {self.status}{cut}{self._reasons}{self._ignored} {self.seconds * 1000:.1f} ms")

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
        return f" (ignored unknown fields: {ignored})" if ignored else ""

    @property
    def _reasons(self) -> str:
        """Why it was refused: the rules, never a value that was sent."""
        problem = self.current.problem
        if problem is None:
            return ""
        rules = [f"{error.rule or problem.slug} {error.field} {error.code}" for error in problem.errors]
        return f" ({', '.join(rules or [problem.rule or problem.slug])})"


class TextFormatter(logging.Formatter):
    """A line for each record, whoever logged it. The lines of a traceback follow, each behind a bar.

    So what a peer sends can neither begin a line that looks like a record nor reach the terminal as a command.
    """

    def __init__(self) -> None:
        super().__init__(TEXT)

    def format(self, record: logging.LogRecord) -> str:
        """Return the lines of a record."""
        record.message, record.asctime = record.getMessage(), self.formatTime(record)
        more = self.formatException(record.exc_info).split("\n") if record.exc_info else []
        more += (record.stack_info or "").splitlines()
        return "\n".join((shown(self.formatMessage(record)), *(f"  | {shown(line)}" for line in more)))


class JsonFormatter(logging.Formatter):
    """An object a line: `at` (by the system's clock), `level`, `logger`, `message`, and the parts of a request.

    JSON escapes all that is not printable ASCII, so it needs no other care.
    """

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
        return redacted(json.dumps(line)).replace(DELETE, "\\u007f")


def configure(level: str, form: str) -> None:
    """Log messages of this level and above, warnings of Python included, as `text` or `json`."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if form == "json" else TextFormatter())
    logging.basicConfig(level=level.upper(), handlers=[handler])
    logging.captureWarnings(True)
