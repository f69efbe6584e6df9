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
from werkzeug.exceptions import HTTPException
from werkzeug.exceptions import MethodNotAllowed as WrongMethod

from mock_server import admin, body
from mock_server.pipeline import Request, create_engagement
from mock_server.problems import MEDIA_TYPE, InternalError, Malformed, MethodNotAllowed, NotFound, Problem
from mock_server.services import Mock
from mock_server.settings import Settings
from mock_server.trace import Trace

PATH = "/api/v2/engagements"
SERVER_NAME = f"engagement-contract-kit/{version('engagement-contract-kit')}"
API_VERSION = "v2"

log = logging.getLogger("mock_server")
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def create_app(settings: Settings | None = None, mock: Mock | None = None) -> Flask:
    """Return the application of a mock: a new one with these settings, or one that exists."""
    mock = mock or Mock(settings or Settings())
    app = Flask("mock_server", static_folder=None)
    app.extensions["mock_server"] = mock
    app.url_map.merge_slashes = False  # Flask answers `//` with an HTML redirect otherwise
    app.before_request(_begin)
    app.after_request(_finish)
    app.register_error_handler(Exception, _problem)
    app.register_blueprint(admin.blueprint(mock))

    def create() -> Response:
        g.trace = Trace()
        reply = create_engagement(_request(), mock.services, mock.state, g.trace)
        return Response(_json(mock.services.present(reply.engagement)), reply.status, mimetype="application/json")

    app.add_url_rule(PATH, "create_engagement", create, methods=["POST"], provide_automatic_options=False)
    return app


def _request() -> Request:
    environ = request.environ
    chunked = bool(environ.get("wsgi.input_terminated"))
    stream = environ["wsgi.input"] if chunked or request.content_length is not None else io.BytesIO()
    return Request(
        authorization=environ.get("HTTP_AUTHORIZATION"),
        content_type=environ.get("CONTENT_TYPE"),
        content_encoding=environ.get("HTTP_CONTENT_ENCODING"),
        read=lambda: body.read(stream, request.content_length),
    )


def _begin() -> None:
    g.started = time.perf_counter()
    if request.environ.get("PATH_INFO", "").startswith("//"):  # werkzeug drops these; a wrong base URL must show here
        raise _unknown_path()


def _finish(response: Response) -> Response:
    response.headers["X-Api-Version"] = API_VERSION
    response.headers["X-Mock-Server"] = SERVER_NAME
    if log.isEnabledFor(logging.INFO):
        log.info(
            "%s %s %d%s %.1f ms",
            request.method,
            ascii(request.path)[1:-1],  # whatever a client puts into a path stays on one line of the log
            response.status_code,
            _reasons(g.get("problem")),
            (time.perf_counter() - g.started) * 1000,
        )
    return response


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
    services = _mock().services
    content = _json(services.render(problem, services.ids.new("rid")))
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
    return _ENCODER.encode(document)


def _mock() -> Mock:
    mock: Mock = current_app.extensions["mock_server"]
    return mock
