"""How a line of the log looks."""

from __future__ import annotations

import logging

import pytest

from mock_server.logs import TEXT, TextFormatter


@pytest.mark.parametrize("created", [0.0, 1_772_443_800.0, 1_772_443_800.0005, 1_772_443_800.9996, 1_772_443_801.25])
def test_a_line_begins_with_the_time_as_logging_writes_it(created: float) -> None:
    """The time of a line is that of the standard library's formatter, to the millisecond."""
    record = logging.makeLogRecord({"msg": "%d %s", "args": (201, "ok"), "created": created})
    record.msecs = (created - int(created)) * 1000
    line = TextFormatter(TEXT).format(record)
    assert line == logging.Formatter(TEXT).format(record)
    assert line.endswith(" 201 ok")
