"""The mock as a target: the only module of the suite that knows it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from socket import create_server, socket

from contract.target import simulated
from contract.target.config import Config, Credential
from contract.target.reading import CREDENTIALS
from contract.target.receiver import Webhooks
from mock_server import Running, Settings, running
from mock_server.webhooks.endpoints import EndpointOrder


@dataclass(frozen=True, slots=True)
class Target:
    """A target: how to test it, and how to make it forget everything, which only a mock of the run's own does."""

    config: Config
    reset: Callable[[], None] = lambda: None


@contextmanager
def embedded() -> Iterator[Config]:
    """Serve the mock on a free port and yield the configuration that tests it."""
    with resettable() as served:
        yield served.config


@contextmanager
def resettable() -> Iterator[Target]:
    """Serve the mock on a free port and yield it with its reset, for runs that would fill its memory."""
    with _quiet(), running(Settings(port=0)) as server, create_server(("127.0.0.1", 0)) as listener:
        config = Config(
            base_url=server.base_url,
            credentials={name: Credential(name, server.credentials[name]) for name in CREDENTIALS},
            accepted=simulated.ACCEPTED,
            reader_email=simulated.READER_EMAIL,
            rejected=simulated.REJECTED,
            redirect_to_private=simulated.REDIRECT_TO_PRIVATE,
            private_names=simulated.PRIVATE_NAMES,
            unreachable=simulated.UNREACHABLES,
            webhooks=endpoint(server, listener),
        )
        yield Target(config, server.mock.reset)


def endpoint(server: Running, listener: socket) -> Webhooks:
    """Return where a run listens for webhooks, once the mock knows it."""
    host, port = listener.getsockname()
    endpoint = EndpointOrder(url=f"http://{host}:{port}/").endpoint(server.mock.services.ids.new("ep"), None)
    server.mock.state.webhooks.add(endpoint)
    return Webhooks(host, port, endpoint.secret, listener)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the mock from logging each request of a run."""
    log = logging.getLogger("mock_server")
    level = log.level
    log.setLevel(logging.WARNING)
    try:
        yield
    finally:
        log.setLevel(level)
