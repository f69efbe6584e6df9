"""Webhooks and workflows as JSON: endpoints, their deliveries, and what ran for an engagement."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from flask import Blueprint, Response, jsonify, request
from pydantic import Field

from mock_server.admin.orders import order_context, read, sent_json
from mock_server.admin.traffic import Limit, Workspace
from mock_server.clock import rfc3339
from mock_server.faults.orders import KnownWorkspace
from mock_server.problems import NotFound
from mock_server.reading import Accepts, Model, Text, one_of
from mock_server.redaction import HIDDEN
from mock_server.services import Mock
from mock_server.store import Engagement
from mock_server.webhooks.deliveries import STATUSES, Attempt, Delivery
from mock_server.webhooks.endpoints import MAX_COPIES, Endpoint, EndpointOrder
from mock_server.webhooks.events import TYPES
from mock_server.workflows import runs


class WebhookOrder(EndpointOrder):
    """A new endpoint. Without a workspace (id or name) it is told of all."""

    workspace: KnownWorkspace | None = None


class DeliveryFilter(Model):
    """Which deliveries are to be listed, and how many at most."""

    limit: Limit = 100
    workspace: Workspace | None = None
    endpoint: Text | None = None
    engagement_id: Text | None = None
    event: Annotated[str, one_of(TYPES)] | None = None
    status: Annotated[str, one_of(STATUSES)] | None = None

    def fits(self, delivery: Delivery) -> bool:
        """Tell whether a delivery is meant."""
        return (
            self.workspace in {None, delivery.event.workspace}
            and self.endpoint in {None, delivery.endpoint.id}
            and self.engagement_id in {None, delivery.event.engagement.id}
            and self.event in {None, delivery.event.type}
            and self.status in {None, delivery.status}
        )


class ResendOrder(Model):
    """How often a delivery is sent again."""

    times: Annotated[int, Field(ge=1, le=MAX_COPIES), Accepts(f"a whole number from 1 to {MAX_COPIES}")] = 1


class WorkflowFilter(Model):
    """Whose runs are to be listed: those of the newest engagements, and of how many of them."""

    limit: Limit = 100
    workspace: Workspace | None = None
    engagement_id: Text | None = None
    external_id: Text | None = None


def blueprint(mock: Mock) -> Blueprint:
    """Return the routes."""
    routes = Blueprint("webhooks", __name__)
    _add_endpoints(routes, mock)
    _add_deliveries(routes, mock)

    @routes.get("/workflows", provide_automatic_options=False)
    def list_workflows() -> Response:
        wanted = read(WorkflowFilter, dict(request.args), order_context(mock))
        return jsonify(data=workflows(mock, wanted))

    return routes


def _add_endpoints(routes: Blueprint, mock: Mock) -> None:
    @routes.get("/webhooks", provide_automatic_options=False)
    def list_webhooks() -> Response:
        return jsonify(data=[show_endpoint(one) for one in mock.state.webhooks.endpoints])

    @routes.post("/webhooks", provide_automatic_options=False)
    def post_webhook() -> tuple[Response, int]:
        document = sent_json()
        with mock.changing:  # else its workspace could be deleted before the endpoint is there
            order = read(WebhookOrder, document, order_context(mock))
            endpoint = order.endpoint(mock.services.ids.new("ep"), order.workspace)
            mock.state.webhooks.add(endpoint, lambda: [stored for _, stored in mock.state.store.all()])
        return jsonify(show_endpoint(endpoint, secret=HIDDEN if order.secret else endpoint.secret)), 201

    @routes.delete("/webhooks/<endpoint_id>", provide_automatic_options=False)
    def delete_webhook(endpoint_id: str) -> Response:
        if not mock.state.webhooks.remove(endpoint_id):
            raise NotFound("No endpoint has this id.")
        return jsonify(removed=1)


def _add_deliveries(routes: Blueprint, mock: Mock) -> None:
    @routes.get("/webhooks/deliveries", provide_automatic_options=False)
    def list_deliveries() -> Response:
        wanted = read(DeliveryFilter, dict(request.args), order_context(mock))
        return jsonify(data=deliveries(mock, wanted))

    @routes.get("/webhooks/deliveries/<delivery_id>", provide_automatic_options=False)
    def show_one_delivery(delivery_id: str) -> Response:
        delivery = find_delivery(mock, delivery_id)
        return jsonify({**show_delivery(delivery), "body": delivery.event.payload(mock.services.present)})

    @routes.post("/webhooks/deliveries/<delivery_id>/resend", provide_automatic_options=False)
    def resend(delivery_id: str) -> tuple[Response, int]:
        order = read(ResendOrder, sent_json({}))
        mock.state.webhooks.resend(find_delivery(mock, delivery_id), order.times)
        return jsonify(status="ok"), 202


def find_delivery(mock: Mock, delivery_id: str) -> Delivery:
    """Return a delivery. Raises NotFound."""
    if (found := mock.state.webhooks.deliveries.find(delivery_id)) is None:
        raise NotFound("No delivery in the log has this id; the oldest ones are dropped.")
    return found


def deliveries(mock: Mock, wanted: DeliveryFilter) -> list[dict[str, Any]]:
    """Return deliveries as JSON, those that began last first."""
    return [show_delivery(one) for one in mock.state.webhooks.deliveries.select(wanted.fits, wanted.limit)]


def show_endpoint(endpoint: Endpoint, secret: str = HIDDEN) -> dict[str, Any]:
    """Return an endpoint as JSON. Its secret is shown only in a snapshot, and to who has just made it and gave none."""
    return {
        "id": endpoint.id,
        "url": endpoint.url,
        "secret": secret,
        "events": list(endpoint.events),
        "workspace": endpoint.workspace,
        "copies": endpoint.copies,
        "order": endpoint.order,
    }


def show_delivery(delivery: Delivery) -> dict[str, Any]:
    """Return a delivery as JSON, with its attempts, the first one first."""
    event = delivery.event
    return {
        "id": delivery.id,
        "message_id": event.message_id,
        "event": event.type,
        "event_id": event.id,
        "at": rfc3339(event.at),
        "endpoint": delivery.endpoint.id,
        "url": delivery.endpoint.url,
        "workspace": event.workspace,
        "engagement_id": event.engagement.id,
        "external_id": event.engagement.submission.external_id,
        "status": delivery.status,
        "next_attempt_at": _instant(delivery.next_at),
        "attempts": [_attempt(one) for one in delivery.attempts],
    }


def _attempt(attempt: Attempt) -> dict[str, Any]:
    outcome = attempt.outcome
    return {
        "at": rfc3339(attempt.at),
        "reason": attempt.reason,
        "status": outcome.status,
        "error": outcome.error,
        "answer": outcome.answer,
        "duration_ms": round(outcome.seconds * 1000, 3),
    }


def _instant(at: datetime | None) -> str | None:
    return None if at is None else rfc3339(at)


def event_name(event: str) -> str:
    """Return what a person calls an event: `transcript timeline completed`."""
    return event.removeprefix("v1.engagement.").replace("_", " ").replace(".", " ")


def life(mock: Mock, engagement: Engagement) -> list[dict[str, Any]]:
    """Return the stages of the processing of an engagement, and whether each is reached."""
    services = mock.services
    now = services.clock.now()
    stages = services.processing.stages(engagement)
    return [{"at": rfc3339(stage.at), "status": stage.status, "reached": stage.at <= now} for stage in stages]


def workflows(mock: Mock, wanted: WorkflowFilter) -> list[dict[str, Any]]:
    """Return what ran for engagements as JSON: those of the newest engagement first."""
    found = [
        stored
        for (owner, key), stored in mock.state.store.all()
        if wanted.workspace in {None, owner}
        and wanted.external_id in {None, key}
        and wanted.engagement_id in {None, stored.id}
    ]
    now = mock.services.clock.now()
    return [
        {
            "engagement_id": stored.id,
            "external_id": stored.submission.external_id,
            "workspace": stored.owner.workspace.id,
            "kind": run.kind,
            "status": run.status,
            "at": rfc3339(run.at),
            "to": list(run.to),
        }
        for stored in found[-wanted.limit :][::-1]
        for run in runs(stored, mock.services.processing, now)
    ]
