"""What most tests rest on: asked early, told once, and no reason to blame another rule."""

from typing import Any

import pytest

from contract.cases.submission import Submission
from contract.cases.verdict import REFUSED
from contract.exchange import Request, Response
from contract.outcome import See
from contract.run.groups import group
from contract.run.preconditions import ask
from contract.run.steps import created, example
from tests.kit.targets import Document, Make, Scripted, Target, failed, problem

NO_DATE = Submission({"start_at": "yesterday"}, REFUSED, "BODY-7", "no date")


def asked(make: Make, target: Any) -> Any:
    """Return a client that has made its first engagement and asked the preconditions."""
    client = make(Scripted(target))
    client.anchor = client.examples["plain"] = created(client, client.submission())
    ask(client)
    return client


def test_all_hold_of_a_conforming_target(make: Make) -> None:
    """A repeat, one submission with every field and one of another type are all that is sent."""
    client = asked(make, target := Target())
    assert (client.broken, failed(client)) == ({}, {})
    assert len(target.sent) == 4
    assert client.examples["full"].document["participants"]


def test_a_field_whose_valid_values_are_refused_is_told_once(make: Make) -> None:
    """Its own rule is broken; what rests on the field is untested and says where to look."""
    client = asked(make, Target(lambda document: "start_at" in document))
    assert client.broken == {"start_at": "BODY-8"}
    assert failed(client).keys() == {"BODY-8"}
    with pytest.raises(See, match="see BODY-8"):
        created(client, client.submission(start_at="2026-03-02T09:30:00Z"), "LIMIT-7")
    group(client, {"BODY-7": [NO_DATE]})
    assert client.recorder.findings["BODY-7"].untested == ["see BODY-8"]
    assert failed(client).keys() == {"BODY-8"}
    assert "start_at" not in example(client, "full").document


def test_a_repeat_that_is_none_is_told_once(make: Make) -> None:
    """IDEM-1 is broken, and a repeat is not asked for again."""

    def forgets(request: Request) -> Response:
        target.kept.clear()
        return target(request)

    target = Target()
    client = asked(make, forgets)
    assert client.broken == {"a repeat": "IDEM-1"}
    assert failed(client).keys() == {"IDEM-1"}


def test_a_busy_target_says_nothing(make: Make) -> None:
    """A precondition that could not be asked is no precondition that fails."""
    target = Target()

    def busy(request: Request) -> Response:
        return target(request) if len(target.sent) < 1 else problem(429)

    client = asked(make, busy)
    assert client.broken == {}


def test_fields_that_are_only_refused_together_are_the_whole_bodys_fault(make: Make) -> None:
    """Each is accepted alone, so no field is to blame."""

    def several(document: Document) -> bool:
        return "start_at" in document and "participants" in document

    client = asked(make, Target(several))
    assert client.broken == {"full": "BODY-13"}
    assert failed(client).keys() == {"BODY-13"}
