"""What a run may send and make. Nothing goes beyond it, whatever the target does."""

from __future__ import annotations

from collections.abc import Sequence

from contract.exchange import Request, Response
from contract.outcome import CutShort

Place = tuple[str | None, str]  # a credential and a key


class Budget:
    """Counts requests and engagements. None means no limit.

    A first submission that the contract accepts counts as an engagement before it is sent. Any other counts when its
    answer is not a 4xx, or is missing, unless the answer shows an engagement that is known. So each submission needs
    room for one engagement more, also one that is to be refused. `needed` is the limit of creations that suffices for
    what was sent so far, on any target that keeps the contract: it may accept where the contract is silent.
    """

    def __init__(self, max_requests: int | None, max_creations: int | None) -> None:
        self._max_requests = max_requests
        self._max_creations = max_creations
        self.requests = self.creations = self.needed = 0
        self._silent = 0  # submissions of which the contract says nothing
        self._open: set[Place] = set()  # counted, and not yet answered with an engagement
        self._counted: set[Place] = set()

    def reserve(self, requests: Sequence[Request]) -> None:
        """Take requests out of the budget before they are sent at once. Raises CutShort if there is no room."""
        if self._max_requests is not None and self.requests + len(requests) > self._max_requests:
            raise CutShort(f"the budget of {self._max_requests} requests is used up (limits.max_requests)")
        submissions = [request for request in requests if request.submits]
        after = self.creations + len(submissions)
        if submissions and self._max_creations is not None and after > self._max_creations:
            raise CutShort(f"the budget of {self._max_creations} creations is used up (limits.max_creations)")
        self.requests += len(requests)
        self.needed = max(self.needed, after + self._silent)
        self._silent += sum(request.expect == "observed" for request in submissions)
        for request in submissions:
            place = _place(request)
            if request.expect == "created" and place is not None and place not in self._counted:
                self.creations += 1
                self._counted.add(place)
                self._open.add(place)

    def answered(self, request: Request, response: Response | None, *, known: bool) -> None:
        """Count what an answer shows, or may hide; None is no answer. `known` says that its engagement is."""
        if known or not request.submits or (response is not None and 400 <= response.status < 500):
            return
        place = _place(request)
        if place in self._open:
            if response is not None and response.ok:
                self._open.discard(place)
            return
        self.creations += 1
        if place is not None:
            self._counted.add(place)

    def forget(self) -> None:
        """Drop the keys, which a run that goes on and on would fill the memory with."""
        self._open.clear()
        self._counted.clear()


def _place(request: Request) -> Place | None:
    return None if request.key is None else (request.credential, request.key)
