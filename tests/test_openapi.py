"""The contract itself: valid, its examples true, its rules complete and pointing somewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openapi_spec_validator
import pytest

from mock_server import spec
from mock_server.checks.validation import Validator
from tests.kit.checks import judge

DOCUMENT = spec.document()
RULES = DOCUMENT["x-rules"]
OPERATION = DOCUMENT["paths"]["/v2/engagements"]["post"]
PAGE_FIELDS = """
    object id title engagement_type processing_status is_private created_at updated_at description data_source
    is_internal engagement_at start_at end_at duration_seconds
    meeting_url owner_user_id host_user_id
    transcript media_url companies contacts owner action_items signals tags
""".split()  # noqa: SIM905  a list would take a page


def follow(pointer: str) -> Any:
    """Return what a pointer such as #/components/schemas/Engagement leads to."""
    place = DOCUMENT
    for part in pointer.removeprefix("#/").split("/"):
        place = place[part.replace("~1", "/").replace("~0", "~")]
    return place


def resolved(value: dict[str, Any]) -> Any:
    """Return a value, or what its $ref leads to."""
    return follow(value["$ref"]) if "$ref" in value else value


def examples() -> list[tuple[str, str, Any]]:
    """Return every example of requests and responses with the name of its schema."""
    contents = [("request", OPERATION["requestBody"]["content"])]
    for operation in (operation for path in DOCUMENT["paths"].values() for operation in path.values()):
        responses = {status: resolved(response) for status, response in operation["responses"].items()}
        contents += [(status, response.get("content", {})) for status, response in responses.items()]
    return [
        (f"{where} {name}", media["schema"]["$ref"].rpartition("/")[2], resolved(example)["value"])
        for where, content in contents
        for media in content.values()
        for name, example in media["examples"].items()
    ]


def test_the_document_is_valid_openapi() -> None:
    """openapi-spec-validator has nothing to say."""
    openapi_spec_validator.validate(DOCUMENT)
    assert DOCUMENT["openapi"].startswith("3.1")


@pytest.mark.parametrize(("where", "schema", "value"), examples(), ids=[example[0] for example in examples()])
def test_an_example_is_valid(where: str, schema: str, value: Any) -> None:
    """Each example is what its schema describes; that of a problem has the status of its response."""
    judge(schema).validate(value)
    if schema == "Problem":
        assert str(value["status"]) == where.split(maxsplit=1)[0]
    if schema == "CreateEngagement":
        Validator().validate(value)


def test_examples_of_requests_and_answers_pair() -> None:
    """Each request example has an answer of the same name: tools that replay examples pair them by it."""
    requests = OPERATION["requestBody"]["content"]["application/json"]["examples"]
    answers = [OPERATION["responses"][status]["content"]["application/json"]["examples"] for status in ("200", "201")]
    assert set(requests) == {name for examples in answers for name in examples}
    for name, request in requests.items():
        (answer,) = [resolved(examples[name])["value"] for examples in answers if name in examples]
        assert answer["engagement_type"] == request["value"]["type"]


def test_no_schema_is_a_choice_of_required_fields() -> None:
    """Generators drop the fields of a schema whose `anyOf` holds nothing but `required`; x-anyRequired says it."""
    for schema in DOCUMENT["components"]["schemas"].values():
        assert not any(keyword in schema for keyword in ("anyOf", "oneOf", "allOf"))
    assert spec.schema("Participant")["x-anyRequired"] == ["name", "email"]


def objects(part: Any) -> Iterator[dict[str, Any]]:
    """Yield every schema of an object in a part of the document."""
    if isinstance(part, dict) and "object" in str(part.get("type")):
        yield part
    for inner in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from objects(inner)


def test_an_object_without_listed_fields_is_open() -> None:
    """It says `additionalProperties: true`: without it, generators of TypeScript make an object that has no fields."""
    for schema in objects(DOCUMENT["components"]["schemas"]):
        assert "properties" in schema or schema.get("additionalProperties") is True, schema


def test_every_response_of_the_page_is_there() -> None:
    """All statuses of the page, and 201, have a body, an example and X-Api-Version."""
    assert set(OPERATION["responses"]) == {"200", "201", "400", "401", "403", "404", "409", "422", "429", "500"}
    for response in OPERATION["responses"].values():
        assert resolved(response["headers"]["X-Api-Version"])["required"]
        assert response["content"]


def test_every_answer_to_a_read_has_a_version_and_an_example() -> None:
    """Each response of the operations that read has X-Api-Version; all but 304 have a body with an example."""
    for path, item in DOCUMENT["paths"].items():
        for status, response in item["get"]["responses"].items():
            found = resolved(response)
            assert resolved(found["headers"]["X-Api-Version"])["required"], path
            assert ("content" in found) == (status != "304")


def test_every_field_of_the_page_is_there() -> None:
    """The response has the fields of the page, the request its ten, and null is allowed where the page says so."""
    fields = spec.schema("Engagement")["properties"]
    assert set(fields) == set(PAGE_FIELDS)
    judge("Engagement").validate(
        {
            "object": "engagement",
            "id": "ngmt_1",
            "title": "",
            "engagement_type": "CALL",
            "owner": None,
            "transcript": None,
            "media_url": None,
        }
    )
    assert len(spec.schema("CreateEngagement")["properties"]) == 10


@pytest.mark.parametrize("rule", RULES, ids=[rule["id"] for rule in RULES])
def test_a_rule_is_complete_and_points_at_its_place(rule: dict[str, str]) -> None:
    """Each rule has an id of a known family, a level, a title, a statement, and a pointer that leads somewhere."""
    assert set(rule) == {"id", "level", "title", "statement", "where"}
    assert re.fullmatch(r"(AUTH|SCOPE|IDEM|URL|LIMIT|BODY|RESP|ERR|READ|LIST|HOOK)-[1-9][0-9]*", rule["id"])
    assert rule["level"] in {"must", "documented", "robust", "observe"}
    assert rule["statement"].endswith(".")
    assert rule["where"].startswith("#/")
    follow(rule["where"])


def test_ids_of_rules_are_unique_and_without_gaps() -> None:
    """No id is there twice, and each family counts from 1."""
    families: dict[str, list[int]] = {}
    for rule in RULES:
        family, number = rule["id"].split("-")
        families.setdefault(family, []).append(int(number))
    assert all(sorted(numbers) == list(range(1, len(numbers) + 1)) for numbers in families.values())


def mentioned(text: str) -> set[str]:
    """Return the ids of rules in a text, `LIMIT-1 to LIMIT-11` spelt out."""
    found = set(re.findall(r"\b(?:AUTH|SCOPE|IDEM|URL|LIMIT|BODY|RESP|ERR|READ|LIST|HOOK)-[0-9]+\b", text))
    for family, first, last in re.findall(r"\b([A-Z]+)-([0-9]+) to \1-([0-9]+)\b", text):
        found |= {f"{family}-{number}" for number in range(int(first), int(last) + 1)}
    return found


def test_every_rule_that_the_mock_names_exists() -> None:
    """Ids in the source of the mock, and those beside the keywords of the schemas, are ids of rules."""
    known = {rule["id"] for rule in RULES}
    sources = Path(spec.__file__).parent.rglob("*.py")
    assert set().union(*(mentioned(path.read_text(encoding="utf-8")) for path in sources)) <= known
    assert mentioned(str(DOCUMENT["components"])) <= known


def test_every_keyword_of_the_request_has_its_rule() -> None:
    """Each keyword by which the mock can refuse a field stands with the rule it enforces."""
    for name in ("CreateEngagement", "Participant"):
        schema = spec.schema(name)
        for field in (schema, *schema["properties"].values()):
            keywords = set(field) & {
                "type",
                "enum",
                "minLength",
                "maxLength",
                "format",
                "x-maxBytes",
                "x-anyRequired",
                "required",
            }
            assert keywords <= set(field["x-rules"]), field


def test_the_packaged_copy_is_the_one_that_is_read() -> None:
    """The text of the contract is the file at the root of a checkout."""
    root = Path(__file__).parent.parent / "openapi.yaml"
    assert spec.text() == root.read_text(encoding="utf-8")
