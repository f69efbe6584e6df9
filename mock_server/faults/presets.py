"""Bad days by name. A preset stands for faults that you can also set one by one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from mock_server.faults.orders import AFTER_COMMIT, BEFORE_AUTH, CLOSE, SLOW, STATUS, Match, Times, Ttl
from mock_server.reading import Model, one_of


@dataclass(frozen=True, slots=True)
class Preset:
    """A sentence for people, and the orders that make it true."""

    summary: str
    orders: tuple[dict[str, Any], ...]


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
        ({"phase": BEFORE_AUTH, "kind": STATUS, "status": 429, "retry_after": [1, 2, 4, 8, 16, 32, 60]},),
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


class PresetOrder(Model):
    """The faults of a preset, all with the same match and the same end."""

    preset: Annotated[str, one_of(PRESETS)]
    match: Match = Match()
    times: Times | None = None
    ttl: Ttl | None = None

    def orders(self) -> list[dict[str, Any]]:
        """Return the orders that it stands for, as somebody would write them."""
        shared = {"match": self.match, "times": self.times, "ttl": self.ttl}
        return [{**order, **shared} for order in PRESETS[self.preset].orders]
