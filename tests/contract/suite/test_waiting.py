"""A run does not wait for what a conforming target has shown already."""

from __future__ import annotations

from contract.run.profile import Profile
from contract.run.runner import run_suite
from contract.run.session import open_session
from contract.target.clock import PaperClock
from contract.target.embedded import embedded


def test_a_list_that_shows_everything_is_not_waited_for() -> None:
    """Titles without the id of the run, which a search for that id cannot find, are no reason to wait."""
    clock = PaperClock()
    with embedded() as config, open_session(config, Profile(), ["LIMIT-1", "LIST-17"], clock=clock) as session:
        run_suite(session)
    assert {result.verdict for result in session.run().results} == {"pass"}
    assert clock.waited == 0
