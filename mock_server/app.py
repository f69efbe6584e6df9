"""Flask around the pipeline: request in, reply out, the one error handler. It holds no rule of the API.

`create_app` returns a plain WSGI application that any server can host.
"""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterable
from importlib.metadata import version
from typing import NamedTuple
from wsgiref.types import StartResponse, WSGIEnvironment

from flask import Flask, Response, g, request
from flask.json.provider import DefaultJSONProvider
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException
from werkzeug.exceptions import MethodNotAllowed as WrongMethod
from werkzeug.http import HTTP_STATUS_CODES

from mock_server.admin import routes as admin
from mock_server.admin.tenants import forget
from mock_server.checks import body
from mock_server.config import Settings
from mock_server.current_request import Visit
from mock_server.logs import RequestLine
from mock_server.operations.create import Request, create_engagement
from mock_server.problems import MEDIA_TYPE, InternalError, Malformed, MethodNotAllowed, NotFound, Problem
from mock_server.records.entry import Exchange, body_of, headers_of
from mock_server.services import Mock

PATH = "/api/v2/engagements"
ADMIN = "/__admin"
SERVER_NAME = f"engagement-contract-kit/{version('engagement-contract-kit')}"
API_VERSION = "v2"
EVERYWHERE = (("X-Api-Version", API_VERSION), ("X-Mock-Server", SERVER_NAME))  # headers of every answer

log = logging.getLogger("mock_server")
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


class Answer(NamedTuple):
    """An answer of the operation, before it gets the headers that all have."""

    status: int
    headers: list[tuple[str, str]]
    content: bytes

    @property
    def response(self) -> Response:
        """What Flask sends."""
        return Response(self.content, self.status, self.headers)


def create_app(settings: Settings | None = None, mock: Mock | None = None) -> Flask:
    """Return the application of a mock: a new one with these settings, or one that exists."""
    return Application(mock or Mock(settings or Settings()))


class Application(Flask):
    """The mock as a WSGI application. Each request becomes a visit, and leaves as an exchange in the records."""

    def __init__(self, mock: Mock) -> None:
        super().__init__("mock_server", static_folder=None)
        self._mock = self.extensions["mock_server"] = mock
        self.json = _in_order(self)
        self.url_map.merge_slashes = False  # Flask answers `//` with an HTML redirect otherwise
        self.register_error_handler(Exception, lambda error: _problem(g.visit, error).response)
        self.add_url_rule(PATH, "create_engagement", _view, methods=["POST"], provide_automatic_options=False)
        admin.register(self, mock)

    def wsgi_app(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request: the operation at once, everything else through Flask.

        What Flask does around a view was a third of a create (docs/decisions.md). The operation needs it only for
        hooks, if somebody has added some to this application.
        """
        if environ.get("PATH_INFO") != PATH or environ["REQUEST_METHOD"] != "POST" or self._has_hooks():
            return super().wsgi_app(environ, start_response)
        visit = self._begin(environ, PATH)
        try:
            answer = _create(visit)
        except Exception as error:  # noqa: BLE001  what Flask's error handler would get
            answer = _problem(visit, error)
        _end(visit, answer.status)
        status = f"{answer.status} {HTTP_STATUS_CODES.get(answer.status, 'Unknown').upper()}"
        start_response(status, [*answer.headers, ("Content-Length", str(len(answer.content))), *EVERYWHERE])
        return (answer.content,)

    def preprocess_request(self) -> ResponseReturnValue | None:
        """Begin a visit."""
        environ = request.environ
        g.visit = self._begin(environ, request.path)
        if environ.get("PATH_INFO", "").startswith("//"):  # werkzeug drops these; a wrong base URL must show here
            raise _unknown_path()
        return super().preprocess_request()

    def process_response(self, response: Response) -> Response:
        """End the visit."""
        response = super().process_response(response)
        response.headers.extend(EVERYWHERE)
        _end(g.visit, response.status_code)
        return response

    def _begin(self, environ: WSGIEnvironment, path: str) -> Visit:
        return Visit(self._mock, self._mock.state, self._mock.services.clock.now(), environ, path)

    def _has_hooks(self) -> bool:
        """Tell whether functions are to be called around every request, as extensions of Flask ask for."""
        return (
            None in self.before_request_funcs
            or None in self.after_request_funcs
            or None in self.teardown_request_funcs
            or bool(self.teardown_appcontext_funcs)
        )


def _view() -> Response:
    return _create(g.visit).response


def _create(visit: Visit) -> Answer:
    services = visit.mock.services
    reply = create_engagement(_request(visit), services, visit.state, visit.trace)
    return Answer(reply.status, [("Content-Type", "application/json")], _json(services.present(reply.engagement)))


def _end(visit: Visit, status: int) -> None:
    """Hand the visit to the records and the log."""
    seconds = visit.seconds
    _record(visit, status, seconds)
    if log.isEnabledFor(logging.INFO):
        log.info(RequestLine(visit, status, seconds))


def _in_order(app: Flask) -> DefaultJSONProvider:
    """Return a writer of JSON that leaves members in the order in which they tell a story."""
    provider = DefaultJSONProvider(app)
    provider.sort_keys = False
    return provider


def _request(visit: Visit) -> Request:
    environ = visit.environ
    announced = environ.get("CONTENT_LENGTH", "")
    length = int(announced) if announced.isascii() and announced.isdigit() else None
    chunked = bool(environ.get("wsgi.input_terminated"))
    stream = environ["wsgi.input"] if chunked or length is not None else io.BytesIO()

    def read() -> bytes:
        visit.body = body.read(stream, length)
        return visit.body

    return Request(
        authorization=environ.get("HTTP_AUTHORIZATION"),
        content_type=environ.get("CONTENT_TYPE"),
        content_encoding=environ.get("HTTP_CONTENT_ENCODING"),
        read=read,
        prefer=environ.get("HTTP_PREFER"),
        method=environ["REQUEST_METHOD"],
        path=visit.path,
        connection=environ.get("mock_server.connection"),
    )


def _record(visit: Visit, status: int, seconds: float) -> None:
    """Hand a request to the records, if anybody can read them. The control plane's own are none of their business."""
    if visit.state.records is None or f"{visit.path}/".startswith(ADMIN + "/"):
        return
    visit.state.records.add(_exchange(visit, status, seconds))
    caller = visit.trace.caller
    if caller is not None and caller.workspace.id not in visit.mock.services.directory.workspaces:
        forget(visit.state, caller.workspace.id)  # it was deleted meanwhile: nothing of it may stay


def _exchange(visit: Visit, status: int, seconds: float) -> Exchange:
    """Return what the records are to know of a request."""
    return Exchange(
        id=visit.id,
        at=visit.at,
        method=visit.environ["REQUEST_METHOD"],
        path=visit.path,
        headers=headers_of(visit.environ),
        body=None if visit.body is None else body_of(visit.body),
        status=status,
        problem=visit.problem,
        trace=visit.trace,
        seconds=seconds,
    )


def _problem(visit: Visit, error: Exception) -> Answer:
    """Render whatever went wrong as a problem."""
    problem = visit.problem = _as_problem(error)
    content = _json(visit.mock.services.render(problem, visit.id))
    # The frames that an error went through hold the body, and some a cycle: it may stay in the records for long.
    error.__traceback__ = error.__context__ = error.__cause__ = None
    return Answer(problem.status, [("Content-Type", MEDIA_TYPE), *problem.headers.items()], content)


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


def _json(document: dict[str, object]) -> bytes:
    return _ENCODER.encode(document).encode()
