"""The pytest plugin: the fixtures of the mock, the options of the suite, its markers, and the way to its tests.

Every pytest of the environment loads it, also where nobody wants the kit. So its names begin with `contract_` and
`engagements_`, and it imports the suite and the mock only when somebody asks for them: a project may have packages of
its own with the names `contract` and `mock_server`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from mock_server import Settings
    from mock_server.testing import EngagementsApi, EngagementsServer

HERE = Path(__file__).parent
SUITE = HERE / "contract" / "suite"
PACKAGES = ("contract", "mock_server")
OPTIONS = {
    "base_url": ("URL", "the root of the API, such as https://host/api. Without a target the mock is tested"),
    "config": ("FILE", "the target, in TOML"),
    "profile": ("NAME", "how much to send: safe, quick, standard or thorough (quick)"),
    "report_dir": ("DIR", "write report.json, junit.xml, report.md and report.html there"),
    "seed": ("N", "repeat the choices of an earlier run"),
    "rate": ("RATE", "send no faster than this, such as 5/s"),
    "max_requests": ("N", "send at most N requests"),
    "max_creations": ("N", "create at most N engagements"),
    "shard": ("I/N", "test the I-th of N shares of the rules"),
}
SERVER_OPTIONS = {
    "config": ("FILE", "settings, workspaces, credentials and webhooks of the server, in TOML"),
    "media": ("MODE", "simulated: judge recordings by their URL; live: fetch and measure them (simulated)"),
    "media_ports": ("PORTS", "ports that media URLs may use besides 443, such as 8443,9443"),
    "media_timeout": ("SECONDS", "time limit for fetching a recording (30)"),
    "media_ca": ("FILE", "certificates (PEM) to trust besides the usual ones when recordings are fetched"),
    "resolve": ("HOST:PORT:ADDRESS", "fetch recordings of this host and port from this address; several with commas"),
    "in_flight": (
        "WHAT",
        "what a repeat does while the first submission is in flight: wait, or conflict, which is 409 (wait)",
    ),
    "unknown_fields": ("WHAT", "an unknown field or query parameter: ignore it, or refuse the request (ignore)"),
    "processing": ("TIME", "how long an engagement is processed, such as 500ms; 0 completes it at once (2s)"),
    "rate_limit": ("LIMIT", "requests that the workspace of a test may send, such as 100/minute (no limit)"),
    "webhook_timeout": ("SECONDS", "time limit for a receiver to acknowledge a webhook (15)"),
    "webhook_networks": ("NETWORKS", "where webhooks may go besides loopback, such as 172.17.0.0/16"),
    "seed": ("N", "make ids, and the chance of a fault, repeatable"),
    "tls_cert": ("FILE", "certificate chain (PEM) to serve https"),
    "tls_key": ("FILE", "private key (PEM) of the certificate"),
}
OF_A_TEST = {"host": "127.0.0.1", "port": "0", "admin": "on"}  # settings that nobody changes here


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options: they mean what those of `contract run` and of `mock-server` mean."""
    group = parser.getgroup("contract", "contract tests of Create engagement (pytest --pyargs contract.suite)")
    for name, (metavar, text) in OPTIONS.items():
        option = f"--contract-{name.replace('_', '-')}"
        group.addoption(option, dest=f"contract_{name}", metavar=metavar, default=None, help=text)
    rule = "test only this rule; may be repeated"
    group.addoption("--contract-rule", dest="contract_rule", metavar="ID", action="append", default=[], help=rule)
    yes = "send to a target on another machine"
    group.addoption("--contract-yes", dest="contract_yes", action="store_true", default=False, help=yes)
    server = parser.getgroup("engagements", "the mock of Create engagement (engagements_server, engagements_api)")
    for name, (metavar, text) in SERVER_OPTIONS.items():
        option = f"--engagements-{name.replace('_', '-')}"
        server.addoption(option, dest=f"engagements_{name}", metavar=metavar, default=None, help=text)


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
                f"the package {name} of this kit is hidden: Python finds {name} {where}, not {HERE / name}. Run it"
                " in another folder, or without that one in PYTHONPATH"
            )
    return None


def pytest_configure(config: pytest.Config) -> None:
    """Announce the markers. Raises UsageError if an option of the mock cannot be used."""
    if any(config.getoption(f"engagements_{name}") is not None for name in SERVER_OPTIONS):
        _settings(config)
    for text in (
        "contract_rule(*ids): the rules of the contract that a test of the suite is about",
        "contract_needs(*preconditions): a test of the suite that is untested where one of these does not hold",
        "contract_large: run after the tests of the suite that send less",
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


@pytest.fixture(scope="session")
def engagements_server(pytestconfig: pytest.Config) -> Iterator[EngagementsServer]:
    """Share one mock among all tests of this process: `.base_url`, `.admin_url`, `.credentials`, `.app`.

    It listens once a test asks for an address. The options `--engagements-…` are its settings.
    """
    settings = _settings(pytestconfig)
    from mock_server.testing import EngagementsServer  # not at the top: see above

    with EngagementsServer(settings) as server:
        yield server


@pytest.fixture
def engagements_api(engagements_server: EngagementsServer) -> Iterator[EngagementsApi]:
    """Give the test a fresh workspace of the mock: `.base_url`, `.credentials["writer"]`, `.app` for calls in process.

    `.engagements` and `.requests` are what arrived. `.faults.add(kind="close", phase="after_commit", times=1)` breaks
    requests, `.clock.advance(hours=1)` moves the time. `.webhooks.wait_for("v1.engagement.created")` receives webhooks.
    `.assert_created_once("crm:1")` and `.assert_no_requests()` say
    what did arrive if they fail.
    """
    from mock_server.testing import fresh_api  # not at the top: see above

    with fresh_api(engagements_server) as api:
        yield api


def _settings(config: pytest.Config) -> Settings:
    """Return the settings of the mock. The environment has no say. Raises UsageError."""
    if reason := shadowed(("mock_server",)):
        raise pytest.UsageError(reason)
    from mock_server.config import load  # not at the top: see above
    from mock_server.workspaces import ConfigError

    given = {name: config.getoption(f"engagements_{name}") for name in SERVER_OPTIONS}
    try:
        return load({**{name: value for name, value in given.items() if value is not None}, **OF_A_TEST}, {})
    except ConfigError as error:
        said = str(error)
        raise pytest.UsageError(f"--engagements-{said[2:]}" if said.startswith("--") else said) from None
