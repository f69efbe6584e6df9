"""Who may import whom."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def imports(path: Path) -> Iterator[str]:
    """Yield the top-level packages that a module imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0]


@pytest.mark.parametrize("path", sorted(ROOT.glob("mock_server/**/*.py")), ids=lambda path: str(path.relative_to(ROOT)))
def test_the_mock_never_imports_the_suite(path: Path) -> None:
    """No module of the mock imports the suite, the tests or pytest."""
    assert not {"contract", "tests", "pytest"} & set(imports(path))


@pytest.mark.parametrize("path", sorted(ROOT.glob("contract/**/*.py")), ids=lambda path: str(path.relative_to(ROOT)))
def test_the_suite_knows_the_mock_in_one_module(path: Path) -> None:
    """Only contract/target/embedded.py imports the mock."""
    assert "mock_server" not in set(imports(path)) or path.name == "embedded.py"


READERS = {"mock_server/cli.py", "mock_server/config.py", "contract/target/config.py", "contract/cli.py"}
READERS |= {"contract/run/runner.py", "contract/suite/plugin.py", "contract/schemathesis/session.py"}


@pytest.mark.parametrize("package", ["mock_server", "contract"])
def test_the_environment_is_read_in_few_places(package: str) -> None:
    """os.environ is touched where a command hands it to the settings, and where pytest's own variables are kept out."""
    found = {
        str(path.relative_to(ROOT))
        for path in ROOT.glob(f"{package}/**/*.py")
        if "os.environ" in path.read_text(encoding="utf-8") or "getenv" in path.read_text(encoding="utf-8")
    }
    assert found <= READERS
