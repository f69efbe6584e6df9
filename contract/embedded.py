"""The mock as a target: the only module of the suite that knows it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from contract import simulated
from contract.config import CREDENTIALS, Config, Credential
from mock_server import Settings, running


@contextmanager
def embedded() -> Iterator[Config]:
    """Serve the mock on a free port and yield the configuration that tests it."""
    logging.getLogger("mock_server").setLevel(logging.WARNING)
    with running(Settings(port=0)) as server:
        yield Config(
            base_url=server.base_url,
            credentials={name: Credential(name, server.credentials[name]) for name in CREDENTIALS},
            accepted=simulated.ACCEPTED,
            rejected=simulated.REJECTED,
            redirect_to_private=simulated.REDIRECT_TO_PRIVATE,
            unreachable=simulated.UNREACHABLES,
        )
