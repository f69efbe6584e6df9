"""The values of settings: how each is read from a text, and what people are told to write instead."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, ByteSize, Field, InstanceOf

from mock_server.media.live.fixtures import Fixture, read_fixture
from mock_server.media.policy import DEFAULT_PORT
from mock_server.reading import Accepts, parsed

MAX_PORT = 65535
MAX_TIMEOUT = 3600  # seconds
MIN_PACE, MAX_PACE = timedelta(milliseconds=10), timedelta(hours=24)
_UNITS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000}  # milliseconds
_DURATION = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)(ms|s|m|h)?")


def _host(text: str) -> str:
    if not text.isprintable() or not text.strip():
        raise ValueError("not a name")
    text.encode("idna")  # raises UnicodeError, which is a ValueError
    return text


def _duration(value: object) -> timedelta:
    if isinstance(value, timedelta):
        duration = value
    elif match := _DURATION.fullmatch(str(value)):
        duration = timedelta(milliseconds=float(match[1]) * _UNITS[match[2] or "s"])
    else:
        raise ValueError("not a duration")
    if timedelta() < duration < MIN_PACE:  # then two stages could show the same updated_at
        raise ValueError("too short")
    return duration


def _path(text: str) -> Path:
    if not text or "\0" in text:
        raise ValueError("no file has this path")
    return Path(text)


def listed(value: object) -> object:
    """Split a text at its commas, as a flag and the environment need it."""
    return tuple(part.strip() for part in value.split(",")) if isinstance(value, str) else value


Host = Annotated[str, AfterValidator(_host), Accepts("an address or a name, such as 127.0.0.1")]
Port = Annotated[int, Field(ge=0, le=MAX_PORT), Accepts(f"a port from 0 to {MAX_PORT}; 0 picks a free one")]
MediaPorts = Annotated[
    frozenset[Annotated[int, Field(ge=1, le=MAX_PORT)]],
    BeforeValidator(listed),
    AfterValidator(lambda ports: ports | {DEFAULT_PORT}),
    Accepts(f"ports from 1 to {MAX_PORT} with commas between, such as 8443,9443"),
]
Seconds = Annotated[float, Field(gt=0, le=MAX_TIMEOUT), Accepts(f"seconds, more than 0 and at most {MAX_TIMEOUT}")]
Size = Annotated[ByteSize, Field(ge=1, le=1 << 50), Accepts("a size such as 512MiB, or a number of bytes")]
Count = Annotated[int, Field(ge=1, le=9999), Accepts("a number from 1 to 9999")]
Pace = Annotated[
    timedelta,
    BeforeValidator(_duration),
    Field(ge=timedelta(), le=MAX_PACE),
    Accepts("0, or a time such as 500ms, 2s, 1m or 1h: at least 10ms and at most 24h"),
]
Whole = Annotated[int, Accepts("a whole number")]
File = Annotated[Path, BeforeValidator(lambda value: _path(str(value))), Accepts("the path of a file")]
Token = Annotated[
    str,
    Field(pattern=r"^[!-~]{8,200}$"),
    Accepts("8 to 200 printable ASCII characters without spaces"),
]
HostNames = Annotated[
    tuple[
        Annotated[
            str,
            Field(pattern=r"^([a-zA-Z0-9._-]+|\[?[0-9a-fA-F:.]+\]?)$"),
            AfterValidator(lambda name: name.lower().strip("[]")),
        ],
        ...,
    ],
    BeforeValidator(listed),
    Accepts("names or addresses without a port, such as mock or 172.17.0.2"),
]
StandIns = Annotated[tuple[Annotated[InstanceOf[Fixture], parsed(read_fixture)], ...], BeforeValidator(listed)]
