"""Programs of other languages: found, or asked for in a sentence."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
Command = Sequence[str | Path]
INSTALL = {
    "bash": "bash",
    "curl": "curl 7.66 or newer",
    "go": "Go 1.19 or newer",
    "java": "a JDK, version 17 or newer",
    "jq": "jq",
    "javac": "a JDK, version 17 or newer",
    "node": "Node.js 20 or newer",
    "npm": "npm, which comes with Node.js",
    "npx": "npm, which comes with Node.js",
}


def need(*programs: str) -> None:
    """Fail the test with a sentence for the first of these programs that is not on this machine."""
    for program in programs:
        if not shutil.which(program):
            advice = f"Install {INSTALL[program]}." if program in INSTALL else "Use `tox -e clients`, which brings it."
            pytest.fail(f"{program} is missing. {advice}", pytrace=False)


def run(folder: Path, *command: str | Path, stdin: str | None = None, environment: dict[str, str] | None = None) -> str:
    """Run a command in a folder, and return what it prints. The test fails with all its output if the command does."""
    program, *arguments = (str(part) for part in command)
    need(program)
    done = subprocess.run(
        [program, *arguments],
        cwd=folder,
        env={**os.environ, **(environment or {})},
        input=stdin,
        capture_output=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )
    if done.returncode:
        line = " ".join([program, *arguments])
        pytest.fail(f"exit code {done.returncode} from: {line}\n{done.stdout}\n{done.stderr}", pytrace=False)
    return done.stdout
