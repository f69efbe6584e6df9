"""Workspaces as JSON. A test asks for a workspace of its own and deletes it afterwards."""

from __future__ import annotations

from collections import Counter
from typing import Any

from mock_server.admin.fields import Fields
from mock_server.checks.auth import Workspace
from mock_server.checks.rate_limit import describe
from mock_server.services import Mock
from mock_server.workspaces import new_callers
from mock_server.workspaces import read_limit as rate_limit


def create_workspace(mock: Mock, fields: Fields) -> dict[str, Any]:
    """Make a workspace as ordered and return `{id, name, credentials: {name: credential}}`. Raises Invalid."""
    workspace_id = mock.services.ids.new("wrks")
    name = fields.name("name", workspace_id)
    if mock.services.directory.workspace(name) is not None:
        fields.fail("name", "value", "must be a name that no other workspace has")
    workspace = Workspace(
        id=workspace_id,
        name=name,
        default_private=fields.boolean("default_private", default=False),
        rate_limit=fields.parsed("rate_limit", None, rate_limit),
    )
    for_each_credential = fields.parsed("credential_rate_limit", None, rate_limit)
    fields.finish()
    callers = new_callers(workspace, for_each_credential)
    mock.services.directory.change(lambda known: (*known, *callers))
    return {"id": workspace.id, "name": name, "credentials": {one.name: one.credential for one in callers}}


def list_workspaces(mock: Mock) -> list[dict[str, Any]]:
    """Return the workspaces with the names of their credentials and the number of their engagements."""
    directory = mock.services.directory
    engagements = Counter(workspace_id for (workspace_id, _), _ in mock.state.store.all())
    return [
        {
            "id": workspace.id,
            "name": workspace.name,
            "default_private": workspace.default_private,
            "rate_limit": describe(workspace.rate_limit) if workspace.rate_limit else None,
            "credentials": [one.name for one in directory.callers if one.workspace.id == workspace.id],
            "engagements": engagements[workspace.id],
        }
        for workspace in directory.workspaces.values()
    ]
