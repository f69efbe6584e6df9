"""Build hook: both packages of the wheel carry a copy of openapi.yaml, and contract one of schemathesis.toml."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ContractCopies(BuildHookInterface):
    """Adds `openapi.yaml` twice. One source can have only one place in a wheel, so each place gets a source."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Name the copies, unless the installation is editable: then the file at the root is read."""
        if version == "editable":
            return
        self._copies = Path(tempfile.mkdtemp())
        for package in ("mock_server", "contract"):
            copy = shutil.copy(Path(self.root, "openapi.yaml"), self._copies / f"{package}.yaml")
            build_data["force_include"][str(copy)] = f"{package}/openapi.yaml"
        build_data["force_include"][str(Path(self.root, "schemathesis.toml"))] = "contract/schemathesis.toml"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:  # noqa: ARG002
        """Remove the copies."""
        if version != "editable":
            shutil.rmtree(self._copies)
