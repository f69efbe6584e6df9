"""The mock as a Flask application: request in, reply out, one error handler. It holds no rule of the API.

`create_app` returns a plain WSGI application that any server can host.
"""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Mapping
from functools import partial
from importlib.metadata import version
from typing import Any

from flask import Flask, Response, g, request
from flask.json.provider import DefaultJSONProvider
from werkzeug.exceptions import HTTPException
from werkzeug.exceptions import MethodNotAllowed as WrongMethod
from werkzeug.wsgi import get_host

from mock_server.admin import routes as admin
from mock_server.admin.orders import MAX_SNAPSHOT_BYTES
from mock_server.checks import body
from mock_server.checks.auth import Caller
from mock_server.config import Settings
from mock_server.current_request import CurrentRequest
from mock_server.logs import RequestLine
from mock_server.operations import BESIDE, OPERATIONS
from mock_server.operations.operation import Operation, Request
from mock_server.problems import MEDIA_TYPE, InternalError, Malformed, MethodNotAllowed, NotFound, Problem
from mock_server.records.entry import Answer, Body, Exchange, body_of, headers_of, shown_headers
from mock_server.services import Mock

BASE = "/api"
SERVER_NAME = f"engagement-contract-kit/{version('engagement-contract-kit')}"
EVERYWHERE = (("X-Api-Version", "v2"), ("X-Mock-Server", SERVER_NAME))  # headers of every answer

log = logging.getLogger("mock_server")


def create_app(settings: Settings | None = None, mock: Mock | None = None) -> Flask:
    """Return the application of a mock: a new one with these settings, or one that exists."""
    mock = mock or Mock(settings or Settings())
    app = Flask("mock_server", static_folder=None)
    app.extensions["mock_server"] = mock
    app.json = _in_order(app)
    app.url_map.merge_slashes = False  # Flask answers `//` with an HTML redirect otherwise
    app.before_request(partial(_begin, mock))
    app.after_request(_end)
    app.register_error_handler(Exception, _render)
    for base, operations in ((BASE, OPERATIONS), ("", BESIDE)):
        for operation in operations:
            app.add_url_rule(
                base + operation.path,
                operation.run.__name__,
                partial(_run, operation),
                methods=[operation.method],
                provide_automatic_options=False,
            )
    admin.register(app, mock)
    return app


def body_limit(path: str) -> int:
    """Return how many bytes of a body are taken at a path: a snapshot may be larger than a submission."""
    return MAX_SNAPSHOT_BYTES if path == admin.PREFIX + "/snapshot" else body.MAX_BYTES


def _begin(mock: Mock) -> None:
    """Note when a request came and which state it works in."""
    g.current = CurrentRequest(mock, mock.state, mock.services.clock.now(), request.environ, request.path)
    if request.environ.get("PATH_INFO", "").startswith("//"):  # werkzeug drops these; a wrong base URL must show here
        raise _unknown_path(mock)


def _run(operation: Operation, **parameters: str) -> Response:
    """Answer a request for an operation. `parameters` are those of the path."""
    current: CurrentRequest = g.current
    current.trace.plan = operation.steps
    reply = operation.run(_request(current, parameters), current.mock.services, current.state, current.trace)
    if reply.document is None:
        return Response(reply.content, reply.status, reply.headers)
    return Response(_json(reply.document), reply.status, reply.headers, content_type="application/json")


def _end(response: Response) -> Response:
    """Hand the request and its answer to the records and the log."""
    for name, value in EVERYWHERE:
        response.headers.add(name, value)
    current: CurrentRequest = g.current
    seconds = current.seconds
    _record(current, response, seconds)
    log.info(RequestLine(current, response.status_code, seconds))
    return response


def _in_order(app: Flask) -> DefaultJSONProvider:
    """Return a writer of JSON that leaves members in the order in which they were added."""
    provider = DefaultJSONProvider(app)
    provider.sort_keys = False
    return provider


def _request(current: CurrentRequest, parameters: dict[str, str]) -> Request:
    environ = current.environ
    announced = environ.get("CONTENT_LENGTH", "")
    length = int(announced) if announced.isascii() and announced.isdigit() else None
    chunked = bool(environ.get("wsgi.input_terminated"))
    stream = environ["wsgi.input"] if chunked or length is not None else io.BytesIO()

    def read() -> bytes:
        current.body = body.read(stream, length)
        return current.body

    return Request(
        authorization=environ.get("HTTP_AUTHORIZATION"),
        content_type=environ.get("CONTENT_TYPE"),
        content_encoding=environ.get("HTTP_CONTENT_ENCODING"),
        read=read,
        prefer=environ.get("HTTP_PREFER"),
        method=environ["REQUEST_METHOD"],
        path=current.path,
        connection=environ.get("mock_server.connection"),
        parameters=parameters,
        query=environ.get("QUERY_STRING", ""),
        if_none_match=environ.get("HTTP_IF_NONE_MATCH"),
        origin=partial(_origin, environ),
    )


def _origin(environ: dict[str, Any]) -> str:
    """Return scheme and authority of the server as the client knows them."""
    host = get_host(environ) or f"{environ['SERVER_NAME']}:{environ['SERVER_PORT']}"
    return f"{environ['wsgi.url_scheme']}://{host}"


def _record(current: CurrentRequest, response: Response, seconds: float) -> None:
    """Hand a request to the records, if there are any. Requests to the control plane are not recorded."""
    if current.state.records is None or f"{current.path}/".startswith(admin.PREFIX + "/"):
        return
    current.state.records.add(_exchange(current, response, seconds))
    caller = current.trace.caller
    if caller is not None and caller.workspace.id not in current.mock.services.directory.workspaces:
        current.state.forget(caller.workspace.id)  # the workspace was deleted during the request


def _exchange(current: CurrentRequest, response: Response, seconds: float) -> Exchange:
    """Return what the records are to know of a request."""
    headers = shown_headers(response.headers.items())
    return Exchange(
        id=current.id,
        at=current.at,
        method=current.environ["REQUEST_METHOD"],
        path=current.path,
        headers=headers_of(current.environ),
        body=_sent(current),
        answer=Answer(response.status_code, headers, body_of(response.get_data()), current.trace.cut),
        problem=current.problem,
        trace=current.trace,
        seconds=seconds,
        sender=_sender(current),
        began=current.started,
        query=current.environ.get("QUERY_STRING", "") if current.path.startswith(BASE + "/") else "",  # no signed links
    )


def _sender(current: CurrentRequest) -> Caller | None:
    """Return whose credential a request carries, also if it was answered before it was authenticated."""
    try:
        directory = current.mock.services.directory
        return current.trace.caller or directory.authenticate(current.environ.get("HTTP_AUTHORIZATION"))
    except Problem:  # of whatever kind: nobody is known then
        return None


def _sent(current: CurrentRequest) -> Body | None:
    """Return what is kept of the body, also if the request was answered before its body was read."""
    raw, stream = current.body, current.environ["wsgi.input"]
    if raw is None and type(stream) is io.BytesIO and stream.getbuffer().nbytes <= body.MAX_BYTES:  # whole, and here
        raw = stream.getvalue() or None
    return None if raw is None else body_of(raw)


def _render(error: Exception) -> Response:
    """Answer with whatever went wrong, as a problem."""
    current: CurrentRequest = g.current
    problem = current.problem = _as_problem(error, current.mock)
    content = _json(current.mock.services.render(problem, current.id))
    error.__traceback__ = error.__context__ = None  # else the frames form a cycle that keeps the body
    return Response(content, problem.status, problem.headers, content_type=MEDIA_TYPE)


def _as_problem(error: Exception, mock: Mock) -> Problem:
    match error:
        case Problem():
            return error
        case WrongMethod():
            return MethodNotAllowed(list(error.valid_methods or ()))
        case HTTPException(code=404):
            return _unknown_path(mock)
        case HTTPException(code=int(code)) if code < 500:  # noqa: PLR2004  werkzeug's other refusals of a request
            return Malformed("The request cannot be read.")  # as HTTP, of which no rule speaks
    log.error("unexpected error", exc_info=error)
    return InternalError()


def _unknown_path(mock: Mock) -> NotFound:
    offered = ", ".join(f"{operation.method} {BASE}{operation.shown_path}" for operation in OPERATIONS)
    inspector = f" A page that shows what happens here is {admin.PREFIX}/." if mock.settings.admin == "on" else ""
    return NotFound(f"Nothing is served at this path. The operations are {offered}.{inspector}", rule="ERR-9")


def _json(document: Mapping[str, object]) -> bytes:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
