"""What the suite makes of refusals (IDEM-9): of one that never came, and of an engagement that did not stay."""

from __future__ import annotations

from dataclasses import replace

import pytest

from contract.exchange import Request, Response
from contract.outcome import Violation
from contract.run.profile import Profile
from contract.run.runner import run_suite
from contract.run.session import open_session
from contract.suite.test_idempotency import test_a_refusal_is_not_shared as shares_no_refusal
from contract.target.clock import PaperClock
from contract.target.config import Config, Credential
from contract.target.rehearsal import Rehearsal
from tests.kit.targets import Make, Scripted, engagement, problem

EVERYBODY = {name: Credential(name, f"sk-apik_{name}.of-the-test") for name in ("writer", "reader", "private_reader")}


class Lax(Rehearsal):
    """Takes a text for a boolean."""

    def send(self, request: Request) -> Response:
        """Answer one request."""
        document = request.body.document
        lax = isinstance(document, dict) and isinstance(document.get("run_workflows"), str)
        return super().send(replace(request, expect="created") if lax else request)


def test_a_kind_that_the_target_accepts_leaves_the_others_tested(config: Config) -> None:
    """What it takes has a rule of its own. The key is free after all other refusals."""
    config = replace(config, credentials=EVERYBODY)
    session = open_session(config, Profile(), ["BODY-5", "IDEM-9"], transport=Lax(), clock=PaperClock())
    run_suite(session)
    assert {result.rule.id: result.verdict for result in session.run().results} == {"BODY-5": "fail", "IDEM-9": "pass"}


@pytest.mark.parametrize("read", [problem(404), engagement(2, 200)], ids=["gone", "there"])
def test_an_engagement_that_a_refusal_took_along_is_missed(make: Make, read: Response) -> None:
    """A burst is answered with an engagement, and the next submission with another: the first one has to be there."""

    def answered(request: Request) -> Response:
        if not request.submits:
            return read
        if request.expect == "refused":
            return problem(422)
        return engagement(3) if request.expect == "replayed" else engagement(2, 200)

    client = make(Scripted(engagement(1), answered), credentials=EVERYBODY)
    client.anchor = client.submit(client.submission())
    client.offers = {"read"}
    if read.ok:
        shares_no_refusal(client)
        return
    with pytest.raises(Violation) as caught:
        shares_no_refusal(client)
    assert caught.value.rule == "IDEM-9"
