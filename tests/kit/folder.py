"""A folder of somebody else's, in which pytest runs with every plugin of the environment."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path


def pytest_in(
    folder: Path,
    *arguments: str,
    path: str = "",
    environment: Mapping[str, str] | None = None,
    code: int | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run pytest as a user does, with PYTHONPATH and this environment, and no other setting of the kit's."""
    prefixes = ("PYTEST_", "CONTRACT_", "MOCK_SERVER_", "COV_")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(prefixes)}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments],
        cwd=folder,
        env={**clean, "PYTHONPATH": path, **(environment or {})},
        capture_output=True,
        text=True,
        check=False,
    )
    if code is not None:
        assert done.returncode == code, done.stdout + done.stderr
    return done
