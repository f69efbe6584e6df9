"""A field that is new in `openapi.yaml` needs no other file: the mock enforces it, and three engines test it."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[3]
LANGUAGE = {
    "type": "string",
    "enum": ["de", "en", "fr"],
    "description": "The language that is spoken.",
    "x-rules": {"type": "BODY-3", "enum": "BODY-98", "valid": "BODY-99"},
}
RULES = [
    {
        "id": name,
        "level": "must",
        "title": title,
        "statement": f"{title}.",
        "where": "#/components/schemas/CreateEngagement/properties/language",
    }
    for name, title in (("BODY-98", "Only some languages are known"), ("BODY-99", "Every known language is accepted"))
]
SCRIPT = """
import contextlib, io, json, sys
from dataclasses import replace
from pathlib import Path
from contract.fuzz.fuzz_run import FuzzRecorder
from contract.fuzz.own import Workload, fuzz
from contract.schemathesis.run import run
from contract.run.profile import Profile
from contract.run.runner import run_suite
from contract.run.session import open_session
from contract.target.embedded import embedded
from mock_server import Settings, create_app
from mock_server.problems import FieldError, Invalid
from mock_server.server import serving
from mock_server.services import Mock

class Deaf:
    def __init__(self, right):
        self.right = right
        self.ignored = right.ignored
    def validate(self, document):
        deaf = {"language": "de"} if isinstance(document.get("language"), str) else {}
        return self.right.validate({**document, **deaf})

class Choosy(Deaf):
    def validate(self, document):
        if document.get("language") == "fr":
            raise Invalid([FieldError("/language", "enum", "is not known here", "BODY-98")])
        return self.right.validate(document)

def by_suite(config):
    session = open_session(config, Profile(), ("BODY-98", "BODY-99"))
    run_suite(session)
    return {result.rule.id: result.verdict for result in session.run().results}

def by_fuzzer(config):
    session = open_session(config, Profile("fuzz", 1), recorder=FuzzRecorder())
    session.begin()
    fuzz(session, Workload(400, 1))
    tested = {rule: found for rule, found in session.recorder.findings.items() if found.cases}
    return {rule: "fail" if found.failed else "pass" for rule, found in tested.items()}

def by_schemathesis(config):
    with contextlib.redirect_stdout(io.StringIO()):
        run(config, seed=1, max_examples=30, report_dir=Path("out"), options=("--no-shrink",))
    return {rule["id"]: rule["verdict"] for rule in json.loads(Path("out/report.json").read_text())["rules"]}

kind, engine = sys.argv[1:]
with embedded() as config:
    mock = Mock(Settings(port=0))
    if kind != "right":
        mock.use(validator={"deaf": Deaf, "choosy": Choosy}[kind](mock.services.validator))
    with serving(mock, create_app(mock=mock)) as server:
        found = globals()[f"by_{engine}"](replace(config, base_url=server.base_url))
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of both packages beside an `openapi.yaml` with a field more."""
    folder = tmp_path_factory.mktemp("checkout")
    for package in ("contract", "mock_server"):
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pytest_engagements.py", "schemathesis.toml"):
        shutil.copy(ROOT / name, folder / name)
    document = yaml.safe_load((ROOT / "openapi.yaml").read_text(encoding="utf-8"))
    document["components"]["schemas"]["CreateEngagement"]["properties"]["language"] = LANGUAGE
    document["x-rules"] += RULES
    (folder / "openapi.yaml").write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    return folder


def verdicts(checkout: Path, kind: str, engine: str) -> dict[str, str]:
    """Return what an engine says of a mock that knows the field, in a process that reads the copy."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, kind, engine],
        cwd=checkout,
        env={**os.environ, "PYTHONPATH": str(checkout)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    return found


each_engine = pytest.mark.parametrize(
    "engine", ["suite", *(pytest.param(name, marks=pytest.mark.long) for name in ("fuzzer", "schemathesis"))]
)


@each_engine
def test_a_new_field_is_enforced_and_tested(checkout: Path, engine: str) -> None:
    """The mock keeps the new rules, and the engine has tested them both."""
    found = verdicts(checkout, "right", engine)
    assert {rule: found.get(rule) for rule in ("BODY-98", "BODY-99")} == {"BODY-98": "pass", "BODY-99": "pass"}


@each_engine
@pytest.mark.parametrize(("kind", "rule"), [("deaf", "BODY-98"), ("choosy", "BODY-99")])
def test_a_fault_of_a_new_field_is_found(checkout: Path, engine: str, kind: str, rule: str) -> None:
    """A server that takes any word, and one that refuses a known one, break the rule of the field and no other."""
    found = verdicts(checkout, kind, engine)
    assert [name for name, verdict in found.items() if verdict == "fail"] == [rule]
