"""Defects that show only when first submissions of one key run in parallel."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from wsgiref.types import WSGIApplication

from mock_server.problems import InFlight, Malformed
from mock_server.services import Mock
from mock_server.store import Claim, Engagement, Key, Store
from tests.defects.seams import Answer, Sent, defect, handled, store

WINDOW = 0.001  # seconds between a check and the act that relies on it


class Racy(Store):
    """Looks first and acts a millisecond later; nobody else is kept out meanwhile."""

    def claim(self, workspace_id: str, external_id: str, _patience: float) -> Claim | Engagement:
        """Return what is stored, or a claim that keeps nobody out."""
        if (stored := self._by_key.get((workspace_id, external_id))) is not None:
            return stored
        time.sleep(WINDOW)
        return Claim(self, (workspace_id, external_id))

    def release(self, claim: Claim) -> None:
        """Nothing is held."""


class _FirstKept(Racy):
    def put(self, key: Key, engagement: Engagement) -> None:
        if key not in self._by_key:
            super().put(key, engagement)


class _Unique(Racy):
    def put(self, key: Key, engagement: Engagement) -> None:
        if key in self._by_key:
            raise RuntimeError("duplicate key value violates unique constraint")
        super().put(key, engagement)


class _Unlucky(Store):
    """A correct store in which the losers of a race are told from those who come later."""

    def claim(self, workspace_id: str, external_id: str, patience: float) -> Claim | Engagement:
        try:
            found = super().claim(workspace_id, external_id, 0.0)
        except InFlight:
            return self.lost(super().claim(workspace_id, external_id, patience))
        if isinstance(found, Claim):
            time.sleep(WINDOW)
        return found

    def lost(self, found: Claim | Engagement) -> Claim | Engagement:
        return found


class _Impostor(_Unlucky):
    def lost(self, found: Claim | Engagement) -> Claim | Engagement:
        return replace(found, id=found.id[:-4] + "0000") if isinstance(found, Engagement) else found


class _Rude(_Unlucky):
    def lost(self, _found: Claim | Engagement) -> Claim | Engagement:
        raise Malformed("The external_id is taken.", rule="IDEM-10")


class _Stalling(_Unlucky):
    def lost(self, _found: Claim | Engagement) -> Claim | Engagement:
        raise RuntimeError("deadlock detected")


def _losers_201(mock: Mock) -> WSGIApplication:
    here = threading.local()

    class Boastful(_Unlucky):
        def lost(self, found: Claim | Engagement) -> Claim | Engagement:
            here.lost = True
            return found

    def handle(sent: Sent, app: WSGIApplication) -> Answer:
        here.lost = False
        answer = sent.call(app)
        return answer.but(201) if here.lost and answer.status == 200 else answer

    mock.use(new_store=Boastful)
    return handled(lambda _: handle)(mock)


class _Sharing(Store):
    """Whoever waits for a submission that is refused is refused with it."""

    def claim(self, workspace_id: str, external_id: str, patience: float) -> Claim | Engagement:
        try:
            found = super().claim(workspace_id, external_id, 0.0)
        except InFlight:
            if isinstance(found := super().claim(workspace_id, external_id, patience), Claim):
                super().release(found)
                raise Malformed("The recording cannot be used.", rule="IDEM-9") from None
        if isinstance(found, Claim):
            time.sleep(20 * WINDOW)
        return found


DEFECTS = (
    defect("race-last-kept", "IDEM-10", "Parallel submissions all create; the last one stays.", store(Racy)),
    defect("race-first-kept", "IDEM-10", "Parallel submissions all create; the first one stays.", store(_FirstKept)),
    defect("race-loser-500", "IDEM-10", "The losers of a race hit a unique index and fail.", store(_Unique)),
    defect("race-loser-deadlock", "IDEM-10", "The losers of a race end in a deadlock.", store(_Stalling)),
    defect("race-loser-400", "IDEM-10", "The losers of a race are refused with 400.", store(_Rude)),
    defect("race-refusal-shared", "IDEM-9", "Who waits for a submission that is refused is refused with it.",
           store(_Sharing)),
    defect("race-loser-201", "IDEM-10", "The losers of a race get the engagement with 201.", _losers_201),
    defect("race-loser-other-id", "IDEM-10", "The losers of a race get an id that nothing has.", store(_Impostor)),
)  # fmt: skip
