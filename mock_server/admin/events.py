"""The journal as server-sent events. Each stream holds a connection of the server, so their number is limited."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator

from flask import Response

from mock_server.problems import Problem
from mock_server.records.records import Records
from mock_server.redaction import redacted
from mock_server.services import Mock

MAX_STREAMS = 100
STREAM_TICK = 0.25  # seconds between two checks whether the server stops
MAX_DIGITS = 15
HEARTBEAT = 20  # ticks without news before a comment is sent; sending fails if nobody listens any more


class TooManyStreams(Problem):
    """All streams are in use."""

    status = 503
    slug = "unavailable"
    title = "Service unavailable"

    def __init__(self) -> None:
        super().__init__(
            f"{MAX_STREAMS} streams are open, which is the limit. Close one.", headers={"Retry-After": "5"}
        )


class Streams:
    """Opens streams of one mock. An event `request` holds an entry of the journal; `reset` says that all began anew."""

    def __init__(self, mock: Mock) -> None:
        self._mock = mock
        self._free = threading.BoundedSemaphore(MAX_STREAMS)

    def open(self, last_event_id: str | None) -> Response:
        """Return a stream that begins after the event with this id, or with the next request. Raises TooManyStreams."""
        if not self._free.acquire(blocking=False):
            raise TooManyStreams
        response = Response(self._follow(last_event_id), content_type="text/event-stream")
        response.call_on_close(self._free.release)
        return response

    def _follow(self, last_event_id: str | None) -> Iterator[str]:
        records = self._mock.state.records
        newest = 0 if records is None else records.journal.last
        known = _number(last_event_id)
        last = newest if known is None else min(known, newest)  # a larger number is from before a reset
        yield "retry: 1000\n\n"  # from here on the client misses nothing
        while records is not None and not self._mock.stopping.is_set():
            yield from self._follow_one(records, last)
            if records is not self._mock.state.records:
                yield "event: reset\ndata: {}\n\n"
            records, last = self._mock.state.records, 0

    def _follow_one(self, records: Records, last: int) -> Iterator[str]:
        """Send what comes, until the server stops or a reset replaces these records."""
        idle = 0
        while not self._mock.stopping.is_set() and records is self._mock.state.records:
            entries = records.journal.after(last, STREAM_TICK)
            for entry in entries:
                last = entry.sequence
                yield f"id: {last}\nevent: request\ndata: {redacted(json.dumps(entry.as_json()))}\n\n"
            idle = 0 if entries else idle + 1
            if idle >= HEARTBEAT:
                idle = 0
                yield ": nothing new\n\n"


def _number(event_id: str | None) -> int | None:
    known = event_id or ""
    return int(known) if known.isascii() and known.isdigit() and len(known) <= MAX_DIGITS else None
