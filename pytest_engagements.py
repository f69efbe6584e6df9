"""The pytest plugin: the options of the suite, its markers, and the way to its tests.

Every pytest of the environment loads it, also where nobody wants the suite. So its names begin with `contract_`, it has
no fixture, and it imports the suite only when pytest is asked to run it: a project may have packages of its own with
the names `contract` and `mock_server`.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import pytest

HERE = Path(__file__).parent
SUITE = HERE / "contract" / "suite"
PACKAGES = ("contract", "mock_server")
OPTIONS = {
    "base_url": ("URL", "the root of the API, such as https://host/api. Without a target the mock is tested"),
    "config": ("FILE", "the target, in TOML"),
    "profile": ("NAME", "how much to send: safe, quick, standard or thorough (quick)"),
    "report_dir": ("DIR", "write report.json, junit.xml, report.md and report.html there"),
    "seed": ("N", "repeat the choices of an earlier run"),
    "rate": ("RATE", "requests at most, such as 5/s"),
    "max_requests": ("N", "end the run after so many requests"),
    "max_creations": ("N", "end the run after so many engagements"),
    "shard": ("I/N", "test the I-th of N shares of the rules"),
}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the suite; they mean what those of `contract run` mean."""
    group = parser.getgroup("contract", "contract tests of Create engagement (pytest --pyargs contract.suite)")
    for name, (metavar, text) in OPTIONS.items():
        option = f"--contract-{name.replace('_', '-')}"
        group.addoption(option, dest=f"contract_{name}", metavar=metavar, default=None, help=text)
    rule = "test only this rule; may be repeated"
    group.addoption("--contract-rule", dest="contract_rule", metavar="ID", action="append", default=[], help=rule)
    yes = "send to a target on another machine"
    group.addoption("--contract-yes", dest="contract_yes", action="store_true", default=False, help=yes)


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(args: list[str]) -> None:
    """Say so if another package hides the suite, before Python stumbles over it. Raises UsageError."""
    if any(_names_suite(argument) for argument in args) and (reason := shadowed()):
        raise pytest.UsageError(reason)


def _names_suite(argument: str) -> bool:
    name = argument.partition("::")[0]
    return f"{name}.".startswith("contract.suite.") or SUITE in (path := Path(name).absolute(), *path.parents)


def shadowed(packages: Sequence[str] = PACKAGES) -> str | None:
    """Return a sentence if Python finds another package under the name of one of the kit's."""
    for name in packages:
        spec = find_spec(name)
        found = Path(spec.origin).parent if spec and spec.origin else None
        if found is None or not found.samefile(HERE / name):
            where = "nowhere" if found is None else str(found)
            return (
                f"the package {name} of this kit is hidden: Python finds {name} {where}, not {HERE / name}. Run the"
                " suite in another folder, or without that one in PYTHONPATH"
            )
    return None


def pytest_configure(config: pytest.Config) -> None:
    """Announce the markers."""
    for text in (
        "contract_rule(*ids): the rules of the contract that a test of the suite is about",
        "contract_needs(*preconditions): a test of the suite that is untested where one of these does not hold",
        "contract_at_the_end: run after all other tests of the suite",
    ):
        config.addinivalue_line("markers", text)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Hand the tests of the suite to its own plugin."""
    suite = [item for item in items if SUITE in item.path.parents]
    if suite:
        from contract.suite import plugin  # not at the top: see above

        kept = plugin.select_tests(config, suite)
        items[:] = [item for item in items if item not in suite] + kept
        config.hook.pytest_deselected(items=[item for item in suite if item not in kept])
