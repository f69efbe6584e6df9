"""The catalogue of rules, from `x-rules` of openapi.yaml."""

from __future__ import annotations

import functools
from dataclasses import dataclass

from contract.spec import document as spec

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
        """The part of the id before the number, such as IDEM."""
        return self.id.rpartition("-")[0]

    @property
    def observed(self) -> bool:
        """Whether the rule only reports what a deployment does."""
        return self.level == "observe"


@functools.cache
def catalogue() -> dict[str, Rule]:
    """Return all rules by id, in the order of the contract."""
    return {entry["id"]: Rule(**entry) for entry in spec.document()["x-rules"]}
