"""Workspaces on demand: a fresh one with its credentials for each test, and nothing left of it afterwards."""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import Any

from mock_server.admin.fields import Fields
from mock_server.checks.auth import Caller, Workspace
from mock_server.checks.rate_limit import describe
from mock_server.config import rate_limit
from mock_server.services import Mock, State
from mock_server.workspaces import caller

# Name and scopes of the credentials that a fresh workspace has: those of the built-in workspace A.
ROLES = (
    ("writer", ("engagements:write", "engagements:read", "companies:read", "contacts:read", "users:read")),
    ("reader", ("engagements:read",)),
    ("private_reader", ("engagements:read", "engagements:private:read")),
    ("noscope", ()),
)


def create_workspace(mock: Mock, fields: Fields) -> dict[str, Any]:
    """Make a workspace as ordered and return `{id, name, credentials: {name: credential}}`. Raises Invalid."""
    workspace_id = mock.services.ids.new("wrks")
    name = fields.text("name", workspace_id, longest=100)
    if mock.services.directory.workspace(name) is not None:
        fields.fail("name", "value", "must be a name that no other workspace has")
    workspace = Workspace(
        id=workspace_id,
        name=name,
        default_private=fields.boolean("default_private", default=False),
        rate_limit=fields.parsed("rate_limit", None, rate_limit),
    )
    each = fields.parsed("credential_rate_limit", None, rate_limit)
    fields.finish()
    callers = [replace(made, rate_limit=each) for made in _credentials(workspace)]
    mock.services.directory.change(lambda present: (*present, *callers))
    return {"id": workspace.id, "name": name, "credentials": {made.name: made.credential for made in callers}}


def list_workspaces(mock: Mock, state: State) -> list[dict[str, Any]]:
    """Return the workspaces with the names of their credentials and the number of their engagements."""
    counts: dict[str, int] = {}
    for (workspace_id, _), _ in state.store.all():
        counts[workspace_id] = counts.get(workspace_id, 0) + 1
    return [
        {
            "id": workspace.id,
            "name": workspace.name,
            "default_private": workspace.default_private,
            "rate_limit": describe(workspace.rate_limit) if workspace.rate_limit else None,
            "credentials": [made.name for made in mock.services.directory.callers if made.workspace.id == workspace.id],
            "engagements": counts.get(workspace.id, 0),
        }
        for workspace in mock.services.directory.workspaces.values()
    ]


def delete_workspace(mock: Mock, workspace_id: str) -> bool:
    """Delete a workspace and everything of it. Return whether there was one."""
    if workspace_id not in mock.services.directory.workspaces:
        return False
    # First nobody can come in any more; whoever is inside cleans up when the request ends (see app._record).
    mock.services.directory.change(lambda present: [one for one in present if one.workspace.id != workspace_id])
    forget(mock.state, workspace_id)
    return True


def forget(state: State, workspace_id: str) -> None:
    """Drop all that a state holds of a workspace: engagements, faults, windows of limits, records."""
    for engagement in state.store.forget(workspace_id):
        if engagement.transcript is not None:
            state.transcripts.drop(engagement.transcript)
    state.faults.remove(lambda fault: fault.match.workspace == workspace_id)
    state.limiter.storage.forget(lambda key: f"/{workspace_id}/" in key)
    if state.records is not None:
        state.records.forget(workspace_id)


def _credentials(workspace: Workspace) -> list[Caller]:
    return [
        caller(
            workspace, name, f"sk-apik_{secrets.token_hex(8)}.{secrets.token_hex(16)}", f"{name}@example.com", scopes
        )
        for name, scopes in ROLES
    ]
