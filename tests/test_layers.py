"""Who may import whom."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from importlib.util import resolve_name
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
# The mock from top to bottom. A module imports only from lines below its own, and names on one line do not know each
# other. Each name is a module or a folder of `mock_server`; inside a folder modules import each other freely.
MOCK_LAYERS = (
    ("__init__", "__main__"),
    ("cli", "testing"),
    ("banner",),
    ("server",),
    ("connection",),
    ("app",),
    ("admin", "operations", "logs"),
    ("current_request",),
    ("services",),
    ("state",),
    ("records", "faults"),
    ("config",),
    ("webhooks",),
    ("workspaces", "values", "trace", "presenter", "pagination", "workflows"),
    ("processing",),
    ("store",),
    ("checks",),
    ("media",),
    ("ids", "links"),
    ("clock", "problems", "reading", "redaction", "spec", "transcripts"),
)
RANKS = {name: rank for rank, layer in enumerate(MOCK_LAYERS) for name in layer}
MOCK = sorted(ROOT.glob("mock_server/**/*.py"))
SUITE = sorted(ROOT.glob("contract/**/*.py"))


def shown(path: Path) -> str:
    """Return the path from the root, to name a test case."""
    return str(path.relative_to(ROOT))


def modules(path: Path) -> Iterator[str]:
    """Yield the full names of what a module imports, anywhere in it; of `from a import b` this is `a.b`."""
    package = ".".join(path.relative_to(ROOT).parent.parts)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            source = resolve_name("." * node.level + (node.module or ""), package)
            yield from (f"{source}.{alias.name}" for alias in node.names)


def imports(path: Path) -> set[str]:
    """Return the top-level packages that a module imports."""
    return {name.split(".")[0] for name in modules(path)}


def layer(path: Path) -> str:
    """Return the name under which a module of the mock stands in the table."""
    return path.relative_to(ROOT / "mock_server").parts[0].removesuffix(".py")


def neighbours(path: Path) -> set[str]:
    """Return what a module of the mock imports of the mock, by the names of the table."""
    inside = [name.split(".")[1:] for name in modules(path) if name.split(".")[0] == "mock_server"]
    # A name that is not in the table, as in `from mock_server import Settings`, is the package's own.
    found = {parts[0] if parts and parts[0] in RANKS else "__init__" for parts in inside}
    return found - {layer(path)}


def test_the_table_of_layers_is_complete() -> None:
    """Each module and folder of the mock has its place, and the table names nothing that does not exist."""
    assert {layer(path) for path in MOCK} == set(RANKS)


@pytest.mark.parametrize("path", MOCK, ids=shown)
def test_the_mock_imports_downwards_only(path: Path) -> None:
    """No module of the mock imports from its own layer or from one above it."""
    rank = RANKS[layer(path)]
    assert not [name for name in neighbours(path) if RANKS[name] <= rank]


@pytest.mark.parametrize("path", MOCK, ids=shown)
def test_only_the_application_knows_the_control_plane(path: Path) -> None:
    """Outside admin/ only app.py imports from it: the mock works without its control plane."""
    assert "admin" not in neighbours(path) or layer(path) == "app"


@pytest.mark.parametrize("path", MOCK, ids=shown)
def test_the_mock_never_imports_the_suite(path: Path) -> None:
    """No module of the mock imports the suite, the tests or pytest."""
    assert not {"contract", "tests", "pytest"} & imports(path)


@pytest.mark.parametrize("path", SUITE, ids=shown)
def test_the_suite_knows_the_mock_in_one_module(path: Path) -> None:
    """Only contract/target/embedded.py imports the mock."""
    assert "mock_server" not in imports(path) or path.name == "embedded.py"


READERS = {"mock_server/cli.py", "mock_server/config.py", "contract/cli.py"}
READERS |= {"contract/run/runner.py", "contract/suite/plugin.py", "contract/generated/targets.py"}


@pytest.mark.parametrize("package", ["mock_server", "contract"])
def test_the_environment_is_read_in_few_places(package: str) -> None:
    """os.environ is touched where a command hands it to the settings, and where pytest's own variables are kept out."""
    found = {
        str(path.relative_to(ROOT))
        for path in ROOT.glob(f"{package}/**/*.py")
        if "os.environ" in path.read_text(encoding="utf-8") or "getenv" in path.read_text(encoding="utf-8")
    }
    assert found <= READERS
