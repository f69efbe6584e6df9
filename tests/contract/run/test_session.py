"""A session holds what it sends and listens with, and lets go of it at its end."""

from __future__ import annotations

import socket
import threading
from dataclasses import replace

import pytest

from contract.exchange import Body, Request
from contract.run.profile import Profile
from contract.run.session import open_session
from contract.target.config import Config
from contract.target.receiver import Webhooks
from contract.target.transport import HttpTransport
from tests.kit.odd_peers import PLAIN, talking


def test_the_end_of_a_session_closes_what_it_opened(config: Config) -> None:
    """The connections to the target, and the receiver of webhooks with its thread and its port."""
    hung_up = threading.Event()

    def talk(peer: socket.socket, _: bytes) -> None:
        peer.sendall(PLAIN)
        peer.recv(1)
        hung_up.set()

    with socket.create_server(("127.0.0.1", 0)) as free:
        place = free.getsockname()
    with talking(talk) as address:
        config = replace(config, base_url=f"http://{address}/api", webhooks=Webhooks(*place, "whsec_AAAA"))
        with open_session(config, Profile(), ["BODY-1"]) as session:
            assert session.client._transport.send(Request(Body(b"{}"), ())).status == 200
            assert not hung_up.is_set()
        assert hung_up.wait(10)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(place, timeout=10)
    assert not [thread for thread in threading.enumerate() if thread.name == "contract-webhooks"]


def test_a_transport_that_was_given_stays_open(config: Config) -> None:
    """Whoever opened it closes it."""
    with (
        talking(lambda peer, _: peer.sendall(PLAIN)) as address,
        HttpTransport(replace(config, base_url=f"http://{address}/api")) as transport,
    ):
        with open_session(config, Profile(), ["BODY-1"], transport=transport):
            pass
        assert transport.send(Request(Body(b"{}"), ())).status == 200
