"""What live media costs: 50 recordings of 1 MB fetched in parallel over TLS on loopback, and the share of the policy.

    python benchmarks/live_media.py

Prints milliseconds a fetch: all of it, the bare transfer (httpcore with the same TLS and no checks), the probe alone,
and the policy alone (the URL's text, the judged addresses, a redirect), which must stay below 1 ms.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from ipaddress import ip_address
from pathlib import Path

import httpcore

sys.path.insert(0, str(Path(__file__).parents[1]))

from mock_server.media.live.duration import Prober
from mock_server.media.live.fetch import Limits, LiveMedia
from mock_server.media.live.network import Deadline, Halt
from mock_server.media.live.spool import Spool
from mock_server.media.policy import Route, check_host, describe, parse
from mock_server.media.refusals import check_type, follow
from tests.kit.origin import Certificates, Origin, body

FETCHES, ROUNDS = 50, 5
URL = "https://media.example.com/megabyte.wav"
ADDRESSES = (ip_address("93.184.216.34"), ip_address("2606:2800:220:1:248:1893:25c8:1946"))


def policy() -> None:
    """Do what the policy does in a fetch with one redirect."""
    url = parse(URL)
    for _ in range(2):
        check_host(url)
        Route(ADDRESSES)
        ", ".join(map(describe, ADDRESSES))
        url = follow(url, "/elsewhere.wav")
    check_type("audio/wav; codecs=1")


def each(work: Callable[[], object], times: int) -> float:
    """Return the milliseconds that one of `times` runs takes, one after the other."""
    started = time.perf_counter()
    for _ in range(times):
        work()
    return (time.perf_counter() - started) / times * 1000


def together(work: Callable[[], object]) -> float:
    """Return the milliseconds that all fetches take in parallel, divided by their number; the median of the rounds."""
    taken = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        with ThreadPoolExecutor(FETCHES) as pool:
            for future in [pool.submit(work) for _ in range(FETCHES)]:
                future.result()
        taken.append((time.perf_counter() - started) / FETCHES * 1000)
    return statistics.median(taken)


def main() -> None:
    """Measure and print."""
    certificates = Certificates()
    trust = certificates.trust()
    with (
        closing(Origin(certificates)) as origin,
        closing(Prober()) as prober,
        closing(LiveMedia(Limits(), trust, lambda *_: ADDRESSES, lambda *_: origin.address)) as media,
    ):
        origin.serve["/megabyte.wav"] = {"headers": {"Content-Type": "audio/wav"}, "body": "megabyte"}
        content = body("megabyte")

        def transfer() -> None:
            host, port = origin.address
            with httpcore.ConnectionPool(ssl_context=trust) as pool:
                extensions = {"sni_hostname": "media.example.com"}
                pool.request("GET", f"https://{host}:{port}/megabyte.wav", extensions=extensions)

        def probe() -> None:
            with Spool(1 << 23) as spool:
                spool.write(content)
                prober.measure(spool, Deadline(30, Halt()), lambda _: None)

        print(f"{FETCHES} fetches of {len(content):,} bytes in parallel, median of {ROUNDS} rounds; ms a fetch")
        print(f"  all of it          {together(lambda: media.fetch(parse(URL), lambda _: None)):8.2f}")
        print(f"  bare transfer      {together(transfer):8.2f}")
        print(f"  probe alone        {together(probe):8.2f}")
        print(f"  policy alone       {each(policy, 5000):8.4f}   (one after the other, with one redirect)")


if __name__ == "__main__":
    main()
