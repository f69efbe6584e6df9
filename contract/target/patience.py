"""How long a run waits in all for a target that is busy, away or silent."""

from __future__ import annotations

from contract.outcome import CutShort
from contract.target.clock import Clock

SLOW = 10.0  # seconds that an answer may take before the rest counts as waiting: a recording is fetched meanwhile


class Patience:
    """Counts the seconds of waiting, and ends the run when there are too many. `limit` is limits.patience."""

    def __init__(self, limit: float, clock: Clock) -> None:
        self._limit = limit
        self._clock = clock
        self._spent = 0.0

    def wait(self, seconds: float, why: str) -> None:
        """Wait. Raises CutShort instead if the patience does not suffice."""
        self.count(seconds, why)
        self._clock.sleep(seconds)

    def count(self, seconds: float, why: str) -> None:
        """Count a wait that was not chosen. Raises CutShort when the patience is used up."""
        if self._spent + seconds > self._limit:
            raise CutShort(
                f"the patience of {self._limit:g} s for a target that is busy or silent is used up: {why}"
                " (limits.patience)"
            )
        self._spent += seconds
