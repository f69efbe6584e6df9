"""Routes that show the mock: journal, events, engagements, ledger, coverage, fidelity, and the contract itself."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from flask import Blueprint, Response, jsonify, request
from pydantic import AfterValidator, Field, ValidationInfo

from mock_server import spec
from mock_server.admin import fidelity
from mock_server.admin.curl import curl
from mock_server.admin.events import Streams
from mock_server.admin.orders import order_context, read, sent_json
from mock_server.checks.formats import parse_date_time
from mock_server.faults.orders import context_of
from mock_server.problems import NotFound
from mock_server.reading import Accepts, Model, Text, one_of, parsed
from mock_server.records.entry import OUTCOMES, Entry, shown_key
from mock_server.records.records import Records
from mock_server.services import Mock, Services
from mock_server.store import Engagement

MAX_LIMIT = 1000


def _id_of(name: str, info: ValidationInfo) -> str:
    return context_of(info).workspace(name) or name  # it may have been deleted


Workspace = Annotated[Text, AfterValidator(_id_of)]
Limit = Annotated[int, Field(ge=1, le=MAX_LIMIT, strict=False), Accepts(f"a whole number from 1 to {MAX_LIMIT}")]


class RequestFilter(Model):
    """Which requests are meant. A workspace is given by id or name."""

    since: Annotated[datetime, parsed(parse_date_time)] | None = None
    outcome: Annotated[str, one_of(OUTCOMES)] | None = None
    rule: Text | None = None
    external_id: Annotated[Text, AfterValidator(shown_key)] | None = None
    workspace: Workspace | None = None

    def fits(self, entry: Entry) -> bool:
        """Tell whether an entry of the journal is meant."""
        return (
            (self.since is None or entry.at >= self.since)
            and self.outcome in {None, entry.outcome}
            and (self.rule is None or self.rule in entry.rules)
            and self.external_id in {None, entry.external_id}
            and self.workspace in {None, entry.workspace}
        )


class RequestList(RequestFilter):
    """Which requests are to be listed, and how many at most."""

    limit: Limit = 100


class EngagementList(Model):
    """Which engagements are to be listed, and how many at most."""

    limit: Limit = 100
    workspace: Workspace | None = None
    external_id: Text | None = None


class HistoryOrder(Model):
    """The key whose history is wanted."""

    workspace: Workspace
    external_id: Text


def blueprint(mock: Mock) -> Blueprint:
    """Return the routes."""
    routes = Blueprint("traffic", __name__)
    _add_journal(routes, mock)
    _add_engagements(routes, mock)
    _add_reports(routes, mock)
    return routes


def _add_journal(routes: Blueprint, mock: Mock) -> None:
    streams = Streams(mock)

    @routes.get("/requests", provide_automatic_options=False)
    def list_requests() -> Response:
        wanted = read(RequestList, dict(request.args), order_context(mock))
        return jsonify(data=[entry.as_json() for entry in records(mock).journal.select(wanted.fits, wanted.limit)])

    @routes.get("/requests/<entry_id>", provide_automatic_options=False)
    def show_request(entry_id: str) -> Response:
        entry = records(mock).journal.find(entry_id)
        if entry is None:
            raise NotFound("No request in the journal has this id; the oldest ones are dropped.")
        return jsonify(full(entry, request.host_url))

    @routes.post("/requests/count", provide_automatic_options=False)
    def count_requests() -> Response:
        wanted = read(RequestFilter, sent_json({}), order_context(mock))
        return jsonify(count=len(records(mock).journal.select(wanted.fits)))

    @routes.delete("/requests", provide_automatic_options=False)
    def forget_requests() -> Response:
        wanted = read(RequestFilter, dict(request.args), order_context(mock))
        journal = records(mock).journal
        chosen = {entry.id for entry in journal.select(wanted.fits)}
        return jsonify(removed=journal.forget(lambda entry: entry.id in chosen))

    @routes.get("/events", provide_automatic_options=False)
    def follow() -> Response:
        return streams.open(request.headers.get("Last-Event-ID") or request.args.get("after"))


def _add_engagements(routes: Blueprint, mock: Mock) -> None:
    @routes.get("/engagements", provide_automatic_options=False)
    def list_engagements() -> Response:
        wanted = read(EngagementList, dict(request.args), order_context(mock))
        return jsonify(data=engagements(mock, wanted))

    @routes.get("/engagements/<engagement_id>", provide_automatic_options=False)
    def show_engagement(engagement_id: str) -> Response:
        return jsonify(submitted(mock.services, find_engagement(mock, engagement_id), whole=True))

    @routes.get("/ledger", provide_automatic_options=False)
    def show_ledger() -> Response:
        wanted = read(HistoryOrder, dict(request.args), order_context(mock))
        return jsonify(history(mock, wanted))


def _add_reports(routes: Blueprint, mock: Mock) -> None:
    @routes.get("/coverage", provide_automatic_options=False)
    def show_coverage() -> Response:
        return jsonify(records(mock).coverage.report())

    @routes.get("/fidelity", provide_automatic_options=False)
    def show_fidelity() -> Response:
        return jsonify(fidelity.report(mock.settings))

    @routes.get("/openapi.yaml", provide_automatic_options=False)
    def show_contract() -> Response:
        return Response(spec.text(), content_type="application/yaml; charset=utf-8")


def records(mock: Mock) -> Records:
    """Return the records. Raises NotFound if the control plane is off."""
    found = mock.state.records
    if found is None:
        raise NotFound("The control plane is off.")
    return found


def full(entry: Entry, base: str) -> dict[str, Any]:
    """Return an entry whole: both headers and bodies, and a curl line. `base` is the address of the server."""
    return {
        **entry.as_json(),
        "engagement_id": entry.engagement_id,
        "headers": [list(header) for header in entry.headers],
        "body": entry.body.as_json() if entry.body else None,
        "answer": entry.answer.as_json() if entry.answer else None,
        "curl": curl(entry, base),
    }


def engagements(mock: Mock, wanted: EngagementList) -> list[dict[str, Any]]:
    """Return stored engagements, newest first."""
    found = [
        engagement
        for (owner, key), engagement in mock.state.store.all()
        if wanted.workspace in {None, owner} and wanted.external_id in {None, key}
    ]
    return [submitted(mock.services, engagement) for engagement in found[-wanted.limit :][::-1]]


def find_engagement(mock: Mock, engagement_id: str) -> Engagement:
    """Return a stored engagement. Raises NotFound."""
    if (found := mock.state.store.find(engagement_id)) is None:
        raise NotFound("No engagement has this id.")
    return found


def submitted(services: Services, engagement: Engagement, *, whole: bool = False) -> dict[str, Any]:
    """Return an engagement as the API shows it, with what was submitted. `whole` adds the text of its transcript."""
    sent, transcript = engagement.submission, engagement.transcript
    shown = None
    if transcript is not None:
        shown = {"characters": transcript.characters, "size": transcript.size, "sha256": transcript.sha256}
        if whole:
            shown = {**shown, "complete": transcript.complete, "text": transcript.text()}
    return {
        **services.present(engagement, services.clock.now()),
        "workspace": engagement.owner.workspace.id,
        "external_id": sent.external_id,
        "submitted": {
            "credential_name": engagement.owner.name,
            "source_system": sent.source_system,
            "media_url": sent.media_url.text,
            "run_workflows": sent.run_workflows,
            "participants": [{"name": person.name, "email": person.email} for person in sent.participants],
            "transcript": shown,
        },
    }


def history(mock: Mock, key: HistoryOrder) -> dict[str, Any]:
    """Return the history of a key: its events, oldest first, and how many in the middle were dropped."""
    found = records(mock).ledger.history(key.workspace, key.external_id)
    return {
        "workspace": key.workspace,
        "external_id": key.external_id,
        "dropped": found.dropped,
        "data": [event.as_json() for event in found.events],
    }
