"""Workspaces as JSON. A test asks for a workspace of its own and deletes it afterwards."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Any

from pydantic import AfterValidator, ValidationInfo

from mock_server.checks.auth import Workspace
from mock_server.faults.orders import context_of
from mock_server.reading import Model, Name
from mock_server.services import Mock
from mock_server.workspaces import RateLimit, new_callers


def _free(name: str, info: ValidationInfo) -> str:
    if context_of(info).workspace(name) is not None:
        raise ValueError("must be a name that no other workspace has")
    return name


class WorkspaceOrder(Model):
    """A new workspace. Without a name it is called by its id."""

    name: Annotated[Name, AfterValidator(_free)] | None = None
    default_private: bool = False
    rate_limit: RateLimit | None = None
    credential_rate_limit: RateLimit | None = None


def create_workspace(mock: Mock, order: WorkspaceOrder) -> dict[str, Any]:
    """Make a workspace as ordered and return `{id, name, credentials: {name: credential}}`."""
    workspace_id = mock.services.ids.new("wrks")
    workspace = Workspace(workspace_id, order.name or workspace_id, order.default_private, order.rate_limit)
    callers = new_callers(workspace, order.credential_rate_limit)
    mock.services.directory.change(lambda known: (*known, *callers))
    return {"id": workspace.id, "name": workspace.name, "credentials": {one.name: one.credential for one in callers}}


def list_workspaces(mock: Mock) -> list[dict[str, Any]]:
    """Return the workspaces with the names of their credentials and the number of their engagements."""
    directory = mock.services.directory
    engagements = Counter(workspace_id for (workspace_id, _), _ in mock.state.store.all())
    return [
        {
            "id": workspace.id,
            "name": workspace.name,
            "default_private": workspace.default_private,
            "rate_limit": workspace.rate_limit.in_words if workspace.rate_limit else None,
            "credentials": [one.name for one in directory.callers if one.workspace.id == workspace.id],
            "engagements": engagements[workspace.id],
        }
        for workspace in directory.workspaces.values()
    ]
