"""The contract as data: `openapi.yaml`, read once. The limits of fields and the words they may hold come from here."""

from __future__ import annotations

import functools
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

JsonObject = dict[str, Any]


def text() -> str:
    """Return `openapi.yaml`: the copy in the installed package, or the one at the root of a checkout."""
    packaged = resources.files("mock_server").joinpath("openapi.yaml")
    if packaged.is_file():
        return packaged.read_text(encoding="utf-8")
    return Path(__file__).parent.parent.joinpath("openapi.yaml").read_text(encoding="utf-8")


@functools.cache
def document() -> JsonObject:
    """Return the contract as parsed. It is shared: do not change it."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times faster where libyaml is there
    loaded: JsonObject = yaml.load(text(), Loader=loader)  # noqa: S506  both loaders are safe ones
    return loaded


def schema(name: str) -> JsonObject:
    """Return one schema of `components/schemas`."""
    found: JsonObject = document()["components"]["schemas"][name]
    return found
