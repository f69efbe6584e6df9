"""What the tests of clients share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mock_server.testing import EngagementsServer
from tests.kit.http import send


@pytest.fixture
def admin(engagements_server: EngagementsServer) -> Callable[[str], Any]:
    """Return a function that asks the control plane."""

    def ask(path: str) -> Any:
        return send(engagements_server, credential=None, method="GET", path=f"/__admin{path}").json()

    return ask
