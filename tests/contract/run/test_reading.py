"""What reading back rests on: that the target offers it, and an id; not everything that the target ever answered."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from contract.exchange import Request, Response
from contract.outcome import See, Violation
from contract.run.profile import Profile
from contract.run.reading import must_be_read, shown, watch
from contract.run.runner import run_suite
from contract.run.session import open_session
from contract.target.clock import PaperClock
from contract.target.config import Config, Credential
from contract.target.rehearsal import Rehearsal
from contract.target.transport import NoAnswer
from tests.kit.targets import Make, Scripted, engagement, failed, problem, reply

ROLES = ("writer", "reader", "private_reader", "noscope", "other_workspace")
EVERYBODY = {name: Credential(name, f"sk-apik_{name}.of-the-test") for name in ROLES}


class Careless(Rehearsal):
    """Takes a title of any type, and shows it as it came. A body that is a list makes it drop the connection."""

    def __init__(self, *, reads: bool) -> None:
        super().__init__()
        self._reads = reads

    def send(self, request: Request) -> Response:
        """Answer one request."""
        document = request.body.document
        if not request.submits and not self._reads:
            return reply(501, {})
        if isinstance(document, list):
            raise NoAnswer("the connection broke")
        if isinstance(document, dict) and not isinstance(document.get("title", ""), str):
            return super().send(replace(request, expect="created"))
        return super().send(request)


class Shows(Rehearsal):
    """Shows each engagement with other members; one that is `...` is left out."""

    def __init__(self, **members: Any) -> None:
        super().__init__()
        self._members = members

    def send(self, request: Request) -> Response:
        """Answer one request."""
        response = super().send(request)
        document = json.loads(response.content or b"null") if response.ok else None
        if not isinstance(document, dict):
            return response
        for one in document.get("data", [document]):
            one.update(self._members)
            for name in [name for name, value in one.items() if value is ...]:
                del one[name]
        return replace(response, content=json.dumps(document).encode())


def verdicts(config: Config, target: Rehearsal, *rules: str) -> dict[str, str]:
    """Return what a run on this target says of these rules."""
    config = replace(config, credentials=EVERYBODY)
    session = open_session(config, Profile(), rules, transport=target, clock=PaperClock())
    run_suite(session)
    return {result.rule.id: result.verdict for result in session.run().results}


def test_a_target_that_offers_no_reading_has_its_rules_as_not_applicable(config: Config) -> None:
    """That comes first, whatever is wrong with its answers, and leaves the rules on creates to their own tests."""
    rules = ("BODY-3", "RESP-1", "AUTH-2", "IDEM-2", "READ-1", "READ-7", "LIST-1")
    found = verdicts(config, Careless(reads=False), *rules)
    assert (found["BODY-3"], found["RESP-1"]) == ("fail", "fail")
    assert (found["AUTH-2"], found["IDEM-2"]) == ("pass", "pass")
    assert {found[name] for name in ("READ-1", "READ-7", "LIST-1")} == {"not_applicable"}


def test_what_is_wrong_with_one_answer_leaves_the_others_to_be_read(config: Config) -> None:
    """What a create of rubbish shows says nothing of the engagements that are read. A list may show it, too."""
    rules = ("BODY-3", "RESP-1", "AUTH-2", "IDEM-2", "READ-1", "READ-7", "LIST-1")
    found = verdicts(config, Careless(reads=True), *rules)
    assert (found["RESP-1"], found["LIST-1"]) == ("fail", "untested")
    assert {found[name] for name in ("AUTH-2", "IDEM-2", "READ-1", "READ-7")} == {"pass"}


def test_an_answer_that_does_not_come_repeats_no_credential(config: Config) -> None:
    """A target that drops a connection breaks ERR-4 alone."""
    assert verdicts(config, Careless(reads=True), "AUTH-6", "ERR-4") == {"AUTH-6": "untested", "ERR-4": "fail"}


def test_a_read_that_fails_after_it_worked_is_a_failure(make: Make) -> None:
    """Else the rules that rest on it are untested and point to a rule that has passed."""
    client = make(Scripted(problem(404)))
    lost = client.read("/ngmt_1", "reader")
    with pytest.raises(See, match="see READ-1"):
        must_be_read(client, lost)
    assert failed(client).keys() == {"READ-1"}


def test_a_member_that_is_not_compared_leaves_the_engagement_to_be_read(config: Config) -> None:
    """A description that is null breaks RESP-1, where the create shows it, and nothing else."""
    rules = ("RESP-1", "IDEM-2", "READ-1", "READ-8", "LIST-1", "LIST-5", "LIST-17")
    found = verdicts(config, Shows(description=None), *rules)
    assert found.pop("RESP-1") == "fail"
    assert set(found.values()) == {"pass"}


@pytest.mark.parametrize(
    ("members", "silent"),
    [
        ({"updated_at": ..., "processing_status": "PENDING"}, {"LIST-3"}),
        ({"updated_at": ..., "processing_status": ...}, {"LIST-3", "READ-15"}),
    ],
    ids=["no updated_at", "and no status"],
)
def test_what_a_target_does_not_show_is_not_taken_for_right(
    config: Config, members: dict[str, Any], silent: set[str]
) -> None:
    """A rule about a member that is not there is not applicable, and never passed."""
    found = verdicts(config, Shows(**members), "LIST-3", "LIST-4", "READ-15")
    assert {rule for rule, verdict in found.items() if verdict == "not_applicable"} == silent
    assert {verdict for rule, verdict in found.items() if rule not in silent} == {"pass"}


@pytest.mark.parametrize("stages", [("PENDING", "PROCESSING", "PENDING"), ("PROCESSING", "PENDING", "COMPLETED")])
def test_a_new_engagement_that_goes_back_is_noticed(make: Make, stages: tuple[str, ...]) -> None:
    """Each read is compared with the one before, and the first one with the answer to the create."""
    script = [engagement(1, 200, processing_status=stage) for stage in stages]
    client = make(Scripted(*script), credentials=EVERYBODY)
    with pytest.raises(Violation) as caught:
        watch(client, client.submit(client.submission()), 2)
    assert caught.value.rule == "READ-15"


def test_whoever_reads_an_engagement_notices_that_it_went_back(make: Make) -> None:
    """Each plain read is compared with the last one of the same engagement, whatever a test is about."""
    stages = ("PENDING", "PROCESSING", "PROCESSING", "COMPLETED", "PROCESSING")
    client = make(Scripted(*(engagement(1, 200, processing_status=one) for one in stages)), credentials=EVERYBODY)
    first = client.submit(client.submission())
    for _ in range(3):
        shown(client, first)
    assert failed(client) == {}
    shown(client, first)
    assert failed(client).keys() == {"READ-15"}
