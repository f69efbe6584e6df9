"""The examples of docs/clients.md: each section about a generator has one program."""

from __future__ import annotations

import re
from typing import NamedTuple

from tests.clients.tools import ROOT

TEXT = (ROOT / "docs" / "clients.md").read_text(encoding="utf-8")


class Example(NamedTuple):
    """A program: its text, the file to write it to, and what the interpreter of its language is told to run."""

    text: str
    file: str
    runs: str


FILES = {"python": ("guide.py", "guide.py"), "ts": ("guide.ts", "built/guide.js"), "java": ("Guide.java", "Guide")}


def example(generator: str) -> Example:
    """Return the example of a generator, whose name is the heading in small letters, `_` for all else."""
    for section in TEXT.split("\n### ")[1:]:
        heading, _, rest = section.partition("\n")
        if re.sub("[^a-z]+", "_", heading.lower()) == generator:
            ((language, text),) = re.findall(r"```(python|ts|java)\n(.*?)```", rest, re.DOTALL)
            return Example(text, *FILES[language])
    raise LookupError(f"docs/clients.md has no section about {generator}")
