"""The command `contract`, run as a user runs it."""

import io
import json
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from contract.cli import main
from mock_server import Running

MEDIA = {
    "CONTRACT_MEDIA_ACCEPTED": "https://media.mock.test/ok.mp3",
    "CONTRACT_MEDIA_REJECTED": "https://media.mock.test/a.html",
    "CONTRACT_MEDIA_REDIRECT_TO_PRIVATE": "https://media.mock.test/redirect-private/a.mp3",
}


def contract(
    folder: Path, *arguments: str, environment: dict[str, str] | None = None, code: int | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the command in a folder without any setting of the environment but these."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("CONTRACT_", "PYTEST_"))}
    done = subprocess.run(
        [sys.executable, "-m", "contract", *arguments],
        cwd=folder,
        env={**clean, **(environment or {})},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    if code is not None:
        assert done.returncode == code, done.stdout + done.stderr
    return done


def call(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Call the command in this process, which is faster, without any setting. It must end before it sends."""
    with (
        pytest.MonkeyPatch.context() as patch,
        redirect_stdout(io.StringIO()) as output,
        redirect_stderr(io.StringIO()) as errors,
    ):
        for name in [name for name in os.environ if name.startswith("CONTRACT_")]:
            patch.delenv(name)
        code = main(arguments)
    return subprocess.CompletedProcess(arguments, code, output.getvalue(), errors.getvalue())


def at(server: Running, **changes: str) -> dict[str, str]:
    """Return the environment that names a running mock."""
    environment = {"CONTRACT_BASE_URL": server.base_url, **MEDIA}
    for name in ("writer", "reader", "private_reader", "other_workspace"):
        environment[f"CONTRACT_{name.upper()}"] = server.credentials[name]
    return {**environment, **changes}


def report(folder: Path) -> dict[str, dict[str, object]]:
    """Return the rules of report.json by id."""
    document = json.loads((folder / "contract-report" / "report.json").read_text(encoding="utf-8"))
    return {rule["id"]: rule for rule in document["rules"]}
