"""How the log looks: a line of text, or an object of JSON, on standard error."""

from __future__ import annotations

import json
import logging
import sys
import time
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

from mock_server.clock import rfc3339
from mock_server.current_request import CurrentRequest
from mock_server.redaction import redacted

TEXT = "%(asctime)s %(message)s"


class TextFormatter(logging.Formatter):
    """One line, with the local time as logging writes it, only that the second is worked out once."""

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: ARG002, N802  theirs
        """Return the time of a record, to the millisecond."""
        return f"{_second(int(record.created))},{int(record.msecs):03}"


@lru_cache(1)
def _second(seconds: int) -> str:
    return time.strftime(logging.Formatter.default_time_format, time.localtime(seconds))


class RequestLine(NamedTuple):
    """The message about a request: a line of text or, in JSON, its parts, whichever the formatter asks for."""

    visit: CurrentRequest
    status: int
    seconds: float

    def __str__(self) -> str:
        visit = self.visit
        asked = f"{visit.environ['REQUEST_METHOD']} {redacted(visit.path)}"
        asked = ascii(asked)[1:-1]  # whatever a client puts there stays on one line of the log
        return f"{asked} {self.status}{self._reasons} {self.seconds * 1000:.1f} ms"

    @property
    def parts(self) -> dict[str, object]:
        """The parts of the request for a program."""
        visit = self.visit
        return {
            "request_id": visit.id,
            "method": visit.environ["REQUEST_METHOD"],
            "path": redacted(visit.path),
            "status": None if visit.trace.silent else self.status,
            "rule": visit.problem.rule if visit.problem else None,
            "duration_ms": round(self.seconds * 1000, 3),
        }

    @property
    def _reasons(self) -> str:
        """Why it was refused: the rules, never a value that was sent."""
        problem = self.visit.problem
        if problem is None:
            return ""
        rules = [f"{error.rule} {error.field} {error.code}" for error in problem.errors]
        return f" ({', '.join(rules or [problem.rule or problem.slug])})"


class JsonFormatter(logging.Formatter):
    """One object a line: `at` (the system's clock), `level`, `logger`, `message`, and for a request its parts."""

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
    """Log from `level` on, as `text` or `json`."""
    # What no line shows need not be found out for each (see "Optimization" in the documentation of logging).
    logging._srcfile = None  # noqa: SLF001
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if form == "json" else TextFormatter(TEXT))
    logging.basicConfig(level=level.upper(), handlers=[handler])
