"""How a test of the suite says which rules it tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

import pytest

T = TypeVar("T")

rule = pytest.mark.rule
at_the_end = pytest.mark.at_the_end


def each_rule(table: Mapping[str, Sequence[T]]) -> pytest.MarkDecorator:
    """Run a test once for each rule of a table, with the arguments `name` (of the rule) and `cases`."""
    parameters = [pytest.param(name, cases, id=name, marks=rule(name)) for name, cases in table.items()]
    return pytest.mark.parametrize(("name", "cases"), parameters)
