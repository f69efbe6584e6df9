"""The catalogue of rules, from `x-rules` of openapi.yaml."""

from __future__ import annotations

import functools
from dataclasses import dataclass

from contract.spec import document as spec

# What the suite tests. The rules on reading (READ, LIST) are so far kept by the mock and by its own tests.
FAMILIES = ("AUTH", "SCOPE", "IDEM", "URL", "LIMIT", "BODY", "RESP", "ERR")
LEVELS = ("must", "documented", "robust", "observe")


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `level` is must, documented, robust or observe; only a break of the first three is a violation."""

    id: str
    level: str
    title: str
    statement: str
    where: str

    @property
    def family(self) -> str:
        """The part of the id before the number: AUTH, SCOPE, IDEM, URL, LIMIT, BODY, RESP or ERR."""
        return self.id.rpartition("-")[0]

    @property
    def observed(self) -> bool:
        """Whether the rule only reports what a deployment does."""
        return self.level == "observe"


@functools.cache
def catalogue() -> dict[str, Rule]:
    """Return the rules that the suite tests by id, in the order of the contract."""
    rules = (Rule(**entry) for entry in spec.document()["x-rules"])
    return {rule.id: rule for rule in rules if rule.family in FAMILIES}
