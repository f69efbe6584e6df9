from __future__ import annotations

import functools
from collections.abc import Iterator

import pytest

from mock_server import Running, running, spec
from tests.defects import ALL, CONCERNS, UNSEEN, Defect, serve
from tests.defects.probing import Probe, observe
from tests.defects.reads import observe_reads
from tests.kit.http import create

LEVELS = {rule["id"]: rule["level"] for rule in spec.document()["x-rules"]}
# Where even a valid submission does not get what it should: what the defect is about.
ABOUT_CREATE = {"bearer-refused", "call-refused", "content-no-audio", "workflows-false-missing", "start-at-required",
                "is-private-required", "participants-required", "transcript-text-required", "without-id", "wrapped",
                "listed", "empty-create", "query-refused"}  # fmt: skip


@functools.cache
def right(concern: str) -> list[tuple[str, str]]:
    """Return what can be seen of the mock as it should be."""
    with running() as server:
        return list(seen(server, concern))


def seen(server: Running, concern: str) -> Iterator[tuple[str, str]]:
    """Yield what can be seen of a server that has to do with a concern."""
    return observe_reads(Probe(server)) if concern == "reading" else observe(server, concern)


def test_size() -> None:
    """There are at least 130 defects, and none of the concerns has few."""
    assert len(ALL) >= 130
    assert min(map(len, CONCERNS.values())) >= 10


def test_names() -> None:
    """Each defect has a name of its own, in kebab case, and says in one sentence what is wrong."""
    assert len({defect.name for defect in ALL}) == len(ALL)
    for defect in ALL:
        assert defect.name.replace("-", "").isalnum(), defect
        assert defect.description.endswith("."), defect


@pytest.mark.parametrize("defect", ALL, ids=lambda defect: defect.name)
def test_rules(defect: Defect) -> None:
    """Each defect breaks rules that the contract has, none of them a mere observation."""
    assert defect.rules
    assert {LEVELS[rule] for rule in defect.rules} <= {"must", "documented", "robust"}


@pytest.mark.parametrize("defect", [d for d in ALL if d.entails], ids=lambda defect: defect.name)
def test_entailed(defect: Defect) -> None:
    """What a defect breaks besides is a rule that can be violated, is named once, and has its reason."""
    assert {LEVELS[rule] for rule in defect.entails} <= {"must", "documented", "robust"}
    assert not set(defect.entails) & set(defect.rules)
    assert all(defect.entails.values())


def test_unseen() -> None:
    """What cannot be seen from outside is listed apart with a reason, and is not counted."""
    for concern, reasons in UNSEEN.items():
        assert all(reasons.values())
        assert not {defect.name for defect in CONCERNS[concern]} & set(reasons)


@pytest.mark.parametrize("defect", ALL, ids=lambda defect: defect.name)
def test_valid_create(defect: Defect) -> None:
    """Each server starts and creates an engagement from a valid submission, unless that is what is wrong with it."""
    with serve(defect) as server:
        answer = create(server)
        assert defect.name in ABOUT_CREATE or (answer.status == 201 and answer.json()["id"]), answer


@pytest.mark.parametrize(
    ("concern", "defect"),
    # Webhooks show in what is posted, and conditions to who knows them: the matrix has both.
    [(c, d) for c in CONCERNS for d in CONCERNS[c] if c not in {"webhooks", "conditions"}],
    ids=lambda value: getattr(value, "name", value),
)
def test_shows(concern: str, defect: Defect) -> None:
    """Each defect shows in at least one answer that the right mock gives otherwise."""
    with serve(defect) as server:
        assert any(shown != expected for shown, expected in zip(seen(server, concern), right(concern), strict=True))


@pytest.mark.parametrize("concern", CONCERNS)
def test_right_mock_shows_nothing(concern: str) -> None:
    """Two right mocks cannot be told apart by what proves the defects."""
    with running() as server:
        assert list(seen(server, concern)) == right(concern)
