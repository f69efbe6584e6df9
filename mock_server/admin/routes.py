"""Adds the control plane to the application: open routes that need no token, and guarded ones."""

from __future__ import annotations

from importlib.metadata import version

from flask import Blueprint, Flask, Response, jsonify, request

from mock_server.admin import inspector, report_card, steering, traffic, webhooks
from mock_server.admin.guard import Guard, cover, harden
from mock_server.services import Mock

PREFIX = "/__admin"
GIVE_CREDENTIALS = frozenset(
    {"steering.post_workspace", "steering.show_snapshot", "webhooks.post_webhook"}
)  # which is what they are for


def register(app: Flask, mock: Mock) -> None:
    """Add the routes of one mock. With `admin="off"` only those for probes are added."""
    app.register_blueprint(_open())
    if mock.settings.admin == "off":
        return
    guard = Guard(mock)
    for routes in (
        steering.blueprint(mock),
        traffic.blueprint(mock),
        report_card.blueprint(mock),
        webhooks.blueprint(mock),
        inspector.blueprint(mock),
    ):
        routes.before_request(lambda: guard.check(request, page=_is_page()))
        routes.after_request(_finish)
        app.register_blueprint(routes, url_prefix=PREFIX)


def _is_page() -> bool:
    return request.blueprint == "inspector" and request.endpoint != "inspector.static"


def _finish(response: Response) -> Response:
    return harden(response if request.endpoint in GIVE_CREDENTIALS else cover(response))


def _open() -> Blueprint:
    """Return the routes for probes. They show no data and change nothing."""
    routes = Blueprint("probes", __name__, url_prefix=PREFIX)

    @routes.get("/health", provide_automatic_options=False)
    @routes.get("/ready", provide_automatic_options=False, endpoint="ready")
    def health() -> Response:
        return jsonify(status="ok")

    @routes.get("/version", provide_automatic_options=False)
    def show_version() -> Response:
        return jsonify(name="engagement-contract-kit", version=version("engagement-contract-kit"), api_version="v2")

    return routes
