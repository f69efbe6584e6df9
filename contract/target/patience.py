"""How long a run waits in all for a target that is busy, away or silent."""

from __future__ import annotations

from contract.exchange import Response
from contract.outcome import CutShort
from contract.target.clock import Clock

SLOW = 10.0  # seconds that an answer may take before the rest counts as waiting: a recording is fetched meanwhile
HUGE = 1 << 20  # bytes of an answer: to read and to judge it can take seconds, and a run has more than a thousand


class Patience:
    """Counts the seconds of waiting, and ends the run when there are too many. `limit` is limits.patience."""

    def __init__(self, limit: float, clock: Clock) -> None:
        self._limit = limit
        self._clock = clock
        self._spent = 0.0
        self._judged_since: float | None = None  # since when a huge answer is judged

    def wait(self, seconds: float, why: str) -> None:
        """Wait. Raises CutShort instead if the patience does not suffice."""
        self.goes_on()
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

    def answered(self, response: Response, begun: float) -> None:
        """Count what an answer took too long, and all the time of a huge one, until the run `goes_on`.

        `begun` is when it was asked for, by the monotonic clock. Raises CutShort.
        """
        if len(response.content) > HUGE:
            self._judged_since = begun
        else:
            self.count(max(0.0, response.seconds - SLOW), "answers are slow")

    def goes_on(self) -> None:
        """Count what the run did with a huge answer, now that it sends again. Raises CutShort."""
        since, self._judged_since = self._judged_since, None
        if since is not None:
            self.count(self._clock.monotonic() - since, "answers are huge")
