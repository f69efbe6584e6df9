"""What the mock remembers of its traffic: journal, ledger and coverage, written together and cleared together."""

from __future__ import annotations

from mock_server.records.coverage import Coverage
from mock_server.records.entry import Exchange
from mock_server.records.journal import Journal
from mock_server.records.ledger import Ledger, differences
from mock_server.trace import REPLAYED


class Records:
    """Everything that was observed. No answer under /api depends on it."""

    def __init__(self) -> None:
        self.journal = Journal()
        self.ledger = Ledger()
        self.coverage = Coverage()

    def add(self, exchange: Exchange) -> None:
        """Note one request and its answer."""
        trace = exchange.trace
        differs: tuple[str, ...] = ()
        if trace.made == REPLAYED and trace.submission and trace.engagement:
            differs = differences(trace.submission, trace.engagement)
        self.ledger.add(exchange, differs)
        self.coverage.add(exchange, differs)
        self.journal.add(exchange, differs)  # last: whoever follows the journal finds the other two up to date

    def forget(self, workspace_id: str) -> None:
        """Forget the requests and keys of a workspace. Coverage counts by rule and knows no workspaces."""
        self.journal.forget(lambda entry: entry.workspace == workspace_id)
        self.ledger.forget(workspace_id)
