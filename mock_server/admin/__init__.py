"""The control plane, under `/__admin` and never under `/api`: health, readiness, version and reset."""

from __future__ import annotations

from importlib.metadata import version

from flask import Blueprint, Response, jsonify

from mock_server.services import Mock


def blueprint(mock: Mock) -> Blueprint:
    """Return the routes that steer one mock."""
    routes = Blueprint("admin", __name__, url_prefix="/__admin")

    @routes.get("/health", provide_automatic_options=False)
    @routes.get("/ready", provide_automatic_options=False, endpoint="ready")
    def health() -> Response:
        return jsonify(status="ok")

    @routes.get("/version", provide_automatic_options=False)
    def show_version() -> Response:
        return jsonify(name="engagement-contract-kit", version=version("engagement-contract-kit"), api_version="v2")

    @routes.post("/reset", provide_automatic_options=False)
    def reset() -> Response:
        mock.reset()
        return jsonify(status="ok")

    return routes
