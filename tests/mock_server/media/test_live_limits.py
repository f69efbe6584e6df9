"""What limits a fetch of live media: time, size, slots, the end of the server; and what it leaves behind."""

from __future__ import annotations

import re
import select
import socket
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest

from mock_server.media.live.network import Deadline, Failure, Halt, PinnedBackend, Stopping
from mock_server.media.live.resolver import Lookup, system_resolve
from mock_server.media.policy import Refused, Route
from mock_server.problems import InternalError, RateLimited
from tests.kit.live_media import MEDIA, NewWorld
from tests.kit.origin import SECONDS
from tests.kit.waiting import nothing_left, wait_until

PUBLIC = "93.184.216.34"
pytestmark = pytest.mark.usefixtures("temporary_folder")


@pytest.mark.parametrize("slow", ["drip_head", "drip_body", "silent"])
def test_deadline(slow: str, new_world: NewWorld) -> None:
    """However an origin is slow, the fetch ends with its time limit."""
    world = new_world(timeout=0.7)
    url, started = world.serve(f"/{slow}", behaviour=slow), time.monotonic()
    with nothing_left():
        assert "does not answer in time" in world.refusal(url).message
        assert time.monotonic() - started < 5


def test_deadline_over_redirects(new_world: NewWorld) -> None:
    """Time that one hop took is gone for the next one."""
    world = new_world(timeout=0.7)
    world.serve("/silent", behaviour="silent")
    url = world.serve("/to-silent", status=302, headers={"Location": "/silent"})
    started = time.monotonic()
    assert "in time" in world.refusal(url).message
    assert time.monotonic() - started < 5


def test_silent_handshake(new_world: NewWorld) -> None:
    """A host that accepts the connection and never speaks TLS is given up in time."""
    world = new_world(timeout=0.5)
    with socket.create_server(("127.0.0.1", 0)) as silent, nothing_left():
        world.media._dial = lambda *_: silent.getsockname()
        assert "in time" in world.refusal(MEDIA + "/a.mp3").message


def test_slow_dns(new_world: NewWorld) -> None:
    """A name server that does not answer is given up in time; the thread that asks it ends when it does."""
    world = new_world({"media.example.com": "TIMEOUT"}, timeout=0.5)
    assert "in time" in world.refusal(MEDIA + "/a.mp3").message
    world.resolver.closed.set()
    wait_until(lambda: not [t for t in threading.enumerate() if t.name == "media-lookup"])


def test_lookups_are_bounded() -> None:
    """Lookups that hang are not joined by more than a few others."""
    hanging, lookups = threading.Event(), []

    def resolve(host: str, _: int) -> list[Any]:
        lookups.append(host)
        hanging.wait()
        return []

    lookup = Lookup(resolve, at_a_time=2)
    with ThreadPoolExecutor(5) as pool:
        for number in range(5):
            pool.submit(lookup, f"{number}.example.com", 443, Deadline(0.3, Halt()))
    assert len(lookups) == 2
    hanging.set()


def test_lookups_end() -> None:
    """A lookup that has ended, well or badly, leaves its place to the next one."""
    answers = iter([OSError("no"), UnicodeError("no"), [], [ip_address(PUBLIC)]])

    def resolve(*_: object) -> Any:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    lookup, deadline = Lookup(resolve, at_a_time=1), Deadline(2, Halt())
    for _ in range(3):
        with pytest.raises(Failure):
            lookup("media.example.com", 443, deadline)
    assert lookup("media.example.com", 443, deadline) == (ip_address(PUBLIC),)


def test_names_are_absolute(monkeypatch: pytest.MonkeyPatch) -> None:
    """The system is asked for the name itself, never for one that a search list makes of it; no answer counts twice."""
    asked = []

    def getaddrinfo(host: str, port: int, **_: Any) -> list[Any]:
        asked.append((host, port))
        return [(0, 0, 0, "", (address, port)) for address in (PUBLIC, "fe80::1%1", PUBLIC)]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    assert [str(address) for address in system_resolve("media.example.com", 443)] == [PUBLIC, "fe80::1%1"]
    assert asked == [("media.example.com.", 443)]


def test_size(new_world: NewWorld) -> None:
    """One byte over the limit is refused; the limit itself is not."""
    world = new_world(max_bytes=1_000_000)
    url = world.serve("/megabyte.wav", headers={"Content-Type": "audio/wav"}, body="megabyte")
    assert world.refusal(url).message.startswith("is larger than 1,000,000 bytes")
    assert world.refusal(url).rule == "URL-29"
    assert new_world(max_bytes=1_000_078).fetch(url) == pytest.approx(31.25, abs=0.5)


@pytest.mark.parametrize("behaviour", ["endless", "cl_huge"])
def test_too_large(behaviour: str, new_world: NewWorld) -> None:
    """A body that is too large is refused for that: by what it says, or when it has become so."""
    world = new_world(max_bytes=100_000)
    assert "is larger than" in world.refusal(world.serve(f"/{behaviour}", behaviour=behaviour)).message


def test_a_full_house_is_429(new_world: NewWorld) -> None:
    """A request waits while all slots are taken. When its time is up it gets 429 with Retry-After."""
    world = new_world(timeout=1.0, fetches=1)
    slow = world.serve("/slow", behaviour="silent")
    with ThreadPoolExecutor() as pool:
        first = pool.submit(world.refusal, slow)
        wait_until(lambda: world.dialled)
        started = time.monotonic()
        with pytest.raises(RateLimited) as busy:
            world.fetch(slow)
        assert time.monotonic() - started < 5
        assert first.result().rule == "URL-18"
    assert busy.value.headers == {"Retry-After": "1"}
    assert not re.search(r"\b1 \w+s\b", busy.value.detail)
    assert world.fetch(MEDIA + "/a.mp3") == pytest.approx(SECONDS, abs=0.5)


def test_waiting_for_a_slot(new_world: NewWorld) -> None:
    """A request that finds all slots taken is served as soon as one is free."""
    world = new_world(fetches=1)
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(world.fetch, [MEDIA + "/a.mp3"] * 4)) == pytest.approx([SECONDS] * 4, abs=0.5)


def test_stop(new_world: NewWorld) -> None:
    """When the server stops, fetches end at once wherever they are, and nothing is left."""
    world = new_world({"media.example.com": [PUBLIC], "slow.example.com": "TIMEOUT"}, fetches=3)
    head, silent = world.serve("/d", behaviour="drip_head"), world.serve("/s", behaviour="silent")
    with nothing_left(), ThreadPoolExecutor(4) as pool:
        waiting = [pool.submit(world.fetch, url) for url in (head, silent, "https://slow.example.com/")]
        wait_until(lambda: len(world.dialled) == 2 and len(world.resolver.log) == 3)
        waiting.append(pool.submit(world.fetch, head))
        started = time.monotonic()
        world.media._halt.stop()
        assert [type(each.exception(timeout=5)) for each in waiting] == [InternalError] * 4
        assert time.monotonic() - started < 5
        world.resolver.closed.set()


def test_stop_while_connecting() -> None:
    """When the server stops, a connection that is still being made ends at once."""
    with nothing_left(), ExitStack() as stack:
        busy = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        waits = False
        while not waits:  # until somebody is left waiting: then so is whoever comes next
            client = stack.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(busy.getsockname())
            waits = not select.select([], [client], [], 0.5)[1]
        halt = Halt()
        route, notes = Route((ip_address(PUBLIC),)), []
        backend = PinnedBackend(route, Deadline(30, halt), lambda *_: busy.getsockname(), notes.append)
        pool = stack.enter_context(ThreadPoolExecutor())
        waiting = pool.submit(backend.connect_tcp, "media.example.com", 443)
        wait_until(lambda: halt._wakers)
        halt.stop()
        assert isinstance(waiting.exception(timeout=5), Stopping)


def test_disk_full(new_world: NewWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk is our trouble: 500 with what to do, and neither file nor socket stays."""
    world = new_world(in_memory=1000)
    url = world.serve("/large.wav", headers={"Content-Type": "audio/wav"}, body="megabyte")
    full = Path("/dev/full")
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda **_: full.open("r+b"))
    with nothing_left(), pytest.raises(InternalError, match="free disk space"):
        world.fetch(url)


def test_on_disk(new_world: NewWorld) -> None:
    """A recording that does not fit into memory is measured on disk, in a file that is gone afterwards."""
    world = new_world(in_memory=1000)
    url = world.serve("/disk.wav", headers={"Content-Type": "audio/wav"}, body="megabyte")
    with nothing_left():
        assert world.fetch(url) == pytest.approx(31.25, abs=0.5)


def test_many_fetches_leave_nothing(new_world: NewWorld) -> None:
    """Recordings, refusals and broken connections leave no descriptor, thread or file."""
    world = new_world({"media.example.com": [PUBLIC], "wrong.example.org": [PUBLIC]})
    cut = world.serve("/cut", behaviour="cut")
    with nothing_left():
        for url in [MEDIA + "/a.mp3", cut, "https://wrong.example.org/a.mp3", world.redirects(6)] * 5:
            with suppress(Refused):
                world.fetch(url)
