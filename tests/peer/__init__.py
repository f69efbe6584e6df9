"""A second, independent server that keeps the contract, in every way that the page leaves open.

    with serve(refusal_status=400, id_style="long") as peer: …
    for variant in pairwise(): …

It shares no code with `mock_server` and does not read `openapi.yaml`: what the suite holds against it is an
assumption that the page does not make.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from tests.peer.app import Peer
from tests.peer.server import listening
from tests.peer.variant import Variant, pairwise, singles, switches

__all__ = ["MEDIA", "Serving", "Variant", "pairwise", "serve", "singles", "switches"]

# The recordings of this server's world, by the keys of `[media]` in contract.toml.
MEDIA = {
    "accepted": ("https://media.example.com/call.mp3", "https://cdn.example.org/meeting.mp4"),
    "rejected": ("https://media.example.com/page.html", "https://cdn.example.org/photo.png"),
    "redirect_to_private": ("https://media.mock.test/redirect-private/call.mp3",),
    "unreachable": ("https://does-not-exist.invalid/call.mp3", "https://media.mock.test/404/call.mp3"),
}


@dataclass(frozen=True)
class Serving:
    """A peer that answers: where, with which credentials by name, and which variant it is."""

    base_url: str
    credentials: dict[str, str]
    variant: Variant


@contextmanager
def serve(variant: Variant | None = None, **switches: Any) -> Iterator[Serving]:
    """Serve a variant, with these switches set, on a free port of the loopback until the block ends."""
    variant = replace(variant or Variant(), **switches)
    peer = Peer(variant)
    with listening(peer) as origin:
        yield Serving(f"{origin}/api", peer.credentials, variant)
