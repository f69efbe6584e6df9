"""A local server that creates engagements, and lets you read them, as the API of AskElephant does.

    from mock_server import running

    with running() as server:
        requests.post(server.base_url + "/v2/engagements", headers={"Authorization": "Bearer sk-apik_writer.local"}, …)

`running(Settings(…))` serves on a free port until the block ends; `create_app(Settings(…))` is the WSGI application.
"""

from mock_server.app import create_app
from mock_server.config import Settings
from mock_server.server import Running, running

__all__ = ["Running", "Settings", "create_app", "running"]
