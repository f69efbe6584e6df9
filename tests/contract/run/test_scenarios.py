"""Scenarios: played against the mock, and against mocks that carry something over."""

import json
import threading
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import pytest

from contract.cases.scenarios import SCENARIOS, Scenario
from contract.exchange import Request, Response
from contract.outcome import See, Violation
from contract.run.profile import Profile
from contract.run.scenarios import play
from contract.run.session import Session, open_session
from contract.target.clock import PaperClock
from contract.target.embedded import embedded
from contract.target.transport import HttpTransport
from contract.target.wsgi import WsgiTransport
from mock_server import Settings, create_app
from mock_server.services import Mock
from tests.defects import ALL, serve

BY_NAME = {scenario.name: scenario for scenario in SCENARIOS}


@pytest.fixture
def begun(request: pytest.FixtureRequest) -> Any:
    """Yield a session that has begun, of a mock with the defect that a test names."""
    with ExitStack() as resources:
        config = resources.enter_context(embedded())
        if request.param is not None:
            server = resources.enter_context(serve(next(defect for defect in ALL if defect.name == request.param)))
            config = replace(config, base_url=server.base_url)
        made = resources.enter_context(open_session(config, Profile()))
        made.begin()
        yield made


@pytest.mark.parametrize("begun", [None], indirect=True)
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_the_mock_plays_every_scenario(begun: Session, scenario: Scenario) -> None:
    """Nothing is found in it, whichever is played."""
    play(begun.client, scenario)
    assert not any(found.failed for found in begun.recorder.findings.values())


@pytest.mark.parametrize(
    ("begun", "name"),
    [
        ("key-global", "a key is another one in another workspace"),
        ("answers-by-body", "a key is another one in another workspace"),
        ("key-global", "a refusal in one workspace is none in another"),
        ("key-exclusive", "a refusal in one workspace is none in another"),
        ("burnt-by-credential", "what was sent without a credential leaves nothing behind"),
        ("stored-although-forbidden", "what was forbidden leaves nothing behind"),
    ],
    indirect=["begun"],
)
def test_what_is_left_behind_breaks_the_rule_of_the_scenario(begun: Session, name: str) -> None:
    """The rule of the scenario is to blame, not that of the step that showed it."""
    with pytest.raises(Violation) as caught:
        play(begun.client, BY_NAME[name])
    assert caught.value.rule == BY_NAME[name].rule


@pytest.mark.parametrize(
    ("begun", "name", "broken"),
    [
        ("scope-unchecked", "what was forbidden leaves nothing behind", "SCOPE-1"),
        ("burnt-by-media", "a refusal in one workspace is none in another", "IDEM-9"),
    ],
    indirect=["begun"],
)
def test_a_step_that_goes_wrong_for_another_reason_says_where_to_look(begun: Session, name: str, broken: str) -> None:
    """A reader that may create, or a key that its first refusal used up, is not what the scenario is about.

    What it saw is recorded under the other rule: no other test need have met it.
    """
    with pytest.raises(See, match=f"see {broken}"):
        play(begun.client, BY_NAME[name])
    assert begun.recorder.findings[broken].failed


def test_two_workspaces_that_mix_only_when_they_overlap_are_found() -> None:
    """A variable that is set before a wait and read after it shows another request's title."""
    app = create_app(mock=Mock(Settings(port=0)))
    latest: dict[str, Any] = {}
    seen: set[Any] = set()
    together = threading.Barrier(3)

    def mixing(environ: dict[str, Any], start_response: Any) -> Any:
        answer = b"".join(app(environ, start_response))
        document = json.loads(answer or b"{}")
        title = document.get("title")
        if "step" not in str(title) or title in seen:
            return [answer]
        seen.add(title)
        latest["title"] = title
        together.wait(10)
        return [json.dumps({**document, "title": latest["title"]}).encode().ljust(len(answer))]

    with embedded() as config, WsgiTransport.to(mixing, "http://127.0.0.1:1/api") as transport:
        made = open_session(replace(config, base_url="http://127.0.0.1:1/api"), Profile(), transport=transport)
        made.begin()
        play(made.client, BY_NAME["two workspaces at the same moment do not mix"])
        assert made.recorder.findings["RESP-4"].failed


class Losing(HttpTransport):
    """Loses one answer of the first burst: something in between says 502 in its place."""

    bursts = 0

    def race(self, racers: Sequence[Request]) -> list[Response]:
        """Send several at the same moment."""
        self.bursts += 1
        lost = [Response(502, {}, b"")] if self.bursts == 1 else []
        return lost + super().race(racers)[len(lost) :]


def test_a_burst_that_was_lost_in_part_is_sent_again() -> None:
    """Under new keys, so that nothing is tested less. That the lost one may have created is remembered."""
    scenario = next(scenario for scenario in SCENARIOS if scenario.at_once)
    with embedded() as config, Losing(config) as transport:
        made = open_session(config, Profile(), transport=transport, clock=PaperClock())
        made.begin()
        play(made.client, scenario)
    assert transport.bursts == 2
    assert len(made.client.lost) == 1
    assert not any(found.failed for found in made.recorder.findings.values())
