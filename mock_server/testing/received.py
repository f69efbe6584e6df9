"""A webhook that arrived, as a test looks at it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class ReceivedWebhook:
    """A webhook that arrived: `event` is its JSON, `headers` have names in lower case, `status` was the answer to it.

    `seconds` is when it came, counted from the beginning of the receiver. `refused` says what was wrong with its
    signature, if something was.
    """

    type: str
    message_id: str
    external_id: str | None
    event: dict[str, Any] = field(repr=False)
    headers: dict[str, str] = field(repr=False)
    status: int
    seconds: float
    refused: str | None = None

    @property
    def engagement(self) -> dict[str, Any]:
        """The engagement as it was when the event happened."""
        shown: dict[str, Any] = self.event["data"]["object"]
        return shown
