"""How live media behaves on the network, beyond the cases: hops, limits, waiting, and what it leaves behind."""

from __future__ import annotations

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
from origin import SECONDS
from watch import nothing_left, until
from world import NewWorld, World

from mock_server.media.network import Deadline, Failure, Halt, PinnedBackend, Stopping
from mock_server.media.policy import Refused, Route
from mock_server.media.resolver import Lookup, system_resolve
from mock_server.problems import InternalError, RateLimited

MEDIA = "https://media.example.com"
PUBLIC = "93.184.216.34"


@pytest.fixture(autouse=True)
def temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have temporary files made where nobody else makes any."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def refusal(world: World, url: str) -> Refused:
    """Fetch what must be refused and return the refusal."""
    with pytest.raises(Refused) as refused:
        world.fetch(url)
    return refused.value


def serve(world: World, path: str, **what: Any) -> str:
    """Have the origin serve this and return the URL."""
    world.origin.serve[path] = what
    return MEDIA + path


@pytest.mark.parametrize("behaviour", ["hints", "chunked"])
def test_unusual_but_right(behaviour: str, new_world: NewWorld) -> None:
    """Early hints are not the answer, and a body may come one byte a chunk."""
    world = new_world()
    url = serve(world, f"/{behaviour}", behaviour=behaviour)
    assert world.fetch(url) == pytest.approx(SECONDS, abs=0.5)


@pytest.mark.parametrize("behaviour", ["cl_short", "chunk_short", "cut"])
def test_broken_off(behaviour: str, new_world: NewWorld) -> None:
    """A body that stops early is refused, also where only TLS can tell that it did."""
    world = new_world()
    refused = refusal(world, serve(world, f"/{behaviour}", behaviour=behaviour))
    assert (refused.rule, refused.message.split(":")[0]) == ("URL-18", "breaks off before its end")


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"Content-Type": "audio/mpeg", "Content-Encoding": "gzip"}, "unreachable"),
        ({"Content-Type": "audio/mpeg", "content-type": "audio/mpeg"}, "media_type"),
    ],
)
def test_head_refused(headers: dict[str, str], code: str, new_world: NewWorld) -> None:
    """An encoding that was not asked for is refused, and so are two content types, even equal ones."""
    world = new_world()
    assert refusal(world, serve(world, f"/{code}-head", headers=headers)).code == code


def redirects(world: World, count: int) -> str:
    """Have the origin redirect that many times to a recording and return the first URL."""
    for left in range(1, count + 1):
        serve(world, f"/hop/{left}", status=302, headers={"Location": str(left - 1)})
    return f"{MEDIA}/hop/{count}"


def test_redirects(new_world: NewWorld) -> None:
    """Five redirects are followed, relative ones too; each hop looks its name up once."""
    world = new_world()
    assert world.fetch(redirects(world, 5)) == pytest.approx(SECONDS, abs=0.5)
    assert (len(world.resolver.log), len(world.dialled)) == (6, 6)


def test_too_many_redirects(new_world: NewWorld) -> None:
    """The sixth redirect is refused before its place is looked up."""
    world = new_world()
    assert "redirects more than 5 times" in refusal(world, redirects(world, 6)).message
    assert len(world.resolver.log) == 6


@pytest.mark.parametrize(
    "location",
    [
        "https://inside.example.com/a.mp3",
        "//127.0.0.1/a.mp3",
        "//[::1/a.mp3",
        "https://media.example.com:8443/a.mp3",
        "http://media.example.com/a.mp3",
        "https://user@media.example.com/a.mp3",
        "\\\\127.0.0.1\\a.mp3",
        "https://localhost/a.mp3",
    ],
)
def test_redirect_inside(location: str, new_world: NewWorld) -> None:
    """A redirect to a place that is not allowed is refused by its rule alone; the trace has the reason."""
    world = new_world({"media.example.com": [PUBLIC], "inside.example.com": [PUBLIC, "10.0.0.7"]})
    refused = refusal(world, serve(world, "/inside", status=307, headers={"Location": location}))
    assert refused.rule == "URL-15"
    assert "redirect only to https URLs on public hosts" in refused.message
    assert len(world.dialled) == 1
    assert "the redirect is refused: URL-" in world.notes[-1]


def test_rebinding_between_hops(new_world: NewWorld) -> None:
    """A name that was public on the first hop and is private on the second is refused there."""
    world = new_world({"media.example.com": [[PUBLIC], ["127.0.0.1"]]})
    assert refusal(world, redirects(world, 1)).rule == "URL-15"
    assert world.dialled == [ip_address(PUBLIC)]


def test_route_of_private_address() -> None:
    """There is no way to a private address: what holds the addresses that may be dialled refuses to hold it."""
    with pytest.raises(Refused, match="not public"):
        Route((ip_address(PUBLIC), ip_address("::ffff:10.0.0.1")))


def test_literal(new_world: NewWorld) -> None:
    """A public address in the URL is dialled without a lookup, and its certificate is for the address."""
    world = new_world()
    for host in (PUBLIC, "[2606:2800:220:1:248:1893:25c8:1946]"):
        assert world.fetch(f"https://{host}/a.mp3") == pytest.approx(SECONDS, abs=0.5)
        assert f"\r\nHost: {host}\r\n" in world.origin.requests[-1]
    assert world.resolver.log == []


def test_request(new_world: NewWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """The origin sees path and query, the name, no encodings, nothing of the caller; no proxy comes between."""
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    world = new_world(ports=frozenset({443, 8443}))
    world.fetch(f"{MEDIA}:8443?a=%20b#part")
    head = world.origin.requests[-1].split("\r\n")
    assert head[:2] == ["GET /?a=%20b HTTP/1.1", "Host: media.example.com:8443"]
    assert [line.split(":")[0] for line in head[2:] if line] == [
        "Accept", "Accept-Encoding", "User-Agent", "Connection",
    ]  # fmt: skip
    assert "Accept-Encoding: identity" in head


def test_trace(new_world: NewWorld) -> None:
    """The trace tells each hop: addresses, connection, status, content type, size and length."""
    world = new_world()
    world.fetch(redirects(world, 1))
    told = "\n".join(world.notes)
    for part in (
        f"media.example.com is {PUBLIC}",
        f"connected to {PUBLIC} port 443",
        "https://media.example.com/hop/1 answers 302",
        "https://media.example.com/hop/0 answers 200, content type 'audio/mpeg'",
        "received ",
        "'by': 'packets'",
    ):
        assert part in told


def test_private_answer(new_world: NewWorld) -> None:
    """A name with one private address is refused by URL-14 whatever the range; only the trace says which."""
    for address, told in (("10.0.0.1", "private, URL-3"), ("169.254.169.254", "link-local, URL-7")):
        world = new_world({"media.example.com": [PUBLIC, address]})
        refused = refusal(world, MEDIA + "/a.mp3")
        assert (refused.rule, refused.message.split(":")[0]) == (
            "URL-14",
            "is on a name that leads to an address that is not public",
        )
        assert f"{address} ({told})" in world.notes[0]
        assert world.dialled == []


def test_next_address(new_world: NewWorld) -> None:
    """An address that does not answer is passed over for the next one; four are tried."""
    addresses = [f"93.184.216.{n}" for n in range(1, 6)]
    world = new_world({"media.example.com": addresses})
    with socket.create_server(("127.0.0.1", 0)) as taken:
        nobody = taken.getsockname()
    tried = world.media._dial

    def dial(address: Any, port: int) -> tuple[str, int]:
        there = tried(address, port)
        return there if str(address).endswith(answering) else nobody

    world.media._dial = dial
    answering = ".4"
    assert world.fetch(MEDIA + "/a.mp3") == pytest.approx(SECONDS, abs=0.5)
    answering = ".5"
    assert "does not answer" in refusal(world, MEDIA + "/a.mp3").message
    assert [str(address)[-1] for address in world.dialled] == list("12341234")


@pytest.mark.parametrize("slow", ["drip_head", "drip_body", "silent"])
def test_deadline(slow: str, new_world: NewWorld) -> None:
    """However an origin is slow, the fetch ends with its time limit."""
    world = new_world(timeout=0.7)
    url, started = serve(world, f"/{slow}", behaviour=slow), time.monotonic()
    with nothing_left():
        assert "does not answer in time" in refusal(world, url).message
        assert time.monotonic() - started < 1.2


def test_deadline_over_redirects(new_world: NewWorld) -> None:
    """Time that one hop took is gone for the next one."""
    world = new_world(timeout=0.7)
    serve(world, "/silent", behaviour="silent")
    url = serve(world, "/to-silent", status=302, headers={"Location": "/silent"})
    started = time.monotonic()
    assert "in time" in refusal(world, url).message
    assert time.monotonic() - started < 1.2


def test_silent_handshake(new_world: NewWorld) -> None:
    """A host that accepts the connection and never speaks TLS is given up in time."""
    world = new_world(timeout=0.5)
    with socket.create_server(("127.0.0.1", 0)) as silent, nothing_left():
        world.media._dial = lambda *_: silent.getsockname()
        assert "in time" in refusal(world, MEDIA + "/a.mp3").message


def test_slow_dns(new_world: NewWorld) -> None:
    """A name server that does not answer is given up in time; the thread that asks it ends when it does."""
    world = new_world({"media.example.com": "TIMEOUT"}, timeout=0.5)
    assert "in time" in refusal(world, MEDIA + "/a.mp3").message
    world.resolver.closed.set()
    until(lambda: not [t for t in threading.enumerate() if t.name == "media-lookup"])


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
    url = serve(world, "/megabyte.wav", headers={"Content-Type": "audio/wav"}, body="megabyte")
    assert refusal(world, url).message.startswith("is larger than 1000000 bytes")
    assert new_world(max_bytes=1_000_078).fetch(url) == pytest.approx(31.25, abs=0.5)


@pytest.mark.parametrize("behaviour", ["endless", "cl_huge"])
def test_too_large(behaviour: str, new_world: NewWorld) -> None:
    """A body that is too large is refused for that: by what it says, or when it has become so."""
    world = new_world(max_bytes=100_000)
    assert "is larger than" in refusal(world, serve(world, f"/{behaviour}", behaviour=behaviour)).message


def test_turns(new_world: NewWorld) -> None:
    """With all turns taken a request waits; when its time is up it gets 429 and when to come back."""
    world = new_world(timeout=1.0, fetches=1)
    slow = serve(world, "/slow", behaviour="silent")
    with ThreadPoolExecutor() as pool:
        first = pool.submit(refusal, world, slow)
        until(lambda: world.dialled)
        started = time.monotonic()
        with pytest.raises(RateLimited) as busy:
            world.fetch(slow)
        assert time.monotonic() - started < 1.5
        assert first.result().rule == "URL-18"
    assert busy.value.headers == {"Retry-After": "1"}
    assert world.fetch(MEDIA + "/a.mp3") == pytest.approx(SECONDS, abs=0.5)


def test_waiting_for_a_turn(new_world: NewWorld) -> None:
    """A request that finds all turns taken is served as soon as one is free."""
    world = new_world(fetches=1)
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(world.fetch, [MEDIA + "/a.mp3"] * 4)) == pytest.approx([SECONDS] * 4, abs=0.5)


def test_stop(new_world: NewWorld) -> None:
    """When the server stops, fetches end at once wherever they are, and nothing is left."""
    world = new_world({"media.example.com": [PUBLIC], "slow.example.com": "TIMEOUT"}, fetches=3)
    head, silent = serve(world, "/d", behaviour="drip_head"), serve(world, "/s", behaviour="silent")
    with nothing_left(), ThreadPoolExecutor(4) as pool:
        waiting = [pool.submit(world.fetch, url) for url in (head, silent, "https://slow.example.com/")]
        until(lambda: len(world.dialled) == 2 and len(world.resolver.log) == 3)
        waiting.append(pool.submit(world.fetch, head))
        started = time.monotonic()
        world.media._halt.stop()
        assert [type(each.exception(timeout=5)) for each in waiting] == [InternalError] * 4
        assert time.monotonic() - started < 2
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
        until(lambda: halt._wakers)
        halt.stop()
        assert isinstance(waiting.exception(timeout=2), Stopping)


def test_disk_full(new_world: NewWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk is our trouble: 500 with what to do, and neither file nor socket stays."""
    world = new_world(in_memory=1000)
    url = serve(world, "/large.wav", headers={"Content-Type": "audio/wav"}, body="megabyte")
    full = Path("/dev/full")
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda **_: full.open("r+b"))
    with nothing_left(), pytest.raises(InternalError, match="free disk space"):
        world.fetch(url)


def test_on_disk(new_world: NewWorld) -> None:
    """A recording that does not fit into memory is measured on disk, in a file that is gone afterwards."""
    world = new_world(in_memory=1000)
    url = serve(world, "/disk.wav", headers={"Content-Type": "audio/wav"}, body="megabyte")
    with nothing_left():
        assert world.fetch(url) == pytest.approx(31.25, abs=0.5)


def test_many_fetches_leave_nothing(new_world: NewWorld) -> None:
    """Recordings, refusals and broken connections leave no descriptor, thread or file."""
    world = new_world({"media.example.com": [PUBLIC], "wrong.example.org": [PUBLIC]})
    cut = serve(world, "/cut", behaviour="cut")
    with nothing_left():
        for url in [MEDIA + "/a.mp3", cut, "https://wrong.example.org/a.mp3", redirects(world, 6)] * 5:
            with suppress(Refused):
                world.fetch(url)
