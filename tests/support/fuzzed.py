"""What tests of the fuzzer ask: run so many cases, what failed, what was sent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from contract.exchange import Request
from contract.fuzz.hunt import Hunt
from contract.fuzz.own import Budget, hunt
from contract.run.results import Failure
from contract.run.session import Session


def fuzz(session: Session, cases: int, seed: int = 1, corpus: Path | None = None) -> Hunt:
    """Run so many cases."""
    return hunt(session, Budget(cases, seed), corpus)


def failed(session: Session) -> dict[str, list[Failure]]:
    """Return the failures by rule."""
    return {rule: found.failures for rule, found in session.recorder.findings.items() if found.failed}


def sent(session: Session) -> list[Request]:
    """Return what a session has sent, through the transport of these tests."""
    transport: Any = session.client._transport
    requests: list[Request] = transport.sent
    return requests
