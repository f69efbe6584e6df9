"""Serve one application on the mock's own server, in this process; run by the other scripts.

    python benchmarks/host.py mock|flask

Prints its port, and ends with its standard input.
"""

from __future__ import annotations

import sys

from flask import Flask, jsonify

from mock_server import Settings
from mock_server.cli import collect_rarely
from mock_server.server import serving
from mock_server.services import Mock


def bare() -> Flask:
    """Return an application of one route that answers a constant."""
    app = Flask("bare")
    app.add_url_rule(
        "/api/v2/engagements", "create", lambda: jsonify(object="engagement", id="ngmt_1"), methods=["POST"]
    )
    return app


def main() -> None:
    """Serve until the standard input ends."""
    app = bare() if sys.argv[1] == "flask" else None
    collect_rarely()  # as the command does
    with serving(Mock(Settings(port=0)), app) as server:
        print(server.base_url.rsplit(":", 1)[1].partition("/")[0], flush=True)
        sys.stdin.readline()


if __name__ == "__main__":
    main()
