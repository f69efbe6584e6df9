"""Flask around the pipeline: request in, reply out, the one error handler. It holds no rule of the API.

`create_app` returns a plain WSGI application that any server can host.
"""

from __future__ import annotations

import io
import json
import logging
import time
from importlib.metadata import version

from flask import Flask, Response, current_app, g, request
from flask.json.provider import DefaultJSONProvider
from werkzeug.exceptions import HTTPException
from werkzeug.exceptions import MethodNotAllowed as WrongMethod

from mock_server import body
from mock_server.admin import routes as admin
from mock_server.admin.journal import Exchange
from mock_server.admin.tenants import forget
from mock_server.pipeline import Request, create_engagement
from mock_server.problems import MEDIA_TYPE, InternalError, Malformed, MethodNotAllowed, NotFound, Problem
from mock_server.services import Mock, State
from mock_server.settings import Settings
from mock_server.trace import Trace

PATH = "/api/v2/engagements"
ADMIN = "/__admin"
SERVER_NAME = f"engagement-contract-kit/{version('engagement-contract-kit')}"
API_VERSION = "v2"

log = logging.getLogger("mock_server")


def create_app(settings: Settings | None = None, mock: Mock | None = None) -> Flask:
    """Return the application of a mock: a new one with these settings, or one that exists."""
    mock = mock or Mock(settings or Settings())
    app = Flask("mock_server", static_folder=None)
    app.extensions["mock_server"] = mock
    app.json = _in_order(app)
    app.url_map.merge_slashes = False  # Flask answers `//` with an HTML redirect otherwise
    app.before_request(_begin)
    app.after_request(_finish)
    app.register_error_handler(Exception, _problem)
    admin.register(app, mock)

    def create() -> Response:
        reply = create_engagement(_request(), mock.services, g.state, g.trace)
        return Response(_json(mock.services.present(reply.engagement)), reply.status, mimetype="application/json")

    app.add_url_rule(PATH, "create_engagement", create, methods=["POST"], provide_automatic_options=False)
    return app


def _in_order(app: Flask) -> DefaultJSONProvider:
    """Return a writer of JSON that leaves members in the order in which they tell a story."""
    provider = DefaultJSONProvider(app)
    provider.sort_keys = False
    return provider


def _request() -> Request:
    environ = request.environ
    chunked = bool(environ.get("wsgi.input_terminated"))
    stream = environ["wsgi.input"] if chunked or request.content_length is not None else io.BytesIO()
    return Request(
        authorization=request.headers.get("Authorization"),
        content_type=request.headers.get("Content-Type"),
        content_encoding=request.headers.get("Content-Encoding"),
        read=lambda: _read(stream),
        prefer=request.headers.get("Prefer"),
        method=request.method,
        path=request.path,
        connection=environ.get("mock_server.connection"),
    )


def _read(stream: body.Readable) -> bytes:
    raw = g.body = body.read(stream, request.content_length)
    return raw


def _begin() -> None:
    g.started = time.perf_counter()
    g.at = _mock().services.clock.now()
    g.state = _mock().state
    g.trace = Trace()
    if request.environ.get("PATH_INFO", "").startswith("//"):  # werkzeug drops these; a wrong base URL must show here
        raise _unknown_path()


def _finish(response: Response) -> Response:
    response.headers["X-Api-Version"] = API_VERSION
    response.headers["X-Mock-Server"] = SERVER_NAME
    seconds = time.perf_counter() - g.started
    if not f"{request.path}/".startswith(ADMIN + "/"):
        _record(response, seconds)
    if log.isEnabledFor(logging.INFO):
        log.info(
            "%s %s %d%s %.1f ms",
            request.method,
            ascii(request.path)[1:-1],  # whatever a client puts into a path stays on one line of the log
            response.status_code,
            _reasons(g.get("problem")),
            seconds * 1000,
            extra={"request": _log_fields(response, seconds)},
        )
    return response


def _record(response: Response, seconds: float) -> None:
    """Write the request into the records of the state it was served in."""
    state: State = g.state
    if state.records is None:
        return
    exchange = Exchange(
        id=_request_id(),
        at=g.at,
        method=request.method,
        path=request.path,
        environ=request.environ,
        body=g.get("body"),
        status=response.status_code,
        problem=g.get("problem"),
        trace=g.trace,
        seconds=seconds,
    )
    state.records.add(exchange)
    caller = g.trace.caller
    if caller is not None and caller.workspace.id not in _mock().services.directory.workspaces:
        forget(state, caller.workspace.id)  # it was deleted meanwhile: nothing of it may stay


def _request_id() -> str:
    """Return the id under which the request in hand is found in the journal, and which a problem shows."""
    if "request_id" not in g:
        g.request_id = _mock().services.ids.new("rid")
    request_id: str = g.request_id
    return request_id


def _log_fields(response: Response, seconds: float) -> dict[str, object]:
    problem: Problem | None = g.get("problem")
    return {
        "request_id": g.get("request_id"),
        "method": request.method,
        "path": request.path,
        "status": None if g.trace.silent else response.status_code,
        "rule": problem.rule if problem else None,
        "duration_ms": round(seconds * 1000, 3),
    }


def _reasons(problem: Problem | None) -> str:
    """Say in the log why a request was refused: the rules, never a value that was sent."""
    if problem is None:
        return ""
    rules = [f"{error.rule} {error.field} {error.code}" for error in problem.errors] or [problem.rule or problem.slug]
    return f" ({', '.join(rules)})"


def _problem(error: Exception) -> Response:
    """Render whatever went wrong as a problem."""
    problem = _as_problem(error)
    g.problem = problem
    content = _json(_mock().services.render(problem, _request_id()))
    return Response(content, problem.status, problem.headers, content_type=MEDIA_TYPE)


def _as_problem(error: Exception) -> Problem:
    match error:
        case Problem():
            return error
        case WrongMethod():
            return MethodNotAllowed(list(error.valid_methods or ()))
        case HTTPException(code=404):
            return _unknown_path()
        case HTTPException(code=int(code)) if code < 500:  # noqa: PLR2004  werkzeug's other refusals of a request
            return Malformed("The request cannot be read.", rule="BODY-15")
    log.error("unexpected error", exc_info=error)
    return InternalError()


def _unknown_path() -> NotFound:
    return NotFound(f"Nothing is served at this path. The operation is POST {PATH}.", rule="ERR-9")


def _json(document: dict[str, object]) -> str:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def _mock() -> Mock:
    mock: Mock = current_app.extensions["mock_server"]
    return mock
