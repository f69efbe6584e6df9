"""One webhook as it came, and what it says."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from contract.exchange import identifier
from contract.parsing import parse


@dataclass(frozen=True)
class Message:
    """A webhook as it came. Header names are lower case; `at` is in seconds since 1970."""

    headers: dict[str, str]
    content: bytes
    at: float

    @property
    def id(self) -> str:
        """Its id, the same for every attempt."""
        return self.headers.get("svix-id", "")

    @property
    def event(self) -> dict[str, Any]:
        """What it says; empty if it is no JSON object."""
        document = parse(self.content)[0]
        return document if isinstance(document, dict) else {}

    @property
    def engagement(self) -> dict[str, Any]:
        """The engagement it is about; empty if it shows none."""
        data = self.event.get("data")
        found = data.get("object") if isinstance(data, dict) else None
        return found if isinstance(found, dict) else {}

    @cached_property
    def subject(self) -> tuple[str | None, str | None]:
        """Its kind, and the id of the engagement that it is about; None for what is no text or too long.

        They are kept, as a run looks through all messages often. What the body parses to is not: it may be large.
        """
        return identifier(self.event.get("type")), identifier(self.engagement.get("id"))
