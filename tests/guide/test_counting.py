"""How docs/body.md counts characters and bytes in each language."""

from __future__ import annotations

import re

import pytest

from tests.guide.conftest import ROOT, Stranger

PAGE = ROOT.joinpath("docs/body.md").read_text(encoding="utf-8")
LANGUAGES = dict(
    re.findall(r"^\| (Python|JavaScript|Java|Go) \| (`.*`) \|$", PAGE, re.MULTILINE),
)
TEXT = "Zoë 東京 👋🏽"
PROGRAMS = {
    "Python": ("count.py", "text = '{text}'\nprint({characters}, {size})", "python3 count.py"),
    "JavaScript": ("count.mjs", "const text = '{text}';\nconsole.log({characters}, {size});", "node count.mjs"),
    "Java": (
        "Count.java",
        'import java.nio.charset.StandardCharsets;\nclass Count {{ public static void main(String[] a) {{\n'
        'String text = "{text}";\nSystem.out.println({characters} + " " + {size});\n}} }}',
        "java -Dfile.encoding=UTF-8 Count.java",
    ),
    "Go": (
        "count.go",
        'package main\nimport (\n"fmt"\n"unicode/utf8"\n)\nfunc main() {{\ntext := "{text}"\n'
        "fmt.Println({characters}, {size})\n}}",
        "go run count.go",
    ),
}  # fmt: skip


@pytest.mark.parametrize("language", PROGRAMS)
def test_counting(stranger: Stranger, language: str) -> None:
    """The expressions of the page count what Python counts."""
    name, program, command = PROGRAMS[language]
    characters, size = re.findall("`([^`]+)`", LANGUAGES[language])
    stranger.write({name: program.format(text=TEXT, characters=characters, size=size)})
    assert stranger.run(command).split() == [str(len(TEXT)), str(len(TEXT.encode()))]
