"""The inspector: the control plane as pages for a person. Jinja renders and escapes them.

A small script updates the list of requests and makes the buttons work. All else works without it. Nothing is loaded
from another host.
"""

from __future__ import annotations

import json
from itertools import groupby
from typing import Any

from flask import Blueprint, render_template, request

from mock_server.admin import fidelity
from mock_server.admin.clock import show_clock
from mock_server.admin.orders import order_context, read
from mock_server.admin.steering import listed_faults
from mock_server.admin.traffic import (
    EngagementList,
    HistoryOrder,
    RequestFilter,
    engagements,
    find_engagement,
    full,
    history,
    records,
    submitted,
)
from mock_server.admin.webhooks import (
    DeliveryFilter,
    WorkflowFilter,
    deliveries,
    event_name,
    find_delivery,
    life,
    show_delivery,
    show_endpoint,
    workflows,
)
from mock_server.admin.workspaces import list_workspaces
from mock_server.faults.orders import KINDS, METHODS, PHASES
from mock_server.faults.presets import PRESETS
from mock_server.problems import NotFound
from mock_server.records import explain
from mock_server.records.entry import OUTCOMES
from mock_server.services import Mock
from mock_server.webhooks.deliveries import STATUSES
from mock_server.webhooks.endpoints import ORDERS

SHOWN = 200
PAGES = (
    ("inspector.requests", "Requests"),
    ("inspector.keys", "Keys"),
    ("inspector.show_engagements", "Engagements"),
    ("inspector.webhooks", "Webhooks"),
    ("inspector.show_workflows", "Workflows"),
    ("inspector.faults", "Faults"),
    ("inspector.clock", "Clock"),
    ("inspector.workspaces", "Workspaces"),
    ("inspector.coverage", "Coverage"),
    ("inspector.show_fidelity", "Fidelity"),
)


def blueprint(mock: Mock) -> Blueprint:
    """Return the pages, their style and their script."""
    pages = Blueprint("inspector", __name__, template_folder="templates", static_folder="static")

    @pages.context_processor
    def shared() -> dict[str, Any]:
        names = {space.id: space.name for space in mock.services.directory.workspaces.values()}
        return {
            "pages": PAGES,
            "workspace_names": names,
            "rule_title": explain.rule_title,
            "took": explain.took,
            "event_name": event_name,
        }

    _add_traffic(pages, mock)
    _add_engagements(pages, mock)
    _add_afterwards(pages, mock)
    _add_steering(pages, mock)
    _add_reports(pages, mock)
    return pages


def _add_traffic(pages: Blueprint, mock: Mock) -> None:
    @pages.get("/", provide_automatic_options=False, strict_slashes=False)
    def requests() -> str:
        query = {name: value for name, value in request.args.items() if value}
        wanted = read(RequestFilter, query, order_context(mock))
        chosen = {name: request.args.get(name, "") for name in ("outcome", "rule", "external_id", "workspace")}
        entries = records(mock).journal.select(wanted.fits, SHOWN)
        return render_template(
            "requests.html", entries=entries, brief=explain.brief, outcomes=OUTCOMES, chosen=chosen,
            live=not any(chosen.values()), last=entries[0].sequence if entries else 0,
        )  # fmt: skip

    @pages.get("/inspect/requests/<entry_id>", provide_automatic_options=False)
    def one_request(entry_id: str) -> str:
        entry = records(mock).journal.find(entry_id)
        if entry is None:
            raise NotFound("No request in the journal has this id; the oldest ones are dropped.")
        shown = full(entry, request.host_url)
        told = {"headline": explain.headline(entry), "reason": explain.reason(entry), "lines": explain.lines(entry)}
        return render_template("request.html", entry=entry, shown=shown, **told)

    @pages.get("/inspect/keys", provide_automatic_options=False)
    def keys() -> str:
        workspace, external_id = request.args.get("workspace", ""), request.args.get("external_id", "")
        recent = records(mock).ledger.keys(lambda _: True, 50)
        found = None
        if workspace and external_id:
            key = read(HistoryOrder, {"workspace": workspace, "external_id": external_id}, order_context(mock))
            found = history(mock, key)
        return render_template("keys.html", recent=recent, history=found, workspace=workspace, external_id=external_id)


def _add_engagements(pages: Blueprint, mock: Mock) -> None:
    @pages.get("/inspect/engagements", provide_automatic_options=False)
    def show_engagements() -> str:
        query = {"limit": SHOWN, "workspace": request.args.get("workspace") or None}
        wanted = read(EngagementList, query, order_context(mock))
        shown = engagements(mock, wanted)
        return render_template("engagements.html", engagements=shown, total=len(mock.state.store))

    @pages.get("/inspect/engagements/<engagement_id>", provide_automatic_options=False)
    def one_engagement(engagement_id: str) -> str:
        engagement = find_engagement(mock, engagement_id)
        return render_template(
            "engagement.html",
            engagement=submitted(mock.services, engagement, whole=True),
            life=life(mock, engagement),
            runs=workflows(mock, WorkflowFilter(engagement_id=engagement_id)),
            deliveries=deliveries(mock, DeliveryFilter(engagement_id=engagement_id)),
        )


def _add_afterwards(pages: Blueprint, mock: Mock) -> None:
    @pages.get("/inspect/webhooks", provide_automatic_options=False)
    def webhooks() -> str:
        chosen = {name: request.args.get(name, "") for name in ("status", "engagement_id", "workspace")}
        query = {name: value for name, value in chosen.items() if value}
        found = deliveries(mock, read(DeliveryFilter, {"limit": SHOWN, **query}, order_context(mock)))
        endpoints = [show_endpoint(one) for one in mock.state.webhooks.endpoints]
        return render_template(
            "webhooks.html", endpoints=endpoints, deliveries=found, chosen=chosen, statuses=STATUSES, orders=ORDERS
        )

    @pages.get("/inspect/webhooks/<delivery_id>", provide_automatic_options=False)
    def one_delivery(delivery_id: str) -> str:
        delivery = find_delivery(mock, delivery_id)
        body = json.dumps(delivery.event.payload(mock.services.present), ensure_ascii=False, indent=2)
        return render_template("delivery.html", delivery=show_delivery(delivery), body=body)

    @pages.get("/inspect/workflows", provide_automatic_options=False)
    def show_workflows() -> str:
        found = workflows(mock, WorkflowFilter(limit=SHOWN))
        grouped = [list(runs) for _, runs in groupby(found, key=lambda run: run["engagement_id"])]
        return render_template("workflows.html", engagements=grouped)


def _add_steering(pages: Blueprint, mock: Mock) -> None:
    @pages.get("/inspect/faults", provide_automatic_options=False)
    def faults() -> str:
        return render_template(
            "faults.html", faults=listed_faults(mock), presets=PRESETS, kinds=KINDS, phases=PHASES, methods=METHODS
        )

    @pages.get("/inspect/clock", provide_automatic_options=False)
    def clock() -> str:
        return render_template("clock.html", clock=show_clock(mock.services.clock))

    @pages.get("/inspect/workspaces", provide_automatic_options=False)
    def workspaces() -> str:
        return render_template("workspaces.html", workspaces=list_workspaces(mock))


def _add_reports(pages: Blueprint, mock: Mock) -> None:
    @pages.get("/inspect/coverage", provide_automatic_options=False)
    def coverage() -> str:
        report = records(mock).coverage.report()
        return render_template("coverage.html", report=report, families=_families(report["data"]))

    @pages.get("/inspect/fidelity", provide_automatic_options=False)
    def show_fidelity() -> str:
        report = fidelity.report(mock.settings)
        return render_template("fidelity.html", report=report, families=_families(report["data"]))


def _families(rows: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Group rules by the first word of their id."""
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(row["id"].partition("-")[0], []).append(row)
    return found
