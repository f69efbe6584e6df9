"""Two validators, one contract: what the mock compiled and an independent judge agree on every value."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mock_server import spec
from mock_server.checks.validation import Validator
from mock_server.problems import Invalid
from tests.kit.checks import judge
from tests.kit.submissions import submission

SCHEMAS = ("CreateEngagement", "Participant", "Engagement", "Problem")
COMPONENTS = {"components": {"schemas": spec.document()["components"]["schemas"]}}
FAST = {
    name: jsonschema_rs.Draft202012Validator(
        {"$ref": f"#/components/schemas/{name}", **COMPONENTS}, validate_formats=False
    )
    for name in SCHEMAS
}
MOCK = Validator()

TEXTS = st.one_of(
    st.sampled_from(["CALL", "MEETING", "call", "engagement", "ngmt_1", "ngmt_", "usr_1", "PENDING", "a@b", "", "\0"]),
    st.text(st.characters(codec="utf-8"), max_size=6),
    st.builds(lambda text, count: text * count, st.sampled_from("aé😀"), st.sampled_from([99, 100, 101, 500, 501])),
)
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-(2**60), 2**60), st.floats(allow_nan=False), TEXTS)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3))


@st.composite
def documents(draw: st.DrawFn, name: str) -> Any:
    """Draw an object with many of the schema's own fields, or anything at all."""
    if draw(st.integers(0, 9)) == 0:
        return draw(VALUES)
    fields = list(spec.schema(name)["properties"])
    people = st.lists(
        st.dictionaries(st.sampled_from(["name", "email", "x"]), SCALARS, max_size=3) | SCALARS, max_size=3
    )
    document = submission(external_id="x") if name == "CreateEngagement" and draw(st.booleans()) else {}
    return document | draw(st.dictionaries(st.sampled_from(fields), people | VALUES, max_size=4))


@pytest.mark.parametrize("name", SCHEMAS)
@settings(max_examples=100)
@given(data=st.data())
def test_the_validators_agree_on_the_schemas(name: str, data: st.DataObject) -> None:
    """jsonschema-rs and jsonschema give the same verdict on every schema, formats left aside."""
    document = data.draw(documents(name))
    assert FAST[name].is_valid(document) == judge(name).is_valid(document)


@settings(max_examples=200)
@given(document=documents("CreateEngagement").filter(lambda document: isinstance(document, dict)))
def test_the_mock_refuses_what_the_schema_refuses(document: dict[str, Any]) -> None:
    """What the schema refuses the mock refuses, and what only the mock refuses breaks a format or a keyword of ours."""
    valid = judge("CreateEngagement").is_valid(document)
    codes = refusals(document)
    assert codes - FORMATS if not valid else codes <= FORMATS


# `empty` comes from x-anyRequired, a keyword of ours that a validator does not know.
FORMATS = {"url_scheme", "invalid_url", "private_address", "url_port", "url_userinfo", "date_time", "email", "empty"}


def refusals(document: dict[str, Any]) -> set[str]:
    """Return the codes of what the mock finds broken."""
    try:
        MOCK.validate(document)
    except Invalid as refused:
        return {error.code for error in refused.errors}
    return set()
