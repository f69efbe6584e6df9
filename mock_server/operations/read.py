"""Read engagement: one engagement by its id, as it is now. Rules: READ-1 to READ-14."""

from __future__ import annotations

import hashlib
import json

from werkzeug.http import parse_etags

from mock_server.checks import parameters
from mock_server.checks.auth import READ, Caller
from mock_server.operations import admission
from mock_server.operations.admission import admit
from mock_server.operations.expansion import MEMBERS, expanded, require_scopes
from mock_server.operations.operation import Operation, Reply, Request
from mock_server.operations.visibility import kept_by, unseen, visible
from mock_server.services import Services
from mock_server.state import State
from mock_server.store import Engagement, Store
from mock_server.trace import Trace

LONGEST_MATCH = 4096  # characters of If-None-Match that are looked at: Werkzeug 3.1.3 reads long ones slowly
READERS = {"expand": parameters.some_of(MEMBERS)}


def read_engagement(request: Request, services: Services, state: State, trace: Trace) -> Reply:
    """Return an engagement, or 304 if the client has it already. Raises Problem."""
    caller, _ = admit(request, READ, services, state, trace)
    with trace.step("parameters") as step:
        query = parameters.read(request.query, READERS, "READ-9", refuse_unknown=services.refuses_unknown)
        trace.ignored = query.ignored
        step.note(str(query))
    members = query.get("expand", ())
    require_scopes(caller, members, trace)
    with trace.step("find"):
        engagement = trace.engagement = _find(state.store, request.parameters["engagement_id"], caller)
    now = services.clock.now()
    shown = services.present(engagement, now) | expanded(engagement, members, request, services, now)
    tag = _tag(shown)
    trace.kept = ("READ-1", "READ-2", "READ-11", *kept_by(engagement, caller), *(("READ-8",) if members else ()))
    if parse_etags((request.if_none_match or "")[:LONGEST_MATCH]).contains_weak(tag):
        trace.kept += ("READ-13",)
        return Reply(304, headers={"ETag": f'"{tag}"'})
    return Reply(200, shown, {"ETag": f'"{tag}"'})


def _find(store: Store, engagement_id: str, caller: Caller) -> Engagement:
    """Return the engagement with this id. Raises NotFound if there is none that the caller may see."""
    engagement = store.find(engagement_id)
    if engagement is None or not visible(engagement, caller):
        raise unseen(engagement, caller)
    return engagement


def _tag(shown: dict[str, object]) -> str:
    """Return the tag of what is shown. Another answer has another tag (READ-12)."""
    return hashlib.sha256(json.dumps(shown).encode()).hexdigest()[:32]


OPERATION = Operation(
    "GET", "/v2/engagements/<engagement_id>", read_engagement, (*admission.STEPS, "parameters", "expand", "find")
)
