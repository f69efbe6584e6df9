"""How a test of the suite says which rules it tests, and what it rests on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

import pytest

T = TypeVar("T")

# Their long names keep them apart from the markers of a project that runs the suite beside its own tests.
rule = pytest.mark.contract_rule
at_the_end = pytest.mark.contract_at_the_end
large = pytest.mark.contract_large  # a target may not survive what the test sends
needs = pytest.mark.contract_needs  # preconditions: where one does not hold, the test is untested


def each_rule(*names: str) -> pytest.MarkDecorator:
    """Run a test once for each of these rules, with the argument `name`."""
    return pytest.mark.parametrize("name", [pytest.param(name, id=name, marks=rule(name)) for name in names])


def each_group(*groups: Mapping[str, Sequence[T]]) -> pytest.MarkDecorator:
    """Run a test once for each group of cases, with the argument `cases`: the cases of each rule of the group."""
    parameters = [pytest.param(group, id="+".join(group), marks=rule(*group)) for group in groups]
    return pytest.mark.parametrize("cases", parameters)
