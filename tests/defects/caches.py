"""Defects of caches before reads: what is kept too long, or for too many."""

from __future__ import annotations

from typing import Any
from wsgiref.types import WSGIApplication

from mock_server.services import Mock
from tests.defects.reading import PATH, handled
from tests.defects.seams import Answer, Handler, Sent, defect


def _of_one(sent: Sent, answer: Answer) -> bool:
    path = sent.environ["PATH_INFO"]
    return sent.environ["REQUEST_METHOD"] == "GET" and path.startswith(f"{PATH}/") and answer.status == 200


def _by_path(_: Mock) -> Handler:
    """Answer with what another reader was shown, once processing has ended. Expansions are not kept."""
    kept: dict[str, Answer] = {}

    def handle(sent: Sent, app: WSGIApplication) -> Answer:
        if sent.environ.get("QUERY_STRING"):
            return sent.call(app)
        answer = kept.get(sent.environ["PATH_INFO"]) or sent.call(app)
        if _of_one(sent, answer) and answer.json["processing_status"] == "COMPLETED":
            kept[sent.environ["PATH_INFO"]] = answer
        return answer

    return handle


def _progress(_: Mock) -> Handler:
    """Show how far processing was in the first read."""
    kept: dict[str, dict[str, Any]] = {}

    def handle(sent: Sent, app: WSGIApplication) -> Answer:
        answer = sent.call(app)
        if not _of_one(sent, answer):
            return answer
        said = {name: answer.json[name] for name in ("processing_status", "updated_at")}
        return answer.but(**kept.setdefault(sent.environ["PATH_INFO"], said))

    return handle


DEFECTS = (
    defect("read-cached-by-path", "READ-2 READ-3 READ-6 AUTH-2 AUTH-3 AUTH-4",
           "A read of what is completed is kept by its path alone.", handled(_by_path)),
    defect("read-progress-kept", "READ-15", "How far processing is stays as it was in the first read.",
           handled(_progress)),
)  # fmt: skip
