"""Texts in the place of an id: those that no engagement has, and those that some lookups take for a known one.

Rules: READ-7, READ-18.
"""

from __future__ import annotations

from collections.abc import Iterator

LONG = 20  # characters of an id that was drawn, and not counted
ODD = ("ngmt_", "x", "%00", "..%2F..", "'%20OR%201=1--", "%F0%9F%98%80", "%FF", "%25", "%ZZ", "%22", "9" * 2000)


def unknown(id_: str) -> Iterator[str]:
    """Yield an id that nobody has: as long as a known one that was drawn, and other in its last letters.

    A short one may have real neighbours.
    """
    if len(id_) >= LONG:
        yield id_[:-4] + ("0000" if not id_.endswith("0000") else "1111")


def alike(id_: str) -> Iterator[str]:
    """Yield texts that some lookups take for an id: longer, shorter, with something around it, of another kind.

    Another case as well, unless all letters have one case: such an id may be one of which case does not count.
    """
    tail = id_.partition("_")[2]
    yield f"{id_}000000000000"
    if len(id_) >= LONG:
        yield id_[:-1]
    if tail not in {tail.upper(), tail.lower()}:
        yield f"ngmt_{tail.swapcase()}"
    yield from (f"{id_}%20", f"{id_}%00", f"{id_}.json", f"{id_[:-1]}%25", f"usr_{tail}", tail)
