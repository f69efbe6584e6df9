"""The report card of a client: what its traffic says about how it retries, what it sends, and what it may do."""

from mock_server.records.report.card import Finding, ReportCard, Verdict
from mock_server.records.report.grade import grade
from mock_server.records.report.traffic import Traffic

__all__ = ["Finding", "ReportCard", "Traffic", "Verdict", "grade"]
