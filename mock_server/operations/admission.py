"""The steps that all operations of the API begin with. Rules: AUTH-1 to AUTH-8, SCOPE-1 to SCOPE-7, READ-2, ERR-7."""

from __future__ import annotations

from mock_server.checks.auth import Caller, Scope, require
from mock_server.checks.prefer import preferred
from mock_server.faults.faults import FaultSubject
from mock_server.faults.orders import BEFORE_AUTH
from mock_server.operations.operation import Request
from mock_server.problems import Unauthorized
from mock_server.services import Services
from mock_server.state import State
from mock_server.trace import INJECTED, PASSED, Trace

STEPS = ("authenticate", "scope", "rate_limit")


def admit(
    request: Request, scope: Scope, services: Services, state: State, trace: Trace
) -> tuple[Caller, FaultSubject]:
    """Return who is calling, and the request as faults see it. Raises Problem: 401, 403, 429, or what was asked for."""
    subject = _subject(request, services, trace)
    state.faults.meet(subject, BEFORE_AUTH)
    _prefer(request, scope, trace)
    with trace.step("authenticate") as step:
        caller = trace.caller = services.directory.authenticate(request.authorization)
        step.note(f"{caller.name} of workspace {caller.workspace.name}")
    with trace.step("scope") as step:
        trace.scopes = (scope.name,)
        require(caller, scope)
        step.note(f"the credential has {scope.name}")
    with trace.step("rate_limit") as step:
        step.note(state.limiter.hit(caller))
    return caller, subject


def _subject(request: Request, services: Services, trace: Trace) -> FaultSubject:
    """Return the request as faults see it."""

    def peek() -> Caller | None:
        try:
            return services.directory.authenticate(request.authorization)
        except Unauthorized:
            return None

    return FaultSubject(request.method, request.path, request.connection, trace, peek)


def _prefer(request: Request, scope: Scope, trace: Trace) -> None:
    """Answer as the client asked for. What is not applied of its wishes is noted."""
    if not request.prefer:
        return
    problem, note = preferred(request.prefer, scope)
    with trace.step("prefer", PASSED if problem is None else INJECTED) as step:
        if note:
            step.note(note)
        if problem is not None:
            raise problem
