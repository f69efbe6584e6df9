"""Statuses that decide nothing: they come from something in front of the target, or say that it is busy."""

from __future__ import annotations

TOO_LARGE = 413
BUSY = 429
UNAVAILABLE = (502, 503, 504)
FROM_PROXIES = (TOO_LARGE, 414, 431, *UNAVAILABLE)
INCONCLUSIVE = (*FROM_PROXIES, BUSY)
