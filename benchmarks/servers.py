"""Compare the servers that could carry the mock: cheroot, waitress and Werkzeug's, with the mock's own application.

    python benchmarks/servers.py [--rounds 3] [--seconds 4]     (needs waitress and trustme)

Requests per second and the 99th percentile of creates over eight keep-alive connections (each server in turn, on one
core, the load on the other, medians); whether ten requests use one connection; whether https is answered; seconds from
the call to stop until the server's thread ended, while a keep-alive connection stood idle, and how many of its threads
outlived that; whether the application can reach the connection to reset it. Prints a table in Markdown.
"""

from __future__ import annotations

import argparse
import http.client
import ssl
import statistics
import tempfile
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import trustme
from load import BODY, HEADERS, Client, Load, first_answer, hosted, measure

SERVERS = ("cheroot", "waitress", "werkzeug")


def loads(rounds: int, seconds: int) -> dict[str, list[Load]]:
    """Measure all servers in turns."""
    results: dict[str, list[Load]] = {name: [] for name in SERVERS}
    with ExitStack() as stack:
        urls = {name: stack.enter_context(hosted(name, "mock"))[1] for name in SERVERS}
        for url in urls.values():
            first_answer(url)
            measure(url, 2)  # warm
        for _ in range(rounds):
            for name, url in urls.items():
                results[name].append(measure(url, seconds))
    return results


def keeps_alive(server: str) -> bool:
    """Send ten requests and see whether the socket stays the same."""
    with hosted(server, "mock") as (_, url):
        first_answer(url)
        connection = _connection(url)
        sockets = set()
        for number in range(10):
            connection.request("POST", urlsplit(url).path, BODY % number, HEADERS)
            sockets.add(connection.sock)
            connection.getresponse().read()
    return len(sockets) == 1 and None not in sockets


def speaks_tls(server: str) -> bool:
    """Create over https."""
    authority = trustme.CA()
    trust = ssl.create_default_context()
    authority.configure_trust(trust)
    with tempfile.TemporaryDirectory() as folder:
        pem = Path(folder, "server.pem")
        authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(pem)
        with (
            suppress(ValueError, OSError),
            hosted(server, "mock", "--tls", str(pem)) as (_, url),
        ):  # ValueError: no port
            parts = urlsplit(url)
            connection = http.client.HTTPSConnection("127.0.0.1", parts.port, context=trust, timeout=5)
            connection.request("POST", parts.path, BODY % "tls", HEADERS)
            return connection.getresponse().status == 201
    return False


def stops(server: str) -> tuple[float, int]:
    """Return the seconds that stopping takes beside an idle connection, and the threads that outlive it."""
    with hosted(server, "mock") as (host, url), Client(url) as client:
        first_answer(url)
        client.create()
        seconds, threads = host.communicate("\n", timeout=30)[0].split()
    return float(seconds), int(threads)


def reaches(server: str) -> bool:
    """Ask the application to reset the connection."""
    with hosted(server, "mock", "--reset") as (_, url):
        first_answer(url)
        connection = _connection(url)
        connection.request("GET", "/reset")
        try:
            connection.getresponse()
        except ConnectionResetError:
            return True
    return False


def _connection(url: str) -> Any:
    parts = urlsplit(url)
    return http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=30)


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=4)
    arguments = parser.parse_args()
    results = loads(arguments.rounds, arguments.seconds)
    print("| server | creates/s | p99, ms | failed | keep-alive | TLS | stop, s (threads left) | connection in reach |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for name, own in results.items():
        rate, p99 = (statistics.median(getattr(load, what) for load in own) for what in ("rate", "p99"))
        seconds, threads = stops(name)
        marks = ["yes" if holds(name) else "no" for holds in (keeps_alive, speaks_tls, reaches)]
        cells = [name, f"{rate:.0f}", f"{p99:.1f}", f"{sum(load.failed for load in own)}", *marks[:2]]
        print("| " + " | ".join([*cells, f"{seconds:.2f} ({threads})", marks[2]]) + " |", flush=True)


if __name__ == "__main__":
    main()
