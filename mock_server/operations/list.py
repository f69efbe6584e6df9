"""List engagements: those that the caller may see, page by page. Rules: LIST-1 to LIST-16.

A page is read as of the instant of the first page, which the cursor holds: see pagination.py. It looks at one
engagement after the other until it is full. So it costs the same in a store of any size, unless most of what is there
is private to others, or does not fit the filters: the page goes past all of that.
"""

from __future__ import annotations

from itertools import islice

from mock_server import spec
from mock_server.checks import parameters
from mock_server.checks.auth import READ, Caller
from mock_server.checks.parameters import Query
from mock_server.clock import rfc3339
from mock_server.operations import admission
from mock_server.operations.admission import admit
from mock_server.operations.expansion import MEMBERS, expanded, require_scopes
from mock_server.operations.filters import FILTERS, Row
from mock_server.operations.operation import Operation, Reply, Request
from mock_server.operations.visibility import visible
from mock_server.pagination import Cursor, in_order
from mock_server.problems import BadParameters, FieldError, counted
from mock_server.processing import Processing
from mock_server.services import Services
from mock_server.state import State
from mock_server.store import CreationOrder
from mock_server.trace import Trace

LIMIT = spec.document()["components"]["parameters"]["Limit"]["schema"]
NEWEST_FIRST, OLDEST_FIRST = ORDERS = ("updated_at:desc", "updated_at:asc")
LONGEST_CURSOR = 1000  # characters
READERS = {
    "limit": parameters.whole_number(LIMIT["minimum"], LIMIT["maximum"]),
    "cursor": parameters.text_of(LONGEST_CURSOR),
    "order_by": parameters.one_of(ORDERS),
    "expand": parameters.some_of(MEMBERS),
    **{name: one.read for name, one in FILTERS.items()},
}
ALWAYS = ("READ-2", "LIST-1", "LIST-2", "LIST-3", "LIST-10")  # the rules that every page keeps
RULES = {"cursor": "LIST-4", "expand": "LIST-12", **{name: one.rule for name, one in FILTERS.items()}}


def list_engagements(request: Request, services: Services, state: State, trace: Trace) -> Reply:
    """Return a page of engagements, and the cursor of the next one. Raises Problem."""
    caller, _ = admit(request, READ, services, state, trace)
    engagements = state.store.by_creation(caller.workspace.id)
    with trace.step("parameters") as step:
        query = parameters.read(request.query, READERS, "LIST-13", refuse_unknown=services.refuses_unknown)
        trace.ignored = query.ignored
        list_of = _identity(query, caller)
        cursor = _cursor(query, list_of, engagements, services)
        step.note(str(query))
    members = query.get("expand", ())
    require_scopes(caller, members, trace)
    with trace.step("page") as step:
        rows, more = _page(query, caller, engagements, cursor, services.processing)
        step.note(f"{counted(len(rows), 'engagement')} as of {rfc3339(cursor.as_of)}")
    trace.kept = (*ALWAYS, *(RULES[name] for name in query.values if name in RULES))
    shown = [
        services.present(row.engagement, cursor.as_of)
        | expanded(row.engagement, members, request, services, cursor.as_of)
        for row in rows
    ]
    next_cursor = services.cursors.write(cursor, rows[-1].position, list_of) if more else None
    return Reply(200, {"object": "list", "data": shown, "has_more": more, "next_cursor": next_cursor})


def _identity(query: Query, caller: Caller) -> tuple[object, ...]:
    """Return what makes a list. A cursor goes on with the same one: the same workspace, order and filters."""
    chosen = tuple(sorted((name, repr(value)) for name, value in query.values.items() if name in FILTERS))
    return caller.workspace.id, query.get("order_by", NEWEST_FIRST), chosen


def _cursor(query: Query, list_of: tuple[object, ...], engagements: CreationOrder, services: Services) -> Cursor:
    """Return where the page begins. Raises BadParameters if the cursor is none of this list."""
    if (sent := query.get("cursor", None)) is None:
        return Cursor(services.clock.now(), len(engagements))
    try:
        return services.cursors.read(sent, list_of)
    except ValueError as error:
        raise BadParameters([FieldError("cursor", "value", str(error), "LIST-15")]) from None


def _page(
    query: Query, caller: Caller, engagements: CreationOrder, cursor: Cursor, processing: Processing
) -> tuple[list[Row], bool]:
    """Return the rows of a page, and whether there are more behind them."""
    descending = query.get("order_by", NEWEST_FIRST) == NEWEST_FIRST
    chosen = [(FILTERS[name].fits, value) for name, value in query.values.items() if name in FILTERS]
    rows = (
        Row(engagement, position, processing.stage(engagement, cursor.as_of).status)
        for position, engagement in in_order(engagements, processing, cursor, descending=descending)
    )
    fitting = (
        row for row in rows if visible(row.engagement, caller) and all(fits(row, wanted) for fits, wanted in chosen)
    )
    limit = query.get("limit", LIMIT["default"])
    found = list(islice(fitting, limit + 1))
    return found[:limit], len(found) > limit


OPERATION = Operation("GET", "/v2/engagements", list_engagements, (*admission.STEPS, "parameters", "expand", "page"))
