"""Routes that show the mock: journal, events, engagements, ledger, coverage, fidelity, and the contract itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, jsonify, request

from mock_server import spec
from mock_server.admin import fidelity
from mock_server.admin.curl import curl
from mock_server.admin.events import Streams
from mock_server.admin.fields import Fields, sent_json
from mock_server.checks.formats import parse_date_time
from mock_server.presenter import present
from mock_server.problems import NotFound
from mock_server.records.entry import OUTCOMES, Entry, shown_key
from mock_server.records.records import Records
from mock_server.services import Mock
from mock_server.store import Engagement

MAX_LIMIT = 1000
DEFAULT_LIMIT = 100


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
        fields = Fields(dict(request.args))
        limit = read_limit(fields)
        wanted = read_filter(fields, mock)
        fields.finish()
        return jsonify(data=[entry.as_json() for entry in records(mock).journal.select(wanted, limit)])

    @routes.get("/requests/<entry_id>", provide_automatic_options=False)
    def show_request(entry_id: str) -> Response:
        entry = records(mock).journal.find(entry_id)
        if entry is None:
            raise NotFound("No request in the journal has this id; the oldest ones are dropped.")
        return jsonify(full(entry, request.host_url))

    @routes.post("/requests/count", provide_automatic_options=False)
    def count_requests() -> Response:
        fields = Fields(sent_json({}))
        wanted = read_filter(fields, mock)
        fields.finish()
        return jsonify(count=len(records(mock).journal.select(wanted)))

    @routes.delete("/requests", provide_automatic_options=False)
    def forget_requests() -> Response:
        fields = Fields(dict(request.args))
        wanted = read_filter(fields, mock)
        fields.finish()
        journal = records(mock).journal
        chosen = {entry.id for entry in journal.select(wanted)}
        return jsonify(removed=journal.forget(lambda entry: entry.id in chosen))

    @routes.get("/events", provide_automatic_options=False)
    def follow() -> Response:
        return streams.open(request.headers.get("Last-Event-ID"))


def _add_engagements(routes: Blueprint, mock: Mock) -> None:
    @routes.get("/engagements", provide_automatic_options=False)
    def list_engagements() -> Response:
        fields = Fields(dict(request.args))
        limit = read_limit(fields)
        workspace, external_id = fields.text("workspace", None), fields.text("external_id", None)
        fields.finish()
        return jsonify(data=engagements(mock, workspace, external_id, limit))

    @routes.get("/engagements/<engagement_id>", provide_automatic_options=False)
    def show_engagement(engagement_id: str) -> Response:
        for _, engagement in mock.state.store.all():
            if engagement.id == engagement_id:
                return jsonify(submitted(engagement, whole=True))
        raise NotFound("No engagement has this id.")

    @routes.get("/ledger", provide_automatic_options=False)
    def show_ledger() -> Response:
        fields = Fields(dict(request.args))
        workspace, external_id = fields.text("workspace", None), fields.text("external_id", None)
        fields.needs("workspace", "the id or the name of a workspace")
        fields.needs("external_id", "a text of 1 to 500 characters")
        fields.finish()
        return jsonify(history(mock, f"{workspace}", f"{external_id}"))


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


def read_limit(fields: Fields) -> int:
    """Read how many items of a list are wanted."""

    def parse(text: str) -> int:
        if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= MAX_LIMIT):
            raise ValueError(f"must be a whole number from 1 to {MAX_LIMIT}")
        return int(text)

    limit: int = fields.parsed("limit", DEFAULT_LIMIT, parse)
    return limit


def read_filter(fields: Fields, mock: Mock) -> Callable[[Entry], bool]:
    """Read which entries are wanted: since (an instant), outcome, rule, external_id, workspace (id or name)."""
    since = fields.parsed("since", None, parse_date_time)
    outcome, rule = fields.word("outcome", None, OUTCOMES), fields.text("rule", None)
    key, workspace = fields.text("external_id", None), workspace_id(mock, fields.text("workspace", None))
    external_id = None if key is None else shown_key(key)

    def wanted(entry: Entry) -> bool:
        return (
            (since is None or entry.at >= since)
            and outcome in {None, entry.outcome}
            and (rule is None or rule in entry.rules)
            and external_id in {None, entry.external_id}
            and workspace in {None, entry.workspace}
        )

    return wanted


def workspace_id(mock: Mock, name: str | None) -> str | None:
    """Return the id of a workspace that is given by id or name. An unknown name is returned as it is."""
    found = None if name is None else mock.services.directory.workspace(name)
    return name if found is None else found.id


def engagements(mock: Mock, workspace: str | None, external_id: str | None, limit: int) -> list[dict[str, Any]]:
    """Return stored engagements, newest first."""
    wanted = workspace_id(mock, workspace)
    found = [
        engagement
        for (owner, key), engagement in mock.state.store.all()
        if wanted in {None, owner} and external_id in {None, key}
    ]
    return [submitted(engagement) for engagement in found[: -limit - 1 : -1]]


def submitted(engagement: Engagement, *, whole: bool = False) -> dict[str, Any]:
    """Return an engagement as the API shows it, with what was submitted. `whole` adds the text of its transcript."""
    sent, transcript = engagement.submission, engagement.transcript
    shown = None
    if transcript is not None:
        shown = {"characters": transcript.characters, "size": transcript.size, "sha256": transcript.sha256}
        if whole:
            shown = {**shown, "complete": transcript.complete, "text": transcript.text()}
    return {
        **present(engagement),
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


def history(mock: Mock, workspace: str, external_id: str) -> dict[str, Any]:
    """Return the history of a key: its events, oldest first, and how many in the middle were dropped."""
    found = records(mock).ledger.history(workspace_id(mock, workspace) or workspace, external_id)
    return {
        "workspace": workspace_id(mock, workspace),
        "external_id": external_id,
        "dropped": found.dropped,
        "data": [event.as_json() for event in found.events],
    }
