"""The mock in tests of Python: one server for a session, and a fresh workspace on it for each test.

The fixtures `engagements_server` and `engagements_api` of the pytest plugin are made of these. They know no test
framework, so that they serve in others too.
"""

from mock_server.testing.api import EngagementsApi, fresh_api
from mock_server.testing.received import ReceivedWebhook
from mock_server.testing.receiver import WebhookReceiver
from mock_server.testing.server import EngagementsServer
from mock_server.testing.stored import StoredEngagement

__all__ = ["EngagementsApi", "EngagementsServer", "ReceivedWebhook", "StoredEngagement", "WebhookReceiver", "fresh_api"]
