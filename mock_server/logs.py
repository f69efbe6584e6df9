"""How the log looks: a line of text, or an object of JSON, on standard error."""

from __future__ import annotations

import json
import logging
import sys
import time
from datetime import UTC, datetime
from functools import lru_cache

from mock_server.clock import rfc3339

TEXT = "%(asctime)s %(message)s"


class TextFormatter(logging.Formatter):
    """One line, with the local time as logging writes it, only that the second is worked out once."""

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: ARG002, N802  theirs
        """Return the time of a record, to the millisecond."""
        return f"{_second(int(record.created))},{int(record.msecs):03}"


@lru_cache(1)
def _second(seconds: int) -> str:
    return time.strftime(logging.Formatter.default_time_format, time.localtime(seconds))


class JsonFormatter(logging.Formatter):
    """One object a line: `at` (the system's clock), `level`, `logger`, `message`, and for a request its parts.

    A record of a request has a function `request` that returns them.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        line: dict[str, object] = {
            "at": rfc3339(datetime.fromtimestamp(record.created, UTC)),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if (request := getattr(record, "request", None)) is not None:
            line |= request()
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
