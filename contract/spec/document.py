"""The contract as data: `openapi.yaml`, read once."""

from __future__ import annotations

import functools
from importlib import resources
from pathlib import Path
from typing import Any

import yaml


def path() -> Path:
    """Return where `openapi.yaml` is: in the installed package, or at the root of a checkout."""
    return beside("openapi.yaml")


def beside(name: str) -> Path:
    """Return where a file is that the wheel copies into this package and a checkout has at its root."""
    packaged = Path(str(resources.files("contract").joinpath(name)))
    return packaged if packaged.is_file() else Path(__file__).parents[2] / name


@functools.cache
def document() -> dict[str, Any]:
    """Return the contract as parsed. It is shared: do not change it."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times faster where libyaml is there
    loaded: dict[str, Any] = yaml.load(path().read_text(encoding="utf-8"), Loader=loader)  # noqa: S506  both are safe
    return loaded
