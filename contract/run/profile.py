"""How much a run does: which cases it sends, and the run's own marks."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TypeVar

from contract.target.values import ConfigError, whole_number

# From the smallest to the largest: each sends what the one before it sends, and more.
PROFILES = ("safe", "quick", "standard", "thorough")
T = TypeVar("T")


def _run_id() -> str:
    """Return a mark that no other run has. It is not drawn from the seed: a target remembers keys."""
    return f"ck{secrets.token_hex(5)}"


@dataclass(frozen=True, slots=True)
class Profile:
    """A profile by name. `safe` sends the refused cases of quick and nothing that creates."""

    name: str = "quick"
    seed: int = 0
    run_id: str = field(default_factory=_run_id)

    @classmethod
    def of(cls, name: str | None, seed: str | None) -> Profile:
        """Return the profile of these texts: quick unless named, a random seed unless given. Raises ConfigError."""
        if name is not None and name not in PROFILES:
            raise ConfigError(f"--profile: {name!r} is none of {', '.join(PROFILES)}")
        number = secrets.randbelow(2**32) if seed is None else whole_number(seed)
        if number is None:
            raise ConfigError(f"--seed: {seed!r} must be a whole number")
        return cls(name or "quick", number)

    @property
    def creates_nothing(self) -> bool:
        """Whether only what is refused may be sent."""
        return self.name == "safe"

    @property
    def larger(self) -> str | None:
        """The name of the next larger profile, which sends what this one leaves out; None if there is none."""
        return dict(pairwise(PROFILES)).get(self.name)

    def pick(self, quick: T, standard: T, thorough: T) -> T:
        """Return the value for this profile."""
        return {"standard": standard, "thorough": thorough}.get(self.name, quick)
