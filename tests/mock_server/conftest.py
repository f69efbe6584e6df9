"""Servers with a client that talks to the API and to the control plane."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from mock_server import Settings, running
from tests.kit.control import Client, Serve


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start servers with settings of one's own; all end with the test."""
    with ExitStack() as stack:

        def start(**settings: Any) -> Client:
            return Client(stack.enter_context(running(Settings(port=0, **settings))))

        yield start


@pytest.fixture(scope="session")
def shared() -> Iterator[Client]:
    """Start one server with default settings for all tests that leave nothing behind but state."""
    with running(Settings(port=0)) as server:
        yield Client(server)


@pytest.fixture
def client(shared: Client) -> Client:
    """Return a client of a server in which nothing has happened yet."""
    shared.mock.reset()
    return shared
