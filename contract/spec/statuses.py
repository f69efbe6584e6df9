"""Statuses that decide nothing: they come from something in front of the target, or say that it is busy."""

from __future__ import annotations

TOO_LARGE = 413
CONFLICT = 409  # another submission of the key is in flight
LENGTH_REQUIRED = 411  # the legal answer to a body in chunks, of which nobody knows how long it gets
BUSY = 429
OF_GATEWAYS = (502, 504)  # a target that says so itself has failed; with 503 it says that it is busy
# A gateway that got no answer in time or none that it understood; 520 to 530 are those of content delivery networks.
UNAVAILABLE = (408, 502, 503, 504, *range(520, 531))
FROM_PROXIES = (TOO_LARGE, 414, 431, *UNAVAILABLE)
INCONCLUSIVE = (*FROM_PROXIES, BUSY)
