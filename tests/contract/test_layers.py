"""Who may import whom inside the suite, functions included."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = sorted((ROOT / "contract").rglob("*.py"))
# From top to bottom: a module imports from its own package and from lines below, never from above or beside.
LAYERS = (
    ("__main__",),
    ("command",),
    ("cli",),
    ("fuzz_command", "explain"),
    ("fuzz", "schemathesis", "suite"),
    ("generated",),
    ("report",),
    ("run",),
    ("target", "judge"),
    ("strategies",),
    ("cases",),
    ("between", "outcome", "script", "message"),
    ("exchange",),
    ("parsing", "spec", "instants", "interruption"),
)
RANK = {name: rank for rank, layer in enumerate(LAYERS) for name in layer}


def part(module: str) -> str:
    """Return the part of the suite that a module belongs to."""
    return module.split(".")[1]


def imports(path: Path) -> Iterator[str]:
    """Yield the modules of the suite that a module imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.startswith("contract."))
        elif isinstance(node, ast.ImportFrom) and node.module == "contract":
            yield from (f"contract.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("contract."):
            yield node.module


def named(path: Path) -> str:
    """Return the name of a module."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


@pytest.mark.parametrize("path", [p for p in MODULES if p.parent.name != "contract" or p.stem in RANK], ids=named)
def test_a_module_imports_only_from_below(path: Path) -> None:
    """Arrows of imports run down; what stands on one line does not know each other, so no engine knows another."""
    own = part(named(path))
    for other in map(part, imports(path)):
        assert other == own or RANK[other] > RANK[own], f"{own} imports {other}"


def test_no_part_is_forgotten() -> None:
    """Every module and folder of the suite stands in the list of layers."""
    found = {path.stem if path.suffix else path.name for path in (ROOT / "contract").iterdir()}
    assert {name for name in found if not name.startswith("__")} == set(RANK) - {"__main__"}


@pytest.mark.parametrize("path", [p for p in MODULES if p.parent.name != "suite"], ids=named)
def test_no_product_module_takes_data_from_a_test(path: Path) -> None:
    """Tables are in `cases`; the tests of the suite are imported by nobody."""
    assert not any(module.startswith("contract.suite.test_") for module in imports(path))


def test_judges_and_cases_send_nothing() -> None:
    """Judges look at exchanges, cases are data: neither knows a client, a recorder, pytest or Hypothesis."""
    for folder in ("judge", "cases"):
        for path in (ROOT / "contract" / folder).glob("*.py"):
            text = path.read_text(encoding="utf-8")
            assert not any(f"import {name}" in text or f"from {name}" in text for name in ("pytest", "hypothesis")), (
                path
            )
