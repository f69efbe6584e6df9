"""The table of cases, held against two servers' own judgement and against the schema."""

import json
import os
import subprocess
import unicodedata
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import pytest

from contract.cases import bodies, urls
from contract.cases.credentials import VARIABLE, WRONG, WrongCredential, cut
from contract.cases.keys import NEAR, TWINS
from contract.cases.scenarios import SCENARIOS, refusals
from contract.cases.submission import Submission
from contract.judge.submission import judge
from contract.spec.rules import catalogue
from contract.strategies import ACCEPTED, Url
from contract.target.config import Config, Credential
from mock_server import Settings
from mock_server.problems import Problem
from mock_server.services import Mock
from tests.kit.submissions import submission
from tests.peer import Variant
from tests.peer.submission import faults

VALIDATOR = Mock(Settings(port=0)).services.validator
REFUSED = [case for cases in bodies.refused().values() for case in cases]
FITTING = [case for cases in bodies.accepted().values() for case in cases]


def mock(document: dict[str, Any]) -> bool:
    """Tell whether the mock's validator accepts a document."""
    try:
        VALIDATOR.validate(json.loads(json.dumps(document)))  # as it arrives
    except Problem:
        return False
    return True


def peer(document: dict[str, Any]) -> bool:
    """Tell whether the second implementation accepts one."""
    return not list(faults(document, Variant()))


def documents(cases: list[Submission]) -> Iterator[tuple[Submission, dict[str, Any]]]:
    """Yield each case with the whole document."""
    base = submission()
    return ((case, case.document(base, base["external_id"])) for case in cases)


@pytest.mark.parametrize("accepts", [mock, peer])
def test_no_verdict_on_a_body_is_wrong(accepts: Callable[[dict[str, Any]], bool]) -> None:
    """Two independent validators refuse what must be refused, and accept what must be accepted."""
    assert [case.why for case, document in documents(REFUSED) if accepts(document)] == []
    assert [case.why for case, document in documents(FITTING) if not accepts(document)] == []


def test_the_schema_names_the_same_rule() -> None:
    """What is refused by construction is refused by the schema, under the same rule first, or under none."""
    known = Url(submission()["media_url"], ACCEPTED, "URL-17", "")
    for case, document in documents(REFUSED):
        judged = judge(document, {known.value: known})
        assert judged.rules[:1] in {(case.rule,), ()}, case.why


def test_every_case_has_a_rule_that_can_be_broken() -> None:
    """What must be refused belongs to a rule that is no mere observation."""
    hosts = [url for several in urls.HOSTS.values() for url in several]
    for case in (*REFUSED, *bodies.NO_OBJECTS, *bodies.NO_JSON, *hosts, *WRONG):
        assert not catalogue()[case.rule].observed, case.why
        assert case.verdict.kind == "refused"
    for several in bodies.free().values():
        assert all(catalogue()[case.rule].observed and case.verdict.kind == "free" for case in several)


def test_near_keys_differ() -> None:
    """Shapes filled with the same text are different keys, none longer than a key may be."""
    for shapes in NEAR.values():
        keys = [shape.key("ck0123456789:1") for shape in shapes]
        assert len(set(keys)) == len(keys)
        assert max(map(len, keys)) <= 500
    twins = [shape.key("ck0123456789:1") for groups in TWINS.values() for group in groups for shape in group.twins]
    assert len(set(twins)) == len(twins)


def test_no_twin_is_equal_after_normalisation() -> None:
    """Whether keys that are equal after normalisation are one is left open (IDEM-12), so no twin becomes the other."""
    for form, groups in product(("NFC", "NFD", "NFKC", "NFKD"), TWINS.values()):
        for group in groups:
            stored = unicodedata.normalize(form, group.stored.key("1"))
            assert all(unicodedata.normalize(form, twin.key("1")) != stored for twin in group.twins)


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: wrong.why)
def test_a_recipe_shows_no_credential(wrong: WrongCredential) -> None:
    """Neither its repr nor the line for a shell holds the credential, and its header is not the valid one."""
    token = "sk-apik_writer00.secret-of-the-writer"
    assert token not in repr(wrong)
    assert "secret-of" not in (wrong.shell(token) or "")
    assert wrong.header(token) != f"Bearer {token}"


@pytest.mark.parametrize("token", ["w", "wr", "1234", "abcd", "abcde", "*", "sk-apik_writer00.secret-of-the-writer"])
def test_a_recipe_leaves_something_that_is_wrong(token: str) -> None:
    """A case that would be the valid credential, or nothing, is none; all others are the same header in a shell."""
    valid = {f"Bearer {token}"}
    fit = [case for case in (*WRONG, *map(cut, range(1, 100))) if case.unfit(token, valid) is None]
    headers = {case.header(token) for case in fit if case.place == "Authorization"}
    assert not headers & valid
    assert all(header is None or header == header.strip() for header in headers)
    written = [(case.written, case.header(token)) for case in fit if case.written is not None]
    lines = "\n".join(f'printf "%s\\n" "{text}"' for text, _ in written)
    said = subprocess.run(["sh", "-c", lines], env={**os.environ, VARIABLE: token}, capture_output=True, check=True)
    assert said.stdout.decode().splitlines() == [header for _, header in written]


def test_a_credential_with_a_scheme_is_not_its_own_wrong_one() -> None:
    """Where Basic is configured, Basic is not sent as a scheme that must be refused."""
    config = Config("http://127.0.0.1:1", {"writer": Credential("writer", "Basic dXNlcjo=")}, ())
    wrong = next(case for case in WRONG if case.value == "Basic")
    assert wrong.unfit("dXNlcjo=", config.valid_headers)


def test_scenarios_have_names_of_their_own() -> None:
    """A report and a test are found by them; each begins with what it needs."""
    assert len({scenario.name for scenario in SCENARIOS}) == len(SCENARIOS)
    assert all(scenario.rule in catalogue() for scenario in SCENARIOS)


def test_a_recording_that_cannot_be_used_is_refused_twice() -> None:
    """A first attempt may leave a lock, so that only the second one hangs."""
    kinds = refusals("https://a.example/a.mp3", ("https://a.example/page",), ("https://a.invalid/a.mp3",))
    fetched = [case.value["media_url"] for case in kinds if case.rule in {"URL-16", "URL-18"}]
    assert fetched == ["https://a.example/page"] * 2 + ["https://a.invalid/a.mp3"] * 2
