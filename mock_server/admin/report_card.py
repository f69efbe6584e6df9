"""The route of the report card: how the client did that sent the requests of the journal."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request

from mock_server.admin.traffic import records
from mock_server.problems import NotFound
from mock_server.records.report import grade
from mock_server.services import Mock


def blueprint(mock: Mock) -> Blueprint:
    """Return the route. `?workspace=` (id or name) chooses the requests of one workspace."""
    routes = Blueprint("report_card", __name__)

    @routes.get("/report", provide_automatic_options=False)
    def show_report() -> Response:
        wanted = _workspace(mock)
        entries = records(mock).journal.select(lambda entry: wanted in {None, entry.workspace})
        return jsonify(grade(mock.traffic(entries, wanted)).as_json())

    return routes


def _workspace(mock: Mock) -> str | None:
    name = request.args.get("workspace")
    found = None if name is None else mock.services.directory.workspace(name)
    if name is not None and found is None:
        raise NotFound("No workspace has this id or name.")
    return None if found is None else found.id
