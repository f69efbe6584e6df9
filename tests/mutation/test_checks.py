"""What the checks of the suite are for, as tests: a changed check misses a defect, or accuses who keeps the contract.

For `tox -e mutation`, which runs them against hundreds of changed checks: one defect a rule, and not all of them.
"""

from __future__ import annotations

import pytest

from tests import peer
from tests.defects import ALL, Defect
from tests.defects.matrix import CAUGHT, judge, spare

FIRST_OF_RULE: dict[str, Defect] = {}
for _defect in ALL:
    for _rule in _defect.rules:
        FIRST_OF_RULE.setdefault(_rule, _defect)
SAMPLE = list({defect.name: defect for defect in FIRST_OF_RULE.values()}.values())
VARIANTS = peer.pairwise()[:2]


@pytest.mark.parametrize("defect", SAMPLE, ids=lambda defect: defect.name)
def test_a_defect_is_caught(defect: Defect) -> None:
    """A rule that the defect names fails."""
    assert judge(defect, "quick").outcome == CAUGHT


@pytest.mark.parametrize("variant", VARIANTS, ids=range(len(VARIANTS)))
def test_a_conforming_server_is_spared(variant: peer.Variant) -> None:
    """Nothing is found, and nothing is left untested."""
    assert spare(variant, "quick").outcome == "spared"
