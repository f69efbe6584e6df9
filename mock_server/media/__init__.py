"""What a media world does for the pipeline, and what is known of a recording after it was fetched."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from mock_server.media.policy import MediaUrl

Note = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Recording:
    """A fetched recording: its content type without parameters, and its length in seconds."""

    content_type: str
    duration_seconds: float


class Media(Protocol):
    """A world in which recordings live."""

    def fetch(self, url: MediaUrl, note: Note) -> Recording:
        """Judge every address and hop and return the recording. Raises policy.Refused; `note` gets each decision."""
        ...

    def close(self) -> None:
        """End everything under way. Nothing is fetched from then on."""
        ...
