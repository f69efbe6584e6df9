"""Deliberately wrong mocks: each has exactly one defect, put in through the seams that the product itself uses.

    for defect in ALL:
        with serve(defect) as server:  # as mock_server.running: base_url, credentials, mock
            …

They are written from the rules of the contract, not from what any suite checks. `UNSEEN` lists defects that cannot
be seen from outside, by concern, with the reason; they are not built.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from mock_server import Running, Settings
from mock_server.server import serving
from mock_server.services import Mock
from tests.defects import (
    auth,
    body,
    caches,
    conditions,
    errors,
    habits,
    idempotency,
    keys,
    limits,
    lists,
    media,
    races,
    reading,
    response,
    webhooks,
)
from tests.defects.seams import Defect

__all__ = ["ALL", "CONCERNS", "UNSEEN", "Defect", "serve"]

CONCERNS: dict[str, tuple[Defect, ...]] = {
    "idempotency": (*keys.DEFECTS, *idempotency.DEFECTS, *races.DEFECTS),
    "media": media.DEFECTS,
    "limits": limits.DEFECTS,
    "auth": auth.DEFECTS,
    "body": body.DEFECTS,
    "response": response.DEFECTS,
    "errors": errors.DEFECTS,
    "reading": (*reading.DEFECTS, *caches.DEFECTS, *lists.DEFECTS),
    "webhooks": webhooks.DEFECTS,
    "conditions": (*conditions.DEFECTS, *habits.DEFECTS),
}
ALL: tuple[Defect, ...] = tuple(defect for concern in CONCERNS.values() for defect in concern)
UNSEEN: dict[str, dict[str, str]] = {
    "idempotency": idempotency.UNSEEN,
    "media": media.UNSEEN,
    "limits": limits.UNSEEN,
    "auth": auth.UNSEEN,
    "body": body.UNSEEN,
    "response": response.UNSEEN,
    "errors": errors.UNSEEN,
    "reading": reading.UNSEEN,
    "webhooks": webhooks.UNSEEN,
}


@contextmanager
def serve(defect: Defect) -> Iterator[Running]:
    """Serve a mock with this defect on a free port until the block ends."""
    mock = Mock(Settings(port=0))
    with serving(mock, defect.install(mock)) as running:
        yield running
