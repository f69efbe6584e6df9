"""One valid submission."""

from __future__ import annotations

import enum
import itertools
from typing import Any

_count = itertools.count(1)


class Absence(enum.Enum):
    """What a field or a header is that is left out."""

    ABSENT = enum.auto()


ABSENT = Absence.ABSENT


def new_key() -> str:
    """Return an external_id that no other test of this process has used."""
    return f"tests:{next(_count):06}"


def submission(**changes: Any) -> dict[str, Any]:
    """Return a valid body under a new key, with these changes; ABSENT leaves a field out."""
    body = {
        "type": "CALL",
        "title": "A call",
        "source_system": "tests",
        "external_id": new_key(),
        "media_url": "https://media.mock.test/ok.mp3?duration=90",
        "run_workflows": False,
    }
    return {name: value for name, value in (body | changes).items() if value is not ABSENT}
