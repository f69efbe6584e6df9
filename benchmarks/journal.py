"""What the records cost: the same requests with the control plane on and off, in one run; and memory over many.

    python benchmarks/journal.py [--requests 200000]

Speed: replays and creations over HTTP, as a client sees it, and through the WSGI application without a network, where
the records weigh most. On and off take turns, 20 requests each, so that whatever else the machine does hits both; the
fastest tenth of the turns is what it hits least.
Memory: resident size while replays of a thousand keys go on, so that what grows is what is recorded. From the last
half of the run the growth by a million requests is extrapolated.
"""

from __future__ import annotations

import argparse
import gc
import json
import statistics
import time
from collections.abc import Callable
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

from flask.testing import FlaskClient

from mock_server import Settings, create_app, running
from mock_server.services import Mock

HEADERS = {"Authorization": "Bearer sk-apik_writer.local", "Content-Type": "application/json"}
PATH = "/api/v2/engagements"
PAGE = 4096
WARM_UP, TURNS, SIZE = 20, 500, 20


def body(key: str, title: str = "Quarterly review") -> bytes:
    """Return a submission."""
    fields = {
        "type": "CALL",
        "title": title,
        "source_system": "benchmark",
        "external_id": key,
        "media_url": "https://media.mock.test/ok.mp3?duration=90",
        "run_workflows": False,
    }
    return json.dumps(fields).encode()


def resident() -> float:
    """Return the resident size of this process in MiB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE / 2**20


def wsgi(app: FlaskClient) -> Callable[[bytes], None]:
    """Return a function that sends one request to an application."""

    def send(raw: bytes) -> None:
        if app.post(PATH, data=raw, headers=HEADERS).status_code not in {200, 201}:
            raise SystemExit("a request was refused")

    return send


def http(base_url: str) -> Callable[[bytes], None]:
    """Return a function that sends one request to a server, on one connection."""
    place = urlsplit(base_url)
    connection = HTTPConnection(f"{place.hostname}", place.port)

    def send(raw: bytes) -> None:
        connection.request("POST", PATH, raw, HEADERS)
        answer = connection.getresponse()
        answer.read()
        if answer.status not in {200, 201}:
            raise SystemExit("a request was refused")

    return send


def seconds(send: Callable[[bytes], None], bodies: list[bytes]) -> float:
    """Return how long these requests take."""
    begun = time.perf_counter()
    for raw in bodies:
        send(raw)
    return time.perf_counter() - begun


def compare(name: str, on: Callable[[bytes], None], off: Callable[[bytes], None]) -> None:
    """Let on and off take turns, and print the ratio of their fastest deciles and of their medians."""
    taken: dict[Callable[[bytes], None], list[float]] = {on: [], off: []}
    for turn in range(WARM_UP + TURNS):
        bodies = [body(f"{name}:{turn if name.endswith('creations') else 0}:{number}") for number in range(SIZE)]
        for side in (on, off) if turn % 2 else (off, on):
            spent = seconds(side, bodies) / SIZE * 1e6
            if turn >= WARM_UP:
                taken[side].append(spent)
    ratios = []
    for what, cut in (("fastest decile", 0), ("median", 4)):
        one, other = (statistics.quantiles(taken[side], n=10)[cut] for side in (on, off))
        ratios.append(f"{one / other:.3f} by {what} ({one:.0f} and {other:.0f} µs)")
    print(f"{name:<15} on/off {', '.join(ratios)}")


def speed() -> None:
    """Print what the records cost in time."""
    with running(Settings(port=0)) as one, running(Settings(port=0, admin="off")) as other:
        on, off = http(one.base_url), http(other.base_url)
        compare("http replays", on, off)
        compare("http creations", on, off)
    on, off = (wsgi(create_app(Settings(admin=word)).test_client()) for word in ("on", "off"))
    compare("wsgi replays", on, off)
    compare("wsgi creations", on, off)


def memory(requests: int) -> None:
    """Print how the resident size grows."""
    mock = Mock(Settings())
    send = wsgi(create_app(mock=mock).test_client())
    bodies = [body(f"key:{number}", title) for number in range(1000) for title in ("first", "second")]
    sizes = []
    for count in range(requests):
        send(bodies[count % len(bodies)])
        if (count + 1) % (requests // 20) == 0:
            gc.collect()
            sizes.append((count + 1, resident()))
    for count, size in sizes[::2] + sizes[-1:]:
        print(f"  {count:>9,} requests  {size:7.1f} MiB")
    (half, before), (whole, after) = sizes[len(sizes) // 2 - 1], sizes[-1]
    growth = (after - before) / (whole - half)
    print(f"memory: {after - before:+.2f} MiB from {half:,} to {whole:,} requests")
    print(f"        at 1,000,000, extrapolated: {after + max(0.0, growth) * (1_000_000 - whole):.1f} MiB")
    records = mock.state.records
    if records is not None:
        print(f"        journal {len(records.journal):,} entries, ledger {len(records.ledger):,} events")


def main() -> None:
    """Run both."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=200_000, help="how many for the memory (200000)")
    arguments = parser.parse_args()
    speed()
    if arguments.requests:
        memory(arguments.requests)


if __name__ == "__main__":
    main()
