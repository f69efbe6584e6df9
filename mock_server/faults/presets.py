"""Bad days by name. A preset stands for faults that you can also set one by one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mock_server.faults.faults import AFTER_COMMIT, BEFORE_AUTH, CLOSE, SLOW, STATUS, Fault, Match


@dataclass(frozen=True, slots=True)
class Preset:
    """A sentence for people, and the faults (as keywords of Fault) that make it true."""

    summary: str
    faults: tuple[dict[str, Any], ...]

    @property
    def phases(self) -> set[str]:
        """The phases in which its faults strike."""
        return {fault["phase"] for fault in self.faults}

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of its faults, in their order."""
        return tuple(fault["kind"] for fault in self.faults)


PRESETS = {
    "flaky": Preset(
        "One request in five gets 503, and one creation in twenty is stored while its answer is lost.",
        (
            {"phase": BEFORE_AUTH, "kind": STATUS, "status": 503, "probability": 0.2},
            {"phase": AFTER_COMMIT, "kind": CLOSE, "probability": 0.05},
        ),
    ),
    "overloaded": Preset(
        "Every request gets 429, and each is told to wait twice as long as the one before, up to a minute.",
        ({"phase": BEFORE_AUTH, "kind": STATUS, "status": 429, "retry_after": (1, 2, 4, 8, 16, 32, 60)},),
    ),
    "brownout": Preset(
        "Half of the requests take two seconds longer, and three in ten of all get 503.",
        (
            {"phase": BEFORE_AUTH, "kind": SLOW, "delay_ms": 2000, "probability": 0.5},
            {"phase": BEFORE_AUTH, "kind": STATUS, "status": 503, "probability": 0.3},
        ),
    ),
    "lost-acknowledgement": Preset(
        "Every creation is stored, and the connection closes before the client learns it. A retry gets 200.",
        ({"phase": AFTER_COMMIT, "kind": CLOSE},),
    ),
}


def faults_of(
    name: str, match: Match, *, new_id: Callable[[], str], times: int | None = None, until: float | None = None
) -> list[Fault]:
    """Return the faults of a preset. Raises KeyError if there is no preset of this name."""
    return [Fault(new_id(), match, times=times, until=until, preset=name, **part) for part in PRESETS[name].faults]
