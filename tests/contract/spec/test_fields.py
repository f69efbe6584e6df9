"""The fields of a submission, as the suite reads them out of `openapi.yaml`."""

import pytest

from contract.spec.fields import blamed, fields, optional, pattern, required
from contract.spec.rules import catalogue


def test_limits_are_those_of_the_document() -> None:
    """Lengths in characters and in bytes, words and kinds come from the schema."""
    title, transcript = fields()["title"], fields()["transcript_text"]
    assert (title.least, title.most, title.most_bytes) == (1, 500, None)
    assert (transcript.least, transcript.most, transcript.most_bytes) == (0, 900_000, 950_000)
    assert fields()["type"].values == ("CALL", "MEETING")
    assert fields()["run_workflows"].kind == "boolean"


def test_a_field_is_required_or_may_be_left_out() -> None:
    """Every field is one or the other, and null in its place is the rule of the one or of the other."""
    assert {*required(), *optional()} == set(fields())
    assert {fields()[name].null for name in required()} == {"BODY-2"}
    assert {fields()[name].null for name in optional()} == {"BODY-16"}


@pytest.mark.parametrize("name", fields())
def test_a_keyword_has_a_rule_of_the_catalogue(name: str) -> None:
    """So does the acceptance of a valid value, which may be violated."""
    assert set(fields()[name].rules.values()) <= set(catalogue())
    assert not catalogue()[fields()[name].valid].observed


def test_the_refusal_of_a_valid_submission_is_blamed_by_the_field_it_names() -> None:
    """The first one of the contract, whatever the order; without one it is the body's own rule."""
    assert blamed({"start_at"}) == "BODY-8"
    assert blamed({"participants", "type"}) == "BODY-12"
    assert blamed({"colour"}) == blamed(()) == "BODY-13"


def test_a_pattern_is_for_the_whole_text() -> None:
    """Its anchors are taken off, because the end of a line is one of them."""
    assert pattern("Engagement", "id") == "ngmt_[A-Za-z0-9]+"
