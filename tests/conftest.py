"""Fixtures that all tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import settings

from mock_server import Running, Settings, running

settings.register_profile("tests", deadline=None)  # a busy machine is no failure
settings.load_profile("tests")


@pytest.fixture(scope="session")
def server() -> Iterator[Running]:
    """Share a server: tests use keys of their own and never reset it.

    Its engagements stay pending for an hour, so that a repeat shows what the first answer showed, however slow the
    machine is.
    """
    with running(Settings(port=0, processing="1h")) as started:
        yield started


@pytest.fixture
def own_server() -> Iterator[Running]:
    """Start a server that one test may reset, and whose clock it may move."""
    with running(Settings(port=0)) as started:
        yield started
