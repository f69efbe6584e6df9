"""What a plan says of a run: for a target that keeps the contract, and within which limits."""

from __future__ import annotations

from dataclasses import replace

import pytest

from contract.run.profile import Profile
from contract.run.runner import Plan, budget, rehearse, with_left
from contract.spec.rules import catalogue
from contract.target.config import Config
from contract.target.embedded import embedded
from tests.kit.targets import Make, Scripted, engagement


@pytest.mark.parametrize("most", [None, 150])
def test_a_plan_says_that_a_broken_target_may_create_more(config: Config, most: int | None) -> None:
    """The numbers are those of a target that keeps the contract; the limit of the others is the budget."""
    text = Plan(replace(config, max_creations=most), Profile(), 1230, 102, 110, 2.0, []).as_text()
    assert "a broken one may create more" in text
    assert ("150 at most" in text) == (most is not None)


def test_a_budget_names_only_the_limits_that_there_are(config: Config) -> None:
    """Without any there is none."""
    assert budget(config).startswith("none")
    assert budget(replace(config, rate=5.0, max_creations=150)) == "5 requests/s, at most 150 engagements"


@pytest.mark.parametrize("profile", ["quick", "standard"])
def test_a_plan_for_the_mock_leaves_nothing_untested(profile: str) -> None:
    """The target that a plan is rehearsed with keeps the contract, so with all credentials every rule is tested."""
    with embedded() as config:
        planned = rehearse(config, Profile(profile), [rule.id for rule in catalogue().values()])
    assert not [result.rule.id for result in planned.results if result.verdict in {"untested", "error"}]


def test_a_plan_says_what_its_profile_leaves_out(make: Make) -> None:
    """How many requests more the next larger profile sends, by rule; the largest leaves out nothing."""
    config, rules = make(Scripted(engagement())).config, ["IDEM-9", "BODY-13"]
    quick = with_left(rehearse(config, Profile("quick"), rules), rules)
    standard = rehearse(config, Profile("standard"), rules)
    assert quick.left.keys() == {"IDEM-9"}
    assert quick.left["IDEM-9"] == standard.requests - quick.requests
    assert "Left to --profile standard\n  IDEM-9" in quick.as_text()
    thorough = with_left(rehearse(config, Profile("thorough"), rules), rules)
    assert thorough.left == {}
    assert "Left to" not in thorough.as_text()
