"""What the mock remembers of its traffic: journal, ledger and coverage, written together and cleared together."""

from __future__ import annotations

from dataclasses import dataclass, field

from mock_server.admin.coverage import Coverage
from mock_server.admin.journal import Exchange, Journal
from mock_server.admin.ledger import Ledger, differences
from mock_server.trace import REPLAYED


@dataclass(frozen=True, slots=True)
class Records:
    """Everything that was observed. Nothing that is answered under /api depends on it."""

    journal: Journal = field(default_factory=Journal)
    ledger: Ledger = field(default_factory=Ledger)
    coverage: Coverage = field(default_factory=Coverage)

    def add(self, exchange: Exchange) -> None:
        """Note one request and its answer."""
        trace = exchange.trace
        differs: tuple[str, ...] = ()
        if trace.made == REPLAYED and trace.submission and trace.engagement:
            differs = differences(trace.submission, trace.engagement)
        self.ledger.add(exchange, differs)
        self.coverage.add(exchange, differs)
        trace.submission = None  # it may hold a transcript of a megabyte
        self.journal.add(exchange)

    def forget(self, workspace_id: str) -> None:
        """Forget the requests and keys of a workspace. Coverage counts rules and knows of no workspace."""
        self.journal.forget(lambda exchange: exchange.workspace_id == workspace_id)
        self.ledger.forget(workspace_id)
