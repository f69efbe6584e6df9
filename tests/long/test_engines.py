"""Three engines, one answer: the suite, the fuzzer and Schemathesis name the same rule for the same fault."""

from __future__ import annotations

from dataclasses import replace

import pytest

from contract.run.profile import Profile
from contract.run.runner import run_suite
from contract.run.session import open_session
from contract.target.embedded import embedded
from tests.defects import ALL, Defect, generated, serve
from tests.kit.fuzzing import Started, failed, fuzz

DEFECTS = {defect.name: defect for defect in ALL}


def by_suite(defect: Defect) -> set[str]:
    """Return the rules that the quick profile finds broken."""
    with embedded() as config, serve(defect) as server:
        session = open_session(replace(config, base_url=server.base_url), Profile())
        run_suite(session)
    return {result.rule.id for result in session.run().results if result.verdict == "fail"}


def by_schemathesis(defect: Defect) -> set[str]:
    """Return the rules that Schemathesis with the kit's hooks finds broken."""
    with embedded() as config, serve(defect) as server:
        return set(generated.with_hooks(replace(config, base_url=server.base_url)).failed)


@pytest.mark.parametrize(
    "name",
    [
        *("start-offset-west", "type-any", "title-one-more", "repeat-updates-privacy", "http-403", "scope-unchecked"),
        *("repeat-201", "key-global", "participants-text", "meeting-refused"),
    ],
)
def test_the_engines_name_the_same_rule(name: str, start: Started) -> None:
    """Each engine that sees a fault names a rule that it breaks, and none that it does not."""
    defect = DEFECTS[name]
    session = start(name)
    fuzz(session, 400)
    found = [rules for rules in (by_suite(defect), set(failed(session)), by_schemathesis(defect)) if rules]
    assert len(found) > 1
    assert all(rules <= set(defect.rules) for rules in found), found
    assert set.intersection(*found)
