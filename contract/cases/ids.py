"""Texts in the place of an id: those that no engagement has, and those that some lookups take for a known one.

Rules: READ-7, READ-18.
"""

from __future__ import annotations

from collections.abc import Iterator

LONG = 20  # characters of an id that was drawn, and not counted
ODD = ("ngmt_", "x", "%00", "..%2F..", "'%20OR%201=1--", "%F0%9F%98%80", "%FF", "%25", "%ZZ", "%22", "9" * 2000)


def unknown(id_: str) -> Iterator[str]:
    """Yield ids that nobody has: longer than a known one, and where that was drawn other in its last letters.

    A short one may have real neighbours.
    """
    yield f"{id_}000000000000"
    if len(id_) >= LONG:
        yield id_[:-1]
        yield id_[:-4] + ("0000" if not id_.endswith("0000") else "1111")


def alike(id_: str) -> Iterator[str]:
    """Yield texts that some lookups take for an id: in another case, with something around it, of another kind."""
    tail = id_.partition("_")[2]
    yield from (other for other in (f"ngmt_{tail.swapcase()}",) if other != id_)
    yield from (f"{id_}%20", f"{id_}%00", f"usr_{tail}", tail)
