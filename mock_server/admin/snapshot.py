"""A snapshot: everything that answers depend on, as one JSON document.

It holds clock, workspaces, engagements, faults, rate limits and endpoints of webhooks. It shows credentials only of
workspaces that were made through the control plane; elsewhere they are worth nothing. Of endpoints, too, it holds those
that were made through the control plane, with their secrets. Credentials that the server was started with are only
named, so only a server that has them too can restore a snapshot. The records (journal, ledger, coverage, deliveries)
are left out, because they tell what happened to one server.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from mock_server.admin.faults import show_fault
from mock_server.admin.webhooks import show_endpoint
from mock_server.checks.auth import Caller, Workspace
from mock_server.checks.rate import Rate
from mock_server.clock import rfc3339
from mock_server.services import Mock
from mock_server.store import Engagement
from mock_server.transcripts import Transcript

VERSION = 1


def take(mock: Mock) -> dict[str, Any]:
    """Return the document."""
    cut = mock.cut()
    configured = {one.credential for one in mock.settings.callers}
    own = {one.id for one in mock.settings.endpoints}
    spaces = {one.workspace.id: one.workspace for one in cut.callers}
    return {
        "version": VERSION,
        "at": rfc3339(cut.now),
        "clock": {"offset_seconds": cut.offset.total_seconds(), "frozen": _instant(cut.frozen_at)},
        "workspaces": [_workspace(space, cut.callers, configured) for space in spaces.values()],
        "engagements": [_engagement(stored) for stored in cut.engagements],
        "faults": [show_fault(fault, struck, cut.now.timestamp()) for fault, struck in cut.faults],
        "webhooks": [show_endpoint(one, one.secret) for one in cut.endpoints if one.id not in own],
        "rate_limits": [
            {"workspace": workspace, "credential_name": name, "count": count, "ends": ends}
            for (workspace, name), (count, ends) in cut.windows.items()
        ],
    }


def _instant(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()  # to the microsecond, unlike what the API shows


def _workspace(space: Workspace, callers: tuple[Caller, ...], configured: set[str]) -> dict[str, Any]:
    own = [one for one in callers if one.workspace.id == space.id]
    return {
        "id": space.id,
        "name": space.name,
        "configured": any(one.credential in configured for one in own),
        "default_private": space.default_private,
        "rate_limit": _limit(space.rate_limit),
        "credentials": [
            {"name": one.name}
            if one.credential in configured
            else {
                "name": one.name,
                "credential": one.credential,
                "user": one.user,
                "scopes": sorted(one.scopes),
                "rate_limit": _limit(one.rate_limit),
            }
            for one in own
        ],
    }


def _limit(limit: Rate | None) -> str | None:
    return None if limit is None else str(limit)


def _engagement(stored: Engagement) -> dict[str, Any]:
    sent, transcript = stored.submission, stored.transcript
    return {
        "id": stored.id,
        "workspace": stored.owner.workspace.id,
        "credential_name": stored.owner.name,
        "external_id": sent.external_id,
        "type": sent.type,
        "title": sent.title,
        "source_system": sent.source_system,
        "media_url": sent.media_url.text,
        "run_workflows": sent.run_workflows,
        "sent_start_at": _instant(sent.start_at),
        "sent_is_private": sent.is_private,
        "participants": [{"name": person.name, "email": person.email} for person in sent.participants],
        "transcript": None if transcript is None else _transcript(transcript),
        "is_private": stored.is_private,
        "created_at": _instant(stored.created_at),
        "start_at": _instant(stored.start_at),
        "duration_seconds": stored.duration_seconds,
    }


def _transcript(kept: Transcript) -> dict[str, Any]:
    return {
        "characters": kept.characters,
        "size": kept.size,
        "sha256": kept.sha256,
        "complete": kept.complete,
        "text": kept.text(),
    }
