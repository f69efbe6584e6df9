"""The guide, read as a stranger reads it: files from its blocks, a wheel of the kit, and an empty HOME."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GUIDE = ROOT.joinpath("docs/testing.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
NAME = re.compile(r"(?:#|//) (\S+\.\w+)\n")


def section(title: str) -> str:
    """Return the part of the guide below a heading, up to the next heading of its level or of a higher one."""
    level, text = re.search(rf"^(#+) {title}\n(.*)", GUIDE, re.DOTALL | re.MULTILINE).groups()  # type: ignore[union-attr]
    return re.split(rf"^#{{2,{len(level)}}} ", text, maxsplit=1, flags=re.MULTILINE)[0]


def files(text: str) -> dict[str, str]:
    """Return the files that stand in a part of the guide. Blocks of one name are one file."""
    found: dict[str, str] = defaultdict(str)
    for _, block in BLOCK.findall(text):
        if name := NAME.match(block):
            found[name[1]] += block[name.end() :] + "\n\n"
    return found


def commands(text: str) -> str:
    """Return the commands that stand in a part of the guide."""
    return "".join(block for language, block in BLOCK.findall(text) if language == "sh")


@dataclass(frozen=True, slots=True)
class Stranger:
    """Somebody with an empty folder and an empty HOME. `index` is a folder with the wheels that pip may install."""

    folder: Path
    home: Path
    temporary: Path
    index: Path

    def write(self, found: Mapping[str, str]) -> None:
        """Write files into the folder."""
        for name, content in found.items():
            self.folder.joinpath(name).parent.mkdir(parents=True, exist_ok=True)
            self.folder.joinpath(name).write_text(content, encoding="utf-8")

    def run(self, script: str, path: str = "", code: int = 0, **environment: str) -> str:
        """Run a script in the folder and return what it printed. It must end with this exit code."""
        known = {name: os.environ[name] for name in ("LANG", "PATH") if name in os.environ}
        pip = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(self.index), "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=self.folder,
            env={
                **known,
                "HOME": str(self.home),
                "TMPDIR": str(self.temporary),
                **pip,
                "PATH": f"{path}:{known['PATH']}",
                **environment,
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout

    @property
    def kit(self) -> str:
        """The path of the kit's wheel."""
        (wheel,) = self.index.glob("engagement_contract_kit-*.whl")
        return str(wheel)


@pytest.fixture(scope="session")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the kit's wheel, and collect the wheels of all that it and the guide need."""
    folder = tmp_path_factory.mktemp("index")
    build = [sys.executable, "-m", "build", "--wheel", "--outdir", str(folder), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    collect = [sys.executable, "-m", "pip", "wheel", "--quiet", "--wheel-dir", str(folder)]
    subprocess.run([*collect, f"{wheel}[contract]", "pytest", "requests", "httpx"], check=True, capture_output=True)
    return folder


@pytest.fixture
def stranger(tmp_path: Path, index: Path) -> Stranger:
    """Return a stranger who has read nothing but the guide."""
    folder, home, temporary = (tmp_path / name for name in ("folder", "home", "temporary"))
    for path in (folder, home, temporary):
        path.mkdir()
    return Stranger(folder, home, temporary, index)
