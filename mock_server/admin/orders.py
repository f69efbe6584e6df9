"""Reads what is sent to the control plane. All mistakes are told at once, each with its place and what is accepted."""

from __future__ import annotations

import json
from itertools import islice
from typing import Any, TypeVar

from flask import request
from pydantic import ValidationError

from mock_server.checks import body
from mock_server.faults.orders import OrderContext
from mock_server.problems import FieldError, Invalid, Malformed
from mock_server.reading import Mistake, Model, mistakes
from mock_server.services import Mock

MAX_SNAPSHOT_BYTES = 256 * 1024 * 1024  # it may hold many transcripts
MAX_ERRORS = 100
M = TypeVar("M", bound=Model)


def sent_json(default: object = None, limit: int = body.MAX_BYTES) -> Any:
    """Return the JSON body of the present request, at most `limit` bytes, or else `default`. Raises Malformed."""
    length = request.content_length
    if not length and not request.environ.get("wsgi.input_terminated"):
        return default
    raw = body.read(request.environ["wsgi.input"], length, limit)
    body.check_headers(request.content_type, request.headers.get("Content-Encoding"))
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        raise Malformed("The body is not valid JSON.") from None


def read(model: type[M], document: object, context: OrderContext | None = None) -> M:
    """Return a document as its model. Raises Invalid."""
    try:
        return model.model_validate(document, context=context)
    except ValidationError as error:
        found = list(islice(mistakes(error, model), MAX_ERRORS))
        raise invalid(found, more=error.error_count() > MAX_ERRORS) from None


def invalid(found: list[Mistake], *, more: bool = False) -> Invalid:
    """Return the problem that tells these mistakes."""
    return Invalid([FieldError(_pointer(one), one.code, one.message) for one in found], more=more)


def order_context(mock: Mock) -> OrderContext:
    """Return what orders to a mock are checked against."""

    def workspace(name: str) -> str | None:
        found = mock.services.directory.workspace(name)
        return None if found is None else found.id

    return OrderContext(workspace, connected="mock_server.connection" in request.environ)


def _pointer(mistake: Mistake) -> str:
    """Return the place as a JSON Pointer (RFC 6901)."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in mistake.place)
