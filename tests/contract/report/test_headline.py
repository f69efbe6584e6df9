from __future__ import annotations

from contract.report.headline import BROKEN, CUT_SHORT, INCOMPLETE, KEPT, headline
from contract.run.results import RuleResult
from contract.spec.rules import catalogue
from tests.kit import runs


def results(**verdicts: str) -> list[RuleResult]:
    """Return results by rule id, with _ for the hyphen."""
    return [RuleResult(catalogue()[name.replace("_", "-")], verdict) for name, verdict in verdicts.items()]


def test_a_violation_comes_first() -> None:
    """A run that failed and was cut short is broken, and says both."""
    run = runs.run_of(results(AUTH_1="fail", AUTH_2="untested"))
    run.cut_short = "interrupted"
    found = headline(run)
    assert found.standing == BROKEN
    assert found.sentence == (
        "The contract is broken: 1 rule of 2 failed. The run was cut short: interrupted. 1 rule untested."
    )


def test_a_run_cut_short_never_counts_as_kept() -> None:
    """What passed before the end is no verdict on the rest."""
    run = runs.run_of(results(AUTH_1="pass"))
    run.cut_short = "the target stopped answering"
    assert headline(run).standing == CUT_SHORT


def test_a_must_that_was_not_tested_makes_a_run_incomplete() -> None:
    """Untested and error weigh the same; a waived must and an untested rule of another level do not matter."""
    for verdict in ("untested", "error"):
        assert headline(runs.run_of(results(AUTH_2="pass", AUTH_1=verdict))).standing == INCOMPLETE
    assert headline(runs.run_of(results(AUTH_2="pass", AUTH_1="waived", AUTH_3="untested"))).standing == KEPT


def test_nothing_tested_is_not_kept() -> None:
    """A run without a rule, or with waived rules only, says that nothing was tested."""
    for nothing in ([], results(AUTH_1="waived"), results(AUTH_3="untested")):
        assert headline(runs.run_of(nothing)).title == "Nothing was tested."


def test_a_kept_contract_names_its_exceptions() -> None:
    """Known deviations and waived rules are said in the same breath as what passed."""
    found = headline(runs.run_of(results(AUTH_1="pass", AUTH_2="deviates", AUTH_3="waived")))
    assert found.sentence == ("The contract is kept. 1 rule passed, with 1 known deviation and 1 waived rule.")
