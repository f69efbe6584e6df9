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
    """Call the command in a folder, without any setting of the environment but these.

    It runs in this process: to start another one costs a second of processor time. `apart` does that.
    """
    output, errors = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(output), redirect_stderr(errors):
        patch.chdir(folder)
        patch.setattr(os, "environ", _clean(environment))
        try:
            ended = main(arguments)
        except SystemExit as stopped:  # argparse
            ended = int(stopped.code or 0)
    done = subprocess.CompletedProcess(arguments, ended, output.getvalue(), errors.getvalue())
    assert code in {None, ended}, done.stdout + done.stderr
    return done


def apart(
    folder: Path, *arguments: str, environment: dict[str, str] | None = None, code: int | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the command as a process of its own, as a user runs it."""
    done = subprocess.run(
        [sys.executable, "-m", "contract", *arguments],
        cwd=folder,
        env=_clean(environment),
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    assert code in {None, done.returncode}, done.stdout + done.stderr
    return done


def _clean(environment: dict[str, str] | None) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("CONTRACT_", "PYTEST_"))}
    return {**kept, **(environment or {})}


def at(server: Running, **changes: str) -> dict[str, str]:
    """Return the environment that names a running mock."""
    environment = {"CONTRACT_BASE_URL": server.base_url, **MEDIA}
    for name in ("writer", "reader", "private_reader", "noscope", "other_workspace"):
        environment[f"CONTRACT_{name.upper()}"] = server.credentials[name]
    return {**environment, **changes}


def report(folder: Path) -> dict[str, dict[str, object]]:
    """Return the rules of report.json by id."""
    document = json.loads((folder / "contract-report" / "report.json").read_text(encoding="utf-8"))
    return {rule["id"]: rule for rule in document["rules"]}
