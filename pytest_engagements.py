"""The pytest plugin: the options of the suite, its markers and its fixture.

It is loaded by every pytest of the environment, so it imports the suite only when there are tests of it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from contract.run.client import RecordingClient

SUITE = Path(__file__).parent / "contract" / "suite"
OPTIONS = ("base_url", "config", "profile", "report_dir", "seed", "rate", "max_requests", "max_creations", "shard")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the suite; they mean what those of `contract run` mean."""
    group = parser.getgroup("contract", "contract tests of Create engagement")
    for name in OPTIONS:
        group.addoption(f"--contract-{name.replace('_', '-')}", dest=f"contract_{name}", default=None)
    group.addoption("--contract-rule", dest="contract_rule", action="append", default=[])
    group.addoption("--contract-yes", dest="contract_yes", action="store_true", default=False)


def pytest_configure(config: pytest.Config) -> None:
    """Announce the markers."""
    config.addinivalue_line("markers", "rule(*ids): the rules of the contract that a test is about")
    config.addinivalue_line(
        "markers", "needs(*preconditions): a test that is untested where one of these does not hold"
    )
    config.addinivalue_line("markers", "at_the_end: run after all other tests of the suite")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Hand the tests of the suite to its own plugin."""
    suite = [item for item in items if SUITE in item.path.parents]
    if suite:
        from contract.suite import plugin  # not at the top: see above

        kept = plugin.select_tests(config, suite)
        items[:] = [item for item in items if item not in suite] + kept
        config.hook.pytest_deselected(items=[item for item in suite if item not in kept])


@pytest.fixture(scope="session")
def client(pytestconfig: pytest.Config) -> RecordingClient:
    """Return the client of the run."""
    from contract.suite.plugin import CLIENT

    return pytestconfig.stash[CLIENT]
