"""From a name to its addresses: one lookup, of which a bounded number run at a time, each within the deadline.

getaddrinfo cannot be interrupted. A lookup that takes too long is left behind on its thread, which still counts
against the bound until the system gives up. Rules: URL-14, URL-18, ERR-7.
"""

from __future__ import annotations

import math
import queue
import socket
import threading
from collections.abc import Callable, Iterable
from ipaddress import IPv6Address, ip_address

from mock_server.media.live.fixtures import Fixture
from mock_server.media.live.network import Deadline, Dial, Failure, Stopping, direct
from mock_server.media.policy import Address
from mock_server.media.refusals import NO_NAME, SLOW_NAME, unreachable
from mock_server.problems import RateLimited

LOOKUP_SECONDS = 5.0
LOOKUPS = 8  # at a time

Resolve = Callable[[str, int], Iterable[Address]]
"""Return all addresses of a name. Raises OSError or UnicodeError when there are none."""


def system_resolve(host: str, port: int) -> list[Address]:
    """Ask the system. The name is absolute, so no search list can make another one of it. Raises OSError."""
    answers = socket.getaddrinfo(host + ".", port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(ip_address(answer[4][0]) for answer in answers))


class Lookup:
    """Resolves names with `resolve`, once for each call and never more than a few at a time."""

    def __init__(self, resolve: Resolve, at_a_time: int = LOOKUPS) -> None:
        self._resolve = resolve
        self._at_a_time = at_a_time
        self._free = threading.BoundedSemaphore(at_a_time)

    def __call__(self, host: str, port: int, deadline: Deadline) -> tuple[Address, ...]:
        """Return the addresses, at least one.

        Raises Failure, TimedOut or Stopping; RateLimited if too many other lookups are without an answer.
        """
        answer: queue.SimpleQueue[tuple[Address, ...] | Exception] = queue.SimpleQueue()
        with deadline.halt.waking(lambda: answer.put(Stopping())):
            if not self._free.acquire(timeout=deadline.left(LOOKUP_SECONDS)):
                raise RateLimited(f"{self._at_a_time} names looked up at a time", math.ceil(LOOKUP_SECONDS))
            threading.Thread(target=self._work, args=(host, port, answer), name="media-lookup", daemon=True).start()
            try:
                found = answer.get(timeout=deadline.left(LOOKUP_SECONDS))
            except queue.Empty:
                deadline.left()
                raise Failure(unreachable(SLOW_NAME), f"no answer in {LOOKUP_SECONDS:.0f} s") from None
        match found:
            case Stopping():
                raise found
            case Exception():
                raise Failure(unreachable(NO_NAME), found)
            case ():
                raise Failure(unreachable(NO_NAME), "no address")
        return found

    def _work(self, host: str, port: int, answer: queue.SimpleQueue[tuple[Address, ...] | Exception]) -> None:
        try:
            answer.put(tuple(self._resolve(host, port)))
        except (OSError, UnicodeError) as error:
            answer.put(error)
        finally:
            self._free.release()


class StandIns:
    """Serves fixtures: each host gets a pretend address that is public, and dialling that leads to its socket.

    The address check stands between the two and stays as it is: a fixture changes where two public things are found,
    not what is allowed. Only the host of a fixture leads to its socket: another name may have the pretend address too.
    """

    # 3ffe::/16 was the 6bone: public by every table, handed back in 2006, routed nowhere.
    PRETENDED = IPv6Address("3ffe::1")

    def __init__(self, fixtures: Iterable[Fixture], resolve: Resolve = system_resolve, dial: Dial = direct) -> None:
        self._resolve = resolve
        self._dial = dial
        self._fixtures = {(fixture.host, fixture.port): fixture for fixture in fixtures}

    def resolve(self, host: str, port: int) -> Iterable[Address]:
        """Return the pretend address of a fixture, or ask the resolver. Raises OSError or UnicodeError."""
        return [self.PRETENDED] if (host, port) in self._fixtures else self._resolve(host, port)

    def dial(self, host: str, address: Address, port: int) -> tuple[str, int]:
        """Return the socket of a fixture, or what the dialler says."""
        fixture = self._fixtures.get((host, port))
        return self._dial(host, address, port) if fixture is None else (str(fixture.address), fixture.socket_port)
