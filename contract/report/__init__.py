"""Reports of a run: JSON and JUnit for programs, HTML and Markdown for people, and the terminal while it goes on."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from rich.console import Console

from contract.report import html, junit, markdown, terminal
from contract.run.results import Run

__all__ = ["FORMATS", "publish", "write"]


def _json(run: Run) -> str:
    # ASCII only: lone surrogates survive, and what looks alike in the evidence is told apart.
    return json.dumps(run.as_json(), indent=2) + "\n"


# The file a program reads comes first: it is there even if the disk is full after it.
FORMATS: dict[str, Callable[[Run], str]] = {
    "report.json": _json,
    "junit.xml": junit.render,
    "report.md": markdown.render,
    "report.html": html.render,
}


def publish(run: Run, console: Console, directory: Path | None, *, everything: bool = False) -> None:
    """Write all reports and show the run on the console, which ends with where they are; that never fails."""
    problem = None
    try:
        if directory is not None:
            write(run, directory)
    except OSError as error:
        problem = error
    terminal.summary(run, console, None if problem else directory, everything=everything)
    if problem:
        print(f"contract: {problem}", file=sys.stderr)


def write(run: Run, directory: Path) -> None:
    """Write all reports of `run` into `directory`, each as a whole or not at all.

    What goes wrong with one does not keep the others from being written. Raises the first problem when all were tried;
    an `OSError` has the kind and number of the original and a sentence that names the file.
    """
    problems: list[tuple[Path, Exception]] = []
    for name, render in FORMATS.items():
        try:
            directory.mkdir(parents=True, exist_ok=True)
            _replace(directory / name, render(run))
        except Exception as problem:  # noqa: BLE001  even a defect in one format must not cost the evidence in the others
            problems.append((directory / name, problem))
    if problems:
        _raise(*problems[0])


def _raise(path: Path, problem: Exception) -> NoReturn:
    if isinstance(problem, OSError):
        raise OSError(problem.errno, f"Could not write {path}: {problem.strerror or problem}") from problem
    problem.add_note(f"while writing {path}")
    raise problem


def _replace(path: Path, text: str) -> None:
    """Put `text` into `path` in one step, so that nobody ever reads half a report."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_text(text, encoding="utf-8", newline="\n")
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
