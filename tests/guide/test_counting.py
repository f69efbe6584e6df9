"""How docs/body.md counts characters and bytes in each language."""

from __future__ import annotations

import re

import pytest

from tests.guide.conftest import ROOT, Stranger

PAGE = ROOT.joinpath("docs/body.md").read_text(encoding="utf-8")
LANGUAGES = dict(re.findall(r"^\| (Python|JavaScript|Java|Go) \| (`.*`) \|$", PAGE, re.MULTILINE))
TEXT = "Zoë 東京 👋🏽"
PYTHON = "text = '{text}'\nprint({characters}, {size})"
JAVASCRIPT = "const text = '{text}';\nconsole.log({characters}, {size});"
JAVA = """
import java.nio.charset.StandardCharsets;
class Count {{
    public static void main(String[] arguments) {{
        String text = "{text}";
        System.out.println({characters} + " " + {size});
    }}
}}
"""
GO = """
package main
import ("fmt"; "unicode/utf8")
func main() {{
    text := "{text}"
    fmt.Println({characters}, {size})
}}
"""
PROGRAMS = {
    "Python": ("count.py", PYTHON, "python3 count.py"),
    "JavaScript": ("count.mjs", JAVASCRIPT, "node count.mjs"),
    "Java": ("Count.java", JAVA, "java -Dfile.encoding=UTF-8 Count.java"),
    "Go": ("count.go", GO, "go run count.go"),
}


@pytest.mark.parametrize("language", PROGRAMS)
def test_counting(stranger: Stranger, language: str) -> None:
    """The expressions of the page count what Python counts."""
    name, program, command = PROGRAMS[language]
    characters, size = re.findall("`([^`]+)`", LANGUAGES[language])
    stranger.write({name: program.format(text=TEXT, characters=characters, size=size)})
    assert stranger.run(command).split() == [str(len(TEXT)), str(len(TEXT.encode()))]
