"""Forms of a valid submission that change nothing: which one a target refuses is said in its failure."""

from __future__ import annotations

from contract.exchange import Request, Response
from contract.run.profile import Profile
from contract.run.runner import run_suite
from contract.run.session import open_session
from contract.target.clock import PaperClock
from contract.target.config import Config
from contract.target.rehearsal import Rehearsal
from tests.kit.targets import reply


class NoChunks(Rehearsal):
    """Reads a body by its announced length alone."""

    def send(self, request: Request) -> Response:
        """Answer one request."""
        return reply(400, {"error": "bad json"}) if request.chunked else super().send(request)


def test_a_refused_form_is_named(config: Config) -> None:
    """The failure names the chunked body and shows the answer, also where that is no problem of the API's form."""
    session = open_session(config, Profile(), ["BODY-13"], transport=NoChunks(), clock=PaperClock())
    run_suite(session)
    (result,) = session.run().results
    (failure,) = result.failures
    assert "chunked" in failure.expected
    assert "bad json" in failure.actual
