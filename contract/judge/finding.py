"""What a judge says."""

from __future__ import annotations

from typing import NamedTuple


class Finding(NamedTuple):
    """A rule is broken: what the contract says, and what the target did."""

    rule: str
    expected: str
    actual: str
