"""Recordings of the mock's simulated world: what a target on this machine is asked for unless it has its own."""

from __future__ import annotations

from contract.target.config import UNREACHABLE

MEDIA = "https://media.mock.test"
READER_EMAIL = "reader@example.com"  # of the mock's built-in credentials
ACCEPTED = (
    f"{MEDIA}/ok.mp3?duration=90",
    f"{MEDIA}/type/video/mp4/v?duration=60",
    f"{MEDIA}/type/Audio/OGG;codecs=opus/a?duration=30",
    f"{MEDIA}/redirect/2/a.mp3",
)
REJECTED = (f"{MEDIA}/type/text/html/page", f"{MEDIA}/page.json", f"{MEDIA}/a.png", f"{MEDIA}/no-type/a.mp3")
REDIRECT_TO_PRIVATE = (f"{MEDIA}/redirect-private/a.mp3",)
PRIVATE_NAMES = tuple(f"{name}.mock.test" for name in ("private", "private6", "mixed", "mixed6", "rebind"))
UNREACHABLES = (UNREACHABLE, f"{MEDIA}/404/a.mp3", f"{MEDIA}/timeout/a.mp3")
