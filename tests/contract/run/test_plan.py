"""What `contract plan` says before anything is sent."""

from __future__ import annotations

from contract.run.profile import Profile
from contract.run.runner import rehearse, with_left
from tests.kit.targets import Make, Scripted, engagement


def test_a_plan_says_what_its_profile_leaves_out(make: Make) -> None:
    """How many requests more the next larger profile sends, by rule; the largest leaves out nothing."""
    config, rules = make(Scripted(engagement())).config, ["IDEM-9", "BODY-1"]
    quick = with_left(rehearse(config, Profile("quick"), rules), rules)
    standard = rehearse(config, Profile("standard"), rules)
    assert quick.left.keys() == {"IDEM-9"}
    assert quick.left["IDEM-9"] == standard.requests - quick.requests
    assert "Left to --profile standard\n  IDEM-9" in quick.as_text()
    thorough = with_left(rehearse(config, Profile("thorough"), rules), rules)
    assert thorough.left == {}
    assert "Left to" not in thorough.as_text()
