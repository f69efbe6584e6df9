"""Sessions of the fuzzer that call an application in this process."""

from collections.abc import Iterator

import pytest

from tests.kit.fuzzing import Started, sessions


@pytest.fixture
def start() -> Iterator[Started]:
    """Return a maker of sessions that have begun: of the mock, a defect of it by name, or a variant of the peer."""
    with sessions() as started:
        yield started
