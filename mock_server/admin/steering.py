"""Routes that change the mock: reset, faults, clock, workspaces, snapshot. A refused request changes nothing."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify, request

from mock_server.admin.clock import ClockOrder, set_clock, show_clock
from mock_server.admin.faults import set_faults, show_fault
from mock_server.admin.orders import MAX_SNAPSHOT_BYTES, order_context, read, sent_json
from mock_server.admin.restore import restore
from mock_server.admin.snapshot import take
from mock_server.admin.workspaces import WorkspaceOrder, create_workspace, list_workspaces
from mock_server.faults.orders import KnownWorkspace
from mock_server.faults.presets import PRESETS
from mock_server.problems import NotFound
from mock_server.reading import Model
from mock_server.services import Mock


class FaultFilter(Model):
    """Which faults are meant: all, or those of one workspace."""

    workspace: KnownWorkspace | None = None


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
        restore(mock, sent_json(limit=MAX_SNAPSHOT_BYTES), order_context(mock))
        return jsonify(status="ok")


def _add_faults(routes: Blueprint, mock: Mock) -> None:
    @routes.get("/faults", provide_automatic_options=False)
    def list_faults() -> Response:
        return jsonify(data=listed_faults(mock, _workspace(mock)))

    @routes.post("/faults", provide_automatic_options=False)
    def post_faults() -> tuple[Response, int]:
        document = sent_json()
        with mock.changing:  # else a workspace that the order names could be deleted before the fault is set
            shown = set_faults(mock, document, order_context(mock))
        return (jsonify(data=shown) if "preset" in shown[0] else jsonify(shown[0])), 201

    @routes.delete("/faults", provide_automatic_options=False)
    def remove_faults() -> Response:
        workspace = _workspace(mock)
        removed = mock.state.faults.remove(lambda fault: workspace in {None, fault.order.match.workspace})
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
        order = read(ClockOrder, sent_json())
        with mock.changing:
            set_clock(clock, order)
            return jsonify(show_clock(clock))


def _add_workspaces(routes: Blueprint, mock: Mock) -> None:
    @routes.get("/workspaces", provide_automatic_options=False)
    def get_workspaces() -> Response:
        return jsonify(data=list_workspaces(mock))

    @routes.post("/workspaces", provide_automatic_options=False)
    def post_workspace() -> tuple[Response, int]:
        document = sent_json({})
        with mock.changing:  # else two could find that nobody has the name
            return jsonify(create_workspace(mock, read(WorkspaceOrder, document, order_context(mock)))), 201

    @routes.delete("/workspaces/<workspace_id>", provide_automatic_options=False)
    def delete_workspace(workspace_id: str) -> Response:
        if not mock.delete_workspace(workspace_id):
            raise NotFound("No workspace has this id.")
        return jsonify(removed=1)


def listed_faults(mock: Mock, workspace: str | None = None) -> list[dict[str, Any]]:
    """Return the faults in force as JSON: all, or those of one workspace."""
    now = mock.services.clock.timestamp()
    listed = mock.state.faults.listed()
    return [
        show_fault(fault, struck, now) for fault, struck in listed if workspace in {None, fault.order.match.workspace}
    ]


def _workspace(mock: Mock) -> str | None:
    """Return the id of the workspace that the query of the present request names."""
    return read(FaultFilter, dict(request.args), order_context(mock)).workspace
