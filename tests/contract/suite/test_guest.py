"""The plugin in the projects of others: every pytest of the environment loads it, and none may notice."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from pytest_engagements import OPTIONS
from tests.defects import ALL, serve
from tests.kit.command import apart, at
from tests.kit.folder import pytest_in

# What pytest-flask and many a project define.
CONFTEST = """
import pytest

@pytest.fixture
def client():
    return "the project's own"

def pytest_configure(config):
    config.addinivalue_line("markers", "needs(service): skipped without it")
    config.addinivalue_line("markers", "rule(name): a rule of the project")

def pytest_runtest_setup(item):
    for mark in [*item.iter_markers("needs"), *item.iter_markers("rule")]:
        assert mark.args in {("database",), ("ours",)}, mark
"""
TEST = """
import sys
import pytest
import contract.pact, mock_server
from pathlib import Path

@pytest.mark.needs("database")
@pytest.mark.rule("ours")
def test_it(client):
    assert client == "the project's own"
    assert Path(contract.__file__).is_relative_to(Path.cwd())
    assert Path(mock_server.__file__).is_relative_to(Path.cwd())
    assert not [name for name in sys.modules if name.startswith(("contract.run", "contract.suite", "mock_server."))]
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a project with a fixture, markers and packages whose names the kit uses as well."""
    files = {
        "conftest.py": CONFTEST,
        "pytest.ini": "[pytest]\naddopts = --strict-markers -p no:cacheprovider\nfilterwarnings = error\n",
        "mock_server/__init__.py": "",
        "tests/contract/__init__.py": "",
        "tests/contract/pact.py": "",
        "tests/contract/test_pact.py": TEST,
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def run(
    folder: Path, *arguments: str, path: str = "", environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run pytest as a user does, in one process."""
    return pytest_in(folder, "-p", "no:xdist", *arguments, path=path, environment=environment)


def test_a_project_with_the_same_names_is_unharmed(project: Path) -> None:
    """A fixture client, markers rule and needs, tests/contract and packages of the same names stay the project's."""
    done = run(project)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout


@pytest.mark.long
def test_a_plugin_module_named_contract_is_loaded(tmp_path: Path) -> None:
    """`pytest_plugins = ["contract"]` of a project means the project's own module."""
    (tmp_path / "contract.py").write_text("import pytest\n@pytest.fixture\ndef pact(): return 5\n", encoding="utf-8")
    (tmp_path / "conftest.py").write_text('pytest_plugins = ["contract"]\n', encoding="utf-8")
    (tmp_path / "test_it.py").write_text("def test_it(pact): assert pact == 5\n", encoding="utf-8")
    done = run(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.long
def test_no_common_name_is_taken(tmp_path: Path) -> None:
    """What the plugin adds to a pytest that runs something else begins with contract_ or engagements_."""
    (tmp_path / "test_it.py").write_text("def test_it(): pass\n", encoding="utf-8")
    fixtures = run(tmp_path, "--fixtures").stdout
    ours = fixtures.partition("fixtures defined from pytest_engagements")[2].partition("fixtures defined from")[0]
    names = {line.split()[0] for line in ours.splitlines() if " -- " in line}
    assert names == {"engagements_server", "engagements_api"}
    markers = run(tmp_path, "--markers").stdout
    assert {line.partition("(")[0].partition(":")[0] for line in markers.splitlines() if "of the suite" in line} == {
        *("@pytest.mark.contract_rule", "@pytest.mark.contract_needs"),
        *("@pytest.mark.contract_large", "@pytest.mark.contract_at_the_end"),
    }


@pytest.mark.long
def test_the_suite_runs_beside_a_fixture_and_markers_of_the_same_names(project: Path) -> None:
    """The tests of the suite get the suite's own client, and the hooks of a project do not take their markers."""
    (project / "mock_server" / "__init__.py").unlink()
    (project / "mock_server").rmdir()
    plugin = ("-p", "conftest")  # as an installed plugin would be: it applies to all tests
    done = run(project, *plugin, "--pyargs", "contract.suite", "--contract-rule=IDEM-1", path=str(project))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout


def test_a_hidden_suite_is_said_in_a_sentence(project: Path) -> None:
    """Where another package named contract comes first, pytest names it and collects nothing."""
    done = run(project, "--pyargs", "contract.suite", path=str(project / "tests"))
    assert done.returncode == 4
    assert f"Python finds contract {project / 'tests' / 'contract'}" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.long
def test_a_hidden_mock_is_said_in_a_sentence(project: Path) -> None:
    """`python -m contract` beside another package named mock_server is exit 2 and one line."""
    done = apart(project, "run", code=2)
    assert f"Python finds mock_server {project / 'mock_server'}" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.long
def test_every_option_is_explained(tmp_path: Path) -> None:
    """`pytest --help` says of each option what its value is and what it does."""
    said = " ".join(run(tmp_path, "--help").stdout.split())
    for name, (metavar, text) in OPTIONS.items():
        assert f"--contract-{name.replace('_', '-')}={metavar} {text}" in said
    assert "--contract-rule=ID test only" in said
    assert "--contract-yes send to" in said


@pytest.mark.long
def test_a_budget_that_is_too_small_is_told_before_anything_is_sent(tmp_path: Path) -> None:
    """Under pytest, too, a plan that exceeds a budget is exit 2 and names one that would do, even if nobody listens."""
    options = ("--pyargs", "contract.suite", "--contract-rule=IDEM-1", "--contract-report-dir=out")
    target = {**at_nobody(), "CONTRACT_MAX_CREATIONS": "3"}
    done = run(tmp_path, *options, environment=target)
    said = done.stdout + done.stderr
    assert done.returncode == 2, said
    (needed,) = re.findall(r"max_creations = 3 is too small for this run: (\d+) would do", said)
    assert not (tmp_path / "out").exists()
    done = run(tmp_path, *options, f"--contract-max-creations={needed}")  # of the mock that pytest starts itself
    assert done.returncode == 0, done.stdout + done.stderr


def at_nobody() -> dict[str, str]:
    """Return the environment that names a target which is not there."""
    credentials = {f"CONTRACT_{name}": f"credential-{name}" for name in ("WRITER", "READER", "OTHER_WORKSPACE")}
    return {
        "CONTRACT_BASE_URL": "http://127.0.0.1:1/api",
        "CONTRACT_MEDIA_ACCEPTED": "https://a.example/a.mp3",
    } | credentials


def test_pytest_itself_says_which_rule_failed_and_why(tmp_path: Path) -> None:
    """The failure shows rule, expected, got and lines for a shell, and nothing of the inside of the suite."""
    with serve(next(defect for defect in ALL if defect.name == "participants-text")) as server:
        arguments = ("--pyargs", "contract.suite", "--contract-rule=BODY-9", "--contract-report-dir=out")
        done = run(tmp_path, "-p", "no:cacheprovider", *arguments, environment=at(server))
    assert done.returncode == 1
    assert "BODY-9 (must): participants is a list of objects" in done.stdout
    assert 'expected participants "Ada": 400 or 422' in done.stdout
    assert "To send it again:" in done.stdout
    assert "steps.py" not in done.stdout
    assert f"Reports: {Path('out') / 'report.html'}" in done.stdout


def test_reports_that_cannot_be_written_change_no_verdict(tmp_path: Path) -> None:
    """Where a folder stands in the place of a report, pytest ends with the run's exit code and names the file."""
    (tmp_path / "out" / "report.json").mkdir(parents=True)
    done = run(tmp_path, "--pyargs", "contract.suite", "--contract-rule=AUTH-1", "--contract-report-dir=out")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Could not write out/report.json" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
