"""Routes that change the mock: reset, faults, clock, workspaces, snapshot. A refused request changes nothing."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify, request

from mock_server.admin.clock import set_clock, show_clock
from mock_server.admin.faults import OrderContext, read_order, show_fault
from mock_server.admin.fields import Fields, sent_json
from mock_server.admin.restore import restore
from mock_server.admin.snapshot import take
from mock_server.admin.workspaces import create_workspace, list_workspaces
from mock_server.faults.presets import PRESETS
from mock_server.problems import NotFound
from mock_server.services import Mock


def blueprint(mock: Mock) -> Blueprint:
    """Return the routes."""
    routes = Blueprint("steering", __name__)
    _add_state(routes, mock)
    _add_faults(routes, mock)
    _add_clock(routes, mock)
    _add_workspaces(routes, mock)
    return routes


def _add_state(routes: Blueprint, mock: Mock) -> None:
    @routes.post("/reset", provide_automatic_options=False)
    def reset() -> Response:
        mock.reset()
        return jsonify(status="ok")

    @routes.post("/reset/journal", provide_automatic_options=False)
    def reset_journal() -> Response:
        if mock.state.records is not None:
            mock.state.records.journal.forget(lambda _: True)
        return jsonify(status="ok")

    @routes.get("/snapshot", provide_automatic_options=False)
    def show_snapshot() -> Response:
        return jsonify(take(mock))

    @routes.put("/snapshot", provide_automatic_options=False)
    def put_snapshot() -> Response:
        restore(mock, sent_json(), connected=_connected())
        return jsonify(status="ok")


def _add_faults(routes: Blueprint, mock: Mock) -> None:
    @routes.get("/faults", provide_automatic_options=False)
    def list_faults() -> Response:
        fields = Fields(dict(request.args))
        workspace = _workspace(mock, fields)
        fields.finish()
        return jsonify(data=listed_faults(mock, workspace))

    @routes.post("/faults", provide_automatic_options=False)
    def set_faults() -> tuple[Response, int]:
        fields = Fields(sent_json())
        with mock.changing:  # else a workspace that the order names could be deleted before the fault is set
            faults = read_order(fields, order_context(mock, connected=_connected()))
            fields.finish()
            mock.state.faults.put(faults)
        now = mock.services.clock.timestamp()
        shown = [show_fault(fault, 0, now) for fault in faults]
        return (jsonify(data=shown) if fields.has("preset") else jsonify(shown[0])), 201

    @routes.delete("/faults", provide_automatic_options=False)
    def remove_faults() -> Response:
        fields = Fields(dict(request.args))
        workspace = _workspace(mock, fields)
        fields.finish()
        removed = mock.state.faults.remove(lambda fault: workspace is None or fault.match.workspace == workspace)
        return jsonify(removed=removed)

    @routes.delete("/faults/<fault_id>", provide_automatic_options=False)
    def remove_fault(fault_id: str) -> Response:
        if not mock.state.faults.remove(lambda fault: fault.id == fault_id):
            raise NotFound("No fault in force has this id.")
        return jsonify(removed=1)

    @routes.get("/presets", provide_automatic_options=False)
    def list_presets() -> Response:
        return jsonify(data=[{"name": name, "summary": preset.summary} for name, preset in PRESETS.items()])


def _add_clock(routes: Blueprint, mock: Mock) -> None:
    clock = mock.services.clock

    @routes.get("/clock", provide_automatic_options=False)
    def get_clock() -> Response:
        return jsonify(show_clock(clock))

    @routes.put("/clock", provide_automatic_options=False)
    def put_clock() -> Response:
        fields = Fields(sent_json())
        with mock.changing:
            set_clock(clock, fields)
            return jsonify(show_clock(clock))


def _add_workspaces(routes: Blueprint, mock: Mock) -> None:
    @routes.get("/workspaces", provide_automatic_options=False)
    def get_workspaces() -> Response:
        return jsonify(data=list_workspaces(mock))

    @routes.post("/workspaces", provide_automatic_options=False)
    def post_workspace() -> tuple[Response, int]:
        fields = Fields(sent_json({}))
        with mock.changing:  # else two could find that nobody has the name
            return jsonify(create_workspace(mock, fields)), 201

    @routes.delete("/workspaces/<workspace_id>", provide_automatic_options=False)
    def delete_workspace(workspace_id: str) -> Response:
        if not mock.delete_workspace(workspace_id):
            raise NotFound("No workspace has this id.")
        return jsonify(removed=1)


def order_context(mock: Mock, *, connected: bool) -> OrderContext:
    """Return what is needed to read an order for faults."""
    services = mock.services

    def workspace(name: str) -> str | None:
        found = services.directory.workspace(name)
        return None if found is None else found.id

    return OrderContext(lambda: services.ids.new("flt"), services.clock.timestamp(), workspace, connected)


def listed_faults(mock: Mock, workspace: str | None = None) -> list[dict[str, Any]]:
    """Return the faults in force as JSON: all, or those of one workspace."""
    now = mock.services.clock.timestamp()
    listed = mock.state.faults.listed()
    return [show_fault(fault, struck, now) for fault, struck in listed if workspace in {None, fault.match.workspace}]


def _workspace(mock: Mock, fields: Fields) -> str | None:
    name = fields.text("workspace", None)
    found = None if name is None else mock.services.directory.workspace(name)
    if name is not None and found is None:
        fields.fail("workspace", "value", "must be the id or the name of a workspace of this server")
    return None if found is None else found.id


def _connected() -> bool:
    """Tell whether the server under the application lets faults act on connections."""
    return "mock_server.connection" in request.environ
